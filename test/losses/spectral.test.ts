import { describe, expect, it } from 'vitest'
import { relativeError } from '../../src/losses/index.ts'
import { evaluate } from '../../src/runtime/index.ts'
import { constant } from '../../src/tensor/index.ts'

const pair = (re: readonly number[], im: readonly number[]) => ({ re: constant(re, [1, re.length]), im: constant(im, [1, im.length]) })
const mixture = pair([3, 0], [0, 4])

async function loss(estimate: ReturnType<typeof pair>, target: ReturnType<typeof pair>, whole = mixture): Promise<number> {
  const [value] = await evaluate(() => [relativeError(estimate, target, whole, { floor: 0.01, energyWeight: 0.5 })])
  return value![0] as number
}

describe('relativeError', () => {
  it('is the formula: half the logarithm of the energy share plus the size share', async () => {
    // E = (1, 0) + i(0, 2): energy 5 of 25, size 3 of 7.
    expect(await loss(pair([2, 0], [0, 2]), pair([1, 0], [0, 0]))).toBeCloseTo(0.5 * Math.log(5 / 25 + 0.01) + 3 / 7, 8)
  })

  it('is bounded where the estimate is right, also for a silent target', async () => {
    const silence = pair([0, 0], [0, 0])
    expect(await loss(silence, silence)).toBeCloseTo(0.5 * Math.log(0.01), 8)
    expect(Number.isFinite(await loss(silence, silence, silence))).toBe(true)
  })

  it('does not depend on the level', async () => {
    const scaled = (factor: number) =>
      [pair([2 * factor, 0], [0, factor]), pair([factor, 0], [0, 0]), pair([3 * factor, 0], [0, 4 * factor])] as const
    expect(await loss(...scaled(10))).toBeCloseTo(await loss(...scaled(1)), 8)
  })
})
