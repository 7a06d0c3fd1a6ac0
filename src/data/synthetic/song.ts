/** Whole synthetic songs with their stems and labels. */

import type { AudioBlock } from '../../audio/types.ts'
import type { Random } from '../../tensor/random.ts'
import { createRandom } from '../../tensor/random.ts'
import { renderBass } from './bass.ts'
import { renderChords } from './chords.ts'
import type { Composition } from './compose.ts'
import { compose } from './compose.ts'
import { renderDrums } from './drums.ts'
import { addScaled, applyGain, compress, compressorGain, echo, equalise } from './effects.ts'
import { designBiquad } from './filters.ts'
import type { Casting } from './form.ts'
import type { Players } from './instruments.ts'
import { renderLead } from './lead.ts'
import type { Stereo } from './mix.ts'
import { activeRms, addPanned, gate, peak, scale, silence, sum } from './mix.ts'
import type { Room } from './reverb.ts'
import { reverberate } from './reverb.ts'
import type { Score } from './score.ts'
import { STREAM } from './streams.ts'
import { renderVocals } from './vocals.ts'
import type { SingerName } from './voice/singers.ts'

export interface SongOptions {
  /** Whole number; equal seeds (and other options) give equal songs. */
  readonly seed: number
  /** Length; the result has exactly round(seconds · sampleRate) samples. */
  readonly seconds: number
  /** Hertz, 44100 unless told, 32000 to 96000. */
  readonly sampleRate?: number
  /** A named singer instead of a drawn one. */
  readonly singer?: SingerName
  /** Instruments to draw from instead of all: `{ chords: ['piano', 'organ'] }`. */
  readonly players?: Players
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

interface Plan {
  readonly composition: Composition
  readonly samples: number
  readonly sampleRate: number
  readonly seed: number
  readonly room: Room
  readonly random: Random
}

function plan(name: string, options: SongOptions, casting: Casting): Plan {
  const { seed, seconds, sampleRate = 44100 } = options
  if (!Number.isSafeInteger(seed)) throw new RangeError(`${name}: seed is a whole number, got ${seed}`)
  if (!(seconds > 0 && seconds <= 3600)) throw new RangeError(`${name}: seconds is above 0 and at most 3600, got ${seconds}`)
  if (!(sampleRate >= 32000 && sampleRate <= 96000)) {
    throw new RangeError(`${name}: sampleRate is 32000 to 96000 Hz, got ${sampleRate}; resample the result for other rates`)
  }
  const random = createRandom(seed, STREAM.mix)
  const size = random.uniform(0.15, 1)
  const room = {
    size,
    decay: random.uniform(0.25, 0.7) + 1.6 * size * random.uniform(0.3, 1),
    damping: random.uniform(0.1, 0.8),
    predelay: 0.02 * size,
  }
  return {
    composition: compose({ ...options, casting }),
    samples: Math.round(seconds * sampleRate),
    sampleRate,
    seed,
    room,
    random,
  }
}

/** Gives a part its colour, level (RMS in decibels of full scale, over what sounds) and share of the room. */
function place(part: Stereo, decibels: number, send: number, { room, sampleRate, random }: Plan): Stereo {
  const [from, gain] = [random.uniform(1200, 4000), random.uniform(-9, 0)]
  if (peak(part) === 0) return part
  equalise(part, [designBiquad('high-shelf', from, sampleRate, 0.6, gain)])
  const rms = activeRms(part)
  scale(part, 10 ** (decibels / 20) / rms)
  if (send > 0.02) addScaled(part, reverberate(part, room, sampleRate), send)
  return part
}

/** Drums, bass, chords and lead, each in its place. */
function renderBand(song: Plan): readonly [Stereo, Stereo, Stereo, Stereo] {
  const { composition, samples, sampleRate, seed, random } = song
  const { score, kitName, bassName, leadName, chordParts } = composition
  const wet = random.uniform(0.1, 1)

  const drums = renderDrums(score.drums, kitName, random.uniform(0.2, 1), samples, sampleRate, createRandom(seed, STREAM.drums, 1))
  if (random.chance(0.6))
    compress(
      drums,
      { threshold: -26, ratio: random.uniform(1.5, 4), attack: random.uniform(0.004, 0.03), release: random.uniform(0.05, 0.15) },
      sampleRate,
    )
  place(drums, -20 + random.uniform(-4, 3), 0.35 * wet * random.uniform(0, 1), song)

  const bass = silence(samples)
  addPanned(bass, renderBass(score.bass, bassName, samples, sampleRate, createRandom(seed, STREAM.bass, 1)), 0, 1)
  place(bass, -22 + random.uniform(-5, 2), 0, song)

  const chords = silence(samples)
  chordParts.forEach(({ name, notes }, i) => {
    const part = renderChords(notes, name, samples, sampleRate, createRandom(seed, STREAM.chords, 1 + i))
    place(part, -24 + random.uniform(-5, 4), 0.5 * wet * random.uniform(0.1, 1), song)
    // Two parts move apart.
    const shift = chordParts.length === 1 ? 0 : (i === 0 ? -1 : 1) * random.uniform(0, 0.4)
    for (let n = 0; n < samples; n++) {
      part[0][n]! *= 1 - Math.max(0, shift)
      part[1][n]! *= 1 + Math.min(0, shift)
    }
    addScaled(chords, part, 1)
  })

  const lead = silence(samples)
  addPanned(lead, renderLead(score.lead, leadName, samples, sampleRate, createRandom(seed, STREAM.lead, 1)), random.uniform(-0.4, 0.4), 1)
  if (random.chance(0.4))
    addScaled(lead, echo(lead, (0.75 * 60) / score.tempo, random.uniform(0.1, 0.4), sampleRate), random.uniform(0.1, 0.35))
  place(lead, -22 + random.uniform(-5, 4), 0.6 * wet * random.uniform(0.1, 1), song)
  return [drums, bass, chords, lead]
}

/** The last steps of a mix, the same for every stem and therefore true to their sum: tilt of the spectrum, bus compression, level. */
function master(all: readonly Stereo[], { random, sampleRate }: Plan): void {
  const stems = all.filter((stem) => peak(stem) > 0)
  if (stems.length === 0) return
  const tilt = random.uniform(-3, 3)
  const filters = [designBiquad('low-shelf', 300, sampleRate, 0.6, -tilt / 2), designBiquad('high-shelf', 3000, sampleRate, 0.6, tilt / 2)]
  for (const stem of stems) equalise(stem, filters)
  if (random.chance(0.6)) {
    const gains = compressorGain(
      stems,
      { threshold: random.uniform(-20, -12), ratio: random.uniform(1.5, 4), attack: 0.01, release: random.uniform(0.08, 0.3) },
      sampleRate,
    )
    for (const stem of stems) applyGain(stem, gains)
  }
  const loudest = Math.max(peak(sum(stems)), ...stems.map(peak), 1e-9)
  const gain = random.uniform(0.5, 0.94) / loudest
  for (const stem of stems) scale(stem, gain)
}

/**
 * A song of a seed: drums, bass, chords, lead and a singer, with the exact score.
 *
 * @throws RangeError for a seed that is no whole number, a length outside (0, 3600] seconds or a sample rate outside 32 to 96 kHz
 * @example
 * const { mixture, stems, score } = makeSong({ seed: 1, seconds: 20 })
 * score.sung[0] // the first sung note: pitch, onset, duration, vowel
 */
export function makeSong(options: SongOptions): SyntheticSong {
  const song = plan('makeSong', options, 'song')
  const band = renderBand(song)
  const vocals = renderVocals({ ...song, room: song.room })
  // Level of the voice over the band: −6 to +6 dB, measured where each of them sounds.
  const [voice, others] = [activeRms(vocals), activeRms(sum(band))]
  if (voice > 0 && others > 0) scale(vocals, (others / voice) * 10 ** (song.random.uniform(-6, 6) / 20))
  master([vocals, ...band], song)
  gate(vocals, song.composition.score.vocalSpans, song.sampleRate)
  const [drums, bass, chords, lead] = band
  const instrumental = sum(band)
  return {
    sampleRate: song.sampleRate,
    mixture: sum([vocals, instrumental]),
    stems: { vocals, instrumental, drums, bass, chords, lead },
    score: song.composition.score,
  }
}

/**
 * A sung line alone, two channels, peak below 0.95; the singer pauses only to breathe.
 *
 * @throws RangeError as makeSong does
 */
export function singVoice(options: SongOptions): AudioBlock {
  const song = plan('singVoice', options, 'solo-voice')
  const vocals = renderVocals({ ...song, room: song.random.chance(0.4) ? undefined : song.room })
  master([vocals], song)
  gate(vocals, song.composition.score.vocalSpans, song.sampleRate)
  return vocals
}

/**
 * Music without a singer, two channels, peak below 0.95.
 *
 * @throws RangeError as makeSong does
 */
export function makeInstrumental(options: SongOptions): AudioBlock {
  const song = plan('makeInstrumental', options, 'instrumental')
  const band = renderBand(song)
  master(band, song)
  return sum(band)
}
