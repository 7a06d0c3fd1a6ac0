import { describe, expect, it } from 'vitest'
import { evaluate } from '../../src/runtime/index.ts'
import {
  type ConvTransposeOptions,
  conv1d,
  conv2d,
  conv3d,
  convTranspose1d,
  convTranspose2d,
  convTranspose3d,
  createRandom,
  grad,
  input,
  mul,
  type Shape,
  sum,
  type Tensor,
} from '../../src/tensor/index.ts'
import { drawn, onnxRuntime, sequence } from './support.ts'

const onnx = onnxRuntime()

// Numbers of torch.nn.functional (PyTorch 1.13, float64) for the same sequences: convN(x, w, **options).
describe('gives what PyTorch gives', () => {
  it.each<[string, () => Tensor, Shape, number[]]>([
    [
      'conv1d with stride, dilation, groups',
      () => conv1d(sequence(1, 4, 5), sequence(2, 2, 2), { stride: 2, padding: 1, dilation: 2, groups: 2 }),
      [1, 2, 3],
      [24, -28, -17, 15, -11, -2],
    ],
    [
      'conv3d',
      () => conv3d(sequence(1, 2, 3, 2, 3), sequence(2, 2, 2, 2, 2), { stride: [1, 2, 1], padding: [1, 0, 1] }),
      [1, 2, 4, 1, 4],
      [14, 7, -25, 2, 9, 29, 25, -20, 29, -50, -65, 35, 22, -11, 39, -27, 12, -51, 7, 13, -44, 24, 13, 19, -12, 13, 13, 9, -1, 10, 7, -15],
    ],
    [
      'convTranspose1d with output padding',
      () => convTranspose1d(sequence(1, 2, 3), sequence(2, 2, 3), { stride: 2, padding: 1, outputPadding: 1 }),
      [1, 2, 6],
      [-10, -16, 4, -10, -4, 16, -10, 3, 1, -30, 1, 21],
    ],
    [
      'convTranspose1d with dilation and groups',
      () => convTranspose1d(sequence(1, 4, 2), sequence(4, 1, 2), { stride: 3, dilation: 2, groups: 2 }),
      [1, 2, 6],
      [29, 0, -20, -20, 0, 29, 17, 0, -3, -3, 0, 9],
    ],
    [
      'convTranspose2d with a stride per axis',
      () => convTranspose2d(sequence(1, 2, 2, 2), sequence(2, 1, 3, 2), { stride: [2, 1], padding: [1, 0], outputPadding: [1, 0] }),
      [1, 1, 4, 3],
      [6, -14, 1, 20, -14, 19, -12, -8, 25, -6, -9, -15],
    ],
    [
      'convTranspose3d with strides',
      () =>
        convTranspose3d(sequence(1, 2, 2, 1, 2), sequence(2, 1, 3, 2, 2), {
          stride: [2, 1, 2],
          padding: [1, 0, 0],
          outputPadding: [1, 0, 1],
        }),
      [1, 1, 4, 2, 5],
      [
        -8, 19, 11, -18, 0, -20, -4, 8, 12, 0, 41, -28, -42, 19, 0, 24, 21, 3, 9, 0, -14, 22, 5, -15, 0, -8, -16, 20, 0, 0, 20, -10, -20,
        15, 0, -18, 18, -5, -25, 0,
      ],
    ],
    [
      'convTranspose3d with dilation and groups, at stride 1',
      () => convTranspose3d(sequence(1, 2, 2, 2, 1), sequence(2, 2, 2, 1, 2), { groups: 2, dilation: [2, 1, 1] }),
      [1, 4, 4, 2, 2],
      [
        25, -10, -10, 4, 10, -4, -25, 10, 10, -25, -4, 10, 4, -10, -10, 25, -5, 15, 2, -6, -2, 6, 5, -15, -20, 0, 8, 0, -8, 0, 20, 0, -4, 3,
        12, -9, -16, 12, 0, 0, -1, -5, 3, 15, -4, -20, 0, 0, 2, -2, -6, 6, 8, -8, 0, 0, 5, 1, -15, -3, 20, 4, 0, 0,
      ],
    ],
  ])('%s', async (_, f, shape, expected) => {
    const y = f()
    expect(y.shape).toEqual(shape)
    expect([...((await evaluate(() => [y]))[0] as Float64Array)]).toEqual(expected)
    expect([...((await evaluate(() => [y], onnx()))[0] as Float32Array)]).toEqual(expected)
  })
})

