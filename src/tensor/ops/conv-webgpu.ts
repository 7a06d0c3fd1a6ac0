/**
 * Convolutions for WebGPU, led around what ONNX Runtime 1.30's kernels there do wrong. Each fault was found by the generic tests, and each
 * but the last gives wrong numbers without any error:
 *
 * - Conv with a kernel of one element becomes a matrix product when nothing is padded before; padding after is forgotten.
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

/** A Conv node of these attributes, x (b, c, …) and w (o, c/groups, …). */
export function convForWebGpu(emitter: Emitter, [x, w]: readonly [string, string], attributes: Attributes, xs: Shape, ws: Shape): string {
  const axes = ws.length - 2
  const { pads } = attributes
  if (ws.slice(2).every((extent) => extent === 1) && pads.some((n) => n !== 0)) {
    const wide = emitter.node('Pad', [x, emitter.ints([0, 0, ...pads.slice(0, axes), 0, 0, ...pads.slice(axes)])])[0]!
    return convForWebGpu(emitter, [wide, w], { ...attributes, pads: pads.map(() => 0) }, xs, ws)
  }
  if (axes === 3 && attributes.group > 1) return inGroups(emitter, 'Conv', [x, w], attributes, xs, ws)
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
