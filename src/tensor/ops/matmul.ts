/** Batched matrix product. */
import { broadcastStrides, dot, forEachIndex, ndarray } from '../ndarray.ts'
import { definePrimitive } from '../primitive.ts'
import { broadcastShapes, formatShape, type Shape, sizeOf } from '../shape.ts'
import { checkDtypes, ShapeError, type Tensor } from '../tensor.ts'
import { reshape, sumTo, transpose } from './movement.ts'

const matmulPrimitive = definePrimitive<null>('matmul', {
  infer: ([a, b]) => {
    checkDtypes('matmul', [a!, b!])
    const batch = broadcastShapes(a!.shape.slice(0, -2), b!.shape.slice(0, -2))
    if (a!.shape.length < 2 || b!.shape.length < 2 || !batch || a!.shape.at(-1) !== b!.shape.at(-2)) {
      throw new ShapeError('matmul', `${formatShape(a!.shape)} × ${formatShape(b!.shape)}: needs (…, m, k) × (…, k, n)`)
    }
    return [{ shape: [...batch, a!.shape.at(-2)!, b!.shape.at(-1)!], dtype: 'float32' }]
  },
  vjp: ({ inputs: [a, b], cotangents: [ct], needs }) => [
    needs[0] ? sumTo(matmul(ct!, swapLast(b!)), a!.shape) : undefined,
    needs[1] ? sumTo(matmul(swapLast(a!), ct!), b!.shape) : undefined,
  ],
  lower: (emitter, inputs) => emitter.node('MatMul', inputs),
  evaluate: ([a, b], _, [out]) => {
    const result = ndarray(out!.shape)
    const depth = a!.shape.at(-1)!
    const columns = b!.shape.at(-1)!
    const ofA = broadcastStrides(a!.shape, [...out!.shape.slice(0, -1), depth])
    const ofB = broadcastStrides(b!.shape, [...out!.shape.slice(0, -2), depth, columns])
    forEachIndex(out!.shape, (flat, index) => {
      const left = dot([...index.slice(0, -1), 0], ofA)
      const right = dot([...index.slice(0, -2), 0, index.at(-1)!], ofB)
      let sum = 0
      for (let k = 0; k < depth; k++) sum += a!.data[left + k]! * b!.data[right + k * columns]!
      result.data[flat] = sum
    })
    return [result]
  },
  products: ([a], _, [out]) => sizeOf(out!.shape) * a!.shape.at(-1)!,
})

function swapLast(x: Tensor): Tensor {
  const rank = x.shape.length
  return transpose(x, [...x.shape.keys()].slice(0, -2).concat(rank - 1, rank - 2))
}

/**
 * (…, m, k) × (…, k, n) → (…, m, n); leading axes broadcast. One matrix on the right is applied to all rows at once, which makes
 * its gradient one large product instead of many small ones.
 *
 * @throws ShapeError where the inner axes differ, the leading ones do not broadcast, or a dtype is not float32
 *
 * @example
 * const row = constant([1, 2], [1, 2])
 * const [y] = await evaluate(() => [matmul(row, constant([3, 4], [2, 1]))]) // [11]
 */
export function matmul(a: Tensor, b: Tensor): Tensor {
  if (a.shape.length > 2 && b.shape.length === 2 && a.shape.at(-1) === b.shape[0]) {
    const rows = matmulPrimitive([reshape(a, [-1, a.shape.at(-1)!]), b], null)[0]!
    return reshape(rows, [...a.shape.slice(0, -1), b.shape[1]!] as Shape)
  }
  return matmulPrimitive([a, b], null)[0]!
}
