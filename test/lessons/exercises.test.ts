import { describe, expect, it } from 'vitest'
import { type Answer, exercises } from '../../src/lessons/index.ts'

/** The file that an exercise begins with, as a module. */
async function begun(start: string): Promise<Answer> {
  return (await import(/* @vite-ignore */ `data:text/javascript,${encodeURIComponent(start)}`)) as Answer
}

describe.each(exercises.map((exercise) => [exercise.name, exercise] as const))('exercise %s', (_, exercise) => {
  it(`2.23 ${exercise.numbers.join(', ')}: ${exercise.title}: the solution passes`, async () => {
    await exercise.check(await exercise.solution())
  })

  it('2.23 what it begins with has all functions, and does not pass', async () => {
    const answer = await begun(exercise.start)
    expect(Object.keys(answer).sort()).toEqual(Object.keys(await exercise.solution()).sort())
    await expect(async () => exercise.check(answer)).rejects.toThrow()
  })

  it('2.23 refuses files without the functions, by name', async () => {
    const first = /(?:function|const) (\w+)/.exec(exercise.start)![1]
    await expect(async () => exercise.check({})).rejects.toThrow(`the file exports no ${first}`)
  })
})

/** Answers that are nearly right: the mistakes that the exercises are about. */
const mistakes: Readonly<Record<string, (right: Answer) => Answer>> = {
  'convolution-loop': (right) => ({
    convolve: (f: number[], g: number[]) => (right.convolve as (f: number[], g: number[]) => unknown)(f, [...g].reverse()),
  }),
  'image-kernels': (right) => ({
    ...right,
    blurKernel: () => [
      [1, 1, 1],
      [1, 2, 1],
      [1, 1, 1],
    ],
  }),
  'convolution-2d': (right) => ({
    conv2d: (x: number[][][], k: number[][][], p: number) => (right.conv2d as (...a: unknown[]) => unknown)(x, k, p, 1),
  }),
  'convolution-layer': (right) => ({
    convLayer: (x: unknown, k: unknown[]) =>
      (right.convLayer as (...a: unknown[]) => unknown)(
        x,
        k,
        k.map(() => 0),
      ),
  }),
  'network-parts': (right) => ({
    ...right,
    softmax: (list: number[]) => {
      const powers = list.map(Math.exp)
      return powers.map((power) => power / powers.reduce((a, b) => a + b, 0))
    },
  }),
  'training-loop': (right) => ({
    train: (x: unknown, y: unknown, steps: number, rate: number) => (right.train as (...a: unknown[]) => unknown)(x, y, steps, -rate),
  }),
  confusion: (right) => ({
    ...right,
    confusion: (truth: unknown, predicted: unknown, n: number) => (right.confusion as (...a: unknown[]) => unknown)(predicted, truth, n),
  }),
  unfold: (right) => ({
    ...right,
    fold: (...given: [number[][], number, number, number, number, number]) =>
      (right.fold as (...a: unknown[]) => unknown)(given[0], given[1], given[3], given[2], given[4], given[5]),
  }),
  'vanilla-rnn': (right) => {
    const create = right.createRnn as (weights: unknown) => { step(x: unknown): unknown; reset(): void }
    return {
      createRnn: (weights: unknown) => {
        const network = create(weights)
        return {
          ...network,
          step: (x: unknown) => {
            network.reset()
            return network.step(x)
          },
        }
      },
    }
  },
}

describe('checkers', () => {
  it.each(exercises.map((exercise) => [exercise.name, exercise] as const))(
    '2.23 of %s find the mistake it is about',
    async (name, exercise) => {
      const mistake = mistakes[name]!(await exercise.solution())
      await expect(async () => exercise.check(mistake)).rejects.toThrow(/right is|sums to/)
    },
  )
})
