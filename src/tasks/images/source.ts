/** Where labelled pictures come from. */
import type { ImageBatch, ImageSet } from '../../data/index.ts'

export interface ImageSource {
  readonly classes: readonly string[]
  readonly channels: number
  readonly height: number
  readonly width: number
  /** The batch of a step: a pure function of the seed and the step. */
  batch(step: number): ImageBatch
  /** Pictures that no batch has, always the same ones: as many, or all there are. */
  heldOut(count: number): ImageSet
  /** What decides the pictures beside the recipe. */
  readonly identity: unknown
}
