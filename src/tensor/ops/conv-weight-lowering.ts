/**
 * ONNX nodes for the weight gradient of a convolution, dW[o, c, k] = Σ_{b, n} y[b, o, n] · x[b, c, n·stride + k·dilation − padding]: one batched
 * matrix product per kernel tap, (b·g, o/g, n) × (b·g, n, c/g), summed over the batch, between copies of x and y shifted against each other.
 * Two threads, ONNX Runtime 1.30, GFLOP/s: 80–180 where a convolution with a huge kernel reaches 25. What it takes, as measured:
 *
 * - ONNX Runtime fuses the transposition into the product (asking for its FusedMatMul is no faster), and Pad with negative amounts shifts faster than Slice cuts.
 * - Strides: x is taken apart into its phases once (SpaceToDepth) instead of by a strided Slice per tap: 34 → 83 (16 → 32 channels, kernel 5,
 *   256 × 64), 60 → 141 (32 → 64, kernel 4, batch 8).
 * - The shifts of an axis may be given to x or to y, whichever makes the copies smaller: 14 → 38 (16 → 1). Shifting y along one axis and x along
 *   the other needs 4 copies for a kernel of 3 × 3 instead of 8: 158 → 181 (64 channels, 128 × 32), 90 → 106 (64 → 128, kernel 5, stride 2);
 *   but several of them live at once, and where they leave the cache that costs more: 83 → 74 (16 channels, 512 × 128).
 * - Very few channels make products of a few columns: their taps are joined and multiplied at once, 8 → 44 (1 → 16), 37 → 72 (4 → 32), and
 *   7 → 60 with stride 2. From 8 channels on the joining costs more than it gains. The same loses on depthwise convolutions, 11 → 5.
 * - Small maps make small products and a sum over the batch that costs as much: the batch joins the positions. 133 → 174 (256 channels, 8 × 8,
 *   batch 8), 56 → 76 (128 → 256, kernel 5, stride 2, 16 × 16).
 * - Large kernels with little to multiply are hundreds of nodes that take longer to start than to run, and ONNX Runtime much longer to load: these
 *   are one convolution with the huge kernel after all.
 */
import { forEachIndex } from '../ndarray.ts'
import { type Shape, sizeOf } from '../shape.ts'
import type { Emitter } from '../tensor.ts'
import type { KernelGeometry } from './window.ts'
import { takePhases, windowAttributes } from './window-lowering.ts'

interface Operand {
  readonly name: string
  /** (b, channels, …) */
  readonly shape: Shape
}

/** Where a kernel tap reads along one axis: position n of y meets position n + shift of x's phase. */
interface Tap {
  readonly phase: number
  readonly shift: number
}

/** Up to this many channels, taps are joined. */
const fewChannels = 4

/** Numbers of a copy up to which several copies stay in the processor's cache: 4 MB. */
const cachedSize = 2 ** 20

/** From this many taps on, and up to this many products, the weight gradient is one convolution. */
const [manyTaps, fewProducts] = [25, 2 ** 24]

