import { describe, expect, it } from 'vitest'
import {
  addPerChannel,
  Conv1d,
  Conv2d,
  Conv3d,
  ConvTranspose1d,
  ConvTranspose2d,
  ConvTranspose3d,
  initialValues,
  layoutOf,
  Module,
  Sequential,
  Upsample,
} from '../../src/nn/index.ts'
import { constant, input, mul, narrow, pad, relu, type Shape, sizeOf, sum, type Tensor } from '../../src/tensor/index.ts'
import { filled, filledTensor, filledValues, run, worst } from './run.ts'

/** Sums of some hundred products of numbers about 1 in float64, in different orders. */
const tolerance = 1e-12

interface Grid {
  readonly shape: Shape
  readonly data: ArrayLike<number>
}

const grid = (shape: Shape, phase: number): Grid => ({ shape, data: filled(shape, phase) })

interface Steps {
  readonly stride?: number
  readonly padding?: number
  readonly dilation?: number
}

/** The loop of the textbook: x (c, h, w), weight (o, c, kh, kw), bias (o) → (o, h', w'). */
function convolutionLoop(x: Grid, weight: Grid, bias: ArrayLike<number>, { stride = 1, padding = 0, dilation = 1 }: Steps): number[] {
  const [channels, height, width] = x.shape as [number, number, number]
  const [outputs, , kh, kw] = weight.shape as [number, number, number, number]
  const [rows, columns] = [
    [height, kh],
    [width, kw],
  ].map(([n, k]) => Math.floor((n! + 2 * padding - dilation * (k! - 1) - 1) / stride) + 1) as [number, number]
  const y: number[] = []
  for (let o = 0; o < outputs; o++) {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        let total = bias[o]!
        for (let c = 0; c < channels; c++) {
          for (let i = 0; i < kh; i++) {
            for (let j = 0; j < kw; j++) {
              const [down, right] = [row * stride + i * dilation - padding, column * stride + j * dilation - padding]
              if (down < 0 || down >= height || right < 0 || right >= width) continue
              total += x.data[(c * height + down) * width + right]! * weight.data[((o * channels + c) * kh + i) * kw + j]!
            }
          }
        }
        y.push(total)
      }
    }
  }
  return y
}

