/** Counts and shares of right answers, by hand. */
import { describe, expect, it } from 'vitest'
import { accuracyOf, countConfusions, largestOf } from '../../src/evaluation/index.ts'

describe('scores of classifiers', () => {
  it('2.18 test on unseen images: counts of true classes in rows, of predicted ones in columns, and the share on the diagonal', () => {
    // Seven animals: three cats, one of which passes for a dog; three dogs, one for a horse, one for a cat; a horse.
    const truth = [0, 0, 0, 1, 1, 1, 2]
    const predicted = [0, 1, 0, 1, 2, 0, 2]
    const counts = countConfusions(truth, predicted, 4)
    expect(counts).toEqual([
      [2, 1, 0, 0],
      [1, 1, 1, 0],
      [0, 0, 1, 0],
      [0, 0, 0, 0],
    ])
    expect(accuracyOf(counts)).toBe(4 / 7)
    expect(countConfusions(Uint8Array.from(truth), Uint8Array.from(predicted), 4)).toEqual(counts)
  })

  it('2.18 test on unseen images: no images have no accuracy, and what are no classes is refused by place', () => {
    expect(accuracyOf(countConfusions([], [], 2))).toBeNaN()
    expect(() => countConfusions([0, 1], [0], 2)).toThrow('2 true classes and 1 predicted ones')
    expect(() => countConfusions([0, 2], [0, 0], 2)).toThrow('truth[1] is 2; allowed are whole numbers from 0 to 1')
    expect(() => countConfusions([0, 1], [-1, 0], 2)).toThrow('predicted[0] is -1')
    expect(() => countConfusions([0], [0.5], 2)).toThrow('predicted[0] is 0.5')
    expect(() => countConfusions([], [], 0)).toThrow('classes 0; allowed are whole numbers from 1')
  })

  it('2.18 test on unseen images: the class of the largest logit, the first of equals', () => {
    expect(largestOf(Float32Array.of(-3, -1, -2, 7, 7, 0), 3)).toEqual([1, 0])
    expect(() => largestOf([1, 2, 3], 2)).toThrow('3 numbers for 2 classes')
  })
})
