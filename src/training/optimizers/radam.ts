/**
 * Rectified Adam (Liu et al. 2020, arXiv 1908.03265), as torch.optim.RAdam: Adam whose first updates, while too few gradients have been seen for a
 * variance (ρ ≤ 5), are plain momentum, and whose later ones are shorter by r = √((ρ − 4)(ρ − 2)ρ∞ / ((ρ∞ − 4)(ρ∞ − 2)ρ)) with ρ∞ = 2 / (1 − β₂) − 1 and
 * ρ = ρ∞ − 2tβ₂ᵗ / (1 − β₂ᵗ). w ← w − rate·m̂·r·√(1 − β₂ᵗ) / (√v + ε), first w ← w − rate·m̂.
 */
import { z } from 'zod'
import { add, div, mul, sqrt, square, sub } from '../../tensor/index.ts'
import { common, type Optimizer } from './optimizer.ts'

export const radamSchema = z.strictObject({
  name: z.literal('radam'),
  betas: common.betas,
  eps: common.eps,
  weightDecay: common.weightDecay,
})

type Options = z.output<typeof radamSchema>

export function radam({ betas: [beta1, beta2], eps, weightDecay }: Options): Optimizer<'first' | 'second', 'plain' | 'adaptive'> {
  const most = 2 / (1 - beta2) - 1
  return {
    name: 'radam',
    learningRate: 1e-3,
    state: ['first', 'second'],
    settings: (update, learningRate) => {
      const t = update + 1
      const correction2 = 1 - beta2 ** t
      const rate = learningRate / (1 - beta1 ** t)
      const length = most - (2 * t * beta2 ** t) / correction2
      if (length <= 5) return { plain: rate, adaptive: 0 }
      const rectification = Math.sqrt(((length - 4) * (length - 2) * most) / ((most - 4) * (most - 2) * length))
      return { plain: 0, adaptive: rate * rectification * Math.sqrt(correction2) }
    },
    rule: (weights, gradients, state, { plain, adaptive }) => {
      const g = weightDecay === 0 ? gradients : add(gradients, mul(weights, weightDecay))
      const first = add(mul(state.first, beta1), mul(g, 1 - beta1))
      const second = add(mul(state.second, beta2), mul(square(g), 1 - beta2))
      const rate = add(div(adaptive, add(sqrt(second), eps)), plain)
      return { weights: sub(weights, mul(first, rate)), first, second }
    },
  }
}
