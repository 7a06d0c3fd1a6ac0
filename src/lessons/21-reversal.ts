/** A decoder that looks at the notes it says, the last one first; and what a beam finds that greed does not. */
import { attentionMap, linePlot } from '../report/index.ts'
import { claim, close, type Lesson, meanOf } from './lesson.ts'
import { learnReversal, reverser, type Said, sayHeldOut, shareRight } from './reversal.ts'

const LENGTH = 10
const STEPS = 800
/** While it is still often wrong: afterwards greedy decoding finds the best already. */
const EARLY = 110
const BEAMS = [1, 2, 4, 8]
const COUNT = 100

interface Found {
  /** Share of strings of 10 notes that are reversed without a mistake. */
  readonly right: number
  /** For each note of one string: the place where the decoder looks most. */
  readonly looks: readonly number[]
  /** Share of all notes for which that is the place of the note. */
  readonly diagonal: number
  /** Sums of the weights of each note. */
  readonly sums: readonly number[]
  /** Mean log-probability of what the half-trained network says, by width of the beam. */
  readonly byBeam: readonly number[]
  /** What beams won over greedy decoding by width, on the mean, and the least of any string. */
  readonly gains: readonly number[]
  readonly leastGain: number
}

const placeOfLargest = (row: Float32Array) => row.indexOf(Math.max(...row))
/** Without that of the end symbol. */
const rowsOf = ({ translation }: Said) => translation.attention!.slice(0, LENGTH)
const logProbabilities = (said: readonly Said[]) => said.map(({ translation }) => translation.logProbability)

export const reversal: Lesson<Found> = {
  name: 'reversal',
  title: 'Attention along the anti-diagonal, and beams',
  numbers: ['1.5', '0.13'],
  idea: `The decoder begins with the end symbol and the encoder's last state. In every step its state is compared with every state of the encoder; the softmax of these scores says
where it looks, the weighted mean of the encoder's states is the context, and context and state together go through a small network that says the next symbol (Bahdanau et al. 2015;
Luong et al. 2015). Trained to say strings backwards, it learns to look at the last note first and at the first note last: nobody told it to, and the map of its weights shows it.
Which symbols to say is another question. Greedy decoding takes the most probable one in every step; a beam keeps several beginnings and may find a string that is more probable as a
whole. That matters while the network is unsure; it cannot make it know better. Of one that is sure, greedy decoding finds the best already.`,
  formula: `hτ = GRU(hτ₋₁, yτ₋₁)    eτₜ = vᵀ tanh(W hτ + U aₜ)    cτ = Σₜ softmax(eτ)ₜ aₜ    yτ = softmax(V tanh(Wc [cτ; hτ]))
log p(y) = Σ log p(yτ | y before it)`,
  claim: `More than 98 % of strings of 10 notes that were not in training are reversed, with the largest weight on the note that is said; no beam finds anything less probable
than greedy decoding does, and on the mean it finds something more probable.`,

  async run({ backend, save, log }) {
    const network = reverser({ attention: 'additive', hidden: 64 })
    const { weights, early } = await learnReversal(network, { longest: LENGTH, steps: STEPS, backend, early: EARLY })
    const asked = { backend, length: LENGTH, count: COUNT }
    const said = await sayHeldOut(network, { ...asked, values: weights })
    const rows = said
      .filter(({ translation }) => translation.tokens.length > LENGTH)
      .flatMap((one) => rowsOf(one).map((row, i) => ({ row, i })))
    const first = said[0]!
    const names = Array.from(first.source, (id) => network.sourceTokeniser.symbolOf(id))
    await save(
      'attention',
      attentionMap({
        title: 'Where the decoder looks while it says a string backwards',
        weights: first.translation.attention!,
        keys: names,
        queries: first.translation.tokens.map((id) => network.targetTokeniser.symbolOf(id)),
        keyLabel: 'read',
        queryLabel: 'said',
      }),
    )
    const halfTrained: (readonly Said[])[] = []
    for (const beam of BEAMS) halfTrained.push(await sayHeldOut(network, { ...asked, values: early, beam }))
    const greedy = logProbabilities(halfTrained[0]!)
    const byBeam = halfTrained.map((one) => meanOf(logProbabilities(one)))
    await save(
      'beams',
      linePlot({
        title: `What beams find, after ${EARLY} steps of training`,
        x: { label: 'width of the beam (1: greedy)' },
        y: { label: 'mean log-probability of what is said' },
        lines: [{ label: `${COUNT} strings of ${LENGTH} notes`, x: BEAMS, y: byBeam, points: true }],
      }),
    )
    const gains = halfTrained.map((one) => logProbabilities(one).map((value, i) => value - greedy[i]!))
    const found: Found = {
      right: shareRight(said),
      looks: rowsOf(first).map(placeOfLargest),
      diagonal: rows.filter(({ row, i }) => placeOfLargest(row) === LENGTH - 1 - i).length / rows.length,
      sums: rows.map(({ row }) => row.reduce((sum, weight) => sum + weight, 0)),
      byBeam,
      gains: gains.map(meanOf),
      leastGain: Math.min(...gains.flat()),
    }
    log(
      `${(100 * found.right).toFixed(0)} % of ${COUNT} strings reversed; the largest weight lies on the note that is said ${(100 * found.diagonal).toFixed(0)} times in 100`,
    )
    for (const [i, beam] of BEAMS.entries())
      log(
        `after ${EARLY} steps, beam of ${beam}: mean log-probability ${byBeam[i]!.toFixed(2)}, ${(100 * shareRight(halfTrained[i]!)).toFixed(0)} % right`,
      )
    return found
  },

  check({ right, looks, diagonal, sums, byBeam, gains, leastGain }) {
    claim(right > 0.98 && right <= 1, 'strings that were not in training are reversed')
    claim(looks.filter((place, i) => place === LENGTH - 1 - i).length >= LENGTH - 1, 'the decoder looks along the anti-diagonal')
    claim(diagonal > 0.9 && diagonal <= 1, 'in nearly all strings')
    claim(
      sums.every((sum) => close(sum, 1, 1e-4)),
      'weights sum to 1',
    )
    claim(close(leastGain, 0, 1e-4), 'no beam finds less than greedy decoding, which is one of them')
    claim(gains.at(-1)! > 0.05 && byBeam.every((value) => value < 0), 'and on the mean a wider one finds more')
    claim(
      byBeam.every((value, i) => close(value - byBeam[0]!, gains[i]!, 1e-6)),
      'which is what it won, string by string',
    )
  },
}
