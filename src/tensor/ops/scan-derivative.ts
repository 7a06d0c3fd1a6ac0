/**
 * The derivative of a scan: another one that runs the other way (back-propagation through time, Werbos 1990). What it needs of the way there is
 * remembered, not computed again, and weights that every step multiplies with get their gradient after the loop, in one matrix product over
 * all steps.
 */
import { pullback } from '../autodiff.ts'
import { substitute, TensorMap, topologicalOrder } from '../graph.ts'
import {
  type Body,
  input,
  isFloat,
  type Node,
  nextSerial,
  type OperationNode,
  type Tensor,
  type TensorSpec,
  type VjpContext,
} from '../tensor.ts'
import { add, zerosLike } from './elementwise.ts'
import { matmul } from './matmul.ts'
import { reshape, transpose } from './movement.ts'
import { type ApplyScan, outputSpec, type ScanAttributes, same } from './scan-step.ts'
import { concat, narrow } from './slicing.ts'

/** The output of a scan that stacks a tensor of its body, made on first demand. */
function remember(node: OperationNode, x: Tensor, attributes: ScanAttributes): Tensor {
  const { body, carries } = attributes
  let index = body.outputs.findIndex((y, i) => i >= carries && same(x, y))
  if (index < 0) index = body.outputs.push(x) - 1
  const outputs = node.outputs as TensorSpec[]
  for (let i = outputs.length; i <= index; i++) outputs.push(outputSpec(body.outputs[i]!, i, attributes))
  return { node, index, ...outputs[index]! }
}

/**
 * What a carry was at the start of every step: its start, then what the steps but the last made of it. As these are often stacked for the
 * caller already (the states of a recurrent layer), they need not be remembered once more.
 */
function carriesBefore(node: OperationNode, position: number, attributes: ScanAttributes): Tensor {
  const { body, length, reverse } = attributes
  const start = node.inputs[position]!
  const first = reshape(start, [1, ...start.shape])
  if (length === 1) return first
  const stack = remember(node, body.outputs[position]!, attributes)
  return reverse ? concat([narrow(stack, 0, 1, length), first], 0) : concat([first, narrow(stack, 0, 0, length - 1)], 0)
}

/** Functions so cheap that computing them again beats remembering their values. */
const cheap = new Set(['tanh', 'sigmoid', 'relu'])

function flatRows(x: Tensor): Tensor {
  return reshape(x, [-1, x.shape.at(-1)!])
}

/** rows · matrix with a matrix that is the same in all steps, and the cotangent of the product. */
interface Product {
  readonly matrix: Tensor
  readonly rows: Tensor
  readonly cotangent: Tensor
}

