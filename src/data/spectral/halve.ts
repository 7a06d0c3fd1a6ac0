/** Batches of crops cut in two along time: twice as many examples of half the length, as FrameTransformer (carperbr, 2023) trains on them. */
import type { Shape } from '../../tensor/index.ts'
import { type Draws, happens } from './draws.ts'

/** Values in row-major order. */
export interface BatchArray {
  readonly data: Float32Array
  readonly shape: Shape
}

export interface HalveOptions {
  /** The axis of frames, 2 by default: (b, c, t, …). */
  readonly axis?: number
  /** What becomes of the last of an odd number of frames: an error ('refuse', the default), or it is left out ('drop', as in the original). */
  readonly odd?: 'refuse' | 'drop'
}

/**
 * (b, …, t, …) → (2b, …, t/2, …): the second halves of all examples, then the first ones.
 *
 * @throws RangeError for an axis that is none, or an odd number of frames
 *
 * @example
 * const halved = halveFrames({ data: Float32Array.of(1, 2, 3, 4), shape: [1, 1, 4] })
 * halved.shape // [2, 1, 2]
 * halved.data // [3, 4, 1, 2]
 */
export function halveFrames({ data, shape }: BatchArray, { axis = 2, odd = 'refuse' }: HalveOptions = {}): BatchArray {
  const frames = shape[axis]
  if (!Number.isInteger(axis) || axis < 1 || frames === undefined)
    throw new RangeError(`halveFrames: axis ${axis} of (${shape.join(', ')}); needs one behind the batch axis`)
  if (frames < 2 || (frames % 2 === 1 && odd === 'refuse'))
    throw new RangeError(`halveFrames: ${frames} frames; needs an even number, or odd: 'drop' and at least 3`)
  const half = Math.floor(frames / 2)
  const inner = shape.slice(axis + 1).reduce((n, extent) => n * extent, 1)
  const rows = shape.slice(0, axis).reduce((n, extent) => n * extent, 1)
  const out = new Float32Array(2 * rows * half * inner)
  for (const [i, start] of [half, 0].entries()) {
    for (let row = 0; row < rows; row++) {
      const from = (row * frames + start) * inner
      out.set(data.subarray(from, from + half * inner), (i * rows + row) * half * inner)
    }
  }
  return { data: out, shape: shape.map((extent, i) => (i === 0 ? 2 * extent : i === axis ? half : extent)) }
}

/**
 * The arrays of a batch as they are, halved, or halved twice: half of the time, and half of those times again. All of them alike.
 *
 * @throws RangeError where they cannot be halved as often as is drawn
 */
export function halveAtRandom<Name extends string>(
  batch: Readonly<Record<Name, BatchArray>>,
  draws: Draws,
  options: HalveOptions = {},
): Readonly<Record<Name, BatchArray>> {
  const halve = (arrays: Readonly<Record<Name, BatchArray>>) =>
    Object.fromEntries(Object.entries<BatchArray>(arrays).map(([name, array]) => [name, halveFrames(array, options)])) as Record<
      Name,
      BatchArray
    >
  if (!happens(draws, 0.5)) return batch
  const once = halve(batch)
  return happens(draws, 0.5) ? halve(once) : once
}
