/** Walks over traced graphs: order, rewriting, and the plain float64 interpretation. */
import { type NdArray, type Node, nextSerial, type OperationNode, type Tensor } from './tensor.ts'

/**
 * Operation nodes that the tensors depend on, inputs before users. Iterative: graphs are deeper than the call stack.
 *
 * @param known nodes where the walk stops
 */
export function topologicalOrder(roots: readonly Tensor[], known: (node: Node) => boolean = () => false): OperationNode[] {
  const order: OperationNode[] = []
  const state = new Map<Node, 'open' | 'done'>()
  const stack: Node[] = roots.map((tensor) => tensor.node).reverse()
  while (stack.length > 0) {
    const node = stack.at(-1)!
    if (node.kind !== 'operation' || state.get(node) === 'done' || known(node)) {
      stack.pop()
    } else if (state.get(node) === 'open') {
      stack.pop()
      state.set(node, 'done')
      order.push(node)
    } else {
      state.set(node, 'open')
      for (const x of node.inputs) if (x.node.kind === 'operation' && !state.has(x.node)) stack.push(x.node)
    }
  }
  return order
}

export function tensorsOf(node: OperationNode): Tensor[] {
  return node.outputs.map((spec, index) => ({ node, index, ...spec }))
}

/** A table by tensor: tensors are plain data, and what makes two of them one is their node and index. */
export class TensorMap<T> {
  readonly #byNode = new Map<Node, Map<number, T>>()
  readonly #below: TensorMap<T> | undefined

  /** @param below is asked where this table has no entry, and never written to */
  constructor(below?: TensorMap<T>) {
    this.#below = below
  }

  get(x: Tensor): T | undefined {
    return this.#byNode.get(x.node)?.get(x.index) ?? this.#below?.get(x)
  }

  set(x: Tensor, value: T): void {
    const row = this.#byNode.get(x.node)
    if (row) row.set(x.index, value)
    else this.#byNode.set(x.node, new Map([[x.index, value]]))
  }
}

/**
 * The same computation of other tensors: copies every node between the roots and what is replaced.
 *
 * @param known nodes that are taken as they are, with all before them
 */
export function substitute(roots: readonly Tensor[], replaced: TensorMap<Tensor>, known: (node: Node) => boolean): Tensor[] {
  const now = (x: Tensor): Tensor => replaced.get(x) ?? x
  for (const node of topologicalOrder(roots, known)) {
    const inputs = node.inputs.map(now)
    if (inputs.every((x, i) => x === node.inputs[i])) continue
    const copy: OperationNode = { ...node, serial: nextSerial(), inputs, outputs: [...node.outputs] }
    for (const x of tensorsOf(node)) if (!replaced.get(x)) replaced.set(x, { ...x, node: copy })
  }
  return roots.map(now)
}

/** Values of tensors in float64, one primitive after the other; `given` knows those of inputs. */
export function interpret(order: readonly OperationNode[], roots: readonly Tensor[], given: (x: Tensor) => NdArray | undefined): NdArray[] {
  const values = new Map<Node, readonly NdArray[]>()
  const numbersOf = (x: Tensor): NdArray => {
    const known = given(x) ?? values.get(x.node)?.[x.index]
    if (known) return known
    if (x.node.kind === 'constant') return { shape: x.shape, data: x.node.data }
    throw new Error(`interpret: ${x.node.kind === 'input' ? `the input "${x.node.name}"` : x.node.operation.name} has no value`)
  }
  for (const node of order) values.set(node, node.operation.evaluate(node.inputs.map(numbersOf), node.outputs))
  return roots.map(numbersOf)
}
