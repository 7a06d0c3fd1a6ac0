/** Exercises: convolution by loops, of signals and of images, and the layer of several kernels. */
import { convolve } from '../../dsp/index.ts'
import { constant, conv2d } from '../../tensor/index.ts'
import { numbersOf, rowsOf } from '../compute.ts'
import { type Exercise, expectAlike, functionOf } from '../exercise.ts'

type Row = readonly number[]
type Image = readonly Row[]

/** Numbers that look alike nowhere. */
const wave = (count: number, phase: number) =>
  Array.from({ length: count }, (_, i) => Number(Math.sin(phase + 1.7 * i + 0.1 * i * i).toFixed(3)))
const image = (channels: number, height: number, width: number, phase: number) =>
  Array.from({ length: channels }, (_, c) => rowsOf(wave(height * width, phase + c), width))

export const convolutionLoop: Exercise = {
  name: 'convolution-loop',
  title: 'Convolution by a loop',
  numbers: ['2.1'],
  task: `Write convolve(f, g): the discrete convolution of two lists of numbers, Σ f[n − m]·g[m], wherever they overlap: as many values as both have together,
less one. Mind the minus sign: without it, it is cross-correlation.`,
  start: `/** Σ f[n − m]·g[m] for n = 0 … f.length + g.length − 2 */
export function convolve(f, g) {
  return []
}`,
  async check(answer) {
    const own = functionOf<(f: Row, g: Row) => unknown>(answer, 'convolve')
    for (const [f, g] of [
      [
        [1, 2, 3],
        [0, 1, 10],
      ],
      [
        [1, 0, 0, 0],
        [3, 2, 1],
      ],
      [[2], [5]],
      [wave(9, 0), wave(4, 2)],
    ] as const) {
      const { y } = await numbersOf(() => ({ y: convolve(constant(f), constant(g)) }))
      expectAlike(`convolve(${JSON.stringify(f)}, ${JSON.stringify(g)})`, own(f, g), y)
    }
  },
  solution: () => import('../solutions/convolution-loop.ts'),
}

export const imageKernels: Exercise = {
  name: 'image-kernels',
  title: 'Kernels that blur, find edges, and sharpen',
  numbers: ['2.2'],
  task: `Write blurKernel(), edgeKernel() and sharpenKernel(), each a list of three rows of three numbers. Blurring keeps the mean of an image, gives no
neighbour a negative weight, and the middle the largest; an edge kernel makes nothing of a constant image, and something of a step, to whichever side; sharpening keeps the
mean and emphasises the middle against its neighbours.`,
  start: `export function blurKernel() {
  return []
}
export function edgeKernel() {
  return []
}
export function sharpenKernel() {
  return []
}`,
  check(answer) {
    const kernel = (name: string): number[] => {
      const rows = functionOf<() => unknown>(answer, name)()
      if (!Array.isArray(rows) || rows.length !== 3 || rows.some((row) => !Array.isArray(row) || row.length !== 3))
        throw new Error(`${name}() has not three rows of three numbers`)
      return (rows as number[][]).flat()
    }
    const sum = (values: Row) => values.reduce((a, b) => a + b, 0)
    const must = (holds: boolean, words: string) => {
      if (!holds) throw new Error(words)
    }
    const [blur, edge, sharpen] = [kernel('blurKernel'), kernel('edgeKernel'), kernel('sharpenKernel')]
    must(Math.abs(sum(blur) - 1) < 1e-9, `the blur sums to ${sum(blur)}, so it changes the mean; needs 1`)
    must(
      blur.every((v, i) => v >= 0 && (i === 4 || v < blur[4]!)),
      'the blur has negative weights, or the middle is not its largest',
    )
    must(
      blur.some((v, i) => i !== 4 && v > 0),
      'the blur looks at no neighbour',
    )
    must(Math.abs(sum(edge)) < 1e-9, `the edge kernel sums to ${sum(edge)}: it answers to a constant; needs 0`)
    const column = (c: number) => edge[c]! + edge[c + 3]! + edge[c + 6]!
    const row = (r: number) => edge[3 * r]! + edge[3 * r + 1]! + edge[3 * r + 2]!
    must(
      [0, 2].some((i) => Math.abs(column(i)) > 1e-9 || Math.abs(row(i)) > 1e-9),
      'the edge kernel makes nothing of a step',
    )
    must(Math.abs(sum(sharpen) - 1) < 1e-9, `the sharpening kernel sums to ${sum(sharpen)}; needs 1`)
    must(
      sharpen[4]! > 1 && sharpen.every((v, i) => i === 4 || v <= 0),
      'the sharpening kernel does not set the middle against its neighbours',
    )
  },
  solution: () => import('../solutions/image-kernels.ts'),
}