/**
 * The weight gradient takes different ways for few and many channels, strides, kernels at the edge, small and large maps; the drawn cases
 * are too small to meet all of them. Whole numbers make both sides exact.
 */
describe('the weight gradient is exact', () => {
  const random = createRandom(5)
  const whole = (shape: Shape) => drawn(shape, () => Math.round(random.uniform(-3, 3)))
  it.each<[string, Shape, Shape, ConvTransposeOptions]>([
    ['for many channels, shifting both sides', [2, 8, 9, 7], [6, 8, 3, 3], { padding: 1 }],
    ['for many channels in small maps, with the batch among the positions', [3, 8, 2, 3], [6, 8, 3, 3], { padding: 1 }],
    ['for one input channel', [2, 1, 9, 7], [6, 1, 3, 3], { padding: 1 }],
    ['for one output channel', [2, 6, 9, 7], [1, 6, 3, 3], { padding: 1 }],
    ['for one output channel with strides', [2, 6, 9, 7], [1, 6, 3, 3], { padding: 1, stride: 2 }],
    ['for a kernel and stride of its own per axis', [2, 5, 11, 8], [7, 5, 5, 2], { padding: [2, 0], stride: [3, 1] }],
    ['for equal strides', [2, 5, 11, 8], [7, 5, 5, 4], { padding: 1, stride: 2 }],
    ['for large maps, which shift one side', [1, 2, 740, 740], [2, 1, 2, 2], { groups: 2 }],
    ['for depthwise kernels', [2, 6, 9, 7], [6, 1, 3, 3], { padding: 1, groups: 6 }],
    ['for taps that see only padding', [1, 5, 1, 4], [5, 5, 3, 3], { padding: [[3, 2], 0], dilation: [2, 1] }],
  ])('%s', async (_, xs, ws, options) => {
    const [x, w] = [whole(xs), input('w', ws)]
    const y = conv2d(x, w, options)
    const gradient = grad(sum(mul(y, whole(y.shape))), [w])[0]!
    const [expected, actual] = [(await evaluate(() => [gradient]))[0]!, (await evaluate(() => [gradient], onnx()))[0]!]
    expect(Array.from(actual as Float32Array)).toEqual(Array.from(expected as Float64Array))
  })
})

describe('refuses', () => {
  const x = input('x', [1, 2, 4, 4, 4])
  it.each<[string, () => Tensor, RegExp]>([
    ['a volume for a plane', () => conv2d(x, input('w', [1, 2, 3, 3])), /conv2d: input \(1, 2, 4, 4, 4\), weight \(1, 2, 3, 3\)/],
    ['two strides for three axes', () => conv3d(x, input('w', [1, 2, 3, 3, 3]), { stride: [1, 2] }), /conv3d stride: needs 3 whole/],
    ['other channels', () => convTranspose3d(x, input('w', [3, 1, 2, 2, 2])), /convTranspose3d: input \(1, 2, 4, 4, 4\), weight \(3, /],
    [
      'an output padding as large as the stride',
      () => convTranspose1d(input('l', [1, 2, 4]), input('w', [2, 1, 2]), { stride: 2, outputPadding: 2 }),
      /convTranspose1d outputPadding: needs whole numbers ≥ 0 below the stride \[2\], got 2/,
    ],
    [
      'an integer dtype',
      () => convTranspose1d(input('l', [1, 2, 4], 'int32'), input('w', [2, 1, 2])),
      /convTranspose1d: needs float32, got int32 \(1, 2, 4\)/,
    ],
    [
      'padding that leaves nothing',
      () => convTranspose1d(input('l', [1, 2, 1]), input('w', [2, 1, 2]), { padding: 1 }),
      /convTranspose1d: padding leaves nothing of the output: \(0\)/,
    ],
  ])('%s', (_, f, message) => {
    expect(f).toThrow(message)
  })
})
