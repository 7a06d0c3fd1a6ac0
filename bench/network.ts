/**
 * Works on networks: inference of one batch, and training steps on one. Most networks map an array to one of its shape and say here only
 * what is theirs; the other side of those is `run_network` of support.py.
 */
import type { Module } from '../src/nn/index.ts'
import { type Backend, compile, shred } from '../src/runtime/index.ts'
import { type Shape, sizeOf, type Tensor } from '../src/tensor/index.ts'
import { createTrainer, type Task, type Trainer } from '../src/training/index.ts'
import {
  adam,
  type Bench,
  type Measured,
  noise,
  readArray,
  readWeights,
  sampled,
  schedule,
  seed,
  timed,
  type Work,
  writeArray,
  writeWeights,
} from './support.ts'

/** A model's program from x to `forward(x)`, and what it gives; `weights` are its own from then on. */
export async function infer(
  { work, backend, weights }: { readonly work: Work; readonly backend: Backend; readonly weights: ReadonlyMap<string, Float32Array> },
  { values, shape }: { readonly values: Float32Array; readonly shape: Shape },
  forward: (x: Tensor) => Tensor,
): Promise<Measured> {
  const program = await compile(({ x }) => ({ y: forward(x) }), { x: shape }, { backend, constants: weights })
  shred(weights.values()) // as `loadSeparator` does
  const run = () => program.run({ x: values })
  return { numbers: sampled((await run()).y as Float32Array), seconds: await timed(work, run) }
}

/** With the update that both sides have. */
export function trainerOf<Name extends string>(model: Module, task: Task<Name>, backend: Backend): Promise<Trainer<Name>> {
  const { clipNorm, averageDecay, ...options } = adam
  return createTrainer({ model, task, backend, optimizer: { name: 'adamw', ...options }, schedule, clipNorm, averageDecay, seed })
}

/** Trains on one batch; the numbers are the losses, so that those after the first tell that gradients and updates agree, too. */
export async function trainOn<Name extends string>(
  work: Work,
  trainer: Trainer<Name>,
  batch: Readonly<Record<Name, Float32Array>>,
): Promise<Measured> {
  const numbers: number[] = []
  const seconds = await timed(work, async () => {
    numbers.push((await trainer.train(batch)).loss)
  })
  return { numbers: numbers.slice(0, 3), seconds }
}

interface Mapping extends Module {
  forward(x: Tensor): Tensor
}

interface Network extends Pick<Bench, 'url' | 'works'> {
  create(): Mapping
  /** Of a work's input, its output and its target. */
  shapeOf(work: Work): Shape
  /** Inputs and targets are not negative. */
  readonly magnitudes?: boolean
  loss(estimate: Tensor, target: Tensor): Tensor
}

/** Works on a network from arrays to arrays of their shape: inference where a work's id says `infer`, else training. */
export function networkBench({ url, works, create, shapeOf, magnitudes = false, loss }: Network): Bench {
  return {
    url,
    works,
    prepare: (folder) => {
      writeWeights(folder, create())
      // Smaller works read the beginning.
      const length = Math.max(...works.map((work) => sizeOf(shapeOf(work))))
      for (const [i, name] of ['x', 'target'].entries()) {
        const values = noise(length, i + 1)
        writeArray(folder, name, magnitudes ? values.map(Math.abs) : values)
      }
    },
    run: async (work, folder, backend) => {
      const model = create()
      const shape = shapeOf(work)
      const read = (name: string) => readArray(folder, name).subarray(0, sizeOf(shape))
      if (work.id.includes('infer'))
        return infer({ work, backend, weights: readWeights(folder, model) }, { values: read('x'), shape }, (x) => model.forward(x))
      const task = {
        batch: { x: shape, target: shape },
        loss: ({ x, target }: Record<'x' | 'target', Tensor>) => loss(model.forward(x), target),
      }
      return trainOn(work, await trainerOf(model, task, backend), { x: read('x'), target: read('target') })
    },
  }
}
