/** ONNX's RNN, LSTM and GRU operators: one direction of one layer as a single node, taken where no derivative asks for what is inside. */
import type { Emitter, OnnxAttribute, Tensor } from '../tensor.ts'
import { cast, greater } from './elementwise.ts'
import { reshape } from './movement.ts'
import type { RecurrentWeights } from './recurrent-weights.ts'
import type { FusedScan } from './scan-step.ts'

export interface FusedOptions {
  /** Our gates in the order in which ONNX wants them. */
  readonly order: readonly number[]
  readonly reverse: boolean
  readonly lengths: Tensor | undefined
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>
}

/** Blocks of rows of a weight in another order, as ONNX wants the gates. */
function reorder(emitter: Emitter, weight: string, order: readonly number[]): string {
  if (order.length === 1) return weight
  const blocks = emitter.node('Split', [weight], { axis: 0, num_outputs: order.length }, order.length)
  return emitter.node(
    'Concat',
    order.map((gate) => blocks[gate]!),
    { axis: 0 },
  )[0]!
}

/** What a scan over (steps, batch, …) is where `opType` computes it; the scan's one output beside the states is the stack of h. */
export function fusedOperator(
  opType: string,
  x: Tensor,
  { weightIh, weightHh, biasIh, biasHh }: RecurrentWeights,
  states: readonly Tensor[],
  { order, reverse, lengths, attributes }: FusedOptions,
): FusedScan {
  const biases = [biasIh, biasHh].filter((bias) => bias !== undefined)
  // ONNX Runtime gives an example without steps the state 0, not the one it began with.
  const counts = lengths ? [cast(lengths, 'int32'), reshape(greater(lengths, 0), [-1, 1])] : []
  const [batch, hidden] = states[0]!.shape as [number, number]
  return {
    inputs: [x, weightIh, weightHh, ...states, ...counts, ...biases],
    lower: (emitter, [xName, ih, hh, ...rest], { used }) => {
      const shaped = (name: string, shape: readonly number[]) => emitter.node('Reshape', [name, emitter.ints(shape)])[0]!
      const rows = order.length * hidden
      const bias = (present: boolean, name: string | undefined) =>
        present ? reorder(emitter, name!, order) : emitter.floats(new Float32Array(rows), [rows])
      const names = rest.slice(states.length + counts.length)
      const parts = [bias(biasIh !== undefined, names[0]), bias(biasHh !== undefined, names.at(-1))]
      const results = emitter.node(
        opType,
        [
          xName!,
          shaped(reorder(emitter, ih!, order), [1, rows, weightIh.shape[1]!]),
          shaped(reorder(emitter, hh!, order), [1, rows, hidden]),
          biases.length > 0 ? shaped(emitter.node('Concat', parts, { axis: 0 })[0]!, [1, 2 * rows]) : '',
          lengths ? rest[states.length]! : '',
          ...rest.slice(0, states.length).map((name) => shaped(name, [1, batch, hidden])),
        ],
        { hidden_size: hidden, direction: reverse ? 'reverse' : 'forward', ...attributes },
        1 + states.length,
      )
      const [all, ...last] = results
      const stacked = used[states.length] ? [shaped(all!, [x.shape[0]!, batch, hidden])] : ['']
      const ends = last.map((name) => shaped(name, [batch, hidden]))
      const any = lengths && rest[states.length + 1]!
      return [...(any ? ends.map((end, i) => emitter.node('Where', [any, end, rest[i]!])[0]!) : ends), ...stacked]
    },
  }
}
