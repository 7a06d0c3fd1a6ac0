/**
 * Linear equations with Hermitian positive definite matrices, one per bin, by A = L D Lᴴ (Golub & Van Loan, Matrix Computations, 4.1). Channels are
 * few and bins are many: each element of the matrix is a plane of its own, and the elimination is written out. It needs no pivots and forms no
 * determinant, which in float32 loses all digits where channels are nearly alike, as those of a voice in the middle are.
 */
import { type Complex, complex, div, mul, sub, type Tensor } from '../tensor/index.ts'

/**
 * A⁻¹x.
 *
 * @param a the lower triangle: `a[i][j]`, j ≤ i, planes of one shape; the diagonal's imaginary parts are not read. It is overwritten.
 * @param x a plane per row
 */
export function solveHermitian(a: Complex[][], x: readonly Complex[]): Complex[] {
  const n = x.length
  const scaled = (z: Complex, by: Tensor): Complex => complex.map(z, (part) => mul(part, by))
  const inverse: Tensor[] = []
  const y: Complex[] = [...x]
  for (let j = 0; j < n; j++) {
    inverse[j] = div(1, a[j]![j]!.re)
    for (let i = j + 1; i < n; i++) {
      const factor = scaled(a[i]![j]!, inverse[j]!)
      for (let k = j + 1; k <= i; k++) {
        const product = complex.mul(factor, complex.conj(a[k]![j]!))
        // What is subtracted from the diagonal is real.
        a[i]![k] = k === i ? { re: sub(a[i]![i]!.re, product.re), im: a[i]![i]!.im } : complex.sub(a[i]![k]!, product)
      }
      y[i] = complex.sub(y[i]!, complex.mul(factor, y[j]!))
    }
  }
  for (let i = n - 1; i >= 0; i--) {
    // Column i holds L·D: divided by the pivot of this row it is L.
    let rest = y[i]!
    for (let k = i + 1; k < n; k++) rest = complex.sub(rest, complex.mul(complex.conj(a[k]![i]!), y[k]!))
    y[i] = scaled(rest, inverse[i]!)
  }
  return y
}
