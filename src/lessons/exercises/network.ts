/** Exercises: the other parts of a convolutional network, its training, its test, its unfolding, and a recurrent network. */
import { linear, RecurrentState, VanillaRNN } from '../../nn/index.ts'
import { constant, fold, maxPool2d, softmax, stack, unfold } from '../../tensor/index.ts'
import { numbersOf, rowsOf } from '../compute.ts'
import { type Exercise, expectAlike, functionOf } from '../exercise.ts'

type Row = readonly number[]
type Image = readonly Row[]

const wave = (count: number, phase: number) =>
  Array.from({ length: count }, (_, i) => Number(Math.sin(phase + 1.7 * i + 0.1 * i * i).toFixed(3)))

export const networkParts: Exercise = {
  name: 'network-parts',
  title: 'ReLU, pooling, flattening, a linear layer, softmax',
  numbers: ['2.5', '2.6', '2.7', '2.8', '2.9'],
  task: `Write relu(list), maxPool(image) (rows and columns in pairs; an odd last one is left out), flatten(images) (a list of images as one list, row by row),
linear(list, weights, biases) (weights[output][input]) and softmax(list). The softmax must survive large numbers: [1000, 1000] gives [0.5, 0.5].`,
  start: `export function relu(list) {}
export function maxPool(image) {}
export function flatten(images) {}
export function linear(list, weights, biases) {}
export function softmax(list) {}`,
  async check(answer) {
    const part = (name: string) => functionOf<(...given: unknown[]) => unknown>(answer, name)
    expectAlike('relu([-1, 0, 2.5])', part('relu')([-1, 0, 2.5]), [0, 0, 2.5])
    for (const [h, w] of [
      [4, 6],
      [5, 3],
    ] as const) {
      const image = rowsOf(wave(h * w, h), w)
      const { y } = await numbersOf(() => ({ y: maxPool2d(constant(image.flat(), [1, 1, h, w]), 2) }))
      expectAlike(`maxPool of ${h} × ${w}`, part('maxPool')(image), rowsOf(y, Math.floor(w / 2)))
    }
    expectAlike(
      'flatten([[[1, 2], [3, 4]], [[5, 6], [7, 8]]])',
      part('flatten')([
        [
          [1, 2],
          [3, 4],
        ],
        [
          [5, 6],
          [7, 8],
        ],
      ]),
      [1, 2, 3, 4, 5, 6, 7, 8],
    )
    const [x, weights, biases] = [wave(3, 0), rowsOf(wave(6, 1), 3), wave(2, 2)]
    const right = await numbersOf(() => ({
      y: linear(constant(x, [1, 3]), constant(weights.flat(), [2, 3]), constant(biases)),
      p: softmax(constant(wave(5, 3)), 0),
    }))
    expectAlike('linear', part('linear')(x, weights, biases), right.y)
    expectAlike('softmax', part('softmax')(wave(5, 3)), right.p)
    expectAlike('softmax([1000, 1000])', part('softmax')([1000, 1000]), [0.5, 0.5])
  },
  solution: () => import('../solutions/network-parts.ts'),
}

export const unfolding: Exercise = {
  name: 'unfold',
  title: 'Convolution as a matrix product: unfold and fold',
  numbers: ['2.19', '2.20'],
  task: `Write unfold(image, k, stride): the k × k windows of an image (channels, height, width), one after another row by row, each as one list, channel by channel and row by
row; no padding. With it a convolution is a product of matrices. Then its adjoint, fold(windows, channels, height, width, k, stride), which adds every number of every window
to the place it came from. Images need not be square.`,
  start: `export function unfold(image, k, stride) {
  return []
}
export function fold(windows, channels, height, width, k, stride) {
  return []
}`,
  async check(answer) {
    const own = functionOf<(x: readonly Image[], k: number, stride: number) => unknown>(answer, 'unfold')
    const back = functionOf<(windows: readonly Row[], c: number, h: number, w: number, k: number, stride: number) => unknown>(
      answer,
      'fold',
    )
    for (const [c, h, w, k, stride] of [
      [1, 3, 3, 2, 1],
      [2, 4, 7, 3, 1],
      [3, 7, 5, 3, 2],
    ] as const) {
      const image = Array.from({ length: c }, (_, i) => rowsOf(wave(h * w, i), w))
      const columns = unfold(constant(image.flat(2), [1, c, h, w]), k, { stride }) // (1, c·k², windows)
      const count = columns.shape[2]!
      const right = await numbersOf(() => ({ columns, folded: fold(columns, [h, w], k, { stride }) }))
      const windows = Array.from({ length: count }, (_, n) => Array.from({ length: c * k * k }, (_, i) => right.columns[i * count + n]!))
      const what = `of (${c}, ${h}, ${w}), k ${k}, stride ${stride}`
      expectAlike(`unfold ${what}`, own(image, k, stride), windows)
      expectAlike(
        `fold ${what}`,
        back(windows, c, h, w, k, stride),
        rowsOf(right.folded, h * w).map((map) => rowsOf(map, w)),
      )
    }
  },
  solution: () => import('../solutions/unfold.ts'),
}

