import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { heldPast, notedPast, type Past } from '../../src/nn/index.ts'
import { add, concat, constant, conv1d, input, narrow, type Tensor } from '../../src/tensor/index.ts'
import { filledTensor, run } from './run.ts'

/** Layers that read 4 and 2 steps back, and a way past the second: (1, 2, t) → (1, 3, t). */
function network(x: Tensor, past: Past): Tensor {
  const h = conv1d(past.before(x, 4), filledTensor([3, 2, 3], 1), { dilation: 2 })
  return add(h, conv1d(past.before(h, 2), filledTensor([3, 3, 3], 2)))
}

describe('the past of causal layers', () => {
  it('gives a signal in pieces of any length what it gives in one', async () => {
    const steps = 12
    const x = filledTensor([1, 2, steps], 5)
    const { past, shapes } = notedPast()
    const whole = network(x, past)
    expect([whole.shape, shapes]).toEqual([[1, 3, steps], { 0: [1, 2, 4], 1: [1, 3, 2] }])
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.integer({ min: 1, max: steps - 1 }), { maxLength: 6 }), async (cuts) => {
        const borders = [0, ...cuts.sort((a, b) => a - b), steps]
        let state: Readonly<Record<string, Tensor>> = {
          0: constant(new Float32Array(8), [1, 2, 4]),
          1: constant(new Float32Array(6), [1, 3, 2]),
        }
        const pieces = borders.slice(1).map((to, i) => {
          const held = heldPast(state)
          const piece = network(narrow(x, 2, borders[i]!, to), held.past)
          state = held.next
          return piece
        })
        const results = await run({ whole, joined: concat(pieces, 2) })
        expect(results.joined).toEqual(results.whole)
      }),
      { numRuns: 20 },
    )
  })

  it('refuses a state of another network', () => {
    expect(() => heldPast({}).past.before(input('x', [1, 2, 5]), 3)).toThrow('heldPast: state 0 is not there; the network wants (1, 2, 3)')
    expect(() => heldPast({ 0: input('held', [1, 2, 2]) }).past.before(input('x', [1, 2, 5]), 3)).toThrow(
      'heldPast: state 0 (1, 2, 2); the network wants (1, 2, 3)',
    )
  })
})
