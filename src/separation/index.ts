/** Separation of streams with any network: windows, overlap-add, stems that add up to the song. */

export { SeparationError } from './errors.ts'
export type { SeparatedBlock, SeparateOptions, SeparationProgress } from './separate.ts'
export { instrumental, separate, stemsOf } from './separate.ts'
export type { Separator, StereoWindow } from './separator.ts'
export { fileExists } from './staging.node.ts'
export { stemFormatFor } from './stem-format.ts'
export { planWindows } from './window-plan.ts'
export type { WriteStemsOptions, WrittenStems } from './write-stems.node.ts'
export { stemFileName, writeStems } from './write-stems.node.ts'
