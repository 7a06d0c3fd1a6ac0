/** Running sums. */
import { dot, forEachIndex, ndarray } from '../ndarray.ts'
import { definePrimitive } from '../primitive.ts'
import { sizeOf, stridesOf } from '../shape.ts'
import { checkDtypes, normalizeAxis, type Tensor } from '../tensor.ts'
import { numbers } from './elementwise-rules.ts'

export interface CumsumOptions {
  /** Sum from the end. */
  readonly reverse?: boolean
  /** Leave out the element itself, so that the first sum is 0. */
  readonly exclusive?: boolean
}

const cumsumPrimitive = definePrimitive<{ axis: number } & Required<CumsumOptions>>('cumsum', {
  infer: ([x]) => {
    checkDtypes('cumsum', [x!], numbers)
    return [{ shape: x!.shape, dtype: x!.dtype }]
  },
  vjp: ({ attributes: { axis, reverse, exclusive }, cotangents: [ct] }) => [cumsum(ct!, axis, { reverse: !reverse, exclusive })],
  lower: (emitter, [x], { attributes: { axis, reverse, exclusive }, inputs: [spec] }) => {
    const options = { reverse: Number(reverse), exclusive: Number(exclusive) }
    const along = (from: string, at: number) => emitter.node('CumSum', [from, emitter.ints([at], [])], options)
    const length = spec!.shape[axis]!
    const rows = sizeOf(spec!.shape) / length
    // Along the last axis the kernel goes element by element, 12 ms for 17 MB; along the first it adds rows, 2.7 ms with both transposes
    // (ONNX Runtime 1.30).
    if (axis !== spec!.shape.length - 1 || rows < 16) return along(x!, axis)
    const flat = emitter.node('Reshape', [x!, emitter.ints([rows, length])])
    const summed = along(emitter.node('Transpose', flat, { perm: [1, 0] })[0]!, 0)
    return emitter.node('Reshape', [emitter.node('Transpose', summed, { perm: [1, 0] })[0]!, emitter.ints(spec!.shape)])
  },
  evaluate: ([x], { axis, reverse, exclusive }) => {
    const y = ndarray(x!.shape)
    const strides = stridesOf(x!.shape)
    forEachIndex(x!.shape, (flat, index) => {
      const line = dot(index, strides) - index[axis]! * strides[axis]!
      for (let k = 0; k < x!.shape[axis]!; k++) {
        const before = reverse ? k > index[axis]! : k < index[axis]!
        if (before || (!exclusive && k === index[axis])) y.data[flat]! += x!.data[line + k * strides[axis]!]!
      }
    })
    return [y]
  },
})

/**
 * Sums of all elements up to each one along an axis.
 *
 * @throws RangeError for an axis that the tensor does not have; ShapeError for bool and float16
 *
 * @example
 * const x = constant([1, 2, 3])
 * const [up, rest] = await evaluate(() => [cumsum(x, 0), cumsum(x, 0, { reverse: true, exclusive: true })])
 * up // [1, 3, 6]
 * rest // [5, 3, 0]
 */
export function cumsum(x: Tensor, axis: number, { reverse = false, exclusive = false }: CumsumOptions = {}): Tensor {
  return cumsumPrimitive([x], { axis: normalizeAxis(axis, x.shape.length, 'cumsum'), reverse, exclusive })[0]!
}
