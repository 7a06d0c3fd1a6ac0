/** Training examples of FrameTransformer by number: which sounds meet, what is done to them, and in which arrays the network gets them. */
import { createRandom } from '../../tensor/random.ts'
import type { AugmentationStrengths } from './augment.ts'
import { type NetworkExample, networkExample } from './network-example.ts'
import type { PresenceOptions } from './presence.ts'
import { type RestoringOptions, restoringItem } from './restoring.ts'
import { type ChunkList, mixVoxaug, vocalFor } from './voxaug.ts'

/** What examples are made of. */
export interface SpectralLists {
  /** Accompaniments. */
  readonly instruments: ChunkList
  /** Songs with their voices, to restore. */
  readonly mixtures: ChunkList
  readonly vocals: ChunkList
}

export interface SpectralExampleOptions {
  /** A mixture and its accompaniment, or a sound with spans that are filled and without. */
  readonly kind: 'mixtures' | 'restoring'
  readonly estimate: 'complex' | 'mask'
  readonly scale: 'song' | 'crop'
  readonly form: 'repaired' | 'original'
  /** Labels of the voice, for 'mixtures'. */
  readonly presence?: Omit<PresenceOptions, 'peak' | 'copies'>
  readonly restoring?: Omit<RestoringOptions, 'frames' | 'form'>
  /** Cut out and mixed as they are, nothing else changed: to be judged by. */
  readonly plain?: boolean
}

export interface SpectralExample extends NetworkExample {
  /** Where the voice is: (channels, frames, bands). */
  readonly presence?: Float32Array
  /** 1 for frames of the input that are not those of the target: (1, frames, 1). */
  readonly masked?: Float32Array
}

const unchanged: AugmentationStrengths = {}

/**
 * Example number `number`, 0, 1, 2, …: a function of seed and number alone. In every epoch each accompaniment comes once, with another voice.
 *
 * @throws RangeError where there is nothing to make it of
 */
export function spectralExample(
  { instruments, mixtures, vocals }: SpectralLists,
  options: SpectralExampleOptions & { readonly frames: number },
  { seed, number }: { readonly seed: number; readonly number: number },
): SpectralExample {
  const { kind, estimate, scale, form, presence = {}, restoring, plain = false, frames } = options
  const strengths = plain ? { vocalStrengths: unchanged, instrumentStrengths: unchanged } : {}
  const count = kind === 'mixtures' ? instruments.count : instruments.count + mixtures.count
  if (count < 1) throw new RangeError(`spectralExample: no sounds for "${kind}"; needs one at least`)
  const [epoch, index] = [Math.floor(number / count), number % count]
  const draws = createRandom(seed, epoch, index)
  const voice = vocals.count > 0 && index < instruments.count ? vocals.read(vocalFor(epoch, index, vocals.count)) : undefined
  const sound = index < instruments.count ? instruments.read(index) : mixtures.read(index - instruments.count)
  const of = { estimate, scale } as const
  if (kind === 'restoring') {
    // Held-out examples are always masked.
    const chances = plain ? { ...restoring, clean: 0, vocals: 0 } : restoring
    const item = restoringItem(sound, voice, { ...chances, ...strengths, frames, form }, draws)
    return { ...networkExample(item, { ...of, peak: item.peak }), masked: item.masked }
  }
  if (!voice) throw new RangeError('spectralExample: no voices; needs one at least')
  const item = mixVoxaug(sound, voice, { ...strengths, frames, form, presence }, draws)
  // Labels are there once for each channel that comes in: real and imaginary parts, or magnitudes.
  const labels = estimate === 'complex' ? item.presence : item.presence.slice(0, item.presence.length / 2)
  return { ...networkExample(item, { ...of, peak: sound.peak }), presence: labels }
}
