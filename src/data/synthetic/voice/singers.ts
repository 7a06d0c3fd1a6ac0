/**
 * Singers: what tells one voice from another. Each draw starts from one of the named voices and varies it, so that seeds give a continuum of
 * singers around them.
 */
import type { Random } from '../../../tensor/random.ts'
import { createRandom } from '../../../tensor/random.ts'
import type { Range } from '../melody.ts'

export interface Singer {
  readonly name: SingerName
  readonly range: Range
  /** Formant frequencies relative to an adult man's: about 1.17 for women, 1.35 for children. */
  readonly tract: number
  /** Factors of the five formants that make this mouth unlike others. */
  readonly formantShape: readonly number[]
  /** Factor of all bandwidths: open-mouthed, lossy tracts above 1. */
  readonly bandwidth: number
  /** Draws the third to fifth formants together (0 to 1): the ring of trained singers near 2.8 kHz. */
  readonly ring: number
  /** Shape of the glottal pulse (Rd of Fant 1995): 0.5 pressed, 1 modal, 2.5 breathy. */
  readonly pulse: number
  /** Level of breath noise relative to the pulse's main excitation. */
  readonly breath: number
  /** Deviation of period and of amplitude from cycle to cycle. */
  readonly jitter: number
  readonly shimmer: number
  /** Depth by which every second cycle is weaker: roughness. */
  readonly growl: number
  readonly vibrato: { readonly rate: number; readonly cents: number; readonly delay: number; readonly chance: number }
  /** Speed of pitch changes in rad/s (Saitou et al. 2005 measured 35), and how often notes are approached from below. */
  readonly agility: number
  readonly scoop: number
  /** Slow wander of pitch in cents; 0 sounds like a pitch corrector. */
  readonly drift: number
  /** Level of consonants relative to the vowels. */
  readonly diction: number
}

export type SingerName =
  | 'bass'
  | 'baritone'
  | 'tenor'
  | 'crooner'
  | 'shouter'
  | 'falsetto'
  | 'alto'
  | 'mezzo'
  | 'soprano'
  | 'whisperer'
  | 'belter'
  | 'child'
  | 'robot'

type Base = Omit<Singer, 'name' | 'formantShape'>