export function lowerWeightGradient(emitter: Emitter, x: Operand, y: Operand, geometry: KernelGeometry): string {
  const { kernel, stride, padding, dilation, groups } = geometry
  if (emitter.target !== 'webgpu' && sizeOf(kernel) >= manyTaps && (sizeOf(y.shape) * x.shape[1]! * sizeOf(kernel)) / groups <= fewProducts)
    return lowerAsConvolution(emitter, x, y, geometry)
  const axes = [...kernel.keys()]
  const batch = x.shape[0]!
  const [inPer, outPer] = [x.shape[1]! / groups, y.shape[1]! / groups]
  const outputs = y.shape.slice(2)
  const phaseExtents = stride.map((step, axis) => Math.ceil(x.shape[axis + 2]! / step))
  const taps: readonly (readonly Tap[])[] = axes.map((axis) =>
    Array.from({ length: kernel[axis]! }, (_, k) => {
      const at = k * dilation[axis]! - padding[axis]![0]
      const phase = ((at % stride[axis]!) + stride[axis]!) % stride[axis]!
      return { phase, shift: (at - phase) / stride[axis]! }
    }),
  )
  const strided = stride.some((step) => step > 1)
  const joins = groups === 1 && Math.min(inPer, outPer) <= fewChannels && (inPer <= outPer || !strided)
  const cached = batch * Math.max(x.shape[1]! * sizeOf(phaseExtents), y.shape[1]! * sizeOf(outputs)) <= cachedSize
  const shiftsY = joins ? axes.map(() => inPer > outPer) : cheapestSides(geometry, inPer, outPer, cached)
  const extents = axes.map((axis) => (shiftsY[axis] ? phaseExtents[axis]! : outputs[axis]!))
  const positions = sizeOf(extents)
  const merges = batch > 1 && positions * (inPer + outPer) < sizeOf(kernel) * inPer * outPer

  const reshape = (from: string, shape: Shape) => emitter.node('Reshape', [from, emitter.ints(shape)])[0]!
  const swap = [1, 0, ...axes.map((axis) => axis + 2)]
  const turned = ({ name }: Operand) => (merges ? emitter.node('Transpose', [name], { perm: swap })[0]! : name)
  const [wholeX, wholeY] = [turned(x), turned(y)]
  /** One product per group where the batch is merged, else one per group and example. */
  const rows = (from: string, channels: number) =>
    merges ? reshape(from, [groups, channels, batch * positions]) : reshape(from, [batch * groups, channels, positions])

  const phaseOf = takePhases(emitter, wholeX, {
    shape: merges ? swap.map((axis) => x.shape[axis]!) : x.shape,
    stride,
    extents: phaseExtents,
  })
  const shifted = new Map<string, string>()
  /** Moves a tensor by `before` positions into the common extents. */
  const shift = (from: string, own: Shape, channels: number, before: readonly number[]): string => {
    const after = axes.map((axis) => extents[axis]! - own[axis]! - before[axis]!)
    if ([...before, ...after].every((n) => n === 0)) return from
    const key = `${from}|${before}`
    const known = shifted.get(key)
    if (known) return known
    const empty = axes.some((axis) => before[axis]! >= extents[axis]! || -before[axis]! >= own[axis]!)
    const moved = empty
      ? emitter.node('Expand', [
          emitter.floats([0], []),
          emitter.ints([...(merges ? [channels, batch] : [batch, channels]), ...extents]),
        ])[0]!
      : emitter.node('Pad', [from, emitter.ints([0, 0, ...before, 0, 0, ...after])])[0]!
    shifted.set(key, moved)
    return moved
  }
  const copies: { readonly x: string; readonly y: string }[] = []
  forEachIndex(kernel, (_, index) => {
    const at = axes.map((axis) => taps[axis]![index[axis]!]!)
    const source = phaseOf(at.map(({ phase }) => phase))
    const ofX = at.map((tap, axis) => (shiftsY[axis] ? 0 : 0 - tap.shift))
    const ofY = at.map((tap, axis) => (shiftsY[axis] ? tap.shift : 0))
    copies.push({ x: shift(source, phaseExtents, x.shape[1]!, ofX), y: shift(wholeY, outputs, y.shape[1]!, ofY) })
  })

  const product = (a: string, m: number, b: string, n: number, shape: Shape): string => {
    const turned = emitter.node('Transpose', [rows(b, n)], { perm: [0, 2, 1] })[0]!
    const products = emitter.node('MatMul', [rows(a, m), turned])[0]!
    if (batch === 1 || merges) return reshape(products, shape)
    return emitter.node('ReduceSum', [reshape(products, [batch, ...shape]), emitter.ints([0])], { keepdims: 0 })[0]!
  }
  const concat = (parts: readonly string[], axis: number) => (parts.length === 1 ? parts[0]! : emitter.node('Concat', parts, { axis })[0]!)
  const [first, count, outChannels] = [copies[0]!, copies.length, y.shape[1]!]
  const result = (from: string) => reshape(from, [outChannels, inPer, ...kernel])
  if (!joins)
    return result(
      concat(
        copies.map((copy) => product(copy.y, outPer, copy.x, inPer, [outChannels, inPer, 1])),
        2,
      ),
    )
  // Taps are joined inside their channel: the products come in the order of the weight. A transposition after them, small as it is, would be
  // moved by ONNX Runtime and with it the order in which gradients are computed (formats/onnx.ts, leavesLast).
  const joined = (parts: readonly string[], channels: number) => {
    const rank = merges ? [channels, 1, batch * positions] : [batch, channels, 1, positions]
    return concat(
      parts.map((part) => reshape(part, rank)),
      rank.length - 2,
    )
  }
  if (inPer <= outPer) {
    const ofX = joined(
      copies.map((copy) => copy.x),
      inPer,
    )
    return result(product(first.y, outPer, ofX, inPer * count, [outPer, inPer, count]))
  }
  const ofY = joined(
    copies.map((copy) => copy.y),
    outPer,
  )
  const products = product(first.x, inPer, ofY, outPer * count, [inPer, outPer, count])
  if (outPer === 1) return result(products)
  const perOutput = emitter.node('Split', [products], { axis: 1, num_outputs: outPer }, outPer)
  return result(
    concat(
      perOutput.map((part) => reshape(part, [1, inPer, count])),
      0,
    ),
  )
}

