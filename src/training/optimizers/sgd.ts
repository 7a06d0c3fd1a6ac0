/**
 * Stochastic gradient descent with momentum (Polyak 1964), Nesterov's look ahead in the form of Sutskever et al. 2013, and weight decay, as
 * torch.optim.SGD: d = g + λ·w; b ← μ·b + (1 − dampening)·d, the first b being d; w ← w − rate·(b, or d + μ·b with Nesterov, or d without momentum).
 */
import { z } from 'zod'
import { add, mul, sub } from '../../tensor/index.ts'
import { common, type Optimizer } from './optimizer.ts'

export const sgdSchema = z
  .strictObject({
    name: z.literal('sgd'),
    momentum: z.number().min(0).default(0),
    dampening: z.number().default(0),
    weightDecay: common.weightDecay,
    nesterov: common.flag,
  })
  .refine(({ nesterov, momentum, dampening }) => !nesterov || (momentum > 0 && dampening === 0), {
    path: ['nesterov'],
    message: 'needs a momentum above 0 and no dampening',
  })

type Options = z.output<typeof sgdSchema>

export function sgd({ momentum, dampening, weightDecay, nesterov }: Options): Optimizer<'momentum', 'rate' | 'fresh'> {
  return {
    name: 'sgd',
    learningRate: 1e-3,
    state: momentum === 0 ? [] : ['momentum'],
    settings: (update, learningRate) => ({ rate: learningRate, fresh: update === 0 ? 1 : 1 - dampening }),
    rule: (weights, gradients, state, { rate, fresh }) => {
      const d = weightDecay === 0 ? gradients : add(gradients, mul(weights, weightDecay))
      if (momentum === 0) return { weights: sub(weights, mul(d, rate)), ...state }
      const b = add(mul(state.momentum, momentum), mul(d, fresh))
      const step = nesterov ? add(d, mul(b, momentum)) : b
      return { weights: sub(weights, mul(step, rate)), momentum: b }
    },
  }
}