describe('convolution layers', () => {
  it('2.3 convolution loop: (3, 32, 32), kernel 5, padding 2, stride 1 → (1, 32, 32), equal to the loop', async () => {
    const layer = new Conv2d(3, 1, 5, { padding: 2 })
    const values = filledValues(layer)
    const y = layer.forward(filledTensor([1, 3, 32, 32], 0.5))
    expect(y.shape).toEqual([1, 1, 32, 32])
    const expected = convolutionLoop(grid([3, 32, 32], 0.5), { shape: [1, 3, 5, 5], data: values.weight! }, values.bias!, { padding: 2 })
    expect(worst((await run({ y }, values)).y, expected)).toBeLessThan(tolerance)
  })

  it.each<[Shape, number, Steps]>([
    [[2, 7, 9], 3, { stride: 2, padding: 1 }],
    [[3, 9, 6], 3, { stride: 3, dilation: 2 }],
    [[1, 5, 8], 3, { padding: 2, dilation: 2 }],
    [[2, 4, 3], 3, { stride: 2, padding: 2 }],
  ])('2.3 convolution loop: %j, kernel %i, %j gives 1 + (H + 2P − k)/S positions (k counted with dilation)', async (shape, k, steps) => {
    const layer = new Conv2d(shape[0]!, 2, k, steps)
    const values = filledValues(layer)
    const y = layer.forward(filledTensor([1, ...shape], 0.5))
    const { stride = 1, padding = 0, dilation = 1 } = steps
    const positions = shape.slice(1).map((n) => 1 + Math.floor((n + 2 * padding - (dilation * (k - 1) + 1)) / stride))
    expect(y.shape).toEqual([1, 2, ...positions])
    const expected = convolutionLoop(grid(shape, 0.5), { shape: [2, shape[0]!, k, k], data: values.weight! }, values.bias!, steps)
    expect(worst((await run({ y }, values)).y, expected)).toBeLessThan(tolerance)
  })

  it('2.3 convolution loop: the kernel has the depth of the input; another is refused with both shapes', () => {
    const layer = new Conv2d(3, 4, 5)
    expect(layer.weight.shape).toEqual([4, 3, 5, 5])
    expect(() => layer.forward(input('x', [1, 2, 32, 32]))).toThrow(/^conv2d: input \(1, 2, 32, 32\), weight \(4, 3, 5, 5\)/)
  })

  it('2.4 convolutional layer: each of N kernels sums over all maps and adds its bias', async () => {
    const layer = new Conv2d(2, 2, [1, 2])
    filledValues(layer)
    const { y } = await run(
      { y: layer.forward(constant([1, 2, 3, 10, 20, 30], [1, 2, 1, 3])) },
      { weight: Float64Array.of(1, 0, 0, 1, 2, -1, 1, 1), bias: Float64Array.of(100, -5) },
    )
    // 1·x₀[n] + 0·x₀[n+1] + 0·x₁[n] + 1·x₁[n+1] + 100, and 2x₀[n] − x₀[n+1] + x₁[n] + x₁[n+1] − 5.
    expect(y).toEqual([121, 132, 25, 46])
  })

  it('2.4 convolutional layer: a shifted input gives the shifted output (equivariance, not invariance), at any input size', async () => {
    const layer = new Conv1d(2, 3, 3, { stride: 2 })
    const values = filledValues(layer)
    const x = filledTensor([1, 2, 15], 0.5)
    const shifted = pad(x, [0, 0, 4], [0, 0, 0])
    const { y, moved } = await run({ y: layer.forward(x), moved: narrow(layer.forward(shifted), 2, 2, 9) }, values)
    expect(worst(y, moved)).toBeLessThan(tolerance)
    for (const length of [3, 4, 100, 1001]) {
      expect(layer.forward(input('x', [1, 2, length])).shape).toEqual([1, 3, Math.floor((length - 3) / 2) + 1])
    }
  })

  it('start within PyTorch’s ±1/√fanIn, which a transposed one counts as PyTorch does; no weight is left unset', () => {
    const bounds: readonly (readonly [Module, number])[] = [
      [new Conv1d(4, 8, 3, { groups: 2 }), 2 * 3],
      [new Conv2d(3, 8, 5), 75],
      [new ConvTranspose2d(8, 3, [2, 3]), 3 * 6],
    ]
    for (const [layer, fanIn] of bounds) {
      for (const [name, drawn] of initialValues(layer, 1)) {
        const largest = Math.max(...Array.from(drawn, Math.abs))
        expect(largest, name).toBeLessThanOrEqual(1 / Math.sqrt(fanIn))
        expect(largest, name).toBeGreaterThan(0.5 / Math.sqrt(fanIn))
        expect(new Set(drawn).size, name).toBe(drawn.length)
      }
    }
    const [weight] = initialValues(new Conv1d(1, 1, 2, { init: (values) => values.fill(7) }), 1).values()
    expect(Array.from(weight!)).toEqual([7, 7])
  })

  it('padding same keeps the extents, causal also lets no step see a later one', async () => {
    const same = new Conv3d(1, 1, [2, 3, 4], { padding: 'same', dilation: [1, 2, 1] })
    expect(same.forward(input('x', [1, 1, 5, 6, 7])).shape).toEqual([1, 1, 5, 6, 7])
    expect([same.isCausal, same.reach()]).toEqual([false, { stride: 1, first: -0, last: 1 }])
    const causal = new Conv2d(2, 3, [3, 3], { padding: 'causal', dilation: [2, 1] })
    expect([causal.isCausal, causal.reach()]).toEqual([true, { stride: 1, first: -4, last: 0 }])
    const values = filledValues(causal)
    const x = filledTensor([1, 2, 6, 4], 0.5)
    const later = mul(x, constant([1, 1, 1, 1, 5, 5], [6, 1]))
    const { y, changed } = await run({ y: causal.forward(x), changed: causal.forward(later) }, values)
    const until = (all: readonly number[], step: number) => all.filter((_, i) => Math.floor(i / 4) % 6 < step)
    expect(until(changed, 4)).toEqual(until(y, 4))
    expect(until(changed, 5)).not.toEqual(until(y, 5))
    expect(new Conv1d(1, 1, 3).isCausal).toBe(false)
  })

  it('refuse arguments that do not fit, by name', () => {
    expect(() => new Conv2d(3, 4, [3, 3, 3])).toThrow(/^Conv2d kernel: needs 2 whole number\(s\) ≥ 1, got \[3,3,3\]/)
    expect(() => new Conv1d(0, 4, 3)).toThrow('Conv1d: inputs 0; allowed are whole numbers ≥ 1')
    expect(() => new Conv1d(3, 4, 3, { groups: 2 })).toThrow('Conv1d: 3 inputs, 4 outputs, groups 2; groups have to divide both')
    expect(() => new Conv1d(3, 4, 3, { groups: 0 })).toThrow('Conv1d: groups 0; allowed are whole numbers ≥ 1')
    expect(() => new ConvTranspose1d(3, 4, 3, { groups: 3 })).toThrow(
      'ConvTranspose1d: 3 inputs, 4 outputs, groups 3; groups have to divide both',
    )
    expect(() => new Conv1d(3, 4, 3, { stride: 2, padding: 'same' })).toThrow(/^Conv1d padding: 'same' with stride 2 on spatial axis 0/)
    expect(() => new Conv1d(3, 4, 3, { padding: 'full' as 'same' })).toThrow(
      /^Conv1d padding: 'full'; allowed are numbers, pairs, 'same' and 'causal'/,
    )
    expect(() => new ConvTranspose1d(3, 4, 3, { stride: 2, outputPadding: 2 }).forward(input('x', [1, 3, 5]))).toThrow(
      /^convTranspose1d outputPadding/,
    )
    expect(() => addPerChannel(input('x', [1, 3, 5]), input('v', [5]))).toThrow(/^addPerChannel: input \(1, 3, 5\), values \(5\)/)
    expect(() => addPerChannel(input('x', [1, 3, 5]), input('v', [3, 1]))).toThrow(/^addPerChannel: .*values \(3, 1\)/)
    expect(addPerChannel(input('x', [1, 3]), input('v', [3])).shape).toEqual([1, 3])
  })
})

