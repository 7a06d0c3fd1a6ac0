/** Training for tests of what networks can learn: Adam, gradients scaled down to the norm 1, the weights by name. */
import type { Module } from '../../src/nn/index.ts'
import type { Backend } from '../../src/runtime/index.ts'
import { type Batch, createTrainer, type Task } from '../../src/training/index.ts'

export interface LearnOptions<Name extends string> {
  readonly model: Module
  readonly inputs: Task<Name>['batch']
  readonly loss: Task<Name>['loss']
  readonly batch: (step: number) => Batch<Name>
  readonly steps: number
  readonly learningRate: number
  readonly seed: number
  readonly backend: Backend
}

export async function learn<Name extends string>({
  model,
  inputs,
  loss,
  batch,
  steps,
  learningRate,
  seed,
  backend,
}: LearnOptions<Name>): Promise<Record<string, Float32Array>> {
  const trainer = await createTrainer({
    model,
    task: { batch: inputs, loss },
    backend,
    optimizer: { name: 'adam' },
    schedule: { name: 'constant', peak: learningRate },
    clipNorm: 1,
    averageDecay: 0,
    seed,
  })
  for (let step = 0; step < steps; step++) await trainer.train(batch(step))
  const weights = (await trainer.snapshot()).get('weights')!
  await trainer.dispose()
  return Object.fromEntries(trainer.layout.parameters.map(({ name, offset, size }) => [name, weights.slice(offset, offset + size)]))
}
