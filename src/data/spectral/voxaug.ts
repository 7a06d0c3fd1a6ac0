/**
 * Training examples of voices and accompaniments that never met, as spectrograms: each accompaniment meets another voice in every epoch, and both
 * are changed at random, strengths apart. After the loader of FrameTransformer (carperbr, 2023), with its mistakes repaired or, asked for, kept.
 */
import { createRandom } from '../../tensor/index.ts'
import { type AugmentationStrengths, augmentationSets, augmentSpectrogram } from './augment.ts'
import type { Draws } from './draws.ts'
import { mixSpectra, type SpectralChunk, type SpectralMix } from './mixing.ts'
import { type PresenceOptions, vocalPresence } from './presence.ts'

/** A list of chunks, read when needed. */
export interface ChunkList {
  readonly count: number
  read(index: number): SpectralChunk
}

export interface VoxaugOptions {
  /** Frames of an example. */
  readonly frames: number
  /** 'repaired' by default; 'original' with all that is wrong in levels, normalisers, and the direction of pitch. */
  readonly form?: 'repaired' | 'original'
  /** By default the original's sets of supervised training. */
  readonly vocalStrengths?: AugmentationStrengths
  readonly instrumentStrengths?: AugmentationStrengths
  /** Of the labels; channels are there twice, for real and imaginary parts. */
  readonly presence?: Omit<PresenceOptions, 'peak' | 'copies'>
}

export interface VoxaugItem extends SpectralMix {
  /** Where the voice is: (2·channels, frames, bands). */
  readonly presence: Float32Array
}

/** Which voice an accompaniment meets: over the epochs all of them, one after the other. */
export function vocalFor(epoch: number, index: number, vocals: number): number {
  return (epoch + index) % vocals
}

/**
 * An example of one accompaniment and one voice.
 *
 * @param draws the same numbers give the same example
 * @throws RangeError for chunks that do not fit each other
 */
export function mixVoxaug(instruments: SpectralChunk, vocals: SpectralChunk, options: VoxaugOptions, draws: Draws): VoxaugItem {
  const { frames, form = 'repaired', presence = {} } = options
  const { vocalStrengths = augmentationSets.vocals, instrumentStrengths = augmentationSets.instruments } = options
  const augmented = (chunk: SpectralChunk, strengths: AugmentationStrengths): SpectralChunk => ({
    ...chunk,
    ...augmentSpectrogram(chunk, strengths, { frames, peak: chunk.peak, form }, draws),
  })
  const accompaniment = augmented(instruments, instrumentStrengths)
  const voice = augmented(vocals, vocalStrengths)
  return {
    ...mixSpectra(accompaniment, voice, { vocalScale: form === 'original' ? 'original' : 'joint' }),
    presence: vocalPresence(voice, { ...presence, peak: voice.peak, copies: 2 }),
  }
}

/**
 * Example number `index` of an epoch, as many as there are accompaniments: a function of seed, epoch and index alone.
 *
 * @throws RangeError for an index that there is not, empty lists, and chunks that do not fit each other
 */
export function voxaugItem(
  { instruments, vocals }: { readonly instruments: ChunkList; readonly vocals: ChunkList },
  options: VoxaugOptions,
  { seed, epoch, index }: { readonly seed: number; readonly epoch: number; readonly index: number },
): VoxaugItem {
  if (vocals.count < 1) throw new RangeError('voxaugItem: no voices; needs at least one')
  if (!Number.isInteger(index) || index < 0 || index >= instruments.count)
    throw new RangeError(`voxaugItem: index ${index}; there are ${instruments.count} accompaniments, counted from 0`)
  if (!Number.isInteger(epoch) || epoch < 0) throw new RangeError(`voxaugItem: epoch ${epoch}; allowed are whole numbers ≥ 0`)
  const voice = vocals.read(vocalFor(epoch, index, vocals.count))
  return mixVoxaug(instruments.read(index), voice, options, createRandom(seed, epoch, index))
}
