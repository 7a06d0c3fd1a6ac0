/** A recurrent network answers by what it was given, and by what it remembers; whose memory that is should be plain to see. */
import { initialValues, RecurrentState, VanillaRNN } from '../nn/index.ts'
import { linePlot } from '../report/index.ts'
import { constant } from '../tensor/index.ts'
import { numbersOf } from './compute.ts'
import { claim, type Lesson } from './lesson.ts'

const farthest = (a: readonly number[], b: readonly number[]) => Math.max(...a.map((value, i) => Math.abs(value - b[i]!)))

interface Found {
  /** Largest differences between the answers to one input, given three times: of the second to the first, of the third to the second. */
  readonly differences: readonly [number, number]
  /** Between the answer after a reset and the first one. */
  readonly reset: number
  /** The first of several from one input, against the answer of a fresh state: one to many is another thing. */
  readonly unrolled: { readonly first: number; readonly second: number }
}

export const state: Lesson<Found> = {
  name: 'state',
  title: 'The same input, three answers: a state',
  numbers: ['2.21'],
  idea: `A recurrent network that keeps its state between calls answers differently each time, though it is asked the same: it remembers. That is what is wanted when a song comes
in pieces, and a trap when two songs do. So the state is a thing of its own here, which whoever calls holds, hands in, and throws away; the network itself remembers nothing. It is not to be
mistaken for one-to-many: one input at the first step, and then the network alone, step after step, in a single call.`,
  formula: `hₜ = tanh(W_hh hₜ₋₁ + W_xh xₜ + b)        y = W_hy hₜ + b_y`,
  correction: `A notebook of the sources names its exercise "one-to-many". What it asks for, three calls with ones (16, 4) that give three answers (16, 5), is a network with a state;
one-to-many reads its input once.`,
  claim:
    'Three calls with one state give three answers, a fresh state gives the first one again, and one-to-many agrees with the first call alone.',

  async run({ save, log }) {
    const model = new VanillaRNN(4, 10, 5)
    const values = initialValues(model, 5)
    const found = await numbersOf(
      () => {
        const ones = constant(new Float32Array(64).fill(1), [16, 4])
        const kept = new RecurrentState()
        const [first, second, third] = [0, 1, 2].map(() => model.forward(ones, kept))
        kept.reset()
        return { first: first!, second: second!, third: third!, again: model.forward(ones, kept), many: model.unroll(ones, 3) }
      },
      { model: [model, values] },
    )
    const many = (step: number) => found.many.slice(5 * step, 5 * (step + 1))
    await save(
      'answers',
      linePlot({
        title: 'Five outputs of one network for one input',
        x: { label: 'output' },
        y: { label: 'value' },
        lines: [
          { label: 'first call', y: found.first.slice(0, 5), points: true },
          { label: 'second', y: found.second.slice(0, 5), points: true },
          { label: 'third', y: found.third.slice(0, 5), points: true },
          { label: 'one to many, second step', y: many(1), points: true },
        ],
      }),
    )
    const result: Found = {
      differences: [farthest(found.second, found.first), farthest(found.third, found.second)],
      reset: farthest(found.again, found.first),
      unrolled: { first: farthest(many(0), found.first.slice(0, 5)), second: farthest(many(1), found.second.slice(0, 5)) },
    }
    log(
      `second call: ${result.differences[0].toFixed(3)} from the first; third: ${result.differences[1].toFixed(3)} from the second; after a reset: ${result.reset}`,
    )
    return result
  },

  check({ differences: [second, third], reset, unrolled }) {
    claim(second > 0.01 && second < 0.8 && third > 0.001 && third < 0.8, 'three calls give three answers')
    claim(reset === 0, 'a fresh state gives the first one again')
    claim(unrolled.first < 1e-12 && unrolled.second > 0.01 && unrolled.second < 0.8, 'one-to-many agrees with the first call alone')
  },
}
