/** Whole synthetic songs with their stems and labels. */

import type { AudioBlock } from '../../audio/types.ts'
import { createRandom } from '../../tensor/random.ts'
import { compose, STREAM } from './compose.ts'
import type { Stereo } from './mix.ts'
import { addPanned, peak, scale, silence, sum } from './mix.ts'
import type { Score } from './score.ts'
import type { SingerName } from './voice/singers.ts'
import { renderLine } from './voice/voice.ts'

export interface SongOptions {
  /** Whole number; equal seeds (and other options) give equal songs. */
  readonly seed: number
  /** Length; the result has exactly round(seconds · sampleRate) samples. */
  readonly seconds: number
  /** Hertz, 44100 unless told, 32000 to 96000. */
  readonly sampleRate?: number
  /** A named singer instead of a drawn one. */
  readonly singer?: SingerName
}

export interface SyntheticSong {
  readonly sampleRate: number
  /** vocals + instrumental, sample by sample in 32-bit floats. Two channels, as all stems; peak below 0.95. */
  readonly mixture: AudioBlock
  readonly stems: {
    readonly vocals: AudioBlock
    /** drums + bass + chords + lead. */
    readonly instrumental: AudioBlock
    readonly drums: AudioBlock
    readonly bass: AudioBlock
    readonly chords: AudioBlock
    readonly lead: AudioBlock
  }
  readonly score: Score
}

function checkOptions(name: string, { seed, seconds, sampleRate = 44100 }: SongOptions): number {
  if (!Number.isSafeInteger(seed)) throw new RangeError(`${name}: seed is a whole number, got ${seed}`)
  if (!(seconds > 0 && seconds <= 3600)) throw new RangeError(`${name}: seconds is above 0 and at most 3600, got ${seconds}`)
  if (!(sampleRate >= 32000 && sampleRate <= 96000))
    throw new RangeError(`${name}: sampleRate is 32000 to 96000 Hz, got ${sampleRate}; resample the result for other rates`)
  return sampleRate
}

/**
 * A song of a seed: drums, bass, chords, lead and a singer, with the exact score.
 *
 * @example
 * const { mixture, stems, score } = makeSong({ seed: 1, seconds: 20 })
 * score.sung[0] // the first sung note: pitch, onset, duration, vowel
 */
export function makeSong(options: SongOptions): SyntheticSong {
  const sampleRate = checkOptions('makeSong', options)
  const samples = Math.round(options.seconds * sampleRate)
  const composition = compose({ ...options, casting: 'song' })
  const vocals = renderVocals(composition, samples, sampleRate, options.seed)
  const [drums, bass, chords, lead] = [silence(samples), silence(samples), silence(samples), silence(samples)]
  const stems = [drums, bass, chords, lead, vocals]
  const gain = 0.9 / Math.max(1e-9, peak(sum(stems)), peak(vocals))
  for (const stem of stems) scale(stem, gain)
  const instrumental = sum([drums, bass, chords, lead])
  return {
    sampleRate,
    mixture: sum([vocals, instrumental]),
    stems: { vocals, instrumental, drums, bass, chords, lead },
    score: composition.score,
  }
}

function renderVocals(composition: ReturnType<typeof compose>, samples: number, sampleRate: number, seed: number): Stereo {
  const out = silence(samples)
  addPanned(out, renderLine(composition.score.sung, composition.singer, samples, sampleRate, createRandom(seed, STREAM.voice, 1)), 0, 1)
  return out
}

/** A sung line alone, two channels, peak below 0.95; the singer pauses only to breathe. */
export function singVoice(options: SongOptions): AudioBlock {
  const sampleRate = checkOptions('singVoice', options)
  const samples = Math.round(options.seconds * sampleRate)
  const vocals = renderVocals(compose({ ...options, casting: 'solo-voice' }), samples, sampleRate, options.seed)
  scale(vocals, 0.9 / Math.max(1e-9, peak(vocals)))
  return vocals
}

/** Music without a singer, two channels, peak below 0.95. */
export function makeInstrumental(options: SongOptions): AudioBlock {
  checkOptions('makeInstrumental', options)
  return makeSong(options).stems.instrumental
}
