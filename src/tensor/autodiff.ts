/**
 * Reverse-mode differentiation of a traced graph: walks from a scalar back to the tensors asked for and appends the derivative in the
 * same primitives, so the result is again a graph that can be compiled, inspected, or differentiated once more.
 */
import { tensorsOf, topologicalOrder } from './graph.ts'
import { add, mul, zerosLike } from './ops/elementwise.ts'
import { sum } from './ops/movement.ts'
import { formatShape } from './shape.ts'
import { atPlace, constant, input, isFloat, type Node, type OperationNode, ShapeError, type Tensor } from './tensor.ts'

/** What a walk backwards starts from: an output and its cotangent, which is float32 of the output's shape, also where the output is float16. */
export interface Seed {
  readonly output: Tensor
  readonly cotangent: Tensor
}

export interface PullbackOptions {
  /** Nodes where the walk stops: it does not ask for their rules. */
  readonly known?: (node: Node) => boolean
  /** Sees each node with its outputs' cotangents before its rule is asked; inputs for which it gives true are left to it. */
  readonly intercept?: (node: OperationNode, cotangents: readonly (Tensor | undefined)[]) => readonly boolean[] | undefined
}

/**
 * Cotangents of tensors from those of outputs: Σ cotangentᵀ · ∂output/∂x for each x. Undefined where no output depends on it. They are float32:
 * float16 stores what is computed with in float32, and sums of gradients in it would lose what is small and overflow where it is large.
 */
export function pullback(
  seeds: readonly Seed[],
  wrt: readonly Tensor[],
  { known, intercept }: PullbackOptions = {},
): (Tensor | undefined)[] {
  const order = topologicalOrder(
    seeds.map(({ output }) => output),
    known,
  )
  const wanted = new Map<Node, Set<number>>()
  for (const tensor of wrt) {
    const indices = wanted.get(tensor.node) ?? new Set()
    wanted.set(tensor.node, indices.add(tensor.index))
  }
  const reaches = new Set<Node>(wanted.keys())
  const matters = (x: Tensor) => isFloat(x) && reaches.has(x.node)
  for (const node of order) if (node.inputs.some(matters)) reaches.add(node)

  const cotangents = new Map<Node, (Tensor | undefined)[]>()
  const accumulate = (x: Tensor, ct: Tensor) => {
    const list = cotangents.get(x.node) ?? []
    const before = list[x.index]
    list[x.index] = before ? add(before, ct) : ct
    cotangents.set(x.node, list)
  }
  for (const { output, cotangent } of seeds) accumulate(output, cotangent)
  // Youngest first, whatever the order of the search: what a layer made of its weight (a transpose) is looked at with the layer. At the end of the walk,
  // where the search has such nodes, all gradients of weights would be traced last, written last, and their operands kept until then.
  for (const node of order.sort((a, b) => b.serial - a.serial)) {
    const list = cotangents.get(node)
    if (!list || !reaches.has(node)) continue
    const outputs = tensorsOf(node)
    const given = outputs.map((_, i) => list[i])
    const parts = atPlace(node.place, () => {
      const taken = intercept?.(node, given)
      const needs = node.inputs.map((x, i) => matters(x) && !taken?.[i])
      if (!needs.includes(true)) return []
      return node.operation.vjp({ inputs: node.inputs, outputs, cotangents: given, needs }).map((part, i) => (needs[i] ? part : undefined))
    })
    node.inputs.forEach((x, i) => {
      const part = parts[i]
      if (part) accumulate(x, part)
    })
    if (!wanted.has(node)) cotangents.delete(node)
  }
  return wrt.map((x) => cotangents.get(x.node)?.[x.index])
}

/**
 * Gradients of a scalar with respect to tensors of its graph, each of that tensor's shape and float32, also for float16 tensors; tensors that
 * it does not depend on get zeros.
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
  return pullback([{ output: loss, cotangent: constant(1) }], wrt).map((part, i) => part ?? zerosLike(wrt[i]!))
}

/**
 * A scalar function's value and its gradients with respect to its arguments.
 *
 * @param f of float32 tensors to a float32 scalar
 *
 * @example
 * const f = valueAndGrad((x) => sum(mul(x, x)))
 * const [value, dx] = await evaluate(() => {
 *   const { value, gradients } = f(constant([3, 4]))
 *   return [value, gradients[0]!]
 * })
 * value // [25]
 * dx // [6, 8]
 */
export function valueAndGrad(f: (...x: Tensor[]) => Tensor): (...x: Tensor[]) => { value: Tensor; gradients: Tensor[] } {
  return (...x) => {
    const value = f(...x)
    return { value, gradients: grad(value, x) }
  }
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
