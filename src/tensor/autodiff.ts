/**
 * Reverse-mode differentiation of a traced graph: walks from a scalar back to the tensors asked for and appends the derivative in the
 * same primitives, so the result is again a graph that can be compiled, inspected, or differentiated once more.
 */
import { add, mul } from './ops/elementwise.ts'
import { expand, sum } from './ops/movement.ts'
import { formatShape } from './shape.ts'
import { constant, input, type Node, type OperationNode, ShapeError, type Tensor, withPlace } from './tensor.ts'

/** Operation nodes that the tensors depend on, inputs before users. Iterative: graphs are deeper than the call stack. */
export function topologicalOrder(roots: readonly Tensor[]): OperationNode[] {
  const order: OperationNode[] = []
  const state = new Map<Node, 'open' | 'done'>()
  const stack: Node[] = roots.map((tensor) => tensor.node).reverse()
  while (stack.length > 0) {
    const node = stack.at(-1)!
    if (node.kind !== 'operation' || state.get(node) === 'done') {
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

function tensorsOf(node: OperationNode): Tensor[] {
  return node.outputs.map((spec, index) => ({ node, index, ...spec }))
}

/**
 * Gradients of a scalar with respect to tensors of its graph, each of that tensor's shape; tensors that it does not depend on get zeros.
 *
 * @throws ShapeError where the loss is no float32 scalar
 *
 * @example
 * const x = constant([1, -2, 3])
 * const [dx] = await evaluate(() => grad(sum(mul(x, x)), [x])) // [2, -4, 6]
 */
export function grad(loss: Tensor, wrt: readonly Tensor[]): Tensor[] {
  if (loss.shape.length !== 0 || loss.dtype !== 'float32') {
    throw new ShapeError(
      'grad',
      `needs a float32 scalar to differentiate, got ${loss.dtype} ${formatShape(loss.shape)}; reduce it with sum or mean`,
    )
  }
  const order = topologicalOrder([loss])
  const wanted = new Map<Node, Set<number>>()
  for (const tensor of wrt) {
    const indices = wanted.get(tensor.node) ?? new Set()
    wanted.set(tensor.node, indices.add(tensor.index))
  }
  const reaches = new Set<Node>(wanted.keys())
  const matters = (x: Tensor) => x.dtype === 'float32' && reaches.has(x.node)
  for (const node of order) if (node.inputs.some(matters)) reaches.add(node)

  const cotangents = new Map<Node, (Tensor | undefined)[]>()
  const accumulate = (x: Tensor, ct: Tensor) => {
    const list = cotangents.get(x.node) ?? []
    const before = list[x.index]
    list[x.index] = before ? add(before, ct) : ct
    cotangents.set(x.node, list)
  }
  accumulate(loss, constant(1))
  for (const node of order.reverse()) {
    const list = cotangents.get(node)
    if (!list || !reaches.has(node)) continue
    const needs = node.inputs.map(matters)
    const outputs = tensorsOf(node)
    const parts = withPlace(node.place, () =>
      node.operation.vjp({ inputs: node.inputs, outputs, cotangents: outputs.map((_, i) => list[i]), needs }),
    )
    node.inputs.forEach((x, i) => {
      const part = parts[i]
      if (part && needs[i]) accumulate(x, part)
    })
    if (!wanted.has(node)) cotangents.delete(node)
  }
  return wrt.map((x) => cotangents.get(x.node)?.[x.index] ?? expand(constant(0), x.shape))
}

/**
 * The adjoint of a linear function: ⟨f(x), y⟩ = ⟨x, adjoint(f)(y)⟩ for all x and y. The derivative of a linear function does not depend on
 * where it is taken, so it is taken at a placeholder that the result does not contain.
 *
 * @param f a linear function of one tensor to several
 * @param shape of f's argument
 */
export function adjoint(f: (x: Tensor) => readonly Tensor[], shape: readonly number[], cotangents: readonly Tensor[]): Tensor {
  const x = input('linear placeholder', shape)
  const inner = f(x).map((y, i) => sum(mul(y, cotangents[i]!)))
  return grad(
    inner.reduce((total, term) => add(total, term)),
    [x],
  )[0]!
}
