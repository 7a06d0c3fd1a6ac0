/**
 * `scan`: a loop over the first axis with carried state, as one node, so that a recurrence of any length is not unrolled. Its derivative is
 * another scan that runs the other way (back-propagation through time, Werbos 1990). What that one needs of the way there is remembered, not
 * computed again, and weights that every step multiplies with get their gradient after the loop, in one matrix product over all steps.
 */
import { pullback } from '../autodiff.ts'
import { interpret, substitute, TensorMap, topologicalOrder } from '../graph.ts'
import { ndarray } from '../ndarray.ts'
import { definePrimitive } from '../primitive.ts'
import { formatShape, sameShape, sizeOf } from '../shape.ts'
import {
  type Body,
  constant,
  type Emitter,
  input,
  isFloat,
  type LowerContext,
  type NdArray,
  type Node,
  nextSerial,
  type OperationNode,
  ShapeError,
  type Tensor,
  type TensorSpec,
  withPlace,
} from '../tensor.ts'
import { add, zerosLike } from './elementwise.ts'
import { matmul } from './matmul.ts'
import { reshape, transpose } from './movement.ts'
import { concat, narrow } from './slicing.ts'

/** Another way to compute a scan's outputs, taken where no derivative asks for what the steps computed. */
export interface FusedScan {
  readonly inputs: readonly Tensor[]
  /** Names of the scan's outputs (carries, then stacked outputs) from those of `inputs`. */
  readonly lower: (emitter: Emitter, inputs: readonly string[], context: LowerContext) => readonly string[]
}

interface ScanAttributes {
  /** One step. inputs: carries, slices of the sequences, what is the same in all steps. outputs: next carries, what is stacked, and then what a derivative wants remembered. */
  readonly body: { readonly inputs: readonly Tensor[]; readonly outputs: Tensor[] }
  readonly carries: number
  readonly slices: number
  readonly length: number
  readonly reverse: boolean
  /** Number of outputs that the caller sees. */
  readonly visible: number
  readonly fused: FusedScan['lower'] | undefined
  readonly toJSON: () => number
}

function same(x: Tensor, y: Tensor): boolean {
  return x.node === y.node && x.index === y.index
}

function outputSpec(x: Tensor, position: number, { carries, length }: ScanAttributes): TensorSpec {
  return { shape: position < carries ? x.shape : [length, ...x.shape], dtype: x.dtype }
}

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

