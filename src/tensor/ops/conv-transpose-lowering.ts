/**
 * ONNX nodes for a transposed convolution. ONNX Runtime's ConvTranspose (a matrix product, then col2im) is fast only in two dimensions, so the
 * others are led back to it. Two threads, ONNX Runtime 1.30, GFLOP/s:
 *
 * | | own rank | led back | PyTorch 1.13 |
 * |---|---|---|---|
 * | 1-D, 64 channels, kernel 3, n 16384 | 45 | 117 | 133 |
 * | 1-D, 64 ← 128 channels, kernel 8, stride 4 | 69 | 161 | 165 |
 * | 3-D, 32 channels, 8 × 32 × 32, kernel 3 | 13 | 131 | 54 |
 * | 3-D, 16 ← 32 channels, 16 × 64 × 64, stride 2 | 13 | 53 | 53 |
 *
 * The exact rewriting as stride² convolutions whose results are interleaved (DepthToSpace) was measured in two dimensions over 1–256 channels,
 * kernels 2–5, maps 16–256: ConvTranspose is as fast or faster (kernel 2 by 1.3, kernel 3 by 1.2), except at kernel 5, where four separate
 * convolutions gain up to 1.4 at 16–32 channels and nothing at 64.
 */
import { type Shape, sizeOf } from '../shape.ts'
import type { Emitter } from '../tensor.ts'
import { convTransposeForWebGpu } from './conv-webgpu.ts'
import type { TransposeGeometry } from './window.ts'
import { windowAttributes } from './window-lowering.ts'

export function lowerTranspose(emitter: Emitter, y: string, w: string, geometry: TransposeGeometry, ys: Shape, ws: Shape): string {
  if (geometry.output.length === 1) return lowerLine(emitter, y, w, geometry, ys, ws)
  if (geometry.output.length === 3) return lowerVolume(emitter, y, w, geometry, ys, ws)
  return convTranspose(emitter, y, w, geometry, ys, ws)
}

function convTranspose(emitter: Emitter, y: string, w: string, geometry: TransposeGeometry, ys: Shape, ws: Shape): string {
  const { output, stride, padding, dilation, groups } = geometry
  const outputPadding = output.map((extent, axis) => {
    const [before, after] = padding[axis]!
    return extent - ((ys[axis + 2]! - 1) * stride[axis]! - before - after + dilation[axis]! * (ws[axis + 2]! - 1) + 1)
  })
  const attributes = { ...windowAttributes(geometry), group: groups, output_padding: outputPadding }
  if (emitter.target === 'webgpu') return convTransposeForWebGpu(emitter, [y, w], attributes, ys, ws)
  return emitter.node('ConvTranspose', [y, w], attributes)[0]!
}

/** A line is a plane of height 1. */
function lowerLine(emitter: Emitter, y: string, w: string, geometry: TransposeGeometry, ys: Shape, ws: Shape): string {
  const plane = ([a, b, n]: Shape): Shape => [a!, b!, 1, n!]
  const { output, stride, padding, dilation, groups } = geometry
  const flat = {
    output: [1, ...output],
    stride: [1, ...stride],
    padding: [[0, 0] as const, ...padding],
    dilation: [1, ...dilation],
    groups,
  }
  const image = emitter.node('Reshape', [y, emitter.ints(plane(ys))])[0]!
  const kernel = emitter.node('Reshape', [w, emitter.ints(plane(ws))])[0]!
  const result = convTranspose(emitter, image, kernel, flat, plane(ys), plane(ws))
  return emitter.node('Reshape', [result, emitter.ints([ys[0]!, ws[1]! * groups, ...output])])[0]!
}

/**
 * Depth goes to the batch, and each slice gets the slices that its depth taps read stacked into its channels (zeros between slices where the
 * depth is strided): one two-dimensional transposed convolution. Only whole planes are moved, which is a copy of long runs.
 */
function lowerVolume(emitter: Emitter, y: string, w: string, geometry: TransposeGeometry, ys: Shape, ws: Shape): string {
  const { output, stride, padding, dilation, groups } = geometry
  const [batch, outputs, depth, ...plane] = ys as [number, number, number, ...number[]]
  const [, inPer, taps, ...kernel] = ws as [number, number, number, ...number[]]
  const [extent, ...image] = output as [number, ...number[]]
  const outPer = outputs / groups
  const reshape = (x: string, shape: Shape) => emitter.node('Reshape', [x, emitter.ints(shape)])[0]!

  const step = stride[0]!
  let slices = emitter.node('Transpose', [reshape(y, [batch, groups, outPer, depth, ...plane])], { perm: [0, 3, 1, 2, 4, 5] })[0]!
  slices = reshape(slices, [batch, depth, 1, groups, outPer * sizeOf(plane)])
  if (step > 1) slices = emitter.node('Pad', [slices, emitter.ints([0, 0, 0, 0, 0, 0, 0, step - 1, 0, 0])])[0]!
  slices = reshape(slices, [batch, depth * step, groups, outPer * sizeOf(plane)])
  const planes = batch * extent
  const stacked = Array.from({ length: taps }, (_, tap) => {
    const before = tap * dilation[0]! - padding[0]![0]
    const after = extent - depth * step - before
    if (before >= extent || -before >= depth * step) return undefined
    const moved = before === 0 && after === 0 ? slices : emitter.node('Pad', [slices, emitter.ints([0, before, 0, 0, 0, after, 0, 0])])[0]!
    return { tap, slices: reshape(moved, [planes, groups, outPer * sizeOf(plane)]) }
  }).filter((part) => part !== undefined)
  const seen = stacked.map(({ tap }) => tap)

  const joined =
    stacked.length === 1
      ? stacked[0]!.slices
      : emitter.node(
          'Concat',
          stacked.map(({ slices }) => slices),
          { axis: 2 },
        )[0]!
  const channels = groups * seen.length * outPer
  const kernels = emitter.node('Transpose', [reshape(w, [groups, outPer, inPer, taps, ...kernel])], { perm: [0, 3, 1, 2, 4, 5] })[0]!
  const used = seen.length === taps ? kernels : emitter.node('Gather', [kernels, emitter.ints(seen)], { axis: 1 })[0]!
  const flat = {
    output: image,
    stride: stride.slice(1),
    padding: padding.slice(1),
    dilation: dilation.slice(1),
    groups,
  }
  const [from, weight] = [
    [planes, channels, ...plane],
    [channels, inPer, ...kernel],
  ]
  const result = convTranspose(emitter, reshape(joined, from), reshape(used, weight), flat, from, weight)
  const turned = emitter.node('Transpose', [reshape(result, [batch, extent, groups * inPer, ...image])], { perm: [0, 2, 1, 3, 4] })[0]!
  return turned
}
