/**
 * What of this folder a browser can run: separation of streams, without files. package.json gives it to bundlers as `divisi/separation` (condition
 * `browser`), so that nothing of Node gets into a page; there a separator is made by `createSeparator` of `divisi/models`.
 */
export { fromReadableStream, type ReadableSound } from '../audio/readable-stream.ts'
export type { Separator, StereoWindow } from '../models/separator.ts'
export { SeparationError } from './errors.ts'
export * from './live/index.ts'
export type { SeparationProgress } from './progress.ts'
export { type SeparateOptions, separate } from './separate.ts'
export type { SeparatedBlock } from './stem-assembler.ts'
export { checkStems, instrumental, stemsOf } from './stems.ts'
export { separateStream, separateThrough } from './web-streams.ts'
export { planWindows } from './window-plan.ts'