/** Two layers side by side, so that their weights have names of their own. */
class Pair extends Module {
  readonly down: Module
  readonly up: Module
  constructor(down: Module, up: Module) {
    super()
    this.down = down
    this.up = up
  }
  forward(x: Tensor): Tensor {
    return this.up.forward(this.down.forward(x) as Tensor) as Tensor
  }
}

describe('transposed convolution', () => {
  const cases: readonly (readonly [string, Module, Module, Shape])[] = [
    [
      '1-D',
      new Conv1d(4, 6, 3, { stride: 3, padding: 1, dilation: 2, groups: 2, bias: false }),
      new ConvTranspose1d(6, 4, 3, { stride: 3, padding: 1, dilation: 2, groups: 2, bias: false, outputPadding: 1 }),
      [2, 4, 13],
    ],
    [
      '2-D',
      new Conv2d(2, 3, [3, 2], { stride: [2, 1], bias: false }),
      new ConvTranspose2d(3, 2, [3, 2], { stride: [2, 1], bias: false, outputPadding: [1, 0] }),
      [1, 2, 6, 5],
    ],
    [
      '3-D',
      new Conv3d(2, 2, [1, 2, 2], { stride: [1, 2, 2], padding: [0, 1, 0], bias: false }),
      new ConvTranspose3d(2, 2, [1, 2, 2], { stride: [1, 2, 2], padding: [0, 1, 0], bias: false }),
      [1, 2, 2, 4, 6],
    ],
  ]

  it.each(cases)(
    '0.3 transposed convolution, %s: ⟨conv(x), y⟩ = ⟨x, convᵀ(y)⟩, and its length is (n−1)s − 2p + d(k−1) + outpad + 1',
    async (_, down, up, shape) => {
      const x = filledTensor(shape, 0.5)
      const { weight } = filledValues(down)
      layoutOf(new Pair(down, up))
      const convolved = down.forward(x) as Tensor
      const y = filledTensor(convolved.shape, 2)
      const back = up.forward(y) as Tensor
      expect(back.shape).toEqual(shape)
      const weights = { 'down.weight': weight!, 'up.weight': weight! }
      const { left, right } = await run({ left: sum(mul(convolved, y)), right: sum(mul(x, back)) }, weights)
      expect(Math.abs(left[0]! - right[0]!)).toBeLessThan(1e-10)
      expect(Math.abs(left[0]!)).toBeGreaterThan(0.1)
    },
  )

  it('0.3 transposed convolution: a constant becomes a checkerboard where the stride does not divide the kernel, and none where it does', async () => {
    const ones = constant(new Float64Array(8).fill(1), [1, 1, 8])
    const periodic = async (kernel: number) => {
      const layer = new ConvTranspose1d(1, 1, kernel, { stride: 2, bias: false })
      filledValues(layer)
      const { y } = await run({ y: layer.forward(ones) }, { weight: new Float64Array(kernel).fill(1) })
      return y.slice(4, -4)
    }
    const board = await periodic(3)
    expect(board).toEqual(board.map((_, i) => (i % 2 === 0 ? 2 : 1)))
    expect(new Set(await periodic(4)).size).toBe(1)
  })

  it('0.4 interpolation + convolution: a constant stays one inside, by any mode', async () => {
    const ones = constant(new Float64Array(25).fill(1), [1, 1, 5, 5])
    for (const options of [{}, { mode: 'bilinear' }, { mode: 'bilinear', alignCorners: true }] as const) {
      const up = new Sequential(new Upsample({ size: [10, 10], ...options }), new Conv2d(1, 1, 3))
      const { y } = await run({ y: up.forward(ones) }, filledValues(up))
      expect(y).toHaveLength(64)
      // Weights of interpolation add up to one but for rounding.
      expect(Math.max(...y) - Math.min(...y)).toBeLessThan(tolerance)
    }
  })

  it('0.4 interpolation: twice a ramp is a ramp, between the outermost centres or, with aligned corners, all of it', async () => {
    const ramp = constant([0, 4, 8, 12], [1, 1, 1, 4])
    const { centres, corners, nearest } = await run({
      centres: new Upsample({ scale: [1, 2], mode: 'bilinear' }).forward(ramp),
      corners: new Upsample({ size: [1, 7], mode: 'bilinear', alignCorners: true }).forward(ramp),
      nearest: new Upsample({ scale: [1, 2] }).forward(ramp),
    })
    expect(centres).toEqual([0, 1, 3, 5, 7, 9, 11, 12])
    expect(worst(corners, [0, 2, 4, 6, 8, 10, 12])).toBeLessThan(tolerance)
    expect(nearest).toEqual([0, 0, 4, 4, 8, 8, 12, 12])
  })

  it('is a layer among others: down and up again is the length of before', () => {
    const net = new Sequential(new Conv1d(1, 4, 4, { stride: 4 }), relu, new ConvTranspose1d(4, 1, 4, { stride: 4 }))
    const { shape } = net.forward(input('x', [2, 1, 64])) as Tensor
    expect([shape, sizeOf(shape)]).toEqual([[2, 1, 64], 128])
  })
})
