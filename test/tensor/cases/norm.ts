/** Cases of the normalisations and of softmax. */
import fc from 'fast-check'
import type { Tensor } from '../../../src/tensor/index.ts'
import * as t from '../../../src/tensor/index.ts'
import { type Case, extent, shape } from './support.ts'

const alongAnAxis = (f: (x: Tensor, axis: number) => Tensor) =>
  shape(1, 3).chain((s) => fc.nat(s.length - 1).map((axis) => ({ shapes: [s], f: (x: Tensor) => f(x, axis) })))

/** Rows of at least two elements: one has no deviation. eps is large, so that rows of nearly equal elements keep a moderate derivative. */
const rows = fc.tuple(shape(0, 2), shape(0, 1), fc.integer({ min: 2, max: 4 }))

export const normCases: readonly Case[] = [
  {
    covers: ['batchNorm'],
    draw: fc.tuple(fc.integer({ min: 2, max: 3 }), extent, fc.integer({ min: 2, max: 4 })).map(([b, c, n]) => ({
      shapes: [[b, c, n], [c], [c]],
      f: (x: Tensor, w: Tensor, bias: Tensor) => t.batchNorm(x, w, bias, 1e-2).y,
    })),
  },
  {
    covers: ['batchNormInference'],
    draw: fc.tuple(extent, extent, extent).map(([b, c, n]) => ({
      shapes: [[b, c, n], [c], [c]],
      f: (x: Tensor, w: Tensor, bias: Tensor) =>
        t.batchNormInference(
          x,
          w,
          bias,
          t.constant(Array.from({ length: c }, (_, i) => i / 2)),
          t.constant(Array.from({ length: c }, (_, i) => 1 + i)),
        ),
    })),
  },
  {
    covers: ['softmax'],
    draw: alongAnAxis(t.softmax),
    range: [-5, 5],
  },
  { covers: ['logSoftmax'], draw: alongAnAxis(t.logSoftmax), range: [-5, 5] },
  {
    covers: ['standardize'],
    draw: rows.map(([batch, more, n]) => ({
      shapes: [[...batch, ...more, n]],
      f: (x: Tensor) => t.standardize(x, more.length + 1, 0.1),
    })),
  },
  {
    // The derivative of a derivative goes through the deviations.
    covers: ['standardize'],
    draw: rows.map(([batch, , n]) => ({
      shapes: [[...batch, n]],
      f: (x: Tensor) => t.grad(t.sum(t.sin(t.standardize(x, 1, 0.1))), [x])[0]!,
    })),
  },
  {
    covers: ['layerNorm', 'standardize'],
    draw: rows.map(([batch, more, n]) => ({
      shapes: [
        [...batch, ...more, n],
        [...more, n],
        [...more, n],
      ],
      f: (x: Tensor, w: Tensor, b: Tensor) => t.layerNorm(x, w, b, 0.1),
    })),
  },
  {
    covers: ['channelLayerNorm', 'standardize'],
    draw: fc.tuple(extent, extent, extent, fc.integer({ min: 2, max: 6 })).map(([b, c, frames, n]) => ({
      shapes: [
        [b, c, frames, n],
        [c, 1, n],
        [c, 1, n],
      ],
      f: (x: Tensor, w: Tensor, bias: Tensor) => t.channelLayerNorm(x, w, bias, 0.1),
    })),
  },
  {
    covers: ['groupNorm'],
    draw: fc.tuple(extent, extent, rows).map(([b, c, [, more, n]]) => ({
      shapes: [[b, c, ...more, n], [c], [c]],
      f: (x: Tensor, w: Tensor, bias: Tensor) => t.instanceNorm(x, w, bias, 0.1),
    })),
  },
  {
    covers: ['groupNorm'],
    draw: fc.tuple(extent, extent, extent, rows).map(([b, groups, width, [, more, n]]) => ({
      shapes: [[b, groups * width, ...more, n], [groups * width], [groups * width]],
      f: (x: Tensor, w: Tensor, bias: Tensor) => t.groupNorm(x, groups, w, bias, 0.1),
    })),
  },
]