const SINGERS: Record<SingerName, Base> = {
  bass: {
    range: { low: 40, high: 57 },
    tract: 0.95,
    bandwidth: 1,
    ring: 0.35,
    pulse: 0.9,
    breath: 0.012,
    jitter: 0.004,
    shimmer: 0.03,
    growl: 0.02,
    vibrato: { rate: 5.1, cents: 45, delay: 0.25, chance: 0.7 },
    agility: 28,
    scoop: 0.3,
    drift: 8,
    diction: 0.9,
  },
  baritone: {
    range: { low: 45, high: 62 },
    tract: 1,
    bandwidth: 1,
    ring: 0.2,
    pulse: 1.05,
    breath: 0.015,
    jitter: 0.004,
    shimmer: 0.03,
    growl: 0,
    vibrato: { rate: 5.4, cents: 35, delay: 0.3, chance: 0.6 },
    agility: 34,
    scoop: 0.35,
    drift: 9,
    diction: 1,
  },
  tenor: {
    range: { low: 50, high: 68 },
    tract: 1.05,
    bandwidth: 0.95,
    ring: 0.5,
    pulse: 0.8,
    breath: 0.01,
    jitter: 0.003,
    shimmer: 0.02,
    growl: 0,
    vibrato: { rate: 5.8, cents: 60, delay: 0.18, chance: 0.9 },
    agility: 32,
    scoop: 0.25,
    drift: 6,
    diction: 1,
  },
  crooner: {
    range: { low: 43, high: 60 },
    tract: 0.98,
    bandwidth: 1.25,
    ring: 0,
    pulse: 1.8,
    breath: 0.045,
    jitter: 0.004,
    shimmer: 0.04,
    growl: 0,
    vibrato: { rate: 5, cents: 30, delay: 0.45, chance: 0.5 },
    agility: 26,
    scoop: 0.55,
    drift: 8,
    diction: 1.1,
  },
  shouter: {
    range: { low: 52, high: 67 },
    tract: 1.04,
    bandwidth: 1.1,
    ring: 0.3,
    pulse: 0.55,
    breath: 0.05,
    jitter: 0.018,
    shimmer: 0.12,
    growl: 0.35,
    vibrato: { rate: 5.6, cents: 30, delay: 0.35, chance: 0.25 },
    agility: 38,
    scoop: 0.6,
    drift: 16,
    diction: 1.2,
  },
  falsetto: {
    range: { low: 60, high: 77 },
    tract: 1.08,
    bandwidth: 1.3,
    ring: 0,
    pulse: 2.4,
    breath: 0.04,
    jitter: 0.004,
    shimmer: 0.03,
    growl: 0,
    vibrato: { rate: 5.9, cents: 40, delay: 0.25, chance: 0.6 },
    agility: 36,
    scoop: 0.3,
    drift: 10,
    diction: 1,
  },
  alto: {
    range: { low: 53, high: 70 },
    tract: 1.13,
    bandwidth: 1.05,
    ring: 0.15,
    pulse: 1.2,
    breath: 0.02,
    jitter: 0.003,
    shimmer: 0.03,
    growl: 0,
    vibrato: { rate: 5.4, cents: 40, delay: 0.28, chance: 0.6 },
    agility: 34,
    scoop: 0.4,
    drift: 8,
    diction: 1,
  },
  mezzo: {
    range: { low: 57, high: 74 },
    tract: 1.17,
    bandwidth: 1,
    ring: 0.25,
    pulse: 1.1,
    breath: 0.018,
    jitter: 0.003,
    shimmer: 0.025,
    growl: 0,
    vibrato: { rate: 5.7, cents: 50, delay: 0.22, chance: 0.75 },
    agility: 34,
    scoop: 0.3,
    drift: 7,
    diction: 1,
  },
  soprano: {
    range: { low: 61, high: 81 },
    tract: 1.2,
    bandwidth: 1,
    ring: 0.35,
    pulse: 1,
    breath: 0.012,
    jitter: 0.002,
    shimmer: 0.02,
    growl: 0,
    vibrato: { rate: 6.1, cents: 70, delay: 0.12, chance: 0.95 },
    agility: 32,
    scoop: 0.15,
    drift: 5,
    diction: 0.8,
  },
  whisperer: {
    range: { low: 55, high: 71 },
    tract: 1.18,
    bandwidth: 1.3,
    ring: 0,
    pulse: 2.3,
    breath: 0.11,
    jitter: 0.005,
    shimmer: 0.05,
    growl: 0,
    vibrato: { rate: 5.2, cents: 20, delay: 0.5, chance: 0.2 },
    agility: 38,
    scoop: 0.45,
    drift: 12,
    diction: 1.4,
  },
  belter: {
    range: { low: 57, high: 75 },
    tract: 1.15,
    bandwidth: 1.05,
    ring: 0.45,
    pulse: 0.65,
    breath: 0.02,
    jitter: 0.006,
    shimmer: 0.05,
    growl: 0.08,
    vibrato: { rate: 5.8, cents: 55, delay: 0.4, chance: 0.7 },
    agility: 38,
    scoop: 0.5,
    drift: 9,
    diction: 1.1,
  },
  child: {
    range: { low: 60, high: 76 },
    tract: 1.36,
    bandwidth: 1.15,
    ring: 0,
    pulse: 1.4,
    breath: 0.03,
    jitter: 0.006,
    shimmer: 0.04,
    growl: 0,
    vibrato: { rate: 5.5, cents: 15, delay: 0.5, chance: 0.1 },
    agility: 38,
    scoop: 0.25,
    drift: 16,
    diction: 1,
  },
  robot: {
    range: { low: 48, high: 70 },
    tract: 1.07,
    bandwidth: 0.95,
    ring: 0.2,
    pulse: 0.9,
    breath: 0.015,
    jitter: 0.001,
    shimmer: 0.01,
    growl: 0,
    vibrato: { rate: 5.5, cents: 0, delay: 1, chance: 0 },
    agility: 140,
    scoop: 0,
    drift: 0,
    diction: 1,
  },
}

export const SINGER_NAMES = Object.keys(SINGERS) as readonly SingerName[]

/** A singer of a name, varied by the random stream. */
export function drawSinger(name: SingerName, random: Random): Singer {
  const base = SINGERS[name]
  const shift = random.integer(-2, 2)
  // The mouth belongs to the named voice; the draw only bends it.
  const mouth = createRandom(SINGER_NAMES.indexOf(name), 0x6d6f7574)
  const vary = (value: number, share: number): number => value * Math.exp(share * Math.max(-1.5, Math.min(1.5, random.normal())))
  return {
    ...base,
    name,
    range: { low: base.range.low + shift, high: base.range.high + shift },
    tract: vary(base.tract, 0.025),
    formantShape: Array.from({ length: 5 }, () => (1 + mouth.uniform(-0.04, 0.04)) * (1 + random.uniform(-0.03, 0.03))),
    bandwidth: vary(base.bandwidth, 0.1),
    pulse: Math.min(2.6, Math.max(0.45, vary(base.pulse, 0.12))),
    breath: vary(base.breath, 0.25),
    vibrato: {
      ...base.vibrato,
      rate: vary(base.vibrato.rate, 0.06),
      cents: vary(base.vibrato.cents, 0.2),
      delay: vary(base.vibrato.delay, 0.2),
    },
    agility: vary(base.agility, 0.12),
    diction: vary(base.diction, 0.15),
  }
}