/** Cotangents of a scan's inputs. */
export function scanDerivative(
  { inputs, outputs, cotangents, needs }: VjpContext,
  attributes: ScanAttributes,
  apply: ApplyScan,
): (Tensor | undefined)[] {
  const { body, carries, slices, length, reverse, since, until, renamed } = attributes
  const node = outputs[0]!.node as OperationNode
  const constantFrom = carries + slices
  const start = nextSerial()
  const carried = body.inputs.slice(0, carries).flatMap((x, position) => {
    return isFloat(x) ? [{ position, x, ct: input('cotangent of a carry', x.shape) }] : []
  })
  const stacked = body.outputs.slice(0, cotangents.length).flatMap((y, i) => {
    const outer = i >= carries ? cotangents[i] : undefined
    return outer && isFloat(y) ? [{ outer, y, ct: input('cotangent of an output', y.shape) }] : []
  })
  const wanted = body.inputs.flatMap((x, position) => (position >= carries && needs[position] ? [{ position, x }] : []))

  // One step backwards, in terms of what the step forwards computed.
  const products: Product[] = []
  const parts = pullback(
    [
      ...carried.map(({ position, ct }) => ({ output: body.outputs[position]!, cotangent: ct })),
      ...stacked.map(({ y, ct }) => ({ output: y, cotangent: ct })),
    ],
    [...carried, ...wanted].map(({ x }) => x),
    {
      intercept: ({ operation, inputs: operands }, [ct]) => {
        const [rows, matrix] = operands
        const found = operation.name === 'matmul' && wanted.some(({ position, x }) => position >= constantFrom && same(x, matrix!))
        if (!found || !ct || rows!.shape.length !== 2 || matrix!.shape.length !== 2) return undefined
        products.push({ matrix: matrix!, rows: rows!, cotangent: ct })
        return [false, true]
      },
    },
  )
  const found = wanted.flatMap((entry, i) => {
    const part = parts[carried.length + i]
    return part ? [{ ...entry, part }] : []
  })
  const perStep = found.filter(({ position }) => position < constantFrom)
  const summed = found
    .filter(({ position }) => position >= constantFrom)
    .map((entry) => ({ ...entry, total: input('running sum', entry.x.shape) }))
  const traced = [
    ...carried.map(({ x }, i) => parts[i] ?? zerosLike(x)),
    ...summed.map(({ total, part }) => add(total, part)),
    ...perStep.map(({ part }) => part),
    ...products.map(({ cotangent }) => cotangent),
  ]
  // Rules of customDerivative may give the step's tensors as they were traced; what comes from outside the step stays there.
  const outside = ({ serial }: Node) => serial < since || (serial >= until && serial < start)
  const results = renamed.reduce((list, table) => substitute(list, new TensorMap(table), outside), traced)

  // What it reads of the step forwards comes in as sequences: slices as they were, the rest remembered.
  const sequences: { readonly inner: Tensor; readonly outer: Tensor }[] = stacked.map(({ ct, outer }) => ({ inner: ct, outer }))
  const stackOf = (x: Tensor): Tensor => {
    const position = body.inputs.findIndex((y) => same(x, y))
    if (position < 0) return remember(node, x, attributes)
    return position < carries ? carriesBefore(node, position, attributes) : inputs[position]!
  }
  const replaced = new TensorMap<Tensor>()
  const computed = new Set<Node>(topologicalOrder(body.outputs))
  const known = (other: Node) => computed.has(other) || outside(other)
  const provide = (x: Tensor): void => {
    const position = body.inputs.findIndex((y) => same(x, y))
    if (replaced.get(x) || (position < 0 && !computed.has(x.node))) return
    const source = x.node as OperationNode
    if (position < 0 && cheap.has(source.operation.name) && body.outputs.some((y) => same(y, source.inputs[0]!))) {
      provide(source.inputs[0]!)
      replaced.set(x, { ...x, node: { ...source, serial: nextSerial(), inputs: [replaced.get(source.inputs[0]!)!] } })
      return
    }
    const inner = position >= constantFrom ? inputs[position]! : input('remembered', x.shape, x.dtype)
    replaced.set(x, inner)
    if (position < constantFrom) sequences.push({ inner, outer: stackOf(x) })
  }
  for (const x of [...topologicalOrder(results, known).flatMap((other) => other.inputs), ...results]) provide(x)
  const step: Body = {
    inputs: [...carried.map(({ ct }) => ct), ...summed.map(({ total }) => total), ...sequences.map(({ inner }) => inner)],
    outputs: substitute(results, replaced, known),
  }
  const last = apply(step, {
    carry: [...carried.map(({ position, x }) => cotangents[position] ?? zerosLike(x)), ...summed.map(({ x }) => zerosLike(x))],
    sequences: sequences.map(({ outer }) => outer),
    length,
    reverse: !reverse,
    since: start,
    renamed: [...renamed, replaced],
  })

  const gradients: (Tensor | undefined)[] = inputs.map(() => undefined)
  const accumulate = (position: number, part: Tensor) => {
    const before = gradients[position]
    gradients[position] = before ? add(before, part) : part
  }
  for (const [i, { position }] of [...carried, ...summed, ...perStep].entries()) accumulate(position, last[i]!)
  products.forEach(({ matrix, rows }, i) => {
    const cotangent = last[carried.length + found.length + i]!
    const position = body.inputs.findIndex((x) => same(x, matrix))
    accumulate(position, matmul(transpose(flatRows(stackOf(rows)), [1, 0]), flatRows(cotangent)))
  })
  return gradients
}