export const convolution2d: Exercise = {
  name: 'convolution-2d',
  title: 'A convolution of images with padding and stride',
  numbers: ['2.3'],
  task: `Write conv2d(image, kernel, padding, stride) as layers compute it (no flip). The image is (channels, height, width) in nested lists, not necessarily square; the
kernel (channels, k, k), as deep as the image. Around the image there are padding zeros. The result is one map of 1 + ⌊(size + 2·padding − k)/stride⌋ rows and columns.`,
  start: `/** image[channel][row][column], kernel[channel][row][column] → map[row][column] */
export function conv2d(image, kernel, padding, stride) {
  return []
}`,
  async check(answer) {
    const own = functionOf<(x: readonly Image[], k: readonly Image[], padding: number, stride: number) => unknown>(answer, 'conv2d')
    for (const [c, h, w, k, padding, stride] of [
      [1, 3, 3, 2, 0, 1],
      [3, 8, 8, 5, 2, 1],
      [2, 5, 9, 3, 1, 2],
      [1, 7, 4, 3, 0, 3],
    ] as const) {
      const [x, kernel] = [image(c, h, w, 0), image(c, k, k, 3)]
      const y = conv2d(constant(x.flat(2), [1, c, h, w]), constant(kernel.flat(2), [1, c, k, k]), { padding, stride })
      const right = (await numbersOf(() => ({ y }))).y
      expectAlike(
        `conv2d of (${c}, ${h}, ${w}) with (${c}, ${k}, ${k}), padding ${padding}, stride ${stride}`,
        own(x, kernel, padding, stride),
        rowsOf(right, y.shape[3]!),
      )
    }
  },
  solution: () => import('../solutions/convolution-2d.ts'),
}

export const convolutionLayer: Exercise = {
  name: 'convolution-layer',
  title: 'A layer of several kernels',
  numbers: ['2.4'],
  task: `Write convLayer(image, kernels, biases): one map for each kernel, aₙ = bₙ + Σ over channels of kₙ ⋆ image, without padding and with stride 1. You may begin with your
conv2d.`,
  start: `/** image[channel][row][column], kernels[n][channel][row][column], biases[n] → maps[n][row][column] */
export function convLayer(image, kernels, biases) {
  return []
}`,
  async check(answer) {
    const own = functionOf<(x: readonly Image[], kernels: readonly (readonly Image[])[], biases: Row) => unknown>(answer, 'convLayer')
    for (const [c, h, w, n, k] of [
      [1, 4, 4, 1, 2],
      [3, 6, 8, 4, 3],
    ] as const) {
      const [x, kernels, biases] = [image(c, h, w, 1), Array.from({ length: n }, (_, i) => image(c, k, k, 5 * i)), wave(n, 4)]
      const y = conv2d(constant(x.flat(2), [1, c, h, w]), constant(kernels.flat(3), [n, c, k, k]))
      const [rows, columns] = [y.shape[2]!, y.shape[3]!]
      const maps = rowsOf((await numbersOf(() => ({ y }))).y, rows * columns)
      const right = maps.map((map, i) =>
        rowsOf(
          map.map((v) => v + biases[i]!),
          columns,
        ),
      )
      expectAlike(`convLayer of (${c}, ${h}, ${w}) with ${n} kernels`, own(x, kernels, biases), right)
    }
  },
  solution: () => import('../solutions/convolution-layer.ts'),
}
