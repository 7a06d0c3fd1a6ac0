/**
 * One training example out of random parts ("voxaug"): an instrumental and a voice that never met, each disguised by augmentations,
 * at a random level ratio. mixture = vocals + instrumental, sample by sample.
 */
import type { Random } from '../tensor/random.ts'
import { applyBiquads } from './augment/biquad.ts'
import { activeRms, applyGain, type Channels, decibels, peakOf, toStereo } from './augment/channels.ts'
import { double, randomDoubles, slapDelay } from './augment/double.ts'
import { compress, saturate } from './augment/dynamics.ts'
import { equalise, randomBandLimit } from './augment/equalise.ts'
import { randomRoom, reverberate } from './augment/reverb.ts'
import { atSpeed, framesNeeded } from './augment/speed.ts'
import { downMix, pan, swapChannels, widen } from './augment/stereo.ts'
import type { MixConfig, StemConfig } from './config.ts'
import { type Choice, chooseFrom, type Filling, readCrop, SYNTHETIC_SOURCE, sourceOf, type Track, type TrackReader } from './tracks.ts'

/** Two channels each, of equal length; mixture − vocals is the instrumental. */
export interface Example {
  readonly mixture: Channels
  readonly vocals: Channels
}

/** Hears what was drawn for an example: `note('vocals speed', 1.12)`. */
export type Note = (what: string, value: number | string) => void

export interface Mixer {
  /** An augmented training example of `frames` samples: a pure function of the random stream. `note` is told what is drawn. */
  example(random: Random, frames: number, note?: Note): Example
  /** A plain example: crops at a drawn level ratio, mono when asked, nothing else. */
  plainExample(random: Random, frames: number, mono: boolean): Example
}

interface Sources<T extends Track> {
  readonly real: Choice<T> | undefined
  readonly synthetic: Choice<T> | undefined
}

/**
 * The mixer of a set of tracks at one sample rate.
 *
 * @throws Error when there are no vocals or no instrumentals among the tracks.
 */
export function createMixer<T extends Track>(tracks: readonly T[], read: TrackReader<T>, config: MixConfig, rate: number): Mixer {
  const sources = (kind: Track['kind']): Sources<T> => {
    const ofKind = tracks.filter((t) => t.kind === kind)
    return {
      real: chooseFrom(
        ofKind.filter((t) => sourceOf(t) !== SYNTHETIC_SOURCE),
        config.sampling,
      ),
      synthetic: chooseFrom(
        ofKind.filter((t) => sourceOf(t) === SYNTHETIC_SOURCE),
        config.sampling,
      ),
    }
  }
  const voices = sources('vocals')
  const speech = sources('speech')
  const instrumentals = sources('instrumental')
  for (const [kind, { real, synthetic }] of [
    ['vocals', voices],
    ['instrumental', instrumentals],
  ] as const)
    if (!real && !synthetic)
      throw new Error(
        `data: there are no tracks of kind "${kind}" to mix; a training needs at least one recording of vocals and one instrumental`,
      )

  const draw = (random: Random, { real, synthetic }: Sources<T>, share: number): T => {
    const wanted = random.chance(share) ? (synthetic ?? real) : (real ?? synthetic)
    return wanted!.draw(random)
  }

  /** A crop of the track with the effects of `effects`, in mono where nothing has made it stereo. */
  const stem = (random: Random, track: T, frames: number, effects: StemConfig, filling: Filling, note: Note): Channels => {
    note('recording', track.name)
    const speed = random.chance(effects.speed) ? 2 ** (random.uniform(-effects.semitones, effects.semitones) / 12) : 1
    if (speed !== 1) note('speed', speed)
    let sound: Channels
    if (speed === 1) sound = readCrop(random, track, frames, rate, filling, read)
    else sound = readCrop(random, track, framesNeeded(frames, speed), rate, filling, read).map((samples) => atSpeed(samples, frames, speed))
    if (random.chance(effects.equalise)) {
      equalise(sound, random, rate)
      note('equaliser', 'yes')
    }
    if (random.chance(effects.compress)) {
      const compressor = {
        thresholdDb: random.uniform(-36, -12),
        ratio: random.uniform(1.5, 8),
        attackSeconds: random.uniform(0.002, 0.03),
        releaseSeconds: random.uniform(0.05, 0.3),
      }
      compress(sound, compressor, rate)
      note('compressor from (dB)', compressor.thresholdDb)
      note('compressor ratio', compressor.ratio)
    }
    if (random.chance(effects.saturate)) {
      const drive = Math.exp(random.uniform(Math.log(0.5), Math.log(3)))
      saturate(sound, drive)
      note('saturation', drive)
    }
    if (random.chance(effects.bandLimit)) {
      applyBiquads(sound, randomBandLimit(random, rate, config.bandLimitHz))
      note('band limit', 'yes')
    }
    if (random.chance(effects.slap)) {
      const seconds = random.uniform(0.06, 0.4)
      slapDelay(sound, seconds, decibels(random.uniform(-18, -5)), random.uniform(0, 0.5), rate)
      note('echo after (s)', seconds)
    }
    if (random.chance(effects.double)) {
      sound = double(sound, randomDoubles(random), rate)
      note('doubled', 'yes')
    }
    if (random.chance(effects.reverb)) {
      sound = reverberate(sound, randomRoom(random), rate)
      note('reverberation', 'yes')
    }
    if (sound.length === 2 && random.chance(effects.width)) {
      const width = random.uniform(0, 1.6)
      widen(sound, width)
      note('width', width)
    }
    if (random.chance(effects.swap)) {
      swapChannels(sound)
      note('channels', 'exchanged')
    }
    return sound
  }

  const singer = (random: Random, frames: number, note: Note): Channels => {
    const spoken = speech.real && random.chance(config.speech)
    const track = draw(random, spoken ? speech : voices, spoken ? 0 : config.synthetic.vocals)
    const sound = stem(random, track, frames, config.vocals, 'place', note)
    if (sound.length === 2) return sound
    // Most singers stand in the middle.
    if (random.chance(0.6)) return toStereo(sound)
    const place = random.uniform(-0.8, 0.8)
    note('place', place)
    return pan(sound, place)
  }

  const accompaniment = (random: Random, frames: number, note: Note): Channels =>
    toStereo(stem(random, draw(random, instrumentals, config.synthetic.instrumental), frames, config.instrumental, 'repeat', note))

  return {
    example(random, frames, note = () => {}) {
      const of =
        (who: string): Note =>
        (what, value) =>
          note(`${who}: ${what}`, value)
      const lot = random.uniform()
      const withVocals = lot >= config.noVocals
      const withInstrumental = !withVocals || lot < 1 - config.vocalsOnly
      const vocals = withVocals ? singer(random, frames, of('vocals')) : silence(frames)
      if (withVocals && random.chance(config.twoSingers)) {
        const second = singer(random, frames, of('second singer'))
        addAt(vocals, second, random.uniform(-9, 3))
      }
      const instrumental = withInstrumental ? accompaniment(random, frames, of('instrumental')) : silence(frames)
      if (withInstrumental && random.chance(config.twoInstrumentals)) {
        const second = accompaniment(random, frames, of('second instrumental'))
        addAt(instrumental, second, random.uniform(-9, 3))
      }
      const ratio = drawRatio(random, config.levelRatio)
      setRatio(vocals, instrumental, ratio)
      if (withVocals && withInstrumental) note('vocals over instrumental (dB)', ratio)
      if (random.chance(config.mono)) {
        downMix(vocals)
        downMix(instrumental)
        note('channels', 'mono')
      }
      if (random.chance(config.bandLimit)) {
        const sections = randomBandLimit(random, rate, config.bandLimitHz)
        // Silence stays exact zeros.
        if (withVocals) applyBiquads(vocals, sections)
        if (withInstrumental) applyBiquads(instrumental, sections)
        note('band limit of the mixture', 'yes')
      }
      const peak = random.uniform(...config.peak)
      note('peak (dB)', peak)
      return finish(vocals, instrumental, decibels(peak))
    },
    plainExample(random, frames, mono) {
      const vocals = toStereo(readCrop(random, (voices.real ?? voices.synthetic)!.draw(random), frames, rate, 'place', read))
      const instrumental = toStereo(
        readCrop(random, (instrumentals.real ?? instrumentals.synthetic)!.draw(random), frames, rate, 'repeat', read),
      )
      setRatio(vocals, instrumental, drawRatio(random, config.levelRatio))
      if (mono) {
        downMix(vocals)
        downMix(instrumental)
      }
      return finish(vocals, instrumental, decibels(-3))
    },
  }
}

