/** Cases of scan, with and without outputs, both ways, with state that is multiplied by captured weights. */
import fc from 'fast-check'
import type { Tensor } from '../../../src/tensor/index.ts'
import * as t from '../../../src/tensor/index.ts'
import { type Case, extent } from './support.ts'

export const controlCases: readonly Case[] = [
  {
    covers: ['scan'],
    draw: fc.tuple(extent, extent, extent, fc.boolean(), fc.boolean()).map(([steps, rows, size, reverse, last]) => ({
      shapes: [[steps, rows, size], [rows, size], [size, size], [size]],
      f: (x: Tensor, start: Tensor, weight: Tensor, bias: Tensor) => {
        const { carry, outputs } = t.scan(
          ([h], [now]) => {
            const z = t.add(t.add(t.matmul(h!, t.transpose(weight, [1, 0])), now!), bias)
            const next = t.tanh(z)
            return { carry: [next], outputs: [t.mul(t.sigmoid(z), h!)] }
          },
          { carry: [start], sequences: [x], reverse },
        )
        return last ? carry[0]! : t.concat([outputs[0]!, t.reshape(carry[0]!, [1, rows, size])], 0)
      },
    })),
  },
  {
    covers: ['scan'],
    draw: fc.tuple(extent, extent).map(([length, size]) => ({
      shapes: [[size]],
      // Newton's iteration for the square root, counted by an integer in the state.
      f: (x: Tensor) =>
        t.scan(([y, n]) => ({ carry: [t.mul(t.add(y!, t.div(x, y!)), 0.5), t.add(n!, t.constant(1, [], 'int32'))] }), {
          carry: [t.add(x, 1), t.constant(0, [], 'int32')],
          length,
        }).carry[0]!,
    })),
    range: [0.5, 2],
  },
  {
    covers: ['checkpoint', 'barrier'],
    draw: fc.tuple(extent, extent).map(([rows, size]) => ({
      shapes: [
        [rows, size],
        [size, size],
        [rows, size],
      ],
      f: (x: Tensor, weight: Tensor, other: Tensor) => {
        const computed = t.exp(other)
        const layer = (h: Tensor) => t.mul(t.tanh(t.matmul(h, weight)), computed)
        return t.add(
          t.checkpoint((h) => layer(t.checkpoint((inner) => t.sigmoid(layer(inner)), layer(h))), t.sin(x)),
          x,
        )
      },
    })),
  },
  {
    covers: ['customDerivative'],
    draw: extent.map((size) => ({
      shapes: [[size], [size]],
      f: t.customDerivative(
        (a: Tensor, b: Tensor) => t.mul(t.square(a), b),
        ({ inputs: [a, b], cotangent }) => [t.mul(cotangent, t.mul(t.mul(a!, b!), 2)), t.mul(cotangent, t.square(a!))],
      ),
    })),
  },
]
