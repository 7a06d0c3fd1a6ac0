/** Cases of sliding windows: pooling, unfold and fold, over one to three axes. */
import fc from 'fast-check'
import type { Tensor } from '../../../src/tensor/index.ts'
import * as t from '../../../src/tensor/index.ts'
import { type Case, windowAxis } from './support.ts'

/** Windows over (b, c, …); `half` keeps the padding to half of the kernel and something of the input in each window. */
const windows = (rank: number, half: boolean) =>
  fc
    .record({
      batch: fc.integer({ min: 1, max: 2 }),
      channels: fc.integer({ min: 1, max: 2 }),
      axes: fc.array(windowAxis(half ? 1 : 2, 3), { minLength: rank, maxLength: rank }),
      plain: fc.boolean(),
    })
    .map(({ batch, channels, axes, plain }) => {
      const padding = axes.map(({ before, after, kernel }) => {
        const most = half ? Math.floor(kernel / 2) : 2
        return plain ? ([0, 0] as const) : ([Math.min(before, most), Math.min(after, most)] as const)
      })
      const dilation = axes.map((a) => (plain ? 1 : a.dilation))
      // At least as long as the reach, so that no window lies in the padding alone.
      const extents = axes.map((a, i) => dilation[i]! * (a.kernel - 1) + 1 + (plain ? a.kernel * a.spare : a.spare))
      return {
        shape: [batch, channels, ...extents],
        kernel: axes.map(({ kernel }) => kernel),
        // Plain windows tile the input.
        options: { stride: axes.map((a) => (plain ? a.kernel : a.stride)), padding, dilation },
      }
    })

const maxPools = [t.maxPool1d, t.maxPool2d, t.maxPool3d]
const avgPools = [t.avgPool1d, t.avgPool2d, t.avgPool3d]

export const windowCases: readonly Case[] = [1, 2, 3].flatMap((rank): Case[] => [
  {
    covers: ['maxPool', 'maxPoolSpread'],
    draw: windows(rank, true).map(({ shape, kernel, options }) => ({
      shapes: [shape],
      f: (x: Tensor) => maxPools[rank - 1]!(x, kernel, options),
    })),
  },
  {
    // The gradient of a gradient reads where the maxima are.
    covers: ['maxPoolPick'],
    draw: windows(rank, true).map(({ shape, kernel, options }) => ({
      shapes: [shape],
      f: (x: Tensor) => {
        const y = maxPools[rank - 1]!(x, kernel, options)
        return t.grad(t.sum(t.mul(t.mul(y, y), y)), [x])[0]!
      },
    })),
  },
  {
    covers: ['avgPool'],
    draw: fc.tuple(windows(rank, true), fc.boolean()).map(([{ shape, kernel, options }, countIncludePad]) => ({
      shapes: [shape],
      f: (x: Tensor) => avgPools[rank - 1]!(x, kernel, { stride: options.stride, padding: options.padding, countIncludePad }),
    })),
  },
  {
    covers: ['unfold', 'fold'],
    draw: windows(rank, false).map(({ shape, kernel, options }) => ({
      shapes: [shape],
      f: (x: Tensor) => t.unfold(x, kernel, options),
    })),
  },
  {
    covers: ['unfold', 'fold'],
    draw: windows(rank, false).map(({ shape, kernel, options }) => {
      const [output, columns] = [shape.slice(2), t.unfold(t.input('x', shape), kernel, options).shape]
      return { shapes: [columns], f: (x: Tensor) => t.fold(x, output, kernel, options) }
    }),
  },
])