const silence = (frames: number): Channels => [new Float32Array(frames), new Float32Array(frames)]

/** Adds `other` to `sound` at `db` relative to its active level. */
function addAt(sound: Channels, other: Channels, db: number): void {
  const level = activeRms(sound)
  const otherLevel = activeRms(other)
  if (level === 0 || otherLevel === 0) return
  const gain = (level / otherLevel) * decibels(db)
  for (const [c, samples] of sound.entries()) for (let i = 0; i < samples.length; i++) samples[i]! += gain * other[c]![i]!
}

function drawRatio(random: Random, { mean, deviation, limit }: MixConfig['levelRatio']): number {
  return Math.max(-limit, Math.min(limit, mean + deviation * random.normal()))
}

/** Scales the vocals to `db` over the instrumental, measured over the active parts of each; does nothing where one is silent. */
function setRatio(vocals: Channels, instrumental: Channels, db: number): void {
  const v = activeRms(vocals)
  const i = activeRms(instrumental)
  if (v > 0 && i > 0) applyGain(vocals, (i / v) * decibels(db))
}

/** Scales both so that the louder of mixture and vocals peaks at `peak`, and adds them. Below −80 dB nothing is amplified. */
function finish(vocals: Channels, instrumental: Channels, peak: number): Example {
  const mixture = sum(vocals, instrumental)
  const loudest = Math.max(peakOf(mixture), peakOf(vocals))
  // A hair less, because rounding up must not reach beyond full scale.
  const gain = loudest > 1e-4 ? (peak / loudest) * (1 - 1e-6) : 1
  applyGain(vocals, gain)
  applyGain(instrumental, gain)
  // Added after scaling, so that mixture = vocals + instrumental holds to the last bit.
  return { mixture: sum(vocals, instrumental, mixture), vocals }
}

function sum(a: Channels, b: Channels, out: Channels = silence(a[0]!.length)): Channels {
  for (const [c, y] of out.entries()) {
    const p = a[c]!
    const q = b[c]!
    for (let i = 0; i < y.length; i++) y[i] = p[i]! + q[i]!
  }
  return out
}
