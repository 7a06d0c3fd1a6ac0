/** conv2d of up-sampled maps is computed on the maps before: it has to be the convolution that it replaces, in every derivative. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { writeOnnx } from '../../src/formats/index.ts'
import { BatchNorm, Conv2d, Module, summary } from '../../src/nn/index.ts'
import { evaluate } from '../../src/runtime/index.ts'
import {
  add,
  batchNormInference,
  type ConvOptions,
  constant,
  conv2d,
  createRandom,
  grad,
  input,
  mul,
  type Shape,
  sizeOf,
  square,
  sum,
  type Tensor,
  upsampleNearest,
} from '../../src/tensor/index.ts'
import { distance } from './generic.ts'
import { countOps, onNodeBackends } from './support.ts'

function drawn(shape: Shape, seed: number): Tensor {
  const random = createRandom(seed)
  return constant(
    Array.from({ length: sizeOf(shape) }, () => random.uniform(-1, 1)),
    shape,
  )
}

/** Hides from conv2d where its input comes from: the plain form. */
const hidden = (x: Tensor) => add(x, 0)
const same = (x: Tensor) => x

const side = fc.record({
  extent: fc.integer({ min: 1, max: 4 }),
  kernel: fc.integer({ min: 3, max: 5 }),
  before: fc.integer({ min: 0, max: 6 }),
  after: fc.integer({ min: 0, max: 6 }),
})

interface Drawn {
  readonly sides: readonly [Side, Side]
  readonly factor: number
  readonly channels: readonly [batch: number, inputs: number, outputs: number]
  readonly seed: number
}
interface Side {
  readonly extent: number
  readonly kernel: number
  readonly before: number
  readonly after: number
}

const fits = ({ sides, factor }: Drawn) => sides.every(({ extent, kernel, before, after }) => extent * factor + before + after >= kernel)
const small = fc.integer({ min: 1, max: 3 })
const any: fc.Arbitrary<Drawn> = fc
  .record({ sides: fc.tuple(side, side), factor: fc.integer({ min: 2, max: 4 }), channels: fc.tuple(small, small, small), seed: fc.nat() })
  .filter(fits)

/** A map of one pixel, and one whose output is one pixel. */
const points: [Drawn][] = [
  { extent: 1, kernel: 3, before: 1, after: 1 },
  { extent: 1, kernel: 4, before: 2, after: 0 },
  { extent: 2, kernel: 5, before: 0, after: 1 },
].map((at) => [{ sides: [at, at], factor: 2, channels: [2, 3, 2], seed: 1 }])

/** The convolution, the gradients of a loss in it that is not linear, and the gradients of a function of these. */
function derivatives({ sides, factor, channels: [batch, inputs, outputs], seed }: Drawn, through: (x: Tensor) => Tensor): Tensor[] {
  const x = drawn([batch, inputs, ...sides.map(({ extent }) => extent)], seed)
  const weight = drawn([outputs, inputs, ...sides.map(({ kernel }) => kernel)], seed + 1)
  const padding = sides.map(({ before, after }) => [before, after] as const)
  const y = conv2d(through(upsampleNearest(x, [1, 1, factor, factor])), weight, { padding })
  const first = grad(sum(mul(square(y), drawn(y.shape, seed + 2))), [x, weight])
  const [dx, dw] = first.map((g, i) => sum(mul(g, drawn(g.shape, seed + 3 + i)))) as [Tensor, Tensor]
  return [y, ...first, ...grad(add(dx, dw), [x, weight])]
}

onNodeBackends((_, backend) => {
  it('is the plain convolution in values, gradients and gradients of gradients', async () => {
    // float64, and float32 of sums of up to 75 products thrice one after the other; relative to the largest value.
    const [tolerance, numRuns] = backend().description.startsWith('reference') ? [1e-12, 100] : [1e-5, 25]
    await fc.assert(
      fc.asyncProperty(any, async (which) => {
        const cheap = await evaluate(() => derivatives(which, same), backend())
        const plain = await evaluate(() => derivatives(which, hidden))
        for (const [i, name] of ['y', 'dx', 'dw', 'second dx', 'second dw'].entries())
          expect(distance(cheap[i] as Float64Array, plain[i] as Float64Array), name).toBeLessThan(tolerance)
      }),
      { numRuns, examples: points },
    )
  })
})

