/** How good a separation network is on examples that are held out: the same numbers that scores of songs use. */
import { sdr, siSdr } from '../../evaluation/index.ts'
import type { SeparationNetwork } from '../../models/index.ts'
import { compile } from '../../runtime/index.ts'
import type { Judgement, JudgeOptions, ScoreKind } from '../task.ts'
import { type ExampleSounds, showExamples } from './pictures.ts'
import type { MixtureSource, Waveforms } from './source.ts'

/** Means over the examples, and over the stems that the network estimates; the last where the vocals are all that it estimates. */
export const scoreKinds = [
  { name: 'siSdr', label: 'SI-SDR', unit: 'dB' },
  { name: 'siSdrGain', label: 'above the mixture', unit: 'dB' },
] as const satisfies readonly ScoreKind[]
export const instrumentalScore: ScoreKind = { name: 'sdrInstrumental', label: 'SDR of the instrumental', unit: 'dB' }

/** Examples per run of the network: few, because ONNX Runtime keeps the memory of its largest run. */
const batchSize = 2
/** Examples to look at and to listen to. */
const shownExamples = 2

type Channels = readonly Float32Array[]

function* permutations<T>(items: readonly T[]): Generator<readonly T[]> {
  if (items.length === 0) yield []
  for (const [i, item] of items.entries()) for (const rest of permutations(items.toSpliced(i, 1))) yield [item, ...rest]
}

/** The mean SI-SDR of estimates in their order, or in the best one, and which that is. */
function scoreOf(references: readonly Channels[], estimates: readonly Channels[], interchangeable: boolean) {
  const table = references.map((reference) => estimates.map((estimate) => siSdr(reference, estimate)))
  const meanOf = (order: readonly number[]) => order.reduce((sum, estimate, i) => sum + table[i]![estimate]! / order.length, 0)
  const same = references.map((_, i) => i)
  const orders = interchangeable
    ? Array.from(permutations(same), (order) => ({ order, score: meanOf(order) }))
    : [{ order: same, score: meanOf(same) }]
  return orders.reduce((best, other) => (other.score > best.score ? other : best))
}

/**
 * Separates held-out examples and scores them.
 *
 * @param stemsOf the waveforms of the network's stems, by its names
 */
export async function judgeSeparation(
  network: SeparationNetwork,
  source: Pick<MixtureSource, 'channels' | 'samples' | 'heldOut'>,
  stemsOf: (waveforms: Waveforms) => Waveforms,
  { values, backend, examples, pause }: JudgeOptions,
): Promise<Judgement> {
  const { channels, samples } = source
  const program = await compile(
    ({ mixture }) => network.waveforms(mixture),
    { mixture: [batchSize, channels, samples] },
    { backend, constants: values },
  )
  const onlyVocals = network.stems.length === 1 && network.stems[0] === 'vocals'
  const shown: ExampleSounds[] = []
  const totals: Record<string, number> = { siSdr: 0, siSdrGain: 0, ...(onlyVocals ? { sdrInstrumental: 0 } : {}) }
  const count = (name: string, value: number) => {
    totals[name]! += value / examples
  }
  for (let first = 0; first < examples; first += batchSize) {
    const batch = await source.heldOut(first, batchSize)
    const truth = stemsOf(batch)
    const estimated = (await program.run({ mixture: batch.mixture! })) as Waveforms
    for (let b = 0; b < Math.min(batchSize, examples - first); b++) {
      await pause()
      const one = (flat: Float32Array): Channels =>
        Array.from({ length: channels }, (_, c) => flat.subarray((channels * b + c) * samples, (channels * b + c + 1) * samples))
      const mixture = one(batch.mixture!)
      const [references, estimates] = [truth, estimated].map((all) => network.stems.map((stem) => one(all[stem]!))) as [
        Channels[],
        Channels[],
      ]
      const { score, order } = scoreOf(references, estimates, network.interchangeable)
      count('siSdr', score)
      const unseparated = references.map(() => mixture)
      count('siSdrGain', score - scoreOf(references, unseparated, false).score)
      if (shown.length < shownExamples) {
        const inOrder = order.map((i) => estimates[i]!)
        shown.push({ mixture, stems: network.stems, references, estimates: inOrder, sampleRate: network.config.sampleRate })
      }
      if (!onlyVocals) continue
      const rest = (part: Channels) => mixture.map((channel, c) => channel.map((x, n) => x - part[c]![n]!))
      count('sdrInstrumental', sdr(rest(references[0]!), rest(estimates[0]!)))
    }
  }
  await program.dispose()
  return { scores: totals, ...(await showExamples(shown, backend)) }
}
