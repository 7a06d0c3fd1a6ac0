/** Cases of convolutions: one to three axes, strides, lopsided padding, dilation, groups; few and many channels take different ways. */
import fc from 'fast-check'
import type { Tensor } from '../../../src/tensor/index.ts'
import * as t from '../../../src/tensor/index.ts'
import { type Case, extent, windowAxis } from './support.ts'

/** A convolution's geometry; the shape that a convolution takes and the one that its transpose takes. */
const geometry = (rank: number) =>
  fc
    .record({
      batch: fc.integer({ min: 1, max: rank === 3 ? 2 : 3 }),
      groups: fc.integer({ min: 1, max: 2 }),
      cin: fc.integer({ min: 1, max: rank === 3 ? 2 : 6 }),
      cout: fc.integer({ min: 1, max: rank === 3 ? 2 : 6 }),
      axes: fc.array(windowAxis(2, 4), { minLength: rank, maxLength: rank }),
      squareStride: fc.boolean(),
    })
    .map(({ batch, groups, cin, cout, axes: drawn, squareStride }) => {
      const axes = squareStride ? drawn.map((a) => ({ ...a, stride: drawn[0]!.stride })) : drawn
      const options = {
        stride: axes.map(({ stride }) => stride),
        padding: axes.map(({ before, after }) => [before, after] as const),
        dilation: axes.map(({ dilation }) => dilation),
        groups,
      }
      const weight = [cout * groups, cin, ...axes.map(({ kernel }) => kernel)]
      const reach = axes.map(({ kernel, dilation }) => dilation * (kernel - 1) + 1)
      const x = axes.map(({ before, after, spare }, i) => Math.max(1, reach[i]! + spare - before - after))
      const y = axes.map(
        ({ before, after, spare, stride }, i) => 1 + (spare % 3) + Math.ceil(Math.max(0, before + after - reach[i]! + 1) / stride),
      )
      return {
        conv: { shapes: [[batch, cin * groups, ...x], weight], options },
        transposed: {
          shapes: [[batch, cout * groups, ...y], weight],
          options: { ...options, outputPadding: options.stride.map((s) => s - 1) },
        },
      }
    })

const convs = [t.conv1d, t.conv2d, t.conv3d]
const transposes = [t.convTranspose1d, t.convTranspose2d, t.convTranspose3d]

/** Channels in threes to channels in fours, of which ONNX Runtime's kernel for WebGPU reads the wrong ones (conv-webgpu.ts). */
const threes: Case = {
  covers: ['conv'],
  draw: fc
    .tuple(fc.constantFrom(6, 9, 27), fc.constantFrom(4, 8), fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 2 }))
    .map(([channels, outputs, rank, stride]) => ({
      shapes: [[2, channels, 4, 3].slice(0, rank + 2), [outputs, channels, 2, 2].slice(0, rank + 2)],
      f: (x: Tensor, w: Tensor) => convs[rank - 1]!(x, w, { stride, padding: 1 }),
    })),
}

/** Rewritten on the map before it was up-sampled. */
const upsampled = (
  draw: fc.Arbitrary<{
    readonly factor: number
    readonly map: readonly [channels: number, height: number, width: number]
    readonly before: number
  }>,
): Case => ({
  covers: ['depthToSpace', 'spaceToDepth'],
  draw: draw.map(({ factor, map, before }) => ({
    shapes: [
      [2, ...map],
      [3, map[0], 3, 4],
    ],
    f: (x: Tensor, weight: Tensor) =>
      t.conv2d(t.upsampleNearest(x, [1, 1, factor, factor]), weight, {
        padding: [
          [before, 1],
          [1, 2],
        ],
      }),
  })),
})

const anyUpsampled = upsampled(
  fc.record({ factor: fc.integer({ min: 2, max: 3 }), map: fc.tuple(extent, extent, extent), before: fc.integer({ min: 0, max: 2 }) }),
)
/** The gradient of x goes from 9 · 3 channels to 4: see `threes`. */
const upsampledPoint = upsampled(fc.constant({ factor: 3, map: [4, 1, 1], before: 0 }))

const ofRank = (rank: number): Case[] => [
  {
    covers: ['conv', 'convWeightGradient'],
    draw: geometry(rank).map(({ conv: { shapes, options } }) => ({
      shapes,
      f: (x: Tensor, w: Tensor) => convs[rank - 1]!(x, w, options),
    })),
  },
  {
    covers: ['convTranspose', 'convWeightGradient'],
    draw: geometry(rank).map(({ transposed: { shapes, options } }) => ({
      shapes,
      f: (x: Tensor, w: Tensor) => transposes[rank - 1]!(x, w, options),
    })),
  },
]

/** Kernels of many taps on small maps, whose weight gradient is a convolution. */
const largeKernels: Case = {
  covers: ['conv', 'convWeightGradient'],
  draw: fc
    .record({
      batch: fc.integer({ min: 1, max: 2 }),
      channels: fc.constantFrom([1, 1, 1], [1, 2, 1], [1, 1, 2], [2, 1, 1]),
      stride: fc.integer({ min: 1, max: 3 }),
      dilation: fc.integer({ min: 1, max: 2 }),
      map: fc.tuple(extent, extent),
    })
    .map(({ batch, channels: [groups, inPer, outPer], stride, dilation, map }) => ({
      shapes: [
        [batch, inPer! * groups!, ...map],
        [outPer! * groups!, inPer!, 5, 5],
      ],
      f: (x: Tensor, w: Tensor) =>
        t.conv2d(x, w, {
          groups: groups!,
          stride,
          dilation,
          padding: [
            [2 * dilation, 2 * dilation],
            [3 * dilation, dilation],
          ],
        }),
    })),
}

export const convCases: readonly Case[] = [anyUpsampled, upsampledPoint, threes, largeKernels, ...[1, 2, 3].flatMap(ofRank)]
