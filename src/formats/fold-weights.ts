/**
 * Weights as a graph reads them: what is only reshaped or transposed before it is used is stored so. ONNX Runtime would do that when it loads a graph, and holds
 * both for a time: of a network of 522 MB it kept 1.1 GB, with a peak of 1.7 GB, and 0.6 GB with weights that are stored as they are read.
 */
import { sizeOf } from '../tensor/index.ts'
import type { ConstantTensor, OnnxNode } from './onnx-fields.ts'

/** Smaller ones are left to ONNX Runtime. */
const worthwhile = 1 << 16

/** Rows and columns of what is a transposed matrix but for axes of one; undefined where it is something else. */
function matrixOf(shape: readonly number[], permutation: readonly number[]): readonly [rows: number, columns: number] | undefined {
  const order = permutation.filter((axis) => shape[axis] !== 1)
  return order.length === 2 && order[0]! > order[1]! ? [shape[order[1]!]!, shape[order[0]!]!] : undefined
}

/** Values of a matrix (rows, columns) as its transpose has them, written without a copy of all of them. */
function* transposedRows(values: Float32Array, rows: number, columns: number): Generator<Float32Array> {
  // Some columns at a time: each line of the processor's cache is read once.
  const together = 16
  const block = new Float32Array(together * rows)
  for (let from = 0; from < columns; from += together) {
    const count = Math.min(together, columns - from)
    for (let row = 0; row < rows; row++) for (let i = 0; i < count; i++) block[i * rows + row] = values[row * columns + from + i]!
    yield block.subarray(0, count * rows)
  }
}

/**
 * Nodes without those that reshape or transpose weights, whose results become weights in `constants`.
 *
 * @param kept names that have to stay results of nodes
 */
export function foldWeights(nodes: readonly OnnxNode[], constants: Map<string, ConstantTensor>, kept: ReadonlySet<string>): OnnxNode[] {
  const folded = ({ opType, from: [source, shape], to: [name], attributes }: OnnxNode): ConstantTensor | undefined => {
    const given = constants.get(source ?? '')
    if (!given || kept.has(name!) || given.type !== 'float32' || sizeOf(given.shape) < worthwhile) return undefined
    if (opType === 'Reshape') {
      const extents = constants.get(shape!)
      return extents && { ...given, shape: Array.from(extents.values as ArrayLike<number>) }
    }
    if (opType !== 'Transpose' || given.pieces || !(given.values instanceof Float32Array)) return undefined
    const permutation = attributes.perm as readonly number[]
    const matrix = matrixOf(given.shape, permutation)
    if (!matrix) return undefined
    const { values } = given
    return { ...given, shape: permutation.map((axis) => given.shape[axis]!), pieces: () => transposedRows(values, ...matrix) }
  }
  return nodes.filter((node) => {
    const constant = folded(node)
    if (constant) constants.set(node.to[0]!, constant)
    return constant === undefined
  })
}