/** x convolved with y: the batch is what is summed over, channels of x are the examples. What was a stride lies between y's elements. */
function lowerAsConvolution(
  emitter: Emitter,
  x: Operand,
  y: Operand,
  { kernel, stride, padding, dilation, groups }: KernelGeometry,
): string {
  const axes = [...kernel.keys()]
  const [batch, channels, outputs] = [x.shape[0]!, x.shape[1]!, y.shape[1]!]
  const [inPer, ofX, ofY] = [channels / groups, x.shape.slice(2), y.shape.slice(2)]
  const reshape = (from: string, shape: Shape) => emitter.node('Reshape', [from, emitter.ints(shape)])[0]!
  const turned = (from: string, perm: readonly number[]) => emitter.node('Transpose', [from], { perm })[0]!
  const grouped = reshape(x.name, [batch, groups, inPer, ...ofX])
  const examples = reshape(turned(grouped, [2, 1, 0, ...axes.map((axis) => axis + 3)]), [inPer, groups * batch, ...ofX])
  const weight = turned(y.name, [1, 0, ...axes.map((axis) => axis + 2)])
  const attributes = windowAttributes({ stride: dilation, padding, dilation: stride })
  const all = emitter.node('Conv', [examples, weight], { ...attributes, group: groups })[0]!
  // Positions that the convolution's stride left out give more taps than there are.
  const spare = axes.map((axis) => {
    const [before, after] = padding[axis]!
    return Math.floor((ofX[axis]! + before + after - stride[axis]! * (ofY[axis]! - 1) - 1) / dilation[axis]!) + 1 - kernel[axis]!
  })
  const none = axes.map(() => 0)
  const cut = spare.every((n) => n === 0)
    ? all
    : emitter.node('Pad', [all, emitter.ints([0, 0, ...none, 0, 0, ...spare.map((n) => -n)])])[0]!
  return inPer === 1 ? reshape(cut, [outputs, 1, ...kernel]) : turned(cut, [1, 0, ...axes.map((axis) => axis + 2)])
}

/** For each axis whether y is shifted along it rather than x, so that the copies hold the fewest numbers; `mixed` allows both. */
function cheapestSides({ kernel, stride }: KernelGeometry, inPer: number, outPer: number, mixed: boolean): readonly boolean[] {
  const choices = Array.from({ length: 2 ** kernel.length }, (_, bits) => kernel.map((_, axis) => Boolean((bits >> axis) & 1)))
  const cost = (shiftsY: readonly boolean[]) => {
    const copiesX = kernel.map((k, axis) => (shiftsY[axis] ? Math.min(k, stride[axis]!) : k))
    const copiesY = kernel.map((k, axis) => (shiftsY[axis] ? Math.ceil(k / stride[axis]!) : 1))
    return (sizeOf(copiesX) - 1) * inPer + (sizeOf(copiesY) - 1) * outPer
  }
  const allowed = mixed ? choices : [choices[0]!, choices.at(-1)!]
  return allowed.reduce((best, choice) => (cost(choice) < cost(best) ? choice : best))
}
