/**
 * Sounds of speech as targets for the synthesiser. Vowels: formants of adult men after Peterson and Barney (1952, JASA 24, table II), with
 * e, o, a, y and ø placed between them as phonetics handbooks have them. Consonants: places of articulation (formant loci), noise spectra
 * and timing in the manner of Klatt (1980, JASA 67).
 */
import type { Consonant, Vowel } from '../score.ts'

/** Hertz of F1, F2, F3 of an adult man. */
export const VOWELS: Record<Vowel, readonly [number, number, number]> = {
  i: [270, 2290, 3010],
  ɪ: [390, 1990, 2550],
  e: [400, 2120, 2650],
  ɛ: [530, 1840, 2480],
  æ: [660, 1720, 2410],
  a: [770, 1300, 2500],
  ʌ: [640, 1190, 2390],
  ɔ: [570, 840, 2410],
  o: [450, 820, 2400],
  ʊ: [440, 1020, 2240],
  u: [300, 870, 2240],
  ɝ: [490, 1350, 1690],
  y: [270, 1850, 2200],
  ø: [400, 1550, 2250],
}

/** F4 and F5 hardly move with the vowel. */
export const UPPER_FORMANTS = [3450, 4400] as const

/** Bandwidths of F1 to F5 in hertz. */
export const BANDWIDTHS = [70, 90, 130, 190, 260] as const

/** Noise made in the mouth: two resonances (hertz, quality, level) and a level of plain noise; levels relative to a vowel. */
export interface NoiseShape {
  readonly bands: readonly [readonly [number, number, number], readonly [number, number, number]]
  readonly plain: number
}

export interface ConsonantShape {
  /** What the vocal tract is heading for: F1, F2, F3 in hertz of an adult man, or the neighbouring vowel. */
  readonly locus: readonly [number, number, number] | 'vowel'
  /** Level of the voice while it lasts, 1 is a vowel. */
  readonly voicing: number
  /** Level of steady noise of the mouth, and of noise of the glottis through the tract. */
  readonly frication: number
  readonly aspiration: number
  /** Closure before a burst, length of the burst and breathy stretch after it, in seconds; zero for others. */
  readonly closure: number
  readonly burst: number
  readonly release: number
  /** Seconds of the steady part. */
  readonly steady: number
  /** Frequency of the zero that the closed mouth adds, for nasals. */
  readonly nasalZero: number
  readonly noise: NoiseShape
}

const SILENT: NoiseShape = {
  bands: [
    [2000, 1, 0],
    [5000, 1, 0],
  ],
  plain: 0,
}
const S: NoiseShape = {
  bands: [
    [6600, 2.6, 1],
    [9800, 1.8, 0.85],
  ],
  plain: 0.07,
}
const SH: NoiseShape = {
  bands: [
    [2900, 2.2, 1],
    [5300, 1.4, 0.75],
  ],
  plain: 0.06,
}
const F: NoiseShape = {
  bands: [
    [1900, 0.6, 0.35],
    [8200, 0.7, 0.8],
  ],
  plain: 0.5,
}
const P: NoiseShape = {
  bands: [
    [850, 0.7, 1],
    [2400, 0.6, 0.4],
  ],
  plain: 0.15,
}
const T: NoiseShape = {
  bands: [
    [4300, 1.3, 0.9],
    [7200, 1.2, 0.9],
  ],
  plain: 0.15,
}
const K: NoiseShape = {
  bands: [
    [1900, 2.6, 1],
    [5200, 1, 0.45],
  ],
  plain: 0.1,
}
const LABIAL = [260, 850, 2200] as const
const ALVEOLAR = [300, 1750, 2650] as const
const VELAR = [280, 1900, 2200] as const

function shape(part: Partial<ConsonantShape>): ConsonantShape {
  return {
    locus: 'vowel',
    voicing: 0,
    frication: 0,
    aspiration: 0,
    closure: 0,
    burst: 0,
    release: 0,
    steady: 0,
    nasalZero: 0,
    noise: SILENT,
    ...part,
  }
}

export const CONSONANTS: Record<Consonant, ConsonantShape> = {
  s: shape({ locus: ALVEOLAR, frication: 0.38, steady: 0.11, noise: S }),
  ʃ: shape({ locus: [300, 1850, 2500], frication: 0.42, steady: 0.11, noise: SH }),
  f: shape({ locus: LABIAL, frication: 0.13, steady: 0.09, noise: F }),
  h: shape({ aspiration: 0.28, steady: 0.07 }),
  z: shape({ locus: ALVEOLAR, voicing: 0.3, frication: 0.28, steady: 0.08, noise: S }),
  v: shape({ locus: LABIAL, voicing: 0.4, frication: 0.09, steady: 0.06, noise: F }),
  p: shape({ locus: LABIAL, closure: 0.06, burst: 0.45, release: 0.04, aspiration: 0.22, noise: P }),
  t: shape({ locus: ALVEOLAR, closure: 0.055, burst: 0.65, release: 0.045, aspiration: 0.18, noise: T }),
  k: shape({ locus: VELAR, closure: 0.055, burst: 0.55, release: 0.055, aspiration: 0.2, noise: K }),
  b: shape({ locus: LABIAL, closure: 0.05, burst: 0.3, release: 0.008, voicing: 0.16, noise: P }),
  d: shape({ locus: ALVEOLAR, closure: 0.045, burst: 0.45, release: 0.01, voicing: 0.14, noise: T }),
  g: shape({ locus: VELAR, closure: 0.05, burst: 0.4, release: 0.018, voicing: 0.14, noise: K }),
  m: shape({ locus: [260, 1000, 2150], voicing: 0.45, steady: 0.075, nasalZero: 1000 }),
  n: shape({ locus: [260, 1450, 2500], voicing: 0.45, steady: 0.07, nasalZero: 1650 }),
  l: shape({ locus: [360, 1150, 2750], voicing: 0.6, steady: 0.06 }),
  r: shape({ locus: [370, 1200, 1650], voicing: 0.6, steady: 0.065 }),
  w: shape({ locus: [300, 680, 2200], voicing: 0.6, steady: 0.06 }),
  j: shape({ locus: [280, 2250, 3000], voicing: 0.6, steady: 0.055 }),
}

/** All noise spectra with a number, so that a track of small integers can name them. */
export const NOISES: readonly NoiseShape[] = [SILENT, S, SH, F, P, T, K]
