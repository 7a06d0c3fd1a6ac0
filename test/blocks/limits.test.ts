/** The least and the most that is allowed is allowed, and one beyond it is refused: limits of arguments that mutations of the sources had moved unseen. */
import { describe, expect, it } from 'vitest'
import { createFilterBank, createFrontEnd, melFilterBank } from '../../src/dsp/index.ts'
import { assign, huberLoss, permutationInvariantLoss } from '../../src/losses/index.ts'
import { elu, receptiveField, Upsample, windowCoverage } from '../../src/nn/index.ts'
import { evaluate } from '../../src/runtime/index.ts'
import { constant } from '../../src/tensor/index.ts'

const bank = { kind: 'free', filters: 2 } as const
const frontEnd = { sampleRate: 8000, nFft: 64, hopLength: 16, melBands: 8, compression: 'log' } as const
const mel = { sampleRate: 8000, nFft: 64, melBands: 4 } as const

describe('limits of arguments', () => {
  it.each<[string, () => unknown, () => unknown, RegExp]>([
    ['filter bank length', () => createFilterBank({ ...bank, length: 1 }), () => createFilterBank({ ...bank, length: 0 }), /length: 0/],
    [
      'filter bank hop',
      () => createFilterBank({ ...bank, length: 4, hop: 4 }),
      () => createFilterBank({ ...bank, length: 4, hop: 5 }),
      /hop: 5/,
    ],
    [
      'coefficients',
      () => createFrontEnd({ ...frontEnd, coefficients: 8 }),
      () => createFrontEnd({ ...frontEnd, coefficients: 9 }),
      /coefficients: 9/,
    ],
    ['mel fMax', () => melFilterBank({ ...mel, fMax: 4000 }), () => melFilterBank({ ...mel, fMax: 4001 }), /fMax: 4001/],
    ['mel bands', () => melFilterBank({ ...mel, melBands: 1 }), () => melFilterBank({ ...mel, melBands: 0 }), /melBands: 0/],
    ['extent', () => windowCoverage(1, 1), () => windowCoverage(0, 1), /extent 0/],
    ['rows of an assignment', () => assign([3], 1), () => assign([3], 0), /n 0/],
    ['costs', () => assign([1, 2, 3, 4, 1, 2, 3, 4], 2), () => assign([1, 2, 3, 4, 5, 6], 2), /6 costs/],
  ])('%s', (_, allowed, beyond, message) => {
    expect(allowed).not.toThrow()
    expect(beyond).toThrow(message)
  })

  it('elu takes its alpha', async () => {
    const [y] = await evaluate(() => [elu(constant([-1, 2]), 3)])
    expect(y![0]).toBeCloseTo(3 * Math.expm1(-1), 12)
    expect(y![1]).toBe(2)
  })

  it('huberLoss: half the square up to delta, which is 1, the line with that slope above', async () => {
    const [y] = await evaluate(() => [huberLoss(constant([0.5, 1, 3]), constant([0, 0, 0]), { reduction: 'none' })])
    expect(Array.from(y!, Number)).toEqual([0.125, 0.5, 2.5])
  })

  it('one source has one permutation', async () => {
    const [y] = await evaluate(() => [permutationInvariantLoss(constant([7, 9], [2, 1, 1]))])
    expect(Number(y![0])).toBe(8)
  })

  it('nearest up-sampling by two reads no later step than its own', () => {
    const upsample = new Upsample({ scale: 2 })
    expect(upsample.isCausal).toBe(true)
    expect(receptiveField(upsample.reach())).toBe(1)
  })
})
