/** Random tone: a few shelves and peaks, and the band limits of cheap microphones, telephones, low sample rates and low bit rates. */
import type { Random } from '../../tensor/random.ts'
import type { Biquad } from '../filter-cookbook.ts'
import { applyBiquads, butterworthLowPass, ellipticLowPass, highPass, peaking, shelf } from './biquad.ts'
import type { Channels } from './channels.ts'

const logUniform = (random: Random, low: number, high: number): number => Math.exp(random.uniform(Math.log(low), Math.log(high)))

/** Highest edge that a filter may have at a sample rate. */
const highest = (rate: number): number => 0.45 * rate

/** One to four random sections of at most ±9 dB each. */
export function randomEqualiser(random: Random, rate: number): Biquad[] {
  const top = highest(rate)
  return Array.from({ length: random.integer(1, 4) }, () => {
    const db = random.uniform(-9, 9)
    const kind = random.uniform()
    if (kind < 0.2) return shelf('low', logUniform(random, 80, 600), db, rate)
    if (kind < 0.4) return shelf('high', logUniform(random, Math.min(2000, top), Math.min(9000, top)), db, rate)
    if (kind < 0.5) return highPass(logUniform(random, 40, 300), Math.SQRT1_2, rate)
    return peaking(logUniform(random, 100, Math.min(10000, top)), random.uniform(0.4, 2), db, rate)
  })
}

export function equalise(sound: Channels, random: Random, rate: number): void {
  applyBiquads(sound, randomEqualiser(random, rate))
}

/** Edges that anti-alias filters of the usual low sample rates have: 8, 11.025, 16 (most often), 22.05 and 32 kHz. */
const WALLS_HZ = [3700, 5100, 7500, 7600, 7700, 10300, 15200]

/**
 * A random low-pass: half of the time the wall of a low sample rate, else a Butterworth slope of order 4 to 8 with its edge
 * log-uniform in `[low, high]` Hz.
 */
export function randomBandLimit(random: Random, rate: number, [low, high]: readonly [number, number]): Biquad[] {
  const top = highest(rate)
  const walls = WALLS_HZ.filter((hz) => hz < top)
  if (walls.length > 0 && random.chance(0.5)) return ellipticLowPass(random.pick(walls), rate)
  return butterworthLowPass(random.pick([4, 6, 8] as const), logUniform(random, Math.min(low, top), Math.min(high, top)), rate)
}
