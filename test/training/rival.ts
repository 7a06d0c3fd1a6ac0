/** A generator and a discriminator small enough for tests: drawn numbers are to become numbers around 2. */
import { binaryCrossEntropyWithLogits } from '../../src/losses/index.ts'
import { Linear, Module } from '../../src/nn/index.ts'
import type { Backend } from '../../src/runtime/index.ts'
import { add, createRandom, stopGradient, type Tensor, tanh, zerosLike } from '../../src/tensor/index.ts'
import { createTrainer, type Part, type Trainer } from '../../src/training/index.ts'

/** One number in, one number out. Both networks are of this class, so that their parameters have the same names. */
export class Curve extends Module {
  readonly first = new Linear(1, 12)
  readonly last = new Linear(12, 1)

  forward(x: Tensor): Tensor {
    return this.last.forward(tanh(this.first.forward(x)))
  }
}

const examples = 16

export type RivalBatch = Readonly<Record<'noise' | 'real', Float32Array>>

export function rivalBatch(index: number, count = examples): RivalBatch {
  const random = createRandom(11, index)
  return {
    noise: Float32Array.from({ length: count }, () => random.uniform(-1, 1)),
    real: Float32Array.from({ length: count }, () => 2 + 0.3 * random.uniform(-1, 1)),
  }
}

export function partsOf(step: number, accumulate: number): Part<'noise' | 'real'>[] {
  return Array.from({ length: accumulate }, (_, part) => {
    const index = step * accumulate + part
    return { index, batch: rivalBatch(index) }
  })
}

export interface AdversaryOptions {
  readonly everyPart?: boolean
  /** Cuts the gradient before the discriminator, as the original FrameTransformer's scripts do. */
  readonly detach?: boolean
  readonly learningRate?: number
}

/** The discriminator is to say 1 of real numbers and 0 of generated ones, the generator to make it say 1. */
export async function adversaries(
  backend: Backend,
  { everyPart = true, detach = false, learningRate = 0.01 }: AdversaryOptions = {},
): Promise<{ trainer: Trainer<'noise' | 'real'>; generator: Curve; discriminator: Curve }> {
  const [generator, discriminator] = [new Curve(), new Curve()]
  const says = (x: Tensor, real: boolean) => {
    const logits = discriminator.forward(x)
    return binaryCrossEntropyWithLogits(logits, real ? add(zerosLike(logits), 1) : zerosLike(logits))
  }
  const settings = { optimizer: { name: 'adam', betas: [0.5, 0.9] }, schedule: { name: 'constant', peak: learningRate } } as const
  const trainer = await createTrainer<'noise' | 'real'>({
    model: generator,
    task: {
      batch: { noise: [examples, 1], real: [examples, 1] },
      loss: ({ noise }) => {
        const made = generator.forward(noise)
        return says(detach ? stopGradient(made) : made, true)
      },
    },
    rival: {
      model: discriminator,
      loss: ({ noise, real }) => add(says(real, true), says(generator.forward(noise), false)),
      everyPart,
      ...settings,
      clipNorm: 5,
    },
    backend,
    ...settings,
    averageDecay: 0.9,
    seed: 4,
  })
  return { trainer, generator, discriminator }
}
