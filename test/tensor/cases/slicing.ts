/** Cases of what cuts, joins, pads and repeats. */
import fc from 'fast-check'
import type { Tensor } from '../../../src/tensor/index.ts'
import * as t from '../../../src/tensor/index.ts'
import { type Case, extent, shape } from './support.ts'

/** One axis of a slice: so many elements before it, in it and after it, in steps of either sign. */
const range = fc.record({
  before: fc.integer({ min: 0, max: 2 }),
  inside: fc.integer({ min: 1, max: 4 }),
  after: fc.integer({ min: 0, max: 2 }),
  step: fc.integer({ min: 1, max: 3 }),
  down: fc.boolean(),
})

/** Padding of one axis that even a reflection allows. */
const border = extent.chain((n) => fc.tuple(fc.constant(n), fc.nat(n - 1), fc.nat(n - 1)))
const borders = fc.array(border, { minLength: 1, maxLength: 3 })

const mirrored = (mode: 'reflect' | 'edge'): Case => ({
  covers: ['padMirror'],
  draw: borders.map((axes) => ({
    shapes: [axes.map(([n]) => n)],
    f: (x: Tensor) =>
      t.pad(
        x,
        axes.map(([, before]) => before),
        axes.map(([, , after]) => after),
        { mode },
      ),
  })),
})

export const slicingCases: readonly Case[] = [
  {
    covers: ['slice', 'pad'],
    draw: fc.array(range, { minLength: 1, maxLength: 3 }).map((axes) => ({
      shapes: [axes.map(({ before, inside, after }) => before + inside + after)],
      f: (x: Tensor) =>
        t.pad(
          t.slice(
            x,
            axes.map(({ before, inside, down }) => (down ? before + inside - 1 : before)),
            axes.map(({ before, inside, down }) => (down ? before - 1 : before + inside)),
            axes.map(({ step, down }) => (down ? -step : step)),
          ),
          axes.map(({ before }) => before),
          axes.map(({ after }) => after),
          { value: 0.25 },
        ),
    })),
  },
  mirrored('reflect'),
  mirrored('edge'),
  {
    covers: ['concat'],
    draw: fc.tuple(shape(2, 3), fc.integer({ min: 1, max: 3 })).map(([s, n]) => ({
      shapes: [s, [s[0]!, n, ...s.slice(2)]],
      f: (a: Tensor, b: Tensor) => t.flip(t.concat([a, b, a], 1), [0, 1]),
    })),
  },
  {
    covers: ['split'],
    draw: fc.tuple(shape(1, 2), fc.array(extent, { minLength: 2, maxLength: 3 }), shape(0, 1)).map(([lead, sizes, trail]) => ({
      shapes: [[...lead, sizes.reduce((a, b) => a + b), ...trail]],
      f: (x: Tensor) => {
        const parts = t.split(x, sizes, lead.length)
        return t.mul(t.sum(parts[0]!, { axes: [lead.length], keepDims: true }), parts.at(-1)!)
      },
    })),
  },
  {
    covers: ['tile'],
    draw: fc.array(fc.tuple(extent, fc.integer({ min: 1, max: 3 })), { minLength: 1, maxLength: 3 }).map((axes) => ({
      shapes: [axes.map(([n]) => n)],
      f: (x: Tensor) =>
        t.tile(
          x,
          axes.map(([, count]) => count),
        ),
    })),
  },
  {
    covers: ['concat', 'split'],
    draw: shape(1, 3).map((s) => ({
      shapes: [s, s],
      f: (a: Tensor, b: Tensor) => {
        const [first, second] = t.unstack(t.stack([t.mul(a, b), a], 1), 1)
        return t.sub(t.unsqueeze(first!, 0), t.squeeze(t.unsqueeze(second!, 1), [1]))
      },
    })),
  },
]
