/** An encoder whose last state is all that the decoder gets: how long a string fits into it. */
import { linePlot } from '../report/index.ts'
import { claim, type Lesson } from './lesson.ts'
import { learnReversal, reverser, sayHeldOut, shareRight } from './reversal.ts'

const LONGEST = 12
const LENGTHS = Array.from({ length: 14 }, (_, i) => i + 1)
const STEPS = 1000

interface Found {
  /** Shares of strings that were reversed without a mistake, of 1 to 14 notes: by a state of 32 numbers, by one of 96, and by 32 with attention. */
  readonly narrow: readonly number[]
  readonly wide: readonly number[]
  readonly attentive: readonly number[]
}

const sumOf = (shares: readonly number[]) => shares.slice(0, LONGEST).reduce((sum, share) => sum + share, 0)

export const lastState: Lesson<Found> = {
  name: 'last-state',
  title: 'How much one state can hold',
  numbers: ['1.4'],
  idea: `One recurrent network reads a sequence, another says one: a translation, or here the same notes backwards (Cho et al. 2014; Sutskever, Vinyals & Le 2014). The simplest way
from the first to the second is the last state: it becomes the first state of the decoder, and is all that the decoder ever learns of the sequence. A string of ten notes and one of
two go through the same few numbers. Short strings fit, long ones do not: the measured curve is the limitation that attention was invented for. A wider state moves the curve to the
right, and costs parameters with its square; attention lets the decoder look at every state of the encoder, and the narrow network is right at all lengths it was trained for.
(Two notes beyond them none of the three is: they have not learned to count further than they were shown.)`,
  formula: `h₀ = a_T        hτ = GRU(hτ₋₁, yτ₋₁)        yτ = softmax(V tanh(W hτ))        y₀ = end
24 notes, strings of n: n · log₂ 24 = 4.6 n bits in 32 numbers`,
  claim: `Trained alike on strings of up to 12 notes, and asked for strings that were not in training, a state of 32 numbers holds 3 notes and not 10; one of 96 holds more; with
attention 32 are enough for all 12.`,

  async run({ backend, save, log }) {
    const curveOf = async (what: string, attention: 'none' | 'additive', hidden: number) => {
      const network = reverser({ attention, hidden })
      const { weights: values } = await learnReversal(network, { longest: LONGEST, steps: STEPS, backend })
      const shares: number[] = []
      for (const length of LENGTHS) shares.push(shareRight(await sayHeldOut(network, { values, backend, length, count: 50 })))
      log(`${what}: ${shares.map((share) => (100 * share).toFixed(0)).join(' ')} % right, of 1 to ${LENGTHS.length} notes`)
      return shares
    }
    const narrow = await curveOf('32 numbers', 'none', 32)
    const wide = await curveOf('96 numbers', 'none', 96)
    const attentive = await curveOf('32 numbers and attention', 'additive', 32)
    const percent = (shares: readonly number[]) => shares.map((share) => 100 * share)
    await save(
      'lengths',
      linePlot({
        title: 'Strings reversed without a mistake, never seen before',
        x: { label: `length (notes; trained up to ${LONGEST})` },
        y: { label: 'right', unit: '%', from: 0, to: 105 },
        lines: [
          { label: 'last state, 32 numbers', x: LENGTHS, y: percent(narrow), points: true },
          { label: 'last state, 96 numbers', x: LENGTHS, y: percent(wide), points: true },
          { label: 'attention, 32 numbers', x: LENGTHS, y: percent(attentive), points: true },
        ],
      }),
    )
    return { narrow, wide, attentive }
  },

  check({ narrow, wide, attentive }) {
    claim(
      [narrow, wide, attentive].flat().every((share) => share >= 0 && share <= 1),
      'shares are shares',
    )
    claim(
      narrow.slice(0, 3).every((share) => share > 0.9),
      'strings of up to 3 notes fit into 32 numbers',
    )
    claim(narrow[9]! < 0.3 && narrow[11]! < 0.1, 'strings of 10 and 12 do not')
    claim(sumOf(wide) > sumOf(narrow) + 1.5, 'a wider state holds longer ones')
    claim(wide[11]! < 0.6, 'and not all of them')
    claim(
      attentive.slice(0, LONGEST).every((share) => share > 0.9),
      'with attention the narrow network is right at all lengths that it was trained for',
    )
  },
}
