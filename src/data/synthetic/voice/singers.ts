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

export const SINGER_NAMES = [
  'bass',
  'baritone',
  'tenor',
  'crooner',
  'shouter',
  'falsetto',
  'alto',
  'mezzo',
  'soprano',
  'whisperer',
  'belter',
  'child',
  'robot',
  'rapper',
] as const
export type SingerName = (typeof SINGER_NAMES)[number]

type Base = Omit<Singer, 'name' | 'formantShape'>

/** A plain modal voice of a range and size, and what is special about it. Vibrato is [hertz, cents, delay in seconds, share of long notes]. */
function voice(
  low: number,
  high: number,
  tract: number,
  vibrato: readonly [number, number, number, number],
  special: Partial<Omit<Base, 'range' | 'tract' | 'vibrato'>>,
): Base {
  const [rate, cents, delay, chance] = vibrato
  const plain = { bandwidth: 1, ring: 0.2, pulse: 1, breath: 0.015, jitter: 0.004, shimmer: 0.03, growl: 0 }
  return {
    ...plain,
    range: { low, high },
    tract,
    vibrato: { rate, cents, delay, chance },
    agility: 34,
    scoop: 0.35,
    drift: 8,
    diction: 1,
    ...special,
  }
}

const SINGERS: Record<SingerName, Base> = {
  bass: voice(40, 57, 0.95, [5.1, 45, 0.25, 0.7], { ring: 0.35, pulse: 0.9, breath: 0.012, growl: 0.02, agility: 28, diction: 0.9 }),
  baritone: voice(45, 62, 1, [5.4, 35, 0.3, 0.6], {}),
  tenor: voice(50, 68, 1.05, [5.8, 60, 0.18, 0.9], {
    bandwidth: 0.95,
    ring: 0.5,
    pulse: 0.8,
    breath: 0.01,
    shimmer: 0.02,
    scoop: 0.25,
    drift: 6,
  }),
  crooner: voice(43, 60, 0.98, [5, 30, 0.45, 0.5], {
    bandwidth: 1.25,
    ring: 0,
    pulse: 1.8,
    breath: 0.045,
    agility: 26,
    scoop: 0.55,
    diction: 1.1,
  }),
  shouter: voice(52, 67, 1.04, [5.6, 30, 0.35, 0.25], {
    ring: 0.3,
    pulse: 0.55,
    breath: 0.05,
    jitter: 0.018,
    shimmer: 0.12,
    growl: 0.35,
    agility: 38,
    scoop: 0.6,
    drift: 16,
    diction: 1.2,
  }),
  falsetto: voice(60, 77, 1.08, [5.9, 40, 0.25, 0.6], { bandwidth: 1.3, ring: 0, pulse: 2.4, breath: 0.04, drift: 10 }),
  alto: voice(53, 70, 1.13, [5.4, 40, 0.28, 0.6], { ring: 0.15, pulse: 1.2, breath: 0.02, jitter: 0.003 }),
  mezzo: voice(57, 74, 1.17, [5.7, 50, 0.22, 0.75], { ring: 0.25, pulse: 1.1, breath: 0.018, jitter: 0.003 }),
  soprano: voice(61, 81, 1.2, [6.1, 70, 0.12, 0.95], {
    ring: 0.35,
    breath: 0.012,
    jitter: 0.002,
    shimmer: 0.02,
    scoop: 0.15,
    drift: 5,
    diction: 0.8,
  }),
  whisperer: voice(55, 71, 1.18, [5.2, 20, 0.5, 0.2], {
    bandwidth: 1.3,
    ring: 0,
    pulse: 2.3,
    breath: 0.11,
    jitter: 0.005,
    shimmer: 0.05,
    scoop: 0.45,
    drift: 12,
    diction: 1.4,
  }),
  belter: voice(57, 75, 1.15, [5.8, 55, 0.4, 0.7], {
    ring: 0.45,
    pulse: 0.65,
    breath: 0.02,
    shimmer: 0.05,
    growl: 0.08,
    agility: 38,
    scoop: 0.5,
  }),
  child: voice(60, 76, 1.36, [5.5, 15, 0.5, 0.1], {
    bandwidth: 1.15,
    ring: 0,
    pulse: 1.4,
    breath: 0.03,
    jitter: 0.006,
    scoop: 0.25,
    drift: 16,
  }),
  robot: voice(48, 70, 1.07, [5.5, 0, 1, 0], { pulse: 0.9, jitter: 0.001, shimmer: 0.01, agility: 140, scoop: 0, drift: 0 }),
  rapper: voice(40, 54, 1.02, [5, 0, 1, 0], {
    pulse: 0.85,
    breath: 0.02,
    jitter: 0.008,
    shimmer: 0.06,
    growl: 0.05,
    agility: 45,
    scoop: 0.8,
    drift: 25,
    diction: 1.2,
  }),
}

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
    formantShape: Array.from({ length: 5 }, () => (1 + mouth.uniform(-0.07, 0.07)) * (1 + random.uniform(-0.03, 0.03))),
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
