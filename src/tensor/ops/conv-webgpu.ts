/**
 * Convolutions for WebGPU, led around what ONNX Runtime 1.30's kernels there do wrong. Each fault was found by the generic tests, and each
 * but the last gives wrong numbers without any error:
 *
 * - Conv with a kernel of one element, or of the input's extents, becomes a matrix product when nothing is padded before; padding after is
 *   forgotten.
 * - Conv in groups of more than 4 output channels each mixes them up, if their number is no multiple of 4.
 * - ConvTranspose in groups that have one output channel each mixes up its input channels, if a group has several.
 * - Conv without groups in one or two dimensions from 6, 9, 15, 18, 21 … channels (multiples of 3, not of 4; 3 itself is right) to a multiple
 *   of 4 reads channels in threes and takes those at 3j from ⌊3j/4⌋ on: of six 0 1 2 0 1 2. (Its source, conv2d_mm.cc, divides the offset
 *   as if it read in fours.) Its results are those of a convolution of these channels to 3·10⁻⁷, and 0.6 to 2.5 times the largest value off
 *   the right ones; all other pairs of 1–16 and 1–9 channels are right.
 * - Conv in three dimensions refuses groups.
 */
import type { Shape } from '../shape.ts'
import type { Emitter, OnnxAttribute } from '../tensor.ts'

interface Attributes extends Readonly<Record<string, OnnxAttribute>> {
  readonly group: number
  readonly pads: readonly number[]
  readonly strides: readonly number[]
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

/** Channels of zeros (axis 1) up to a whole multiple of four: x and the weight of a convolution may both have them. */
function inFours(emitter: Emitter, from: string, shape: Shape): string {
  const missing = Math.ceil(shape[1]! / 4) * 4 - shape[1]!
  const after = shape.map((_, axis) => (axis === 1 ? missing : 0))
  return emitter.node('Pad', [from, emitter.ints([...shape.map(() => 0), ...after])])[0]!
}

/** A Conv node of these attributes, x (b, c, …) and w (o, c/groups, …). */
export function convForWebGpu(emitter: Emitter, [x, w]: readonly [string, string], attributes: Attributes, xs: Shape, ws: Shape): string {
  const { group, pads, strides } = attributes
  const isOne = ws.slice(2).every((extent) => extent === 1)
  const isWhole = ws.slice(2).every((extent, axis) => extent === xs[axis + 2])
  if ((isOne || isWhole) && pads.some((n) => n !== 0)) {
    const wide = withZeros(emitter, x, xs, pads)
    return convForWebGpu(emitter, [wide.name, w], { ...attributes, pads: pads.map(() => 0) }, wide.shape, ws)
  }
  const perGroup = ws[0]! / group
  if (group > 1 && (ws.length === 5 || (perGroup > 4 && perGroup % 4 !== 0))) return inGroups(emitter, 'Conv', [x, w], attributes, xs, ws)
  const channels = xs[1]!
  const isProduct = isWhole || (isOne && strides.every((step) => step === 1))
  const inThrees = ws.length < 5 && channels > 3 && channels % 3 === 0 && channels % 4 !== 0 && ws[0]! % 4 === 0
  if (group === 1 && inThrees && !isProduct) return emitter.node('Conv', [inFours(emitter, x, xs), inFours(emitter, w, ws)], attributes)[0]!
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
