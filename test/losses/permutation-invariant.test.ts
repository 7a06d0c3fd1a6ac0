import { describe, expect, it } from 'vitest'
import { assign, assignedLoss, mseLoss, pairwiseLosses, permutationInvariantLoss, siSdrLoss } from '../../src/losses/index.ts'
import { constant, createRandom, flip, gather, grad, input, type Tensor } from '../../src/tensor/index.ts'
import { run } from '../nn/run.ts'

function drawn(count: number, seed: number): number[] {
  const random = createRandom(seed)
  return Array.from({ length: count }, () => random.normal())
}

/** The least sum over all permutations, one after the other. */
function least(costs: readonly number[], n: number, row = 0, taken = 0): number {
  if (row === n) return 0
  let best = Infinity
  for (let j = 0; j < n; j++)
    if (!(taken & (1 << j))) best = Math.min(best, costs[row * n + j]! + least(costs, n, row + 1, taken | (1 << j)))
  return best
}

const mse = (a: Tensor, b: Tensor) => mseLoss(a, b, { reduction: 'none' })

describe('permutation-invariant losses', () => {
  it('3.32 swapping targets leaves the loss', async () => {
    const [b, n, samples] = [2, 4, 6]
    const estimates = constant(drawn(b * n * samples, 1), [b, n, samples])
    const targets = constant(drawn(b * n * samples, 2), [b, n, samples])
    const of = (other: Tensor, loss = mse) => permutationInvariantLoss(pairwiseLosses(estimates, other, loss), { reduction: 'none' })
    const moved = gather(targets, constant([2, 0, 3, 1], [4], 'int64'), 1)
    const siSdr = (a: Tensor, c: Tensor) => siSdrLoss(a, c, { reduction: 'none' })
    const { one, swapped, turned, own, scaled, scaledSwapped } = await run({
      one: of(targets),
      swapped: of(moved),
      turned: of(flip(targets, [1])),
      own: of(flip(estimates, [1])),
      scaled: of(targets, siSdr),
      scaledSwapped: of(moved, siSdr),
    })
    for (let i = 0; i < b; i++) {
      expect(swapped[i]).toBeCloseTo(one[i]!, 12)
      expect(turned[i]).toBeCloseTo(one[i]!, 12)
      expect(scaledSwapped[i]).toBeCloseTo(scaled[i]!, 12)
      expect(own[i]).toBe(0)
    }
  })

  it.each([1, 2, 3, 4, 5, 6, 7])('3.32 exact: %d sources get the best of all permutations, in the graph and by assign', async (n) => {
    const costs = [drawn(n * n, 10 + n), drawn(n * n, 20 + n)]
    const losses = constant(costs.flat(), [2, n, n])
    const columns = assign(costs.flat(), n)
    const chosen = constant(Array.from(columns, Number), [2, n], 'int64')
    const { found, assigned } = await run({
      found: permutationInvariantLoss(losses, { reduction: 'none' }),
      assigned: assignedLoss(losses, chosen, { reduction: 'none' }),
    })
    for (const [i, cost] of costs.entries()) {
      expect(found[i]).toBeCloseTo(least(cost, n) / n, 12)
      expect(assigned[i]).toBeCloseTo(least(cost, n) / n, 12)
      expect([...columns.slice(i * n, (i + 1) * n)].sort()).toEqual(Array.from({ length: n }, (_, k) => BigInt(k)))
    }
  })

  it('3.32 Hungarian: 10 sources as in the graph, and 40 whose order was mixed up are found again', async () => {
    const losses = drawn(100, 4)
    const { found } = await run({ found: permutationInvariantLoss(constant(losses, [1, 10, 10])) })
    const best = assign(losses, 10).reduce((total, column, row) => total + losses[row * 10 + Number(column)]!, 0)
    expect(found[0]).toBeCloseTo(best / 10, 12)
    const random = createRandom(9)
    const order = Array.from({ length: 40 }, (_, i) => i).sort(() => random.uniform(-1, 1))
    const costs = Array.from({ length: 1600 }, (_, k) => (order[Math.floor(k / 40)] === k % 40 ? 0 : random.uniform(0.001, 1)))
    expect(Array.from(assign(costs, 40), Number)).toEqual(order)
  })

  it('3.32 gradient: reaches the chosen pairs alone, 1/n each', async () => {
    const losses = input('losses', [1, 3, 3])
    const { g } = await run(
      { g: grad(permutationInvariantLoss(losses), [losses])[0]! },
      { losses: Float64Array.of(9, 9, 0, 1, 9, 9, 9, 2, 9) },
    )
    expect(g.map((x) => Math.round(x * 3))).toEqual([0, 0, 1, 1, 0, 0, 0, 1, 0])
  })

  it('3.32 limits: more than 10 sources, losses without a batch and costs that are no numbers are refused', () => {
    expect(() => permutationInvariantLoss(input('x', [1, 11, 11]))).toThrow(
      /11 sources; allowed are 1…10\. Find the assignment with assign/,
    )
    expect(() => permutationInvariantLoss(input('x', [1, 2, 3]))).toThrow(/needs \(b, n, n\)/)
    expect(() => pairwiseLosses(input('a', [2, 3]), input('b', [2, 3]), (a, b) => mseLoss(a, b))).toThrow(/reduction 'none'/)
    expect(() => assign([1, 2, 3], 2)).toThrow(/3 costs; needs b·n²/)
    expect(() => assign([1, Number.NaN, 3, 4], 2)).toThrow(/cost 1 is NaN/)
  })
})
