/** Padding of all kinds: a constant, the mirror image, or the outermost value. */
import { dot, gatherArray } from '../ndarray.ts'
import { definePrimitive } from '../primitive.ts'
import { formatShape, stridesOf } from '../shape.ts'
import { checkPerAxis, ShapeError, type Tensor } from '../tensor.ts'
import { add } from './arithmetic.ts'
import { sum } from './movement.ts'
import { concat, flip, narrow, padConstant } from './slicing.ts'

/** Where the new elements come from. */
interface Mirror {
  readonly mode: 'reflect' | 'edge'
  readonly before: readonly number[]
  readonly after: readonly number[]
}

export interface PadOptions {
  /** `reflect` mirrors without repeating the outermost element, `edge` repeats it. */
  readonly mode?: 'constant' | 'reflect' | 'edge'
  /** What `constant` writes, 0 by default. */
  readonly value?: number
}

/** The place in 0…extent-1 that a place outside shows. */
function mirrored(place: number, extent: number, mode: Mirror['mode']): number {
  if (mode === 'edge') return Math.min(Math.max(place, 0), extent - 1)
  return place < 0 ? -place : place >= extent ? 2 * (extent - 1) - place : place
}

const mirrorPrimitive = definePrimitive<Mirror>('padMirror', {
  infer: ([x], { mode, before, after }) => {
    const bounds = x!.shape.map((extent) => (mode === 'reflect' ? extent - 1 : Infinity))
    if ([before, after].some((list) => list.some((n, axis) => n < 0 || n > bounds[axis]!))) {
      const allowed = mode === 'reflect' ? 'amounts from 0 to the extent less 1' : 'amounts ≥ 0'
      throw new ShapeError(
        'pad',
        `before [${before}], after [${after}] of ${formatShape(x!.shape)} in mode ${mode}; allowed are ${allowed}`,
      )
    }
    return [{ shape: x!.shape.map((extent, axis) => extent + before[axis]! + after[axis]!), dtype: x!.dtype }]
  },
  vjp: ({ attributes: { mode, before, after }, cotangents: [ct] }) => {
    const fold = mode === 'reflect' ? foldReflection : foldEdge
    return [before.reduce((part, b, axis) => fold(part, axis, b, after[axis]!), ct!)]
  },
  // As fast as slices joined by hand (1.0 ms for 2 × 60 s), and a tenth of a Gather.
  lower: (emitter, [x], { attributes: { mode, before, after } }) =>
    emitter.node('Pad', [x!, emitter.ints([...before, ...after])], { mode }),
  evaluate: ([x], { mode, before }, [out]) => {
    const strides = stridesOf(x!.shape)
    const from = (index: readonly number[]) => index.map((i, axis) => mirrored(i - before[axis]!, x!.shape[axis]!, mode))
    return [gatherArray(x!, out!.shape, (index) => dot(from(index), strides))]
  },
})

/** The piece from…to along an axis as a list, empty where the piece is. */
function piece(x: Tensor, axis: number, from: number, to: number): Tensor[] {
  return to > from ? [narrow(x, axis, from, to)] : []
}

/**
 * The adjoint of a reflection: adds the mirror images to what they show. Joined from pieces, two passes over memory; padding the images and
 * adding them takes 2.3 times as long (ONNX Runtime 1.30).
 */
function foldReflection(ct: Tensor, axis: number, before: number, after: number): Tensor {
  if (before === 0 && after === 0) return ct
  const extent = ct.shape[axis]! - before - after
  // Images that overlap are folded one after the other: the right one shows nothing of the left one.
  if (before > 0 && after > 0 && before + after + 2 > extent) return foldReflection(foldReflection(ct, axis, 0, after), axis, before, 0)
  const image = (from: number, to: number) => piece(ct, axis, from, to).map((part) => flip(part, [axis]))
  const body = (from: number, to: number) => piece(ct, axis, before + from, before + to)
  const both = (images: Tensor[], parts: Tensor[]) => parts.map((part, i) => add(part, images[i]!))
  const [first, last] = [before > 0 ? 1 : 0, after > 0 ? 1 : 0]
  return concat(
    [
      ...body(0, first),
      ...both(image(0, before), body(first, first + before)),
      ...body(first + before, extent - last - after),
      ...both(image(before + extent, before + extent + after), body(extent - last - after, extent - last)),
      ...body(extent - last, extent),
    ],
    axis,
  )
}

/** The adjoint of repeated outermost elements: sums the repetitions. */
function foldEdge(ct: Tensor, axis: number, before: number, after: number): Tensor {
  if (before === 0 && after === 0) return ct
  const extent = ct.shape[axis]! - before - after
  const total = (from: number, to: number) => sum(narrow(ct, axis, from, to), { axes: [axis], keepDims: true })
  if (extent === 1) return total(0, ct.shape[axis]!)
  const last = before + extent - 1
  return concat([total(0, before + 1), ...piece(ct, axis, before + 1, last), total(last, last + after + 1)], axis)
}

/** Refuses a constant that a dtype cannot hold, and one that nothing reads. */
function checkValue(x: Tensor, mode: string, value: number): void {
  const fits = {
    float32: true,
    float16: true,
    int32: Number.isInteger(value),
    int64: Number.isInteger(value),
    bool: value === 0 || value === 1,
  }
  if (!fits[x.dtype]) throw new ShapeError('pad', `value ${value} around ${x.dtype} ${formatShape(x.shape)}, which cannot hold it`)
  if (mode !== 'constant') throw new ShapeError('pad', `value ${value} in mode ${mode}; only the mode constant has a value`)
}

/**
 * Elements around a tensor, one amount per axis: zeros, another value, the mirror image (without the outermost element, as PyTorch's
 * `reflect`), or the outermost element again (PyTorch's `replicate`). In mode `constant` negative amounts cut instead.
 *
 * @throws ShapeError where a list is not one whole number per axis, cutting leaves nothing, a reflection is as long as its axis or longer,
 * or the dtype cannot hold the value
 *
 * @example
 * const x = constant([1, 2, 3])
 * const [zeros, mirror, edge] = await evaluate(() => [
 *   pad(x, [2], [-1]),
 *   pad(x, [2], [1], { mode: 'reflect' }),
 *   pad(x, [2], [1], { mode: 'edge' }),
 * ])
 * zeros // [0, 0, 1, 2]
 * mirror // [3, 2, 1, 2, 3, 2]
 * edge // [1, 1, 1, 2, 3, 3]
 */
export function pad(x: Tensor, before: readonly number[], after: readonly number[], options: PadOptions = {}): Tensor {
  const { mode = 'constant', value } = options
  checkPerAxis('pad', 'before', before, x)
  checkPerAxis('pad', 'after', after, x)
  if (value !== undefined) checkValue(x, mode, value)
  if (mode === 'constant') return padConstant(x, before, after, value)
  return [...before, ...after].every((n) => n === 0) ? x : mirrorPrimitive([x], { mode, before, after })[0]!
}
