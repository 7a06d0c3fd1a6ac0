/** Shapes: plain lists of extents, row-major, with NumPy's broadcasting. */

export type Shape = readonly number[]

/** Tensors without elements are not supported. */
export function isExtent(extent: number): boolean {
  return Number.isInteger(extent) && extent >= 1
}

/** Number of elements. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, extent) => product * extent, 1)
}

/** Row-major strides in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length)
  let stride = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride
    stride *= shape[axis]!
  }
  return strides
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((extent, axis) => extent === b[axis])
}

export function formatShape(shape: Shape): string {
  return `(${shape.join(', ')})`
}

/** The common shape of two broadcast operands, or undefined where they do not fit. */
export function broadcastShapes(a: Shape, b: Shape): Shape | undefined {
  const rank = Math.max(a.length, b.length)
  const out = new Array<number>(rank)
  for (let i = 1; i <= rank; i++) {
    const x = a[a.length - i] ?? 1
    const y = b[b.length - i] ?? 1
    if (x !== y && x !== 1 && y !== 1) return undefined
    out[rank - i] = x === 1 ? y : x
  }
  return out
}
