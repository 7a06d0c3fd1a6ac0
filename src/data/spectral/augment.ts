/**
 * Everything that FrameTransformer's loader (carperbr, 2023) does to a spectrogram before it is mixed: a stretch of frames is cut or stretched out; the
 * parameters of all augmentations are drawn, the list is shuffled, and each of them happens with its own probability; in the end channels may
 * change places.
 */

import { type ComplexSpectrogram, fromPolar, type PolarSpectrogram, toPolar } from '../../dsp/index.ts'
import { largestOf } from '../../dsp/plain-spectrogram.ts'
import { drawChannel, fadeChannel, widenMagnitudes } from './channels.ts'
import { type Draws, happens } from './draws.ts'
import { exchangeChannels } from './frames.ts'
import { addPhaseNoise, changeDynamics, changeVolume, clipMagnitudes, multiplyNoise, type NegativeMagnitudes } from './levels.ts'
import { shiftPitch } from './pitch.ts'
import { cropFrames, stretchFrames } from './stretch.ts'
import { bringTreble, equaliseRandomly, takeTreble } from './tone.ts'

/** Bounds between which a number is drawn. */
export type Range = readonly [low: number, high: number]

interface Chance {
  readonly probability: number
}

/** What may happen, how likely and how strongly; what is left out never happens. */
export interface AugmentationStrengths {
  /** Probability that frames are stretched; else they are cropped. */
  readonly stretch?: number
  /** Probability that one channel is silenced before everything else. */
  readonly silence?: number
  readonly fade?: Chance
  readonly dynamics?: Chance & { readonly gain: Range }
  readonly noise?: Chance & { readonly strength: Range }
  readonly equaliser?: Chance & { readonly low: Range; readonly high: Range }
  readonly width?: Chance & { readonly width: Range }
  readonly phaseNoise?: Chance & { readonly strength: Range }
  readonly pitch?: Chance & { readonly semitones: Range }
  readonly lessTreble?: Chance & { readonly coefficient: Range }
  readonly moreTreble?: Chance & { readonly coefficient: Range }
  readonly volume?: Chance & { readonly gain: number }
  /** Whether magnitudes are clipped to the reference after each augmentation that happens. */
  readonly clip?: boolean
  /** Probability that channels change places in the end. */
  readonly swap?: number
}

const probability = 0.2
const treble = { probability, coefficient: [0.8, 1] } as const

const vocals = {
  stretch: 0.5,
  silence: 0.04,
  dynamics: { probability, gain: [0, 0.25] },
  noise: { probability, strength: [0, 0.25] },
  equaliser: { probability, low: [0, 1], high: [1, 2] },
  width: { probability, width: [0, 2] },
  phaseNoise: { probability, strength: [0, 0.5] },
  pitch: { probability, semitones: [-12, 12] },
  lessTreble: treble,
  moreTreble: treble,
  clip: true,
  swap: 0.5,
} as const satisfies AugmentationStrengths

const instruments = {
  fade: { probability: 0.02 },
  dynamics: { probability, gain: [0, 0.125] },
  equaliser: { probability, low: [0.5, 1], high: [1, 1.5] },
  width: { probability, width: [0.5, 1.5] },
  phaseNoise: { probability, strength: [0, 0.125] },
  pitch: { probability, semitones: [-6, 6] },
  clip: true,
  swap: 0.5,
} as const satisfies AugmentationStrengths

/**
 * The original's sets: of its supervised training, of its pre-training, and of its published snapshot, which distorts voices besides, as waveforms
 * (`distortHarmonics`).
 */
export const augmentationSets = {
  vocals,
  instruments,
  pretrainingVocals: {
    ...vocals,
    silence: 0,
    fade: { probability: 0.01 },
    phaseNoise: { probability, strength: [0, 0.2] },
    clip: false,
  },
  pretrainingInstruments: { fade: { probability: 0.01 }, swap: 0.5 },
  snapshotVocals: { ...vocals, volume: { probability, gain: 0.5 } },
  snapshotInstruments: {
    ...instruments,
    noise: { probability, strength: [0, 0.125] },
    phaseNoise: { probability, strength: [0, 0.25] },
  },
} as const satisfies Readonly<Record<string, AugmentationStrengths>>

export interface AugmentOptions {
  /** Frames of what comes out. */
  readonly frames: number
  /** The normaliser of the spectrogram's song: what thresholds and clipping refer to. */
  readonly peak: number
  /**
   * 'repaired' (the default): positive semitones are higher, no magnitude falls below 0, no gain is infinite, and what is clipped is what exceeds
   * the largest magnitude. 'original': as the original computes it, whose normaliser of voices, the peak of the waveform, is far below the
   * magnitudes that it clips.
   */
  readonly form?: 'repaired' | 'original'
  /** Samples between frames over samples of a frame: 0.5 by default. */
  readonly hopShare?: number
}

type Change = (s: PolarSpectrogram) => PolarSpectrogram

