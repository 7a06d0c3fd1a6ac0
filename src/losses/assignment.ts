/**
 * The assignment problem outside of graphs: which target for which estimate, so that the sum of costs is least. The Hungarian method with
 * shortest augmenting paths and potentials (Kuhn 1955; Jonker & Volgenant 1987), n³ steps, exact.
 */

/** Adds one row to an assignment along the path of least cost; potentials keep all reduced costs ≥ 0. Indices count from 1; 0 is no row. */
function augment(row: number, cost: (row: number, column: number) => number, u: Float64Array, v: Float64Array, rowOf: Int32Array): void {
  const n = rowOf.length - 1
  const least = new Float64Array(n + 1).fill(Infinity)
  const from = new Int32Array(n + 1)
  const done = new Uint8Array(n + 1)
  rowOf[0] = row
  let column = 0
  do {
    done[column] = 1
    const at = rowOf[column]!
    let [delta, next] = [Infinity, 0]
    for (let j = 1; j <= n; j++) {
      if (done[j]) continue
      const reduced = cost(at, j) - u[at]! - v[j]!
      if (reduced < least[j]!) {
        least[j] = reduced
        from[j] = column
      }
      if (least[j]! < delta) [delta, next] = [least[j]!, j]
    }
    for (let j = 0; j <= n; j++) {
      if (done[j]) {
        u[rowOf[j]!]! += delta
        v[j]! -= delta
      } else least[j]! -= delta
    }
    column = next
  } while (rowOf[column] !== 0)
  for (; column !== 0; column = from[column]!) rowOf[column] = rowOf[from[column]!]!
}

/**
 * For each example the column of each row such that the chosen costs sum to the least: what `assignedLoss` takes.
 *
 * @param costs (b, n, n), row after row, finite
 * @param n rows of one example
 * @returns (b, n), each row of it a permutation of 0…n - 1
 * @throws RangeError where n is no whole number ≥ 1, the costs are not b·n² numbers, or one is not finite
 *
 * @example
 * assign([4, 1, 3, 2, 0, 5, 3, 2, 2], 3) // BigInt64Array [1, 0, 2]
 */
export function assign(costs: ArrayLike<number>, n: number): BigInt64Array {
  if (!Number.isInteger(n) || n < 1) throw new RangeError(`assign: n ${n}; allowed are whole numbers ≥ 1`)
  if (costs.length === 0 || costs.length % n ** 2 !== 0)
    throw new RangeError(`assign: ${costs.length} costs; needs b·n², a multiple of ${n ** 2}`)
  for (let i = 0; i < costs.length; i++)
    if (!Number.isFinite(costs[i])) throw new RangeError(`assign: cost ${i} is ${costs[i]}; allowed are finite numbers`)
  const columns = new BigInt64Array(costs.length / n)
  for (let start = 0; start < costs.length; start += n * n) {
    const [u, v, rowOf] = [new Float64Array(n + 1), new Float64Array(n + 1), new Int32Array(n + 1)]
    const cost = (row: number, column: number) => costs[start + (row - 1) * n + column - 1]!
    for (let row = 1; row <= n; row++) augment(row, cost, u, v, rowOf)
    for (let j = 1; j <= n; j++) columns[start / n + rowOf[j]! - 1] = BigInt(j - 1)
  }
  return columns
}
