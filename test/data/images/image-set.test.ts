/** Sets of pictures as batches. */
import { describe, expect, it } from 'vitest'
import { createImageBatches, type ImageSet, imageBatch, pixelsOf, toUnitRange } from '../../../src/data/index.ts'

/** n grey pictures of 1 × 2 pixels: 10·i and 10·i + 1. */
const numbered = (n: number): ImageSet => ({
  classes: ['even', 'odd'],
  channels: 1,
  height: 1,
  width: 2,
  labels: Uint8Array.from({ length: n }, (_, i) => i % 2),
  pixels: Uint8Array.from({ length: 2 * n }, (_, i) => 10 * Math.floor(i / 2) + (i % 2)),
})

describe('sets of pictures', () => {
  it('2.14 loader: bytes become (x − ½)/½ of x/255, in −1…1', () => {
    const all = toUnitRange(Uint8Array.from({ length: 256 }, (_, i) => i))
    expect(all[0]).toBe(-1)
    expect(all[255]).toBe(1)
    // float32: half an ulp of numbers up to 1.
    for (const [i, value] of all.entries()) expect(Math.abs(value - (2 * i) / 255 + 1)).toBeLessThan(6e-8)
  })

  it('2.14 loader: a batch has the pictures asked for, with their labels', () => {
    const { images, labels } = imageBatch(numbered(5), [3, 0])
    expect(images).toEqual(toUnitRange([30, 31, 0, 1]))
    expect(labels).toEqual(BigInt64Array.of(1n, 0n))
    expect(pixelsOf(numbered(5), 4)).toEqual(Uint8Array.of(40, 41))
    for (const index of [-1, 5, 0.5])
      expect(() => pixelsOf(numbered(5), index)).toThrow(`index ${index}; allowed are whole numbers from 0 to 4`)
  })

  it('2.14 loader: batches of 4, every picture once per epoch, each epoch in an order of its own that the seed determines', () => {
    const set = numbered(22)
    const batches = createImageBatches(set, { seed: 1 })
    const stream = Array.from({ length: 11 }, (_, step) => batches.indices(step)).flat()
    expect(stream).toHaveLength(44)
    const epochs = [stream.slice(0, 22), stream.slice(22)]
    const sorted = Array.from({ length: 22 }, (_, i) => i)
    for (const epoch of epochs) {
      expect(epoch.toSorted((a, b) => a - b)).toEqual(sorted)
      expect(epoch).not.toEqual(sorted)
    }
    expect(epochs[0]).not.toEqual(epochs[1])
    expect(batches.batch(0)).toEqual(imageBatch(set, stream.slice(0, 4)))
    // The same again, from another start: a batch depends on seed and step alone.
    expect(createImageBatches(set, { seed: 1 }).indices(7)).toEqual(stream.slice(28, 32))
    expect(batches.indices(0)).toEqual(stream.slice(0, 4))
    expect(createImageBatches(set, { seed: 2 }).indices(0)).not.toEqual(stream.slice(0, 4))
  })

  it('2.14 loader: batches larger than the set have pictures of several epochs; nothing comes of nothing', () => {
    const drawn = createImageBatches(numbered(3), { seed: 1, batchSize: 7 }).indices(1)
    expect(drawn).toHaveLength(7)
    // Places 7…13 of the stream: the rest of epoch 2, all of 3, and 12 and 13 of epoch 4.
    expect(new Set(drawn.slice(2, 5)).size).toBe(3)
    expect(() => createImageBatches(numbered(0), { seed: 1 })).toThrow('the set has no pictures')
    expect(() => createImageBatches(numbered(3), { seed: 1, batchSize: 0 })).toThrow('batchSize 0; allowed are whole numbers from 1')
    expect(() => createImageBatches(numbered(3), { seed: 1 }).batch(-1)).toThrow('batch: step -1')
  })
})
