/**
 * Adam with decoupled weight decay (Kingma & Ba 2015, arXiv 1412.6980; Loshchilov & Hutter 2019, arXiv 1711.05101) and a running average of
 * the weights, as a program over chunks of the flat arrays: one program whatever the model. New values go where the old ones were, which ONNX
 * Runtime is not told. It is safe because every operation here is element-wise and none reads an old value after its new one is made; a second
 * set of arrays would be four times the size of the model.
 */
import { type Backend, compile, type DeviceArray, type Program } from '../runtime/index.ts'
import { add, div, matmul, mul, narrow, reshape, sqrt, square, sub, sum } from '../tensor/index.ts'

export interface AdamOptions {
  readonly betas: readonly [number, number]
  readonly eps: number
  readonly weightDecay: number
  /** Gradients are scaled down to this global norm. */
  readonly clipNorm: number
  /** Decay per step of the running average of the weights. */
  readonly averageDecay: number
}

/** Largest number of values one run of the update program takes; arrays are padded to a multiple. */
const chunk = 1 << 18

/** Length of the flat arrays of a model: its parameters, padded with zeros that stay zero. */
export function paddedLength(parameterCount: number): number {
  const unit = Math.min(chunk, Math.ceil(parameterCount / 64) * 64)
  return Math.ceil(parameterCount / unit) * unit
}

/** Weights, moments and average: what a step replaces. */
export interface AdamState {
  readonly weights: DeviceArray
  readonly first: DeviceArray
  readonly second: DeviceArray
  readonly average: DeviceArray
}

const adamArrays = ['weights', 'first', 'second', 'average'] as const

export interface Adam {
  /** Global norm of the gradients. */
  norm(gradients: DeviceArray): Promise<number>
  /** Turns the state into that after update number `step` (counted from 0). */
  update(state: AdamState, gradients: DeviceArray, settings: { step: number; learningRate: number; norm: number }): Promise<void>
  dispose(): Promise<void>
}

export async function createAdam(backend: Backend, length: number, options: AdamOptions): Promise<Adam> {
  const size = Math.min(chunk, length)
  const [beta1, beta2] = options.betas
  const updater: Program = await compile(
    ({ weights, first, second, average, gradients, settings }) => {
      const at = (i: number) => narrow(settings, 0, i, i + 1)
      const [scale, rate, correction1, correction2, decay, averageDecay] = [at(0), at(1), at(2), at(3), at(4), at(5)]
      const g = mul(gradients, scale)
      const m = add(mul(first, beta1), mul(g, 1 - beta1))
      const v = add(mul(second, beta2), mul(square(g), 1 - beta2))
      const step = div(mul(m, div(rate, correction1)), add(sqrt(div(v, correction2)), options.eps))
      const w = sub(mul(weights, decay), step)
      const smooth = add(mul(average, averageDecay), mul(w, sub(1, averageDecay)))
      return { 'next/weights': w, 'next/first': m, 'next/second': v, 'next/average': smooth }
    },
    { weights: [size], first: [size], second: [size], average: [size], gradients: [size], settings: [6] },
    { backend },
  )
  // As products of rows with themselves the squares are never in memory.
  const row = length % 4096 === 0 ? 4096 : 64
  const normer = await compile(
    ({ gradients }) => ({ energy: sum(matmul(reshape(gradients, [-1, 1, row]), reshape(gradients, [-1, row, 1]))) }),
    { gradients: [length] },
    { backend },
  )
  return {
    norm: async (gradients) => Math.sqrt(Number((await normer.run({ gradients: gradients.view(0, [length]) })).energy![0])),
    update: async (state, gradients, { step, learningRate, norm }) => {
      const settings = Float32Array.of(
        Math.min(1, options.clipNorm / (norm + 1e-6)),
        learningRate,
        1 - beta1 ** (step + 1),
        1 - beta2 ** (step + 1),
        1 - learningRate * options.weightDecay,
        // Early on the average follows the weights, so that it does not remember their random start.
        Math.min(options.averageDecay, (1 + step) / (10 + step)),
      )
      for (let offset = 0; offset < length; offset += size) {
        const views = (prefix = '') => Object.fromEntries(adamArrays.map((name) => [prefix + name, state[name].view(offset, [size])]))
        await updater.run({ ...views(), gradients: gradients.view(offset, [size]), settings }, { into: views('next/') })
      }
    },
    dispose: async () => {
      await updater.dispose()
      await normer.dispose()
    },
  }
}
