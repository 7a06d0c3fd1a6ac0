/**
 * Batched matrix product. Transposes of the last two axes beside a product cost nothing: ONNX Runtime makes Transpose + MatMul into one
 * FusedMatMul (seen in its profile), which reads the operand as it lies.
 */
import { broadcastStrides, dot, forEachIndex, ndarray } from '../ndarray.ts'
import { definePrimitive } from '../primitive.ts'
import { broadcastShapes, formatShape, type Shape, sizeOf } from '../shape.ts'
import { checkDtypes, ShapeError, type Tensor, type TensorSpec } from '../tensor.ts'
import { permutationOf, reshape, sumTo, transpose } from './movement.ts'

function refused(a: TensorSpec, b: TensorSpec): ShapeError {
  return new ShapeError('matmul', `${formatShape(a.shape)} × ${formatShape(b.shape)}: needs (…, m, k) × (…, k, n)`)
}

const matmulPrimitive = definePrimitive<null>('matmul', {
  infer: ([a, b]) => {
    checkDtypes('matmul', [a!, b!])
    const batch = broadcastShapes(a!.shape.slice(0, -2), b!.shape.slice(0, -2))
    if (!batch) throw refused(a!, b!)
    return [{ shape: [...batch, a!.shape.at(-2)!, b!.shape.at(-1)!], dtype: 'float32' }]
  },
  vjp: ({ inputs: [a, b], cotangents: [ct], needs }) => [
    needs[0] ? leftGradient(a!, b!, ct!) : undefined,
    needs[1] ? rightGradient(a!, b!, ct!) : undefined,
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

/** Sizes of the leading axes. */
function batchOf(x: Tensor): number {
  return sizeOf(x.shape.slice(0, -2))
}

/** ct · bᵀ, summed over what a was repeated for. */
function leftGradient(a: Tensor, b: Tensor, ct: Tensor): Tensor {
  const [rows, inner] = a.shape.slice(-2) as [number, number]
  const columns = b.shape.at(-1)!
  // One matrix for all: the sum over the batch is the inner axis of one product, worth it where the operands that have to be moved are
  // smaller than the products that would be summed.
  if (batchOf(a) === 1 && batchOf(b) > 1 && columns * (rows + inner) < rows * inner) {
    const flat = (x: Tensor) => reshape(transpose(reshape(x, [-1, x.shape.at(-2)!, columns]), [1, 0, 2]), [x.shape.at(-2)!, -1])
    return reshape(matmul(flat(ct), swapLast(flat(b))), a.shape)
  }
  return isSwapped(a) ? swapLast(sumTo(matmul(b, swapLast(ct)), swapped(a.shape))) : sumTo(matmul(ct, swapLast(b)), a.shape)
}

/**
 * aᵀ · ct, summed over what b was repeated for. Of a transposed b, which is the weight of a dense layer, it is the transpose of ctᵀ · a: its own transpose,
 * the weight's gradient, is then that product as it is, where it would be a pass over memory after aᵀ · ct.
 */
function rightGradient(a: Tensor, b: Tensor, ct: Tensor): Tensor {
  return isSwapped(b) ? swapLast(sumTo(matmul(swapLast(ct), a), swapped(b.shape))) : sumTo(matmul(swapLast(a), ct), b.shape)
}

/** Whether it is another tensor with the last two axes swapped. */
function isSwapped(x: Tensor): boolean {
  const rank = x.shape.length
  return (
    permutationOf(x)?.join() ===
    [...x.shape.keys()]
      .slice(0, -2)
      .concat(rank - 1, rank - 2)
      .join()
  )
}

function swapped(shape: Shape): Shape {
  return [...shape.slice(0, -2), shape.at(-1)!, shape.at(-2)!]
}

/**
 * (…, m, k) × (…, k, n) → (…, m, n); leading axes broadcast. A vector on the left counts as a row, one on the right as a column, and the
 * result has not that axis: (k) × (…, k, n) → (…, n), (…, m, k) × (k) → (…, m), (k) × (k) → ().
 *
 * One matrix on the right is applied to all rows at once, which makes its gradient one large product instead of many small ones.
 *
 * @throws ShapeError where the inner axes differ, the leading ones do not broadcast, a scalar is given, or a dtype is not float32
 *
 * @example
 * const rows = constant([1, 2, 3, 4], [2, 2])
 * const [y] = await evaluate(() => [matmul(rows, constant([10, 1]))]) // [12, 34]
 */
export function matmul(a: Tensor, b: Tensor): Tensor {
  const inner = b.shape.length === 1 ? b.shape[0] : b.shape.at(-2)
  if (inner === undefined || a.shape.at(-1) !== inner) throw refused(a, b)
  if (a.shape.length === 1 || b.shape.length === 1) {
    const left = a.shape.length === 1 ? reshape(a, [1, -1]) : a
    const right = b.shape.length === 1 ? reshape(b, [-1, 1]) : b
    const product = matmul(left, right)
    const lead = product.shape.slice(0, -2)
    return reshape(product, [...lead, ...(left === a ? [product.shape.at(-2)!] : []), ...(right === b ? [product.shape.at(-1)!] : [])])
  }
  if (a.shape.length > 2 && batchOf(b) === 1 && b.shape.length <= a.shape.length) {
    const rows = matmulPrimitive([reshape(a, [-1, a.shape.at(-1)!]), reshape(b, b.shape.slice(-2))], null)[0]!
    return reshape(rows, [...a.shape.slice(0, -1), b.shape.at(-1)!] as Shape)
  }
  return matmulPrimitive([a, b], null)[0]!
}
