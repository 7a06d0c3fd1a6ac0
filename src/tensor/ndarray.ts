/** Loops over float64 arrays that the reference evaluations share. Obvious rather than fast. */
import { type Shape, sizeOf, stridesOf } from './shape.ts'
import type { NdArray } from './tensor.ts'

export function ndarray(shape: Shape, data: Float64Array = new Float64Array(sizeOf(shape))): NdArray {
  return { shape, data }
}

/** Calls visit(flat, index) for every element; `index` is reused between calls. */
export function forEachIndex(shape: Shape, visit: (flat: number, index: readonly number[]) => void): void {
  const index = new Array<number>(shape.length).fill(0)
  const size = sizeOf(shape)
  for (let flat = 0; flat < size; flat++) {
    visit(flat, index)
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]!++
      if (index[axis]! < shape[axis]!) break
      index[axis] = 0
    }
  }
}

/** Strides that read an array as if it had the (broadcast) shape: 0 along axes of extent 1. */
export function broadcastStrides(from: Shape, to: Shape): number[] {
  const strides = stridesOf(from)
  return to.map((_, axis) => {
    const own = axis - (to.length - from.length)
    return own < 0 || from[own] === 1 ? 0 : strides[own]!
  })
}

export function dot(index: readonly number[], strides: readonly number[]): number {
  let sum = 0
  for (let axis = 0; axis < strides.length; axis++) sum += index[axis]! * strides[axis]!
  return sum
}

/** An array of `shape` filled by reading `source` at the position that `locate` gives; undefined reads `fill`. */
export function gatherArray(source: NdArray, shape: Shape, locate: (index: readonly number[]) => number | undefined, fill = 0): NdArray {
  const out = ndarray(shape)
  forEachIndex(shape, (flat, index) => {
    const position = locate(index)
    out.data[flat] = position === undefined ? fill : source.data[position]!
  })
  return out
}