const scanPrimitive = definePrimitive<ScanAttributes>('scan', {
  infer: (_, attributes) => attributes.body.outputs.slice(0, attributes.visible).map((x, i) => outputSpec(x, i, attributes)),

  vjp: ({ inputs, outputs, cotangents, needs, attributes }) => {
    const { body, carries, slices, length, reverse } = attributes
    const node = outputs[0]!.node as OperationNode
    const constantFrom = carries + slices
    const start = nextSerial()
    const carried = body.inputs.slice(0, carries).flatMap((x, position) => {
      return isFloat(x) ? [{ position, x, ct: input('cotangent of a carry', x.shape, x.dtype) }] : []
    })
    const stacked = body.outputs.slice(0, cotangents.length).flatMap((y, i) => {
      const outer = i >= carries ? cotangents[i] : undefined
      return outer && isFloat(y) ? [{ outer, y, ct: input('cotangent of an output', y.shape, y.dtype) }] : []
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
          if (!found || !ct || rows!.shape.length !== 2) return undefined
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
      .map((entry) => ({ ...entry, total: input('running sum', entry.x.shape, entry.x.dtype) }))
    const results = [
      ...carried.map(({ x }, i) => parts[i] ?? zerosLike(x)),
      ...summed.map(({ total, part }) => add(total, part)),
      ...perStep.map(({ part }) => part),
      ...products.map(({ cotangent }) => cotangent),
    ]

    // What it reads of the step forwards comes in as sequences: slices as they were, the rest remembered.
    const sequences: { readonly inner: Tensor; readonly outer: Tensor }[] = stacked.map(({ ct, outer }) => ({ inner: ct, outer }))
    const stackOf = (x: Tensor): Tensor => {
      const position = body.inputs.findIndex((y) => same(x, y))
      if (position < 0) return remember(node, x, attributes)
      return position < carries ? carriesBefore(node, position, attributes) : inputs[position]!
    }
    const replaced = new TensorMap<Tensor>()
    const old = (other: Node) => other.kind === 'operation' && other.serial < start
    const provide = (x: Tensor): void => {
      const position = body.inputs.findIndex((y) => same(x, y))
      if (replaced.get(x) || (position < 0 && !old(x.node))) return
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
    for (const x of [...topologicalOrder(results, old).flatMap((other) => other.inputs), ...results]) provide(x)
    const step: Body = {
      inputs: [...carried.map(({ ct }) => ct), ...summed.map(({ total }) => total), ...sequences.map(({ inner }) => inner)],
      outputs: substitute(results, replaced, old),
    }
    const last = applyScan(step, {
      carry: [...carried.map(({ position, x }) => cotangents[position] ?? zerosLike(x)), ...summed.map(({ x }) => zerosLike(x))],
      sequences: sequences.map(({ outer }) => outer),
      length,
      reverse: !reverse,
      since: start,
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
  },

  lower: (emitter, names, context) => {
    const { body, carries, slices, reverse, visible, fused } = context.attributes
    const { used } = context
    if (fused && !used.slice(visible).includes(true)) return fused(emitter, names.slice(body.inputs.length), context)
    const kept = used.flatMap((wanted, i) => (i < carries || wanted ? [i] : []))
    const direction = reverse ? 1 : 0
    const varying = carries + slices
    const results = emitter.node(
      'Scan',
      names.slice(0, varying),
      {
        body: emitter.subgraph(
          { inputs: body.inputs.slice(0, varying), outputs: kept.map((i) => body.outputs[i]!) },
          body.inputs.slice(varying).map((x, i) => [x, names[varying + i]!] as const),
        ),
        num_scan_inputs: slices,
        scan_input_directions: new Array<number>(slices).fill(direction),
        scan_output_directions: new Array<number>(kept.length - carries).fill(direction),
      },
      kept.length,
    )
    return used.map((_, i) => results[kept.indexOf(i)] ?? '')
  },

  evaluate: (inputs, { body, carries, slices, length, reverse }, outputs) => {
    const wanted = body.outputs.slice(0, outputs.length)
    const order = topologicalOrder(wanted)
    const stacks = outputs.slice(carries).map(({ shape }) => ndarray(shape))
    let carried = inputs.slice(0, carries)
    for (let step = 0; step < length; step++) {
      const at = reverse ? length - 1 - step : step
      const given = new TensorMap<NdArray>()
      for (const [i, x] of body.inputs.entries()) {
        const whole = i < carries ? carried[i]! : inputs[i]!
        const size = sizeOf(x.shape)
        const isSlice = i >= carries && i < carries + slices
        given.set(x, isSlice ? { shape: x.shape, data: whole.data.subarray(at * size, (at + 1) * size) } : whole)
      }
      const results = interpret(order, wanted, (x) => given.get(x))
      carried = results.slice(0, carries)
      for (const [i, stack] of stacks.entries()) stack.data.set(results[carries + i]!.data, at * (stack.data.length / length))
    }
    return [...carried, ...stacks]
  },

  products: (_, { body, length }) => {
    const step = topologicalOrder(body.outputs)
    return length * step.reduce((total, { operation, inputs, outputs }) => total + operation.products(inputs, outputs), 0)
  },
})

interface Application {
  readonly carry: readonly Tensor[]
  readonly sequences: readonly Tensor[]
  readonly length: number
  readonly reverse: boolean
  /** Nodes older than this do not depend on the step's inputs. */
  readonly since: number
  readonly fused?: FusedScan | undefined
}

/** Closes a step (what it reads from outside, and what it computes from that alone, becomes an input of the node) and makes the node. */
function applyScan(step: Body, { carry, sequences, length, reverse, since, fused }: Application): Tensor[] {
  const outside = (node: Node) => node.serial < since
  const varying = new Set<Node>(step.inputs.map((x) => x.node))
  const order = topologicalOrder(step.outputs, outside)
  for (const node of order) if (node.inputs.some((x) => varying.has(x.node))) varying.add(node)
  const captured = new TensorMap<Tensor>()
  const [inner, outer]: [Tensor[], Tensor[]] = [[], []]
  for (const x of [...order.filter((node) => varying.has(node)).flatMap((node) => node.inputs), ...step.outputs]) {
    const own = x.node.kind === 'constant' && !outside(x.node)
    if (varying.has(x.node) || own || captured.get(x)) continue
    const placeholder = input('captured', x.shape, x.dtype)
    captured.set(x, placeholder)
    inner.push(placeholder)
    outer.push(x)
  }
  // A stacked output that is asked for twice is stacked once: an addition passes one cotangent on to both of its operands.
  const [states, stacked] = [step.outputs.slice(0, carry.length), step.outputs.slice(carry.length)]
  const distinct = stacked.filter((x, i) => stacked.findIndex((y) => same(x, y)) === i)
  const outputs = substitute([...states, ...distinct], captured, (node) => !varying.has(node))
  const id = nextSerial()
  const attributes: ScanAttributes = {
    body: { inputs: [...step.inputs, ...inner], outputs },
    carries: carry.length,
    slices: sequences.length,
    length,
    reverse,
    visible: outputs.length,
    fused: fused?.lower,
    toJSON: () => id,
  }
  const tensors = scanPrimitive([...carry, ...sequences, ...outer, ...(fused?.inputs ?? [])], attributes)
  return [...tensors.slice(0, states.length), ...stacked.map((x) => tensors[states.length + distinct.findIndex((y) => same(x, y))]!)]
}

export interface ScanOptions {
  /** State before the first step. */
  readonly carry: readonly Tensor[]
  /** Tensors (steps, …) of which every step gets a slice (…). */
  readonly sequences?: readonly Tensor[]
  /** Number of steps; needed where there are no sequences. */
  readonly length?: number
  /** From the last step to the first; outputs stay in the order of the sequences. */
  readonly reverse?: boolean
  readonly fused?: FusedScan
}

export interface ScanStep {
  /** State for the next step, of the same shapes. */
  readonly carry: readonly Tensor[]
  /** What this step contributes to the stacked outputs. */
  readonly outputs?: readonly Tensor[]
}

/**
 * Runs `step` over the first axis of sequences and carries state from step to step: recurrent networks, filters, iterations.
 *
 * @param step is traced once. It may use tensors from outside; gradients reach them.
 * @returns the last state, and the steps' outputs stacked along a new first axis
 * @throws ShapeError where sequences differ in length, there are no steps, or a step changes the shape or dtype of its state
 *
 * @example
 * // A running sum and its last value.
 * const [all, last] = await evaluate(() => {
 *   const { carry, outputs } = scan(
 *     ([total], [x]) => {
 *       const next = add(total!, x!)
 *       return { carry: [next], outputs: [next] }
 *     },
 *     { carry: [constant(0)], sequences: [constant([1, 2, 3])] },
 *   )
 *   return [outputs[0]!, carry[0]!]
 * })
 * all // [1, 3, 6]
 * last // [6]
 */
export function scan(
  step: (carry: Tensor[], slices: Tensor[]) => ScanStep,
  { carry, sequences = [], length = sequences[0]?.shape[0], reverse = false, fused }: ScanOptions,
): { readonly carry: Tensor[]; readonly outputs: Tensor[] } {
  const given = sequences.map(({ shape }) => formatShape(shape)).join(', ') || 'none'
  if (length === undefined || !Number.isInteger(length) || length < 1) {
    throw new ShapeError('scan', `length ${length}, sequences ${given}: needs a sequence, or a whole number of steps ≥ 1 as length`)
  }
  if (sequences.some(({ shape }) => shape[0] !== length)) {
    throw new ShapeError('scan', `sequences ${given}: the first axis of each must have ${length} steps`)
  }
  const since = nextSerial()
  // ONNX's Scan needs a sequence to count by.
  const counted = sequences.length > 0 ? sequences : [constant(new Float64Array(length))]
  const carryInputs = carry.map(({ shape, dtype }) => input('carry', shape, dtype))
  const sliceInputs = counted.map(({ shape, dtype }) => input('slice', shape.slice(1), dtype))
  const result = withPlace('scan', () => step(carryInputs, sequences.length > 0 ? sliceInputs : []))
  const described = (list: readonly TensorSpec[]) => list.map(({ shape, dtype }) => `${dtype} ${formatShape(shape)}`).join(', ')
  if (
    result.carry.length !== carry.length ||
    result.carry.some((x, i) => x.dtype !== carry[i]!.dtype || !sameShape(x.shape, carry[i]!.shape))
  ) {
    throw new ShapeError(
      'scan',
      `a step turns the state [${described(carry)}] into [${described(result.carry)}]; shapes and dtypes must stay`,
    )
  }
  const tensors = applyScan(
    { inputs: [...carryInputs, ...sliceInputs], outputs: [...result.carry, ...(result.outputs ?? [])] },
    { carry, sequences: counted, length, reverse, since, fused },
  )
  return { carry: tensors.slice(0, carry.length), outputs: tensors.slice(carry.length) }
}
