import {
  Elman,
  GRU,
  GRUCell,
  inChunks,
  LSTM,
  LSTMCell,
  ManyToMany,
  ManyToOne,
  type RecurrentLayer,
  RecurrentState,
  RNN,
  RNNCell,
  topState,
  VanillaRNN,
} from '../../../src/nn/index.ts'
import { add, type Tensor } from '../../../src/tensor/index.ts'
import type { Block, BlockCase } from '../support.ts'

const counts = (b: number) => ({ shape: [b], dtype: 'int32' }) as const

/** Stacked, both directions, dropout between, states in and out, lengths: everything at once. */
const deep = { numLayers: 2, bidirectional: true, dropout: 0.5 }

/** x, state, lengths to outputs and states; two units of two layers in two directions. */
const deepCase = (b: number, t: number, states: number): BlockCase => ({
  inputs: [[b, t, 3], counts(b), ...Array.from({ length: states }, () => [4, b, 2])],
  outputs: [[b, t, 4], ...Array.from({ length: states }, () => [4, b, 2])],
})

const deepCases = (states: number): Block['cases'] => [deepCase(2, 3, states), deepCase(1, 1, states)]

/** Lengths are drawn, 0 or 1, and one more where there are more steps: none has all of them, one may have none. */
function callDeep(module: RecurrentLayer, [x, lengths, h0, c0]: readonly Tensor[]): Tensor[] {
  const { outputs, h, c } = module.forward(x!, { h0, c0, lengths: x!.shape[1]! > 1 ? add(lengths!, 1) : lengths! })
  return [outputs, h, ...(c ? [c] : [])]
}

const sequences = (outputs: (b: number, t: number) => BlockCase['outputs']): Block['cases'] => [
  { inputs: [[2, 3, 3]], outputs: outputs(2, 3) },
  { inputs: [[1, 1, 3]], outputs: outputs(1, 1) },
]

const cellCases = (...shapes: readonly number[][]): Block['cases'] => [
  { inputs: [[2, 3], ...shapes.map((shape) => [2, ...shape])], outputs: shapes.map((shape) => [2, ...shape]) },
  { inputs: [[1, 3], ...shapes.map((shape) => [1, ...shape])], outputs: shapes.map((shape) => [1, ...shape]) },
]

const gateShapes = (gates: number) => (b: number, t: number) => Array.from({ length: gates }, () => [b, t, 2])

const chunkCase = (b: number, t: number): BlockCase => ({
  inputs: [[b, t, 3]],
  outputs: [
    [b, t, 2],
    [2, b, 2],
    [2, b, 2],
  ],
})

export const recurrence: readonly Block[] = [
  {
    ids: ['0.17', '0.18', '0.20', '2.22'],
    name: 'RNN',
    create: () => new RNN(3, 2, deep),
    call: (module, inputs) => callDeep(module as RNN, inputs),
    cases: deepCases(1),
    below: 2,
    training: 'random',
  },
  {
    ids: ['0.21', '1.8', '2.22', '3.7', '3.8', '3.10'],
    name: 'LSTM',
    create: () => new LSTM(3, 2, deep),
    call: (module, inputs) => callDeep(module as LSTM, inputs),
    cases: deepCases(2),
    below: 2,
    training: 'random',
  },
  {
    ids: ['2.22', '3.9', '3.10', '3.11'],
    name: 'GRU',
    create: () => new GRU(3, 2, deep),
    call: (module, inputs) => callDeep(module as GRU, inputs),
    cases: deepCases(1),
    below: 2,
    training: 'random',
  },
  {
    ids: ['0.17', '2.22'],
    name: 'RNN',
    create: () => new RNN(3, 2, { nonlinearity: 'relu', bias: false }),
    cases: sequences((b, t) => [
      [b, t, 2],
      [1, b, 2],
    ]),
  },
  {
    ids: ['1.6'],
    name: 'LSTM',
    create: () => new LSTM(3, 2),
    call: (module, [x]) => Object.values((module as LSTM).gates(x!)[0]!),
    cases: sequences(gateShapes(6)),
  },
  {
    ids: ['3.9'],
    name: 'GRU',
    create: () => new GRU(3, 2),
    call: (module, [x]) => Object.values((module as GRU).gates(x!)[0]!),
    cases: sequences(gateShapes(4)),
  },
  {
    ids: ['2.22'],
    name: 'RNNCell',
    create: () => new RNNCell(3, 2),
    cases: cellCases([2]),
  },
  {
    ids: ['2.22'],
    name: 'LSTMCell',
    create: () => new LSTMCell(3, 2),
    call: (module, [x, h, c]) => {
      const after = (module as LSTMCell).forward(x!, { h: h!, c: c! })
      return [after.h, after.c]
    },
    cases: cellCases([2], [2]),
  },
  {
    ids: ['2.22'],
    name: 'GRUCell',
    create: () => new GRUCell(3, 2),
    cases: cellCases([2]),
  },
  {
    ids: ['0.19'],
    name: 'ManyToMany',
    create: () => new ManyToMany(new GRU(3, 2)),
    cases: sequences((b, t) => [[b, t, 2]]),
  },
  {
    ids: ['0.11'],
    name: 'ManyToOne',
    create: () => new ManyToOne(new LSTM(3, 2, { bidirectional: true })),
    cases: sequences((b) => [[b, 4]]),
  },
  {
    ids: ['0.11'],
    name: 'topState',
    create: () => new RNN(3, 2, { numLayers: 2, bidirectional: true }),
    call: (module, [x]) => [topState((module as RNN).forward(x!).h, module as RNN)],
    cases: sequences((b) => [[b, 4]]),
  },
  {
    ids: ['1.9'],
    name: 'inChunks',
    create: () => new LSTM(3, 2, { numLayers: 2 }),
    call: (module, [x]) => Object.values(inChunks(module as LSTM, x!, { chunk: 3 })),
    cases: [
      // Within one chunk nothing is cut off, and the gradient is that of central differences.
      chunkCase(2, 3),
      chunkCase(1, 1),
      chunkCase(1, 7),
    ],
  },
  {
    ids: ['1.1'],
    name: 'Elman',
    create: () => new Elman(3, 2, 4, { outputActivation: 'softmax', bias: true }),
    cases: sequences((b, t) => [
      [b, t, 4],
      [b, 2],
    ]),
  },
  {
    ids: ['2.21'],
    name: 'VanillaRNN',
    create: () => new VanillaRNN(3, 2, 5),
    call: (module, [x]) => {
      const network = module as VanillaRNN
      const state = new RecurrentState()
      const first = network.forward(x!, state)
      return [add(first, network.forward(x!, state)), network.unroll(x!, 3)]
    },
    cases: [
      {
        inputs: [[2, 3]],
        outputs: [
          [2, 5],
          [2, 3, 5],
        ],
      },
      {
        inputs: [[1, 3]],
        outputs: [
          [1, 5],
          [1, 3, 5],
        ],
      },
    ],
  },
]
