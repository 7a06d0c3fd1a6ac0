/** Labelled pictures as bytes, and as what networks read: numbers in −1…1, in batches that each epoch draws in another order. */
import { createRandom } from '../../tensor/index.ts'

/** Pictures of one size with one label each. */
export interface ImageSet {
  /** Names by label. */
  readonly classes: readonly string[]
  /** 3 of colours (red, green, blue), 1 of greys. */
  readonly channels: number
  readonly height: number
  readonly width: number
  /** (n), indices of classes. */
  readonly labels: Uint8Array
  /** (n, channels, height, width), 0…255. */
  readonly pixels: Uint8Array
}

/** What a network and its loss get. */
export interface ImageBatch {
  /** (b, channels, height, width), −1…1. */
  readonly images: Float32Array
  /** (b) */
  readonly labels: BigInt64Array
}

export interface ImageBatchOptions {
  readonly seed: number
  /** 4 by default. */
  readonly batchSize?: number
}

export interface ImageBatches {
  /** Which pictures the batch of a step (0, 1, 2, …) has. */
  indices(step: number): number[]
  batch(step: number): ImageBatch
}

/**
 * Bytes as numbers in −1…1: (x/255 − ½)/½.
 *
 * @example
 * toUnitRange(Uint8Array.of(0, 51, 255)) // [-1, -0.6, 1]
 */
export function toUnitRange(pixels: ArrayLike<number>): Float32Array {
  return Float32Array.from(pixels, (x) => (x / 255 - 0.5) / 0.5)
}

/** The bytes (channels, height, width) of one picture. */
export function pixelsOf({ channels, height, width, labels, pixels }: ImageSet, index: number): Uint8Array {
  if (!(Number.isInteger(index) && index >= 0 && index < labels.length))
    throw new RangeError(`pictures: index ${index}; allowed are whole numbers from 0 to ${labels.length - 1}`)
  const size = channels * height * width
  return pixels.subarray(index * size, (index + 1) * size)
}

/** The pictures of these indices, in their order, as one batch. */
export function imageBatch(set: ImageSet, indices: readonly number[]): ImageBatch {
  const size = set.channels * set.height * set.width
  const images = new Float32Array(indices.length * size)
  for (const [i, index] of indices.entries()) images.set(toUnitRange(pixelsOf(set, index)), i * size)
  return { images, labels: BigInt64Array.from(indices, (index) => BigInt(set.labels[index]!)) }
}

/** An order of n things that seed and epoch determine (Fisher and Yates). */
function shuffled(n: number, seed: number, epoch: number): Uint32Array {
  const random = createRandom(seed, epoch)
  const order = Uint32Array.from({ length: n }, (_, i) => i)
  for (let i = n - 1; i > 0; i--) {
    const j = random.integer(0, i)
    ;[order[i], order[j]] = [order[j]!, order[i]!]
  }
  return order
}

/**
 * Batches of a set without end: each epoch has every picture once, in an order that (seed, epoch) determines. Batches are all of one size: one
 * that an epoch does not fill goes on in the next epoch.
 *
 * @throws RangeError for an empty set and a batch size below 1
 *
 * @example
 * const batches = createImageBatches(makeShapes({ seed: 1, count: 40 }), { seed: 1 })
 * batches.batch(0).images.length // 12288
 * new Set([...Array(10).keys()].flatMap((step) => batches.indices(step))).size // 40
 */
export function createImageBatches(set: ImageSet, { seed, batchSize = 4 }: ImageBatchOptions): ImageBatches {
  const n = set.labels.length
  if (n === 0) throw new RangeError('createImageBatches: the set has no pictures; needs at least one')
  if (!Number.isInteger(batchSize) || batchSize < 1)
    throw new RangeError(`createImageBatches: batchSize ${batchSize}; allowed are whole numbers from 1`)
  // A batch lies in few epochs, and the next one in the same or the one after.
  const orders = new Map<number, Uint32Array>()
  const orderOf = (epoch: number): Uint32Array => {
    const order = orders.get(epoch) ?? shuffled(n, seed, epoch)
    orders.set(epoch, order)
    return order
  }
  const indices = (step: number): number[] => {
    if (!Number.isSafeInteger(step) || step < 0) throw new RangeError(`batch: step ${step}; allowed are whole numbers from 0`)
    const first = step * batchSize
    for (const epoch of orders.keys()) if (epoch < Math.floor(first / n)) orders.delete(epoch)
    return Array.from({ length: batchSize }, (_, i) => orderOf(Math.floor((first + i) / n))[(first + i) % n]!)
  }
  return { indices, batch: (step) => imageBatch(set, indices(step)) }
}
