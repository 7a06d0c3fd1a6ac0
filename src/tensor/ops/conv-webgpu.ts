/**
 * Convolutions for WebGPU, led around what ONNX Runtime 1.30's kernels there do wrong. Each fault was found by the generic tests, and each
 * but the last gives wrong numbers without any error:
 *
 * - Conv with a kernel of one element, or of the input's extents, becomes a matrix product when nothing is padded before; padding after is
 *   forgotten.
 * - Conv in groups of more than 4 output channels each mixes them up, if their number is no multiple of 4.
 * - ConvTranspose in groups that have one output channel each mixes up its input channels, if a group has several.
 * - Conv in three dimensions refuses groups.
 */
import type { Shape } from '../shape.ts'
import type { Emitter, OnnxAttribute } from '../tensor.ts'

interface Attributes extends Readonly<Record<string, OnnxAttribute>> {
  readonly group: number
  readonly pads: readonly number[]
}

/** One node per group, whose results are joined. */
function inGroups(
  emitter: Emitter,
  opType: string,
  [x, w]: readonly [string, string],
  attributes: Attributes,
  xs: Shape,
  ws: Shape,
): string {
  const { group } = attributes
  const cut = (from: string, axis: number, channels: number) =>
    emitter.node('Split', [from, emitter.ints(Array.from({ length: group }, () => channels / group))], { axis }, group)
  const [parts, kernels] = [cut(x, 1, xs[1]!), cut(w, 0, ws[0]!)]
  const results = parts.map((part, i) => emitter.node(opType, [part, kernels[i]!], { ...attributes, group: 1 })[0]!)
  return emitter.node('Concat', results, { axis: 1 })[0]!
}

/** Zeros around the spatial axes, joined to x because ONNX Runtime would take a Pad back into the convolution. */
function withZeros(emitter: Emitter, x: string, xs: Shape, pads: readonly number[]) {
  let [name, shape] = [x, xs]
  for (let axis = 2; axis < xs.length; axis++) {
    const [before, after] = [pads[axis - 2]!, pads[xs.length - 4 + axis]!]
    const zeros = (extent: number) =>
      extent === 0 ? [] : emitter.node('Expand', [emitter.floats([0], []), emitter.ints(shape.with(axis, extent))])
    if (before + after > 0) name = emitter.node('Concat', [...zeros(before), name, ...zeros(after)], { axis })[0]!
    shape = shape.with(axis, shape[axis]! + before + after)
  }
  return { name, shape }
}

/** A Conv node of these attributes, x (b, c, …) and w (o, c/groups, …). */
export function convForWebGpu(emitter: Emitter, [x, w]: readonly [string, string], attributes: Attributes, xs: Shape, ws: Shape): string {
  const { pads } = attributes
  const isOne = ws.slice(2).every((extent) => extent === 1)
  const isWhole = ws.slice(2).every((extent, axis) => extent === xs[axis + 2])
  if ((isOne || isWhole) && pads.some((n) => n !== 0)) {
    const wide = withZeros(emitter, x, xs, pads)
    return convForWebGpu(emitter, [wide.name, w], { ...attributes, pads: pads.map(() => 0) }, wide.shape, ws)
  }
  const perGroup = ws[0]! / attributes.group
  if (attributes.group > 1 && (ws.length === 5 || (perGroup > 4 && perGroup % 4 !== 0)))
    return inGroups(emitter, 'Conv', [x, w], attributes, xs, ws)
  return emitter.node('Conv', [x, w], attributes)[0]!
}

/** A ConvTranspose node of these attributes, y (b, o, …) and w (o, c/groups, …). */
export function convTransposeForWebGpu(
  emitter: Emitter,
  inputs: readonly [string, string],
  attributes: Attributes,
  ys: Shape,
  ws: Shape,
): string {
  if (attributes.group > 1 && ws[1] === 1 && ws[0]! > attributes.group)
    return inGroups(emitter, 'ConvTranspose', inputs, attributes, ys, ws)
  return emitter.node('ConvTranspose', inputs, attributes)[0]!
}
