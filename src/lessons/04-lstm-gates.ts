/** What the gates of an LSTM do while it keeps a number. */
import { LSTM } from '../nn/index.ts'
import { linePlot } from '../report/index.ts'
import { constant, grad, narrow, reshape, sum } from '../tensor/index.ts'
import { numbersOf, type Weights } from './compute.ts'
import { claim, close, type Lesson } from './lesson.ts'

const STEPS = 60
const [STORE, CLEAR] = [10, 45]

/** Gates in PyTorch's order: input, forget, cell, output. Columns: the sound, "store now", "clear now". */
const weights: Weights = new Map([
  ['weight_ih_l0', Float32Array.of(0, 12, 0, 0, 0, -12, 1, 0, 0, 0, 0, 0)],
  ['weight_hh_l0', new Float32Array(4)],
  ['bias_ih_l0', Float32Array.of(-6, 6, 0, 2)],
  ['bias_hh_l0', new Float32Array(4)],
])

interface Found {
  readonly f: readonly number[]
  readonly i: readonly number[]
  readonly g: readonly number[]
  readonly c: readonly number[]
  /** ∂c_T/∂c_0, T before it is cleared. */
  readonly slope: number
}

export const lstmGates: Lesson<Found> = {
  name: 'lstm-gates',
  title: 'The gates of an LSTM over time',
  numbers: ['1.6'],
  idea: `A plain recurrent network overwrites its memory at every step, so what it heard fades within a few, and so do its gradients. The LSTM (Hochreiter &
Schmidhuber 1997; Gers, Schmidhuber & Cummins 2000) has a cell that is only multiplied by the forget gate and added to. While that gate is open (1) and the
input gate shut (0), the cell keeps its number, however long; and a gradient goes back through it undiminished. Here the weights are set by hand: "store" opens
the input gate, "clear" shuts the forget gate.`,
  formula: `1. f = σ(…) what to keep    2. i = σ(…), g = tanh(…) what to add    3. c' = f·c + i·g    4. o = σ(…), h = o·tanh(c')
along the cell alone  ∂c_T/∂c_0 = Π fₜ`,
  claim: 'The cell keeps what was stored until it is cleared, and its gradient is the product of the forget gates.',

  async run({ save, log }) {
    const sound = Array.from({ length: STEPS }, (_, t) => 0.9 * Math.cos(0.9 * (t - STORE)))
    const input = sound.flatMap((x, t) => [x, t === STORE ? 1 : 0, t === CLEAR ? 1 : 0])
    const layer = new LSTM(3, 1)
    const c0 = constant([0.3], [1, 1, 1])
    const found = await numbersOf(
      () => {
        const [gates] = layer.gates(constant(input, [1, STEPS, 3]), { c0 })
        const { f, i, g, o, c, h } = gates!
        const kept = sum(reshape(narrow(c, 1, CLEAR - 1, CLEAR), [1]))
        return { f, i, g, o, c, h, slope: grad(kept, [c0])[0]! }
      },
      { model: [layer, weights] },
    )
    const plot = (title: string, from: number, lines: readonly (readonly [string, readonly number[]])[]) =>
      linePlot({
        title,
        height: 320,
        x: { label: 'step' },
        y: { label: 'value', from, to: 1.05 },
        lines: lines.map(([label, y]) => ({ label, y })),
      })
    await save(
      'gates',
      plot(`Gates: "store" comes at step ${STORE}, "clear" at step ${CLEAR}`, -0.05, [
        ['forget gate f', found.f],
        ['input gate i', found.i],
        ['output gate o', found.o],
      ]),
    )
    await save(
      'cell',
      plot('The cell keeps one value of its input', -1.05, [
        ['cell c', found.c],
        ['candidate g', found.g],
        ['output h', found.h],
      ]),
    )
    const product = found.f.slice(0, CLEAR).reduce((p, f) => p * f, 1)
    log(
      `stored ${found.c[STORE]!.toFixed(4)}, after ${CLEAR - STORE - 1} steps ${found.c[CLEAR - 1]!.toFixed(4)}, cleared to ${found.c[CLEAR]!.toFixed(4)}`,
    )
    log(`∂c/∂c₀ over ${CLEAR} steps: ${found.slope[0]!.toFixed(6)}, product of forget gates ${product.toFixed(6)}`)
    const { f, i, g, c, slope } = found
    return { f, i, g, c, slope: slope[0]! }
  },

  check({ f, i, g, c, slope }) {
    const product = f.slice(0, CLEAR).reduce((p, gate) => p * gate, 1)
    // Weights are float32, the rest float64.
    claim(close(slope, product, 1e-9), 'the gradient along the cell is the product of the forget gates')
    claim(
      f.every((gate, t) => (t === CLEAR ? gate < 0.01 : gate > 0.99)),
      'the forget gate is open except when cleared',
    )
    claim(
      i.every((gate, t) => (t === STORE ? gate > 0.99 : gate < 0.01)),
      'the input gate opens only to store',
    )
    claim(close(c[STORE]!, g[STORE]!, 0.31), 'the cell takes the candidate')
    claim(close(c[CLEAR - 1]!, c[STORE]!, 0.15), 'and keeps it')
    claim(Math.abs(c[CLEAR]!) < 0.01, 'until it is cleared')
    claim(
      c.every((value, t) => t === 0 || close(value, f[t]! * c[t - 1]! + i[t]! * g[t]!, 1e-9)),
      "c' = f·c + i·g at every step",
    )
  },
}
