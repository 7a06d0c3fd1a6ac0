/** Separation of streams with any network: windows, overlap-add, stems that add up to the song. */

export type { Separator, StereoWindow } from '../models/index.ts'
export { SeparationError } from './errors.ts'
export type { SeparateOptions, SeparationProgress } from './separate.ts'
export { separate } from './separate.ts'
export * from './spectral/index.ts'
export { fileExists } from './staging.node.ts'
export type { SeparatedBlock } from './stem-assembler.ts'
export { stemFormatFor } from './stem-format.ts'
export { checkStems, instrumental, stemsOf } from './stems.ts'
export { planWindows } from './window-plan.ts'
export type { WriteStemsOptions, WrittenStems } from './write-stems.node.ts'
export { stemFileName, writeStems } from './write-stems.node.ts'
