/** The training loop of `divisi train` for lessons: clipped gradients, a rate that falls at the end, an average of the weights. `learn` is the plain one. */
import type { Specs } from '../runtime/index.ts'
import { createTrainer } from '../training/index.ts'
import type { Learned, LearnOptions, Weights } from './compute.ts'

export interface TrainOptions<Inputs extends Specs> extends LearnOptions<Inputs> {
  /** A step before which the weights are asked for, too. */
  readonly early?: number
}

export interface Trained extends Learned {
  /** As they were at the early step. */
  readonly early: Weights
}

/** Of networks without running statistics, for which batches would be needed. */
export async function train<const Inputs extends Specs>(options: TrainOptions<Inputs>): Promise<Trained> {
  const { model, inputs, loss, batch, steps, learningRate, backend } = options
  type Name = string & keyof Inputs
  const trainer = await createTrainer<Name>({
    model,
    task: { batch: inputs, loss },
    backend,
    optimizer: { name: 'adam' },
    schedule: { peak: learningRate, warmup: Math.ceil(steps / 20), decay: Math.floor(steps / 2), steps },
    averageDecay: 0.98,
    seed: 1,
  })
  const weightsNow = () => trainer.averaged((async function* () {})())
  const losses: number[] = []
  let early: Weights = new Map()
  for (let step = 0; step < steps; step++) {
    if (step === options.early) early = await weightsNow()
    losses.push((await trainer.train(batch(step))).loss)
  }
  const weights = await weightsNow()
  await trainer.dispose()
  return { weights, early, losses }
}