/** All augmentations of a set, with their parameters drawn. */
function drawChanges(
  z: ComplexSpectrogram,
  strengths: AugmentationStrengths,
  reference: number,
  { form, hopShare }: Required<Pick<AugmentOptions, 'form' | 'hopShare'>>,
  draws: Draws,
): { readonly probability: number; readonly change: Change }[] {
  const changes: { probability: number; change: Change }[] = []
  const original = form === 'original'
  const negative: NegativeMagnitudes = { negative: original ? 'keep' : 'zero' }
  const draw = ([low, high]: Range) => draws.uniform(low, high)
  const { fade, dynamics, noise, equaliser, width, phaseNoise, pitch, lessTreble, moreTreble, volume } = strengths
  const offer = (chance: Chance, change: Change) => changes.push({ probability: chance.probability, change })
  if (fade) {
    const [channel, amount] = [drawChannel(z.channels, draws), draws.uniform(0, 1)]
    offer(fade, (s) => fadeChannel(s, channel, amount))
  }
  if (dynamics) {
    const [threshold, gain] = [draws.uniform(0, 1), draw(dynamics.gain)]
    offer(dynamics, (s) => changeDynamics(s, { reference, threshold, gain }, draws))
  }
  if (noise) {
    const strength = draw(noise.strength)
    offer(noise, (s) => multiplyNoise(s, strength, draws, negative))
  }
  if (equaliser) {
    const range = { low: draw(equaliser.low), high: draw(equaliser.high) }
    offer(equaliser, (s) => equaliseRandomly(s, range, draws))
  }
  if (width) {
    const drawn = draw(width.width)
    offer(width, (s) => widenMagnitudes(s, drawn, negative))
  }
  if (phaseNoise) {
    const strength = draw(phaseNoise.strength)
    offer(phaseNoise, (s) => addPhaseNoise(s, strength, draws))
  }
  if (pitch) {
    const semitones = draw(pitch.semitones)
    offer(pitch, (s) => shiftPitch(s, semitones, { form: original ? 'original' : 'peaks', hopShare }))
  }
  if (lessTreble) {
    const coefficient = draw(lessTreble.coefficient)
    offer(lessTreble, (s) => takeTreble(s, coefficient))
  }
  if (moreTreble) {
    const coefficient = draw(moreTreble.coefficient)
    offer(moreTreble, (s) => bringTreble(s, coefficient, original ? Infinity : undefined))
  }
  if (volume) offer(volume, (s) => changeVolume(s, volume.gain, draws))
  return changes
}

/** In a random order (Fisher & Yates). */
function shuffle<T>(items: T[], draws: Draws): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = draws.integer(0, i)
    ;[items[i], items[j]] = [items[j]!, items[i]!]
  }
  return items
}

/** One channel of zeros. */
function silenceChannel(z: ComplexSpectrogram, channel: number): ComplexSpectrogram {
  const size = z.frames * z.bins
  const [re, im] = [z.re.slice(), z.im.slice()]
  for (const part of [re, im]) part.fill(0, channel * size, (channel + 1) * size)
  return { ...z, re, im }
}

/**
 * A spectrogram of `frames` frames of another, changed at random.
 *
 * @param draws the same numbers give the same spectrogram
 * @throws RangeError for arrays that have not the length of their shape, and a peak that is not above 0
 *
 * @example
 * const z = { channels: 2, frames: 40, bins: 9, re: new Float32Array(720).fill(1), im: new Float32Array(720) }
 * const options = { frames: 16, peak: 1 }
 * const once = augmentSpectrogram(z, augmentationSets.vocals, options, createRandom(7))
 * const again = augmentSpectrogram(z, augmentationSets.vocals, options, createRandom(7))
 * once.re.length // 288
 * once.re.every((x, i) => x === again.re[i]) // true
 */
export function augmentSpectrogram(
  z: ComplexSpectrogram,
  strengths: AugmentationStrengths,
  { frames, peak, form = 'repaired', hopShare = 0.5 }: AugmentOptions,
  draws: Draws,
): ComplexSpectrogram {
  if (!(peak > 0 && peak < Infinity)) throw new RangeError(`augmentSpectrogram: peak ${peak}; allowed are finite numbers above 0`)
  const { stretch = 0, silence = 0, swap = 0, clip = false } = strengths
  let cut = happens(draws, stretch) ? stretchFrames(z, frames, draws) : cropFrames(z, frames, draws)
  if (happens(draws, silence)) cut = silenceChannel(cut, draws.integer(0, z.channels - 1))
  let polar = toPolar(cut)
  const reference = form === 'original' ? peak : Math.max(peak, largestOf(polar.magnitude))
  let changed = false
  for (const { probability, change } of shuffle(drawChanges(cut, strengths, reference, { form, hopShare }, draws), draws)) {
    if (!happens(draws, probability)) continue
    changed = true
    polar = change(polar)
    if (clip) polar = clipMagnitudes(polar, reference)
  }
  // What nothing changed is exactly what it was.
  const result = changed ? fromPolar(polar) : cut
  return happens(draws, swap) ? exchangeChannels(result) : result
}
