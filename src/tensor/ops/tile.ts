/** Whole tensors side by side. */
import { dot, gatherArray } from '../ndarray.ts'
import { definePrimitive } from '../primitive.ts'
import { stridesOf } from '../shape.ts'
import { checkPerAxis, type Tensor } from '../tensor.ts'
import { reshape, sum } from './movement.ts'

const tilePrimitive = definePrimitive<{ repeats: readonly number[] }>('tile', {
  infer: ([x], { repeats }) => [{ shape: x!.shape.map((extent, axis) => extent * repeats[axis]!), dtype: x!.dtype }],
  vjp: ({ inputs: [x], attributes: { repeats }, cotangents: [ct] }) => {
    const apart = reshape(
      ct!,
      x!.shape.flatMap((extent, axis) => [repeats[axis]!, extent]),
    )
    return [reshape(sum(apart, { axes: repeats.map((_, axis) => 2 * axis) }), x!.shape)]
  },
  lower: (emitter, [x], { attributes: { repeats } }) => emitter.node('Tile', [x!, emitter.ints(repeats)]),
  evaluate: ([x], _, [out]) => {
    const strides = stridesOf(x!.shape)
    const from = (index: readonly number[]) => index.map((i, axis) => i % x!.shape[axis]!)
    return [gatherArray(x!, out!.shape, (index) => dot(from(index), strides))]
  },
})

/**
 * Repeats a tensor repeats[axis] times along each axis: (2, 3) tiled by [1, 4] is (2, 12).
 *
 * @throws ShapeError where the list is not one whole number ≥ 1 per axis
 *
 * @example
 * const [y] = await evaluate(() => [tile(constant([1, 2]), [3])]) // [1, 2, 1, 2, 1, 2]
 */
export function tile(x: Tensor, repeats: readonly number[]): Tensor {
  checkPerAxis('tile', 'repeats', repeats, x, 1)
  return repeats.every((count) => count === 1) ? x : tilePrimitive([x], { repeats })[0]!
}
