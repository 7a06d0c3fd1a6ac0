/**
 * `scan`: a loop over the first axis with carried state, as one node, so that a recurrence of any length is not unrolled.
 * scan-derivative.ts has its derivative.
 */
import { interpret, substitute, TensorMap, topologicalOrder } from '../graph.ts'
import { ndarray } from '../ndarray.ts'
import { definePrimitive } from '../primitive.ts'
import { formatShape, sameShape, sizeOf } from '../shape.ts'
import {
  type Body,
  constant,
  input,
  type NdArray,
  type Node,
  nextSerial,
  ShapeError,
  type Tensor,
  type TensorSpec,
  withPlace,
} from '../tensor.ts'
import { scanDerivative } from './scan-derivative.ts'
import { type Application, type FusedScan, outputSpec, type ScanAttributes, same } from './scan-step.ts'

const scanPrimitive = definePrimitive<ScanAttributes>('scan', {
  infer: (_, attributes) => attributes.body.outputs.slice(0, attributes.visible).map((x, i) => outputSpec(x, i, attributes)),

  vjp: ({ attributes, ...context }) => scanDerivative(context, attributes, applyScan),

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

/** Closes a step (what it reads from outside, and what it computes from that alone, becomes an input of the node) and makes the node. */
function applyScan(step: Body, application: Application): Tensor[] {
  const { carry, sequences, length, reverse, since, renamed = [], fused } = application
  if (sequences.length === 0) {
    // ONNX's Scan needs a sequence to count by.
    const counter = { inputs: [...step.inputs, input('count', [])], outputs: step.outputs }
    return applyScan(counter, { ...application, sequences: [constant(new Float64Array(length))] })
  }
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
    since,
    until: id,
    renamed: [...renamed, captured],
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
 * @throws ShapeError where sequences differ in length, there are no steps, a step changes the shape or dtype of its state, or there is neither
 * state nor output
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
  const carryInputs = carry.map(({ shape, dtype }) => input('carry', shape, dtype))
  const sliceInputs = sequences.map(({ shape, dtype }) => input('slice', shape.slice(1), dtype))
  const result = withPlace('scan', () => step(carryInputs, sliceInputs))
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
  if (carry.length === 0 && !result.outputs?.length) {
    throw new ShapeError('scan', 'there is no carry, and a step gives no outputs; needs one of them, or there is nothing to compute')
  }
  const tensors = applyScan(
    { inputs: [...carryInputs, ...sliceInputs], outputs: [...result.carry, ...(result.outputs ?? [])] },
    { carry, sequences, length, reverse, since, fused },
  )
  return { carry: tensors.slice(0, carry.length), outputs: tensors.slice(carry.length) }
}
