/**
 * Slices by a list of positions along one axis: gather, which reads them, and its adjoint scatterAdd.
 *
 * Positions are int32 or int64; negative ones count from the back. Others outside the axis are known only when the graph runs: the
 * reference and ONNX Runtime on the CPU then refuse to go on.
 */
import { onnxElementType } from '../dtype.ts'
import { forEachIndex } from '../ndarray.ts'
import { type Shape, sizeOf, stridesOf } from '../shape.ts'
import type { Emitter, Tensor } from '../tensor.ts'
import { defineIndexing } from './indexed.ts'
import { positionOf } from './indices.ts'

/** The shape of x with the axis replaced by the axes of the indices. */
function gathered(x: Shape, indices: Shape, axis: number): number[] {
  return [...x.slice(0, axis), ...indices, ...x.slice(axis + 1)]
}

/** start, start + step, … as int64, computed when the session is made, so that the model stays small. */
function range(emitter: Emitter, count: number, step: number, shape: Shape): string {
  const values = emitter.node('Range', [emitter.ints([0], []), emitter.ints([count * step], []), emitter.ints([step], [])])
  return emitter.node('Reshape', [values[0]!, emitter.ints(shape)])[0]!
}

/** A scatter over (rows, extent, width), `count` slices of width each. */
interface Layout {
  readonly rows: number
  readonly extent: number
  readonly width: number
  readonly count: number
}

/** Σ over the slices that go to each place, as a product with the matrix of who goes where. */
function addByProduct(emitter: Emitter, indices: string, updates: string, { rows, extent, width, count }: Layout): string {
  // The look-up counts negative positions from the front and refuses those outside.
  const places = emitter.node('Gather', [range(emitter, extent, 1, [extent]), indices], { axis: 0 })[0]!
  const goes = (to: Shape, from: Shape) => {
    const equal = emitter.node('Equal', [range(emitter, extent, 1, to), emitter.node('Reshape', [places, emitter.ints(from)])[0]!])
    return emitter.node('Cast', equal, { to: onnxElementType.float32 })[0]!
  }
  const slices = (shape: Shape) => emitter.node('Reshape', [updates, emitter.ints(shape)])[0]!
  return width === 1
    ? emitter.node('MatMul', [slices([rows, count]), goes([1, extent], [count, 1])])[0]!
    : emitter.node('MatMul', [goes([extent, 1], [1, count]), slices([rows, count, width])])[0]!
}

/** Adds element by element to a flat array. */
function addFlat(emitter: Emitter, [x, indices, updates]: readonly string[], { rows, extent, width, count }: Layout): string {
  const flat = (from: string) => emitter.node('Reshape', [from, emitter.ints([-1])])[0]!
  let places = indices!
  if (rows > 1 || width > 1) {
    const starts = emitter.node('Gather', [range(emitter, extent, width, [extent]), flat(indices!)], { axis: 0 })[0]!
    const column = emitter.node('Reshape', [starts, emitter.ints([count, 1])])[0]!
    places = emitter.node('Add', [column, range(emitter, width, 1, [width])])[0]!
    if (rows > 1) places = emitter.node('Add', [range(emitter, rows, extent * width, [rows, 1, 1]), places])[0]!
  }
  return emitter.node('ScatterElements', [flat(x!), flat(places), flat(updates!)], { axis: 0, reduction: 'add' })[0]!
}

const bySlice = defineIndexing(
  { read: 'gather', add: 'scatterAdd' },
  {
    partShape: (_, whole, indices, axis) => gathered(whole, indices, axis),
    forEachPair: (who, whole, indices, axis, visit) => {
      const strides = stridesOf(whole)
      const indexStrides = stridesOf(indices.shape)
      const rank = indices.shape.length
      forEachIndex(gathered(whole, indices.shape, axis), (part, index) => {
        const chosen = indexStrides.reduce((at, stride, i) => at + index[axis + i]! * stride, 0)
        let at = positionOf(who, indices.data[chosen]!, whole[axis]!) * strides[axis]!
        for (let i = 0; i < whole.length; i++) if (i !== axis) at += index[i < axis ? i : i + rank - 1]! * strides[i]!
        visit(at, part)
      })
    },
    lower: {
      read: (emitter, inputs, { attributes: { axis } }) => emitter.node('Gather', inputs, { axis }),
      // ScatterND with reduction "add" would take 0.5 ms where ScatterElements takes 4.5 and the product 0.9…4, but its threads overwrite each
      // other's sums at equal indices: 16384 rows of 64 added to one place were wrong in every fourth run on two threads (ONNX Runtime 1.30).
      // ScatterElements adds one after the other, twice as fast on a flat array as with an axis. The product wins up to 128 places, and needs
      // no more memory than the flat positions while the places do not outnumber twice the elements of a slice.
      add: (emitter, inputs, { attributes: { axis }, inputs: [x, indices], outputs: [out] }) => {
        const width = sizeOf(x!.shape.slice(axis + 1))
        const rows = sizeOf(x!.shape.slice(0, axis))
        const layout: Layout = { rows, extent: x!.shape[axis]!, width, count: sizeOf(indices!.shape) }
        const shape = emitter.ints(out!.shape)
        if (out!.dtype === 'float32' && layout.extent <= Math.min(128, 2 * rows * width)) {
          const sums = addByProduct(emitter, inputs[1]!, inputs[2]!, layout)
          return emitter.node('Add', [inputs[0]!, emitter.node('Reshape', [sums, shape])[0]!])
        }
        return emitter.node('Reshape', [addFlat(emitter, inputs, layout), shape])
      },
    },
  },
)

/**
 * Slices of x along an axis, by a list of positions: `x[…, indices, …]`, NumPy's `take`. Embeddings are gather(table, tokens, 0).
 *
 * @param x (…before, n, …after) of any dtype
 * @param indices int32 or int64 of any shape, -n…n-1
 * @returns (…before, …indices, …after)
 * @throws ShapeError for indices of another dtype; RangeError for an axis that is none
 *
 * @example
 * const table = constant([1, 2, 3, 4, 5, 6], [3, 2])
 * const [y] = await evaluate(() => [gather(table, constant([2, 0, -1], [3], 'int64'), 0)]) // [5, 6, 1, 2, 5, 6]
 */
export function gather(x: Tensor, indices: Tensor, axis: number): Tensor {
  return bySlice.read(x, indices, axis)
}

/**
 * x with slices added along an axis, those of equal positions one after the other: the adjoint of gather, PyTorch's `index_add`.
 * Updates must be finite: to the result of a small axis they come by a matrix product, through which one NaN reaches all places.
 *
 * @param x (…before, n, …after), float32, int32 or int64
 * @param indices int32 or int64 of any shape, -n…n-1
 * @param updates (…before, …indices, …after)
 * @throws ShapeError for shapes or dtypes that do not fit; RangeError for an axis that is none
 *
 * @example
 * const at = constant([0, 2, 0], [3], 'int64')
 * const [y] = await evaluate(() => [scatterAdd(constant([0, 0, 0]), at, constant([1, 2, 4]), 0)]) // [5, 0, 2]
 */
export function scatterAdd(x: Tensor, indices: Tensor, updates: Tensor, axis: number): Tensor {
  return bySlice.add(x, indices, updates, axis)
}