export const trainingLoop: Exercise = {
  name: 'training-loop',
  title: 'A training loop',
  numbers: ['2.16', '2.17'],
  task: `Write train(x, y, steps, rate): fit y ≈ w·x + b by gradient descent on the mean of the squared errors, from w = b = 0. Each step goes forward, takes the loss, goes
backward (the derivatives with respect to w and b), and steps against the gradient by the rate. Return { w, b, losses }, losses before each step.`,
  start: `export function train(x, y, steps, rate) {
  return { w: 0, b: 0, losses: [] }
}`,
  check(answer) {
    const train = functionOf<(x: Row, y: Row, steps: number, rate: number) => { w: number; b: number; losses: number[] }>(answer, 'train')
    const x = [0, 1, 2, 3]
    // By hand: the loss is (1 + 9 + 25 + 49)/4 = 21, d/dw −2·Σxy/4 = −17, d/db −2·Σy/4 = −8.
    const one = train(x, [1, 3, 5, 7], 1, 0.1)
    expectAlike('after one step at rate 0.1, w and b', [one.w, one.b], [1.7, 0.8])
    expectAlike('after one step, losses', one.losses, [21])
    const many = train(x, [1, 3, 5, 7], 2000, 0.1)
    expectAlike('after 2000 steps of y = 2x + 1, w and b', [many.w, many.b], [2, 1])
    expectAlike('after 2000 steps, the last loss', many.losses.at(-1), 0)
  },
  solution: () => import('../solutions/training-loop.ts'),
}

export const confusion: Exercise = {
  name: 'confusion',
  title: 'Test on unseen images: accuracy and confusion matrix',
  numbers: ['2.18'],
  task: `Write confusion(truth, predicted, classes): the matrix counts[true][predicted] of two lists of class indices, and accuracy(counts): the share of right ones, NaN where
there are none.`,
  start: `export function confusion(truth, predicted, classes) {
  return []
}
export function accuracy(counts) {
  return 0
}`,
  check(answer) {
    const count = functionOf<(truth: Row, predicted: Row, classes: number) => Image>(answer, 'confusion')
    const accuracy = functionOf<(counts: Image) => number>(answer, 'accuracy')
    const counts = [
      [1, 1, 0],
      [0, 2, 0],
      [1, 0, 0],
    ]
    expectAlike('confusion([0, 0, 1, 1, 2], [0, 1, 1, 1, 0], 3)', count([0, 0, 1, 1, 2], [0, 1, 1, 1, 0], 3), counts)
    expectAlike('accuracy', accuracy(counts), 0.6)
    if (!Number.isNaN(accuracy([[0]]))) throw new Error('accuracy([[0]]) is a number; there were no images, so it is NaN')
  },
  solution: () => import('../solutions/confusion.ts'),
}

export const vanillaRnn: Exercise = {
  name: 'vanilla-rnn',
  title: 'A recurrent network with a state',
  numbers: ['2.21'],
  task: `Write createRnn(weights), weights = { W_xh, W_hh, B_h, W_hy, B_y } in nested lists, W[output][input]. It returns { step(x), reset() }: step computes
h = tanh(W_xh·x + W_hh·h + B_h), keeps h, and returns y = W_hy·h + B_y; the first step has h = 0, as has the first after reset. The same input three times gives three
different outputs: the state is what it remembers, and it is yours, explicit. (A source text calls this exercise "one to many"; what it builds is a network with a state, and it
starts from memory that nobody has written.)`,
  start: `export function createRnn({ W_xh, W_hh, B_h, W_hy, B_y }) {
  return {
    step(x) {
      return []
    },
    reset() {},
  }
}`,
  async check(answer) {
    const create = functionOf<(weights: Record<string, unknown>) => { step(x: Row): unknown; reset(): void }>(answer, 'createRnn')
    const [inputs, hidden, outputs] = [4, 3, 5]
    const shapes = { W_xh: [hidden, inputs], W_hh: [hidden, hidden], B_h: [hidden], W_hy: [outputs, hidden], B_y: [outputs] }
    const flat = Object.fromEntries(
      Object.entries(shapes).map(([name, shape], i) => [
        name,
        wave(
          shape.reduce((a, b) => a * b, 1),
          i,
        ),
      ]),
    )
    const nested = Object.fromEntries(
      Object.entries(shapes).map(([name, shape]) => [name, shape.length === 2 ? rowsOf(flat[name]!, shape[1]!) : flat[name]!]),
    )
    const network = new VanillaRNN(inputs, hidden, outputs)
    const x = constant(new Float32Array(inputs).fill(1), [1, inputs])
    const weights = new Map(Object.entries(flat).map(([name, values]) => [name, Float32Array.from(values)]))
    const { y } = await numbersOf(
      () => {
        const state = new RecurrentState()
        return { y: stack([network.forward(x, state), network.forward(x, state), network.forward(x, state)], 0) }
      },
      { model: [network, weights] },
    )
    const right = rowsOf(y, outputs)
    const own = create(nested)
    const ones = new Array<number>(inputs).fill(1)
    for (const [i, row] of right.entries()) expectAlike(`step ${i + 1} of ones`, own.step(ones), row)
    own.reset()
    expectAlike('the step after reset', own.step(ones), right[0]!)
    const other = create(nested)
    own.step(ones)
    expectAlike('the first step of another network beside it', other.step(ones), right[0]!)
  },
  solution: () => import('../solutions/vanilla-rnn.ts'),
}
