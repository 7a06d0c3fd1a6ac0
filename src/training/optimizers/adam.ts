/**
 * Adam (Kingma & Ba 2015, arXiv 1412.6980) and AdamW, whose weight decay is apart from the gradient (Loshchilov & Hutter 2019, arXiv 1711.05101), both
 * also with the largest second moment so far (AMSGrad, Reddi et al. 2018), as torch.optim.Adam and AdamW:
 * m ← β₁·m + (1 − β₁)·g, v ← β₂·v + (1 − β₂)·g², w ← w − rate·m̂ / (√v̂ + ε) with m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ).
 * Before that Adam has g ← g + λ·w, and AdamW w ← w·(1 − rate·λ).
 */
import { z } from 'zod'
import { add, div, maximum, mul, sqrt, square, sub } from '../../tensor/index.ts'
import { common, type Optimizer } from './optimizer.ts'

const options = { betas: common.betas, eps: common.eps, weightDecay: common.weightDecay, amsgrad: common.flag }

export const adamSchema = z.strictObject({ name: z.literal('adam'), ...options })

export const adamwSchema = z.strictObject({ name: z.literal('adamw'), ...options, weightDecay: z.number().min(0).default(0.01) })

type Options = z.output<typeof adamSchema> | z.output<typeof adamwSchema>
type State = 'first' | 'second' | 'largest'
type Setting = 'rate' | 'correction1' | 'correction2' | 'decay'

export function adam({ name, betas: [beta1, beta2], eps, weightDecay, amsgrad }: Options): Optimizer<State, Setting> {
  const decoupled = name === 'adamw'
  return {
    name,
    learningRate: 1e-3,
    state: amsgrad ? ['first', 'second', 'largest'] : ['first', 'second'],
    settings: (update, learningRate) => ({
      rate: learningRate,
      correction1: 1 - beta1 ** (update + 1),
      correction2: 1 - beta2 ** (update + 1),
      decay: 1 - learningRate * weightDecay,
    }),
    rule: (weights, gradients, state, { rate, correction1, correction2, decay }) => {
      const g = decoupled || weightDecay === 0 ? gradients : add(gradients, mul(weights, weightDecay))
      const first = add(mul(state.first, beta1), mul(g, 1 - beta1))
      const second = add(mul(state.second, beta2), mul(square(g), 1 - beta2))
      const largest = amsgrad ? maximum(state.largest, second) : second
      const step = div(mul(first, div(rate, correction1)), add(sqrt(div(largest, correction2)), eps))
      return { weights: sub(decoupled ? mul(weights, decay) : weights, step), first, second, largest }
    },
  }
}
