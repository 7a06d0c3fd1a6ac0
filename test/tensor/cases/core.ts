/** Cases of the first primitives: arithmetic, movement, slices, convolution, batch norm, softmax, up-sampling. */
import fc from 'fast-check'
import type { Tensor } from '../../../src/tensor/index.ts'
import * as t from '../../../src/tensor/index.ts'
import { type Case, extent, shape, unary } from './support.ts'

/** A convolution's geometry: sizes, kernels, strides, lopsided padding, dilation and groups. */
const geometry = fc
  .record({
    batch: fc.integer({ min: 1, max: 3 }),
    groups: fc.integer({ min: 1, max: 2 }),
    cin: fc.integer({ min: 1, max: 3 }),
    cout: fc.integer({ min: 1, max: 3 }),
    rank: fc.integer({ min: 1, max: 2 }),
    kernel: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
    stride: fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 3 })),
    before: fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 2 })),
    after: fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 2 })),
    dilation: fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 2 })),
    spare: fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 4 })),
  })
  .map((g) => {
    const size = g.kernel.map((k, i) => Math.max(1, g.dilation[i]! * (k - 1) + 1 + g.spare[i]! - g.before[i]! - g.after[i]!))
    const cut = <T>(list: readonly T[]) => list.slice(0, g.rank)
    const options = {
      stride: cut(g.stride),
      padding: cut(g.before.map((b, i) => [b, g.after[i]!] as const)),
      dilation: cut(g.dilation),
      groups: g.groups,
    }
    return {
      x: [g.batch, g.cin * g.groups, ...cut(size)],
      w: [g.cout * g.groups, g.cin, ...cut(g.kernel)],
      conv: (a: Tensor, b: Tensor) => (g.rank === 1 ? t.conv1d(a, b, options) : t.conv2d(a, b, options)),
      transposed: (a: Tensor, b: Tensor) => t.convTranspose2d(a, b, { ...options, outputPadding: options.stride.map((s) => s - 1) }),
      rank: g.rank,
    }
  })

export const coreCases: readonly Case[] = [
  unary('stopGradient', t.stopGradient, { differentiable: false }),
  {
    covers: ['reshape', 'transpose'],
    draw: fc.tuple(shape(1, 4), fc.integer()).map(([s, seed]) => {
      const random = t.createRandom(seed)
      const permutation = s.map((_, i) => i).sort(() => random.uniform(-1, 1))
      return { shapes: [s], f: (x: Tensor) => t.reshape(t.transpose(x, permutation), [-1]) }
    }),
  },
  {
    covers: ['expand', 'sum'],
    draw: shape(1, 4).map((s) => ({
      shapes: [s],
      f: (x: Tensor) => t.sum(t.expand(t.reshape(x, [1, ...s]), [3, ...s]), { axes: [0, -1] }),
    })),
  },
  { covers: ['max'], draw: shape(1, 4).map((s) => ({ shapes: [s], f: (x: Tensor) => t.max(x, { axes: [s.length - 1] }) })) },
  { covers: ['max'], draw: shape(1, 3).map((s) => ({ shapes: [s], f: (x: Tensor) => t.logSumExp(x, { axes: [0], keepDims: true }) })) },
  {
    covers: ['slice', 'pad'],
    draw: fc
      .array(
        fc.tuple(
          fc.integer({ min: 0, max: 2 }),
          fc.integer({ min: 1, max: 4 }),
          fc.integer({ min: 0, max: 2 }),
          fc.integer({ min: 1, max: 3 }),
        ),
        {
          minLength: 1,
          maxLength: 3,
        },
      )
      .map((axes) => ({
        shapes: [axes.map(([a, n, b]) => a + n + b)],
        f: (x: Tensor) =>
          t.pad(
            t.slice(
              x,
              axes.map(([a]) => a),
              axes.map(([a, n]) => a + n),
              axes.map(([, , , step]) => step),
            ),
            axes.map(([a]) => a),
            axes.map(([, , b]) => b),
          ),
      })),
  },
  {
    covers: ['concat', 'flip'],
    draw: fc.tuple(shape(2, 3), fc.integer({ min: 1, max: 3 })).map(([s, n]) => ({
      shapes: [s, [s[0]!, n, ...s.slice(2)]],
      f: (a: Tensor, b: Tensor) => t.flip(t.concat([a, b, a], 1), [0, 1]),
    })),
  },
  { covers: ['conv', 'convWeightGradient'], draw: geometry.map(({ x, w, conv }) => ({ shapes: [x, w], f: conv })) },
  {
    covers: ['convTranspose', 'convWeightGradient'],
    draw: geometry
      .filter(({ rank }) => rank === 2)
      .map(({ x, w, transposed }) => ({ shapes: [[x[0]!, w[0]!, x[2]! + 5, x[3]! + 5], w], f: transposed })),
  },
  {
    covers: ['upsampleNearest', 'blockSum'],
    draw: fc.tuple(shape(4, 4), extent, extent, extent).map(([s, a, b, c]) => ({
      shapes: [s],
      f: (x: Tensor) => t.mul(t.upsampleNearest(x, [1, c > 2 ? 2 : 1, a, b]), 0.5),
    })),
  },
  {
    covers: ['blockSum'],
    draw: fc.tuple(shape(4, 4), extent, extent).map(([[b, c, h, w], kh, kw]) => ({
      shapes: [[b!, c!, h! * kh, w! * kw]],
      f: (x: Tensor) => t.blockSum(x, [1, 1, kh, kw]),
    })),
  },
]
