/** RNN, LSTM or GRU by name, for configurations that let one choose. */
import { z } from 'zod'
import { GRU, LSTM, type RecurrentLayer, type RecurrentLayerOptions, RNN } from '../nn/index.ts'
import { gruCell, lstmCell, narrow, reshape, rnnCell, type Tensor } from '../tensor/index.ts'

export const cellNames = ['rnn', 'lstm', 'gru'] as const
export type CellName = (typeof cellNames)[number]

/** Fields of a configuration. */
export const cellFields = {
  cell: z.enum(cellNames).default('gru'),
  /** Steps that the gates shall remember over when training begins (Tallec & Ollivier 2018); of LSTM and GRU. */
  memorySteps: z.number().min(2).optional(),
}

/** For `superRefine`: the plain RNN has no gates. */
export function checkMemory({ cell, memorySteps }: { cell: CellName; memorySteps?: number | undefined }, context: z.RefinementCtx): void {
  if (cell !== 'rnn' || memorySteps === undefined) return
  context.addIssue({
    code: 'custom',
    path: ['memorySteps'],
    message: 'an RNN has no gates to hold open: leave it out, or take lstm or gru',
  })
}

export function createRecurrent(
  cell: CellName,
  inputs: number,
  hidden: number,
  { memorySteps, ...options }: RecurrentLayerOptions & { readonly memorySteps?: number | undefined },
): RecurrentLayer {
  if (cell === 'rnn') return new RNN(inputs, hidden, options)
  const gated = memorySteps === undefined ? options : { ...options, memorySteps }
  return cell === 'lstm' ? new LSTM(inputs, hidden, gated) : new GRU(inputs, hidden, gated)
}

/** What a recurrent layer carries from step to step, (layers, b, hidden); the cell is that of an LSTM. */
export interface CarriedState {
  readonly h: Tensor
  readonly c?: Tensor | undefined
}

/** One step through all layers of a layer of one direction: x (b, inputs) → the state after it. */
export function recurrentStep(layer: RecurrentLayer, x: Tensor, before: CarriedState): { readonly h: Tensor[]; readonly c: Tensor[] } {
  const [h, c]: [Tensor[], Tensor[]] = [[], []]
  const at = (state: Tensor, i: number) => reshape(narrow(state, 0, i, i + 1), state.shape.slice(1))
  let y = x
  for (let i = 0; i < layer.numLayers; i++) {
    const [weights, own] = [layer.weightsOf(i), at(before.h, i)]
    if (layer instanceof LSTM) {
      const gates = lstmCell(y, { h: own, c: before.c && at(before.c, i) }, weights)
      c.push(gates.c)
      y = gates.h
    } else y = layer instanceof GRU ? gruCell(y, own, weights).h : rnnCell(y, own, weights)
    h.push(y)
  }
  return { h, c }
}
