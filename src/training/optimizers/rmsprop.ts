/**
 * RMSprop (Tieleman & Hinton 2012; centered: Graves 2013, arXiv 1308.0850), as torch.optim.RMSprop: d = g + λ·w; v ← α·v + (1 − α)·d²; centered also
 * a ← α·a + (1 − α)·d and v − a² in place of v; s = d / (√v + ε); w ← w − rate·s, or with momentum b ← μ·b + s and w ← w − rate·b.
 */
import { z } from 'zod'
import { add, div, maximum, mul, sqrt, square, sub } from '../../tensor/index.ts'
import { common, type Optimizer } from './optimizer.ts'

export const rmspropSchema = z.strictObject({
  name: z.literal('rmsprop'),
  alpha: common.share.default(0.99),
  eps: common.eps,
  weightDecay: common.weightDecay,
  momentum: z.number().min(0).default(0),
  centered: common.flag,
})

type Options = z.output<typeof rmspropSchema>
type State = 'square' | 'mean' | 'momentum'

export function rmsprop({ alpha, eps, weightDecay, momentum, centered }: Options): Optimizer<State, 'rate'> {
  return {
    name: 'rmsprop',
    learningRate: 1e-2,
    state: ['square', ...(centered ? ['mean' as const] : []), ...(momentum > 0 ? ['momentum' as const] : [])],
    settings: (_, learningRate) => ({ rate: learningRate }),
    rule: (weights, gradients, state, { rate }) => {
      const d = weightDecay === 0 ? gradients : add(gradients, mul(weights, weightDecay))
      const next = { ...state, square: add(mul(state.square, alpha), mul(square(d), 1 - alpha)) }
      if (centered) next.mean = add(mul(state.mean, alpha), mul(d, 1 - alpha))
      // A variance that rounding makes negative would be NaN, in PyTorch too.
      const variance = centered ? maximum(sub(next.square, square(next.mean)), 0) : next.square
      let step = div(d, add(sqrt(variance), eps))
      if (momentum > 0) {
        next.momentum = add(mul(state.momentum, momentum), step)
        step = next.momentum
      }
      return { ...next, weights: sub(weights, mul(step, rate)) }
    },
  }
}