describe('conv2d of an up-sampled tensor', () => {
  it('writes no up-sampled copy, in the pass back neither', () => {
    const x = input('x', [1, 2, 4, 6])
    const weight = input('weight', [3, 2, 3, 3])
    const y = conv2d(upsampleNearest(x, [1, 1, 2, 2]), weight, { padding: 1 })
    const [dx, dw] = grad(sum(mul(y, y)), [x, weight])
    const counts = countOps(writeOnnx({ y, dx: dx!, dw: dw! }))
    expect(y.shape).toEqual([1, 3, 8, 12])
    expect(counts).toMatchObject({ Conv: 2, DepthToSpace: 1, SpaceToDepth: 1 })
    expect(counts).not.toHaveProperty('Resize')
    expect(counts).not.toHaveProperty('AveragePool')
  })

  const plainly: readonly [string, { factors?: Shape; weight?: Shape; options?: ConvOptions }][] = [
    ['strides', { options: { stride: 2 } }],
    ['a stride along one axis', { options: { stride: [1, 2], padding: 1 } }],
    ['dilation', { options: { dilation: [2, 1] } }],
    ['groups', { weight: [4, 1, 3, 3], options: { groups: 2 } }],
    ['a kernel of one element', { weight: [4, 2, 1, 1] }],
    ['a kernel of two elements along an axis', { weight: [4, 2, 3, 2] }],
    ['factors that differ', { factors: [1, 1, 2, 3] }],
    ['one axis up-sampled', { factors: [1, 1, 1, 2] }],
    ['repeated channels', { factors: [1, 2, 2, 2], weight: [4, 4, 3, 3] }],
    ['repeated examples', { factors: [2, 1, 2, 2] }],
  ]
  it.each(plainly)('is convolved as it is with %s', async (_, { factors = [1, 1, 2, 2], weight = [4, 2, 3, 3], options }) => {
    const [x, w] = [drawn([1, 2, 3, 4], 1), drawn(weight, 2)]
    const results = (through: (up: Tensor) => Tensor) => {
      const y = conv2d(through(upsampleNearest(x, factors)), w, options)
      return [y, ...grad(sum(square(y)), [x, w])]
    }
    const graph = writeOnnx({ y: conv2d(upsampleNearest(input('x', x.shape), factors), input('w', weight), options) })
    expect(countOps(graph)).toEqual({ Resize: 1, Conv: 1 })
    expect(await evaluate(() => results(same))).toEqual(await evaluate(() => results(hidden)))
  })

  it('is refused with the shapes that conv2d was given', () => {
    const up = upsampleNearest(input('x', [1, 2, 3, 4]), [1, 1, 2, 2])
    const refused = (x: Tensor, weight: Tensor, options?: ConvOptions) => () => conv2d(x, weight, options)
    expect(refused(up, input('w', [4, 3, 3, 3]))).toThrow(/conv2d: input \(1, 2, 6, 8\), weight \(4, 3, 3, 3\)/)
    expect(refused(up, input('w', [4, 2, 3, 3], 'int64'))).toThrow(/conv2d: needs float32, got .*int64 \(4, 2, 3, 3\)/)
    expect(refused(up, input('w', [4, 2, 7, 3]))).toThrow(/conv2d: the window \(7, 3\).* the input \(6, 8\)/)
    const volume = upsampleNearest(input('x', [1, 2, 3, 4, 1]), [1, 1, 2, 2, 1])
    expect(refused(volume, input('w', [4, 2, 3, 3]))).toThrow(/conv2d: input \(1, 2, 6, 8, 1\)/)
  })

  it('stays plain before a normalisation with fixed statistics, which ONNX Runtime folds into it', () => {
    const x = input('x', [1, 2, 4, 6])
    const values = () => constant([1, 2, 3])
    const y = conv2d(upsampleNearest(x, [1, 1, 2, 2]), input('weight', [3, 2, 3, 3]), { padding: 1 })
    const normed = batchNormInference(y, values(), values(), values(), values())
    expect(countOps(writeOnnx({ normed }))).toEqual({ Resize: 1, Conv: 1, BatchNormalization: 1 })
  })

  it('counts in summaries with the multiply-adds of the convolution that was asked for, however it is computed', () => {
    class Up extends Module {
      readonly conv = new Conv2d(2, 3, [3, 5], { padding: 1, bias: false })
      readonly norm: BatchNorm | undefined
      constructor(norm: boolean) {
        super()
        this.norm = norm ? new BatchNorm(3) : undefined
      }
      forward(x: Tensor): Tensor {
        const y = this.conv.forward(upsampleNearest(x, [1, 1, 2, 2]))
        return this.norm ? this.norm.forward(y) : y
      }
    }
    // Each of 3 · 8 · 10 results sums 3 · 5 taps of 2 channels.
    for (const norm of [false, true]) {
      const { rows, multiplyAdds } = summary(new Up(norm), [1, 2, 4, 6])
      expect(multiplyAdds).toBe(3 * 8 * 10 * 3 * 5 * 2)
      expect(rows.find(({ path }) => path === 'conv')!.multiplyAdds).toBe(multiplyAdds)
    }
  })
})
