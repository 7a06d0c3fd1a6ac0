/**
 * Examples to pre-train with: spans of a sound's frames are filled with something else, and the network learns to restore them, as BERT restores words
 * (Devlin et al. 2018, arXiv 1810.04805). After FrameTransformer (carperbr, 2023).
 */
import { type ComplexSpectrogram, fromPolar, toPolar } from '../../dsp/index.ts'
import { type AugmentationStrengths, augmentationSets, augmentSpectrogram } from './augment.ts'
import { type Draws, happens } from './draws.ts'
import { exchangeChannels } from './frames.ts'
import { type FrameFilling, fillFrames, frameFillings } from './masking.ts'
import { addVocal, pairSpectra, type SpectralChunk, type SpectralMix } from './mixing.ts'

export interface RestoringOptions {
  /** Frames of an example. */
  readonly frames: number
  /** Up to so many spans, as likely as none: 15 by default. */
  readonly masks?: number
  /** Longest share of the frames that one span takes, 0.2 by default. */
  readonly maxShare?: number
  /** How often spans are filled with what, in any unit; by default all alike. One filling per example. */
  readonly fillings?: Readonly<Partial<Record<FrameFilling, number>>>
  /** Probability that nothing is masked, 0.08 by default. */
  readonly clean?: number
  /** Probability that a voice is added before, 0.2 by default. */
  readonly vocals?: number
  readonly vocalStrengths?: AugmentationStrengths
  readonly instrumentStrengths?: AugmentationStrengths
  /** 'original': half of the masked inputs have their channels exchanged, their targets not, so that the network is asked to exchange them back. */
  readonly form?: 'repaired' | 'original'
}

export interface RestoringItem extends SpectralMix {
  /** 1 for frames of the input that are not those of the target: (frames). */
  readonly masked: Float32Array
  /** The normaliser of the song. */
  readonly peak: number
}

/** One filling, by weights. */
function drawFilling(weights: Readonly<Partial<Record<FrameFilling, number>>> | undefined, draws: Draws): FrameFilling {
  const weightOf = (filling: FrameFilling) => (weights ? (weights[filling] ?? 0) : 1)
  const total = frameFillings.reduce((sum, filling) => sum + weightOf(filling), 0)
  if (!(total > 0)) throw new RangeError(`restoringItem: fillings have no weight above 0; allowed are ${frameFillings.join(', ')}`)
  let left = draws.uniform(0, total)
  for (const filling of frameFillings) {
    left -= weightOf(filling)
    if (left < 0) return filling
  }
  return frameFillings.findLast((filling) => weightOf(filling) > 0)!
}

/** The frames of `filled` where a magnitude differs, all others exactly as they were. */
function exchangeFrames(z: ComplexSpectrogram, before: Float32Array, after: Float32Array, filled: ComplexSpectrogram) {
  const { channels, frames, bins } = z
  const masked = new Float32Array(frames)
  for (let i = 0; i < before.length; i++) if (before[i] !== after[i]) masked[Math.floor(i / bins) % frames] = 1
  const [re, im] = [z.re.slice(), z.im.slice()]
  for (let row = 0; row < channels * frames; row++) {
    if (masked[row % frames] === 0) continue
    re.set(filled.re.subarray(row * bins, (row + 1) * bins), row * bins)
    im.set(filled.im.subarray(row * bins, (row + 1) * bins), row * bins)
  }
  return { input: { ...z, re, im }, masked }
}

/**
 * An example of one sound, `mixture` with spans that are filled, `target` without.
 *
 * @param voice for what is no mixture already
 * @param draws the same numbers give the same example
 * @throws RangeError for chunks that do not fit each other, and fillings without weight
 */
export function restoringItem(
  sound: SpectralChunk,
  voice: SpectralChunk | undefined,
  options: RestoringOptions,
  draws: Draws,
): RestoringItem {
  const { frames, masks = 15, maxShare = 0.2, clean = 0.08, vocals = 0.2, form = 'repaired' } = options
  const { vocalStrengths = augmentationSets.pretrainingVocals, instrumentStrengths = augmentationSets.pretrainingInstruments } = options
  const augmented = (chunk: SpectralChunk, strengths: AugmentationStrengths): SpectralChunk => ({
    ...chunk,
    ...augmentSpectrogram(chunk, strengths, { frames, peak: chunk.peak, form }, draws),
  })
  let target = augmented(sound, instrumentStrengths)
  if (voice && happens(draws, vocals))
    target = addVocal(target, augmented(voice, vocalStrengths), { vocalScale: form === 'original' ? 'original' : 'joint' })
  const polar = toPolar(target)
  const reference = polar.magnitude.reduce((most, m) => Math.max(most, m), target.peak)
  const filling = drawFilling(options.fillings, draws)
  const count = happens(draws, clean) ? 0 : draws.integer(0, masks)
  const filled = fillFrames(polar, { masks: count, maxShare, blend: draws.uniform(0, 1), filling }, reference, draws)
  const { input, masked } = exchangeFrames(target, polar.magnitude, filled.magnitude, fromPolar(filled))
  const seen = form === 'original' && happens(draws, 0.5) ? exchangeChannels(input) : input
  return { ...pairSpectra({ ...target, ...seen }, target), masked, peak: target.peak }
}
