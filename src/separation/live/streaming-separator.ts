/**
 * Separation with a constant delay, for sound that is being played: as many samples come out as go in, each `latencySamples` after its own. What an
 * audio callback, a mixer or an effect wants; files and pipes, which need no delay but the first, go through `separate`.
 */

import type { AudioBlock } from '../../audio/types.ts'
import type { Separator } from '../../models/index.ts'
import { createTurns } from '../../models/turns.ts'
import { SeparationError } from '../errors.ts'
import { findNonFinite } from '../non-finite.ts'
import { createSampleQueue } from '../sample-queue.ts'
import type { SeparatedBlock } from '../stem-queue.ts'
import { checkStems } from '../stems.ts'
import { isLiveSeparator, type LiveSeparation, startLive } from './live-separation.ts'

export interface StreamingOptions {
  /** Samples per second of what goes in and comes out; the separator's by default. */
  readonly sampleRate?: number
  /** 1 or 2, the default. */
  readonly channels?: 1 | 2
  /** Of the separator's and `instrumental`; default all. */
  readonly stems?: readonly string[]
}

export interface StreamingSeparator {
  /** By how much stems lag behind what went in, whatever the blocks (samples at `sampleRate`). */
  readonly latencySamples: number
  readonly sampleRate: number
  readonly channels: 1 | 2
  readonly stems: readonly string[]
  /**
   * Takes the next block, of any length, and gives a block of the same length of the mixture and each stem, delayed by `latencySamples`; before the
   * first sample there is silence. Calls may overlap; they are answered in order.
   *
   * @throws RangeError for other channels, SeparationError for samples or estimates that are no numbers
   */
  process(block: AudioBlock): Promise<SeparatedBlock>
  /** The last `latencySamples` samples, those of a signal that ends here. What is processed next is another signal. */
  flush(): Promise<SeparatedBlock>
  /** Forgets what was heard. What is processed next is another signal. */
  reset(): Promise<void>
}

/** What there is of one signal. */
interface Signal {
  readonly live: LiveSeparation
  /** Mixture and stems that are finished, plane by plane. */
  readonly finished: ReturnType<typeof createSampleQueue>
  /** Samples given, the silence before the first among them. */
  given: number
}

/**
 * Opens a stream of a separator whose network hears nothing ahead, `loadSeparator('causal')` for one. Any number of them may be open; the separator is
 * disposed of by whoever made it, after the last of them.
 *
 * @throws RangeError for a separator that has to hear what follows, for a rate that is none, and for stems that it does not have
 * @example
 * const streaming = createStreamingSeparator(separator, { stems: ['vocals'] })
 * const { stems } = await streaming.process([new Float32Array(128), new Float32Array(128)])
 */
export function createStreamingSeparator(separator: Separator, options: StreamingOptions = {}): StreamingSeparator {
  const { sampleRate = separator.sampleRate, channels = 2 } = options
  if (!isLiveSeparator(separator))
    throw new RangeError(
      `the model ${separator.name} has to hear what follows and cannot work while sound comes; use one that can, such as the shipped "causal"`,
    )
  if (!Number.isInteger(sampleRate) || sampleRate < 1) throw new RangeError(`sampleRate: ${sampleRate}; allowed are whole numbers ≥ 1`)
  if (channels !== 1 && channels !== 2) throw new RangeError(`channels: ${String(channels)}; allowed are 1 and 2`)
  const stems = checkStems(separator, options.stems)
  const turns = createTurns()
  const begin = (): Signal => ({
    live: startLive(separator, { sampleRate, channels }, stems),
    finished: createSampleQueue(channels * (1 + stems.length)),
    given: 0,
  })
  let signal = begin()
  const { latencySamples } = signal.live

  const keep = (block: SeparatedBlock | undefined): void => {
    if (block) signal.finished.push([...block.mixture, ...stems.flatMap((stem) => block.stems[stem]!)])
  }
  /** The next `length` samples of the delayed signal. */
  const give = (length: number): SeparatedBlock => {
    const from = signal.given - latencySamples
    const to = from + length
    const known = to > 0 ? signal.finished.read(Math.max(0, from), to) : []
    signal.finished.drop(Math.max(0, to))
    signal.given += length
    const planes = Array.from({ length: channels * (1 + stems.length) }, (_, p) => {
      const samples = new Float32Array(length)
      if (known[p]) samples.set(known[p], length - known[p].length)
      return samples
    })
    const part = (p: number) => planes.slice(p * channels, (p + 1) * channels)
    return { mixture: part(0), stems: Object.fromEntries(stems.map((stem, s) => [stem, part(s + 1)])) }
  }

  return {
    latencySamples,
    sampleRate,
    channels,
    stems,
    process(block) {
      const lengths = block.map((samples) => samples.length)
      if (block.length !== channels || new Set(lengths).size !== 1)
        throw new RangeError(`process: a block of ${lengths.join(', ')} samples; needs ${channels} channels of one length`)
      const own = block.map((samples) => samples.slice())
      return turns(async () => {
        if (own.some((samples) => findNonFinite(samples) >= 0))
          throw new SeparationError('the block holds samples that are no numbers; repair the sound first')
        keep(await signal.live.push(own))
        return give(own[0]!.length)
      })
    },
    flush: () =>
      turns(async () => {
        keep(await signal.live.end())
        const rest = give(latencySamples)
        signal = begin()
        return rest
      }),
    reset: () =>
      turns(async () => {
        signal = begin()
      }),
  }
}
