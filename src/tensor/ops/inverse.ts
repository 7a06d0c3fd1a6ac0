/**
 * Inverse of small matrices, (…, n, n), for losses and filters that whiten or solve. ONNX has no such operator. A static graph cannot swap
 * rows, but it can choose them: Gauss–Jordan elimination in place (Golub & Van Loan, Matrix Computations, 3.4), with the pivot's row as a
 * one-hot vector that multiplies. So partial pivoting is there, and with it the accuracy of the usual solvers.
 */
import { onnxElementType } from '../dtype.ts'
import { ndarray } from '../ndarray.ts'
import { definePrimitive } from '../primitive.ts'
import { formatShape, sizeOf } from '../shape.ts'
import { checkDtypes, type Emitter, ShapeError, type Tensor } from '../tensor.ts'
import { neg } from './arithmetic.ts'
import { matmul } from './matmul.ts'
import { transpose } from './movement.ts'

/** A step of elimination is 15 nodes, and there are n. */
const largest = 32

/** [A | I] to [I | A⁻¹], row by row, with partial pivoting. */
function invert(source: Float64Array, n: number): Float64Array {
  const a = source.slice()
  const b = new Float64Array(n * n)
  for (let i = 0; i < n; i++) b[i * n + i] = 1
  const swap = (x: Float64Array, i: number, j: number) => {
    const row = x.slice(i * n, (i + 1) * n)
    x.copyWithin(i * n, j * n, (j + 1) * n)
    x.set(row, j * n)
  }
  for (let k = 0; k < n; k++) {
    let pivot = k
    for (let i = k + 1; i < n; i++) if (Math.abs(a[i * n + k]!) > Math.abs(a[pivot * n + k]!)) pivot = i
    for (const x of [a, b]) swap(x, k, pivot)
    const scale = a[k * n + k]!
    for (const x of [a, b]) for (let j = 0; j < n; j++) x[k * n + j]! /= scale
    for (let i = 0; i < n; i++) {
      const factor = a[i * n + k]!
      if (i !== k) for (const x of [a, b]) for (let j = 0; j < n; j++) x[i * n + j]! -= factor * x[k * n + j]!
    }
  }
  return b
}

/**
 * Eliminates column by column: w is [A | I] (b, n, 2n) without the columns that are done. Each step takes the unused row with the largest
 * |element| of the first column, subtracts its multiples from all rows, itself included, so that it is left divided by its pivot, and drops
 * the column. In the end the row that was the k-th pivot is row k of the inverse.
 */
function eliminate(emitter: Emitter, a: string, batch: number, n: number): string {
  const one = (opType: string, inputs: readonly string[], attributes = {}) => emitter.node(opType, inputs, attributes)[0]!
  const split = (x: string, width: number): [string, string] =>
    emitter.node('Split', [x, emitter.ints([1, width - 1])], { axis: 2 }, 2) as [string, string]
  const identity = emitter.floats(
    Array.from({ length: n * n }, (_, i) => Number(i % (n + 1) === 0)),
    [1, n, n],
  )
  const rows = emitter.ints([...new Array(n).keys()], [1, n, 1])
  let w = one('Concat', [a, one('Expand', [identity, emitter.ints([batch, n, n])])], { axis: 2 })
  let used = emitter.floats(new Array(n).fill(0), [1, n, 1])
  const picks: string[] = []
  for (let k = 0; k < n; k++) {
    const [column, rest] = split(w, 2 * n - k)
    // Used rows count −1: even a column of zeros has its pivot among the others, and a singular matrix ends in a division by zero.
    const free = one('Sub', [emitter.floats([1], []), used])
    const score = one('Sub', [one('Mul', [one('Abs', [column]), free]), used])
    const chosen = one('Cast', [one('Equal', [rows, one('ArgMax', [score], { axis: 1, keepdims: 1 })])], { to: onnxElementType.float32 })
    const pick = one('Reshape', [chosen, emitter.ints([batch, 1, n])])
    const [pivot, row] = split(one('MatMul', [pick, w]), 2 * n - k)
    w = one('Sub', [rest, one('Mul', [one('Sub', [column, chosen]), one('Div', [row, pivot])])])
    used = one('Add', [used, chosen])
    picks.push(pick)
  }
  return one('MatMul', [one('Concat', picks, { axis: 1 }), w])
}

const inversePrimitive = definePrimitive<null>('inverse', {
  infer: ([a]) => {
    checkDtypes('inverse', [a!])
    const [n, columns] = a!.shape.slice(-2)
    if (n === undefined || n !== columns || n > largest) {
      throw new ShapeError('inverse', `${formatShape(a!.shape)}: needs (…, n, n) with n in 1…${largest}`)
    }
    return [{ shape: a!.shape, dtype: 'float32' }]
  },
  vjp: ({ outputs: [y], cotangents: [ct] }) => {
    const rank = y!.shape.length
    const yT = transpose(y!, [...y!.shape.keys()].slice(0, -2).concat(rank - 1, rank - 2))
    return [neg(matmul(matmul(yT, ct!), yT))]
  },
  lower: (emitter, [a], { inputs: [spec] }) => {
    const n = spec!.shape.at(-1)!
    const batch = sizeOf(spec!.shape) / (n * n)
    const y = eliminate(emitter, emitter.node('Reshape', [a!, emitter.ints([batch, n, n])])[0]!, batch, n)
    return emitter.node('Reshape', [y, emitter.ints(spec!.shape)])
  },
  evaluate: ([a]) => {
    const n = a!.shape.at(-1)!
    const out = ndarray(a!.shape)
    for (let i = 0; i < a!.data.length; i += n * n) out.data.set(invert(a!.data.subarray(i, i + n * n), n), i)
    return [out]
  },
})

/**
 * Inverses of square matrices, (…, n, n) → (…, n, n) for n ≤ 32. With κ the condition number ‖A‖‖A⁻¹‖, the relative error in float32 is
 * about 1e-7·κ, as with LAPACK's float32 solver. A singular matrix gives elements that are not finite.
 *
 * @throws ShapeError where the last two axes differ or exceed 32, or a dtype is not float32
 *
 * @example
 * const [y] = await evaluate(() => [inverse(constant([0, 2, 4, 0], [2, 2]))]) // [0, 0.25, 0.5, 0]
 */
export function inverse(a: Tensor): Tensor {
  return inversePrimitive([a], null)[0]!
}
