/**
 * The glottal pulse: derivative of the flow by the LF model (Fant, Liljencrants and Lin 1985), its four parameters from the single shape
 * parameter Rd (Fant 1995, "The LF-model revisited"), as band-limited tables.
 */
import type { Wavetable } from '../wavetable.ts'
import { createWavetable } from '../wavetable.ts'

/** Shapes with a table, from pressed to breathy; between them the oscillator interpolates. */
export const PULSE_SHAPES = [0.45, 0.7, 1, 1.4, 1.9, 2.6] as const

const POINTS = 4096
const HARMONICS = 384

function solve(f: (x: number) => number, low: number, high: number): number {
  let [a, b] = [low, high]
  for (let i = 0; i < 80; i++) {
    const middle = (a + b) / 2
    if (f(middle) > 0 === f(a) > 0) a = middle
    else b = middle
  }
  return (a + b) / 2
}

/**
 * One period of the flow derivative at evenly spaced times; the main excitation (at the instant of closure) is −1.
 *
 * @returns samples of the period and the place of closure as a share of it
 */
export function glottalPulse(rd: number, points = POINTS): { readonly samples: Float64Array; readonly closure: number } {
  const ra = (-1 + 4.8 * rd) / 100
  const rk = (22.4 + 11.8 * rd) / 100
  const rg = 1 / ((4 * ((0.11 * rd) / (0.5 + 1.2 * rk) - ra)) / rk)
  const tp = 1 / (2 * rg)
  const te = Math.min(0.98, tp * (1 + rk))
  const ta = Math.min(ra, (1 - te) * 0.9)
  const wg = Math.PI / tp
  // Return phase: 1 − exp(−ε(1 − te)) = ε ta, the root that is not zero.
  const epsilon = solve((e) => 1 - Math.exp(-e * (1 - te)) - e * ta, 1e-3, 2 / ta)
  const back = (t: number): number => (-1 / (epsilon * ta)) * (Math.exp(-epsilon * (t - te)) - Math.exp(-epsilon * (1 - te)))
  // Open phase E0 exp(αt) sin(ωg t) with the value −1 at te; α such that the flow returns to zero, that is the mean is zero.
  const open = (t: number, alpha: number): number => -Math.exp(alpha * (t - te)) * (Math.sin(wg * t) / Math.sin(wg * te))
  const mean = (alpha: number): number => {
    let sum = 0
    for (let i = 0; i < 512; i++) {
      const t = (i + 0.5) / 512
      sum += t < te ? open(t, alpha) : back(t)
    }
    return sum
  }
  const alpha = solve(mean, -30, 200)
  const samples = Float64Array.from({ length: points }, (_, i) => (i / points < te ? open(i / points, alpha) : back(i / points)))
  return { samples, closure: te }
}

let tables: readonly Wavetable[] | undefined

/** Tables of PULSE_SHAPES, all with the instant of closure at phase 0, so that neighbours can be blended. */
export function glottalTables(): readonly Wavetable[] {
  tables ??= PULSE_SHAPES.map((rd) => {
    const { samples, closure } = glottalPulse(rd)
    const turn = Float64Array.from({ length: POINTS }, (_, i) => (2 / POINTS) * Math.cos((2 * Math.PI * i) / POINTS))
    const [cos, sin] = [new Float64Array(HARMONICS + 1), new Float64Array(HARMONICS + 1)]
    const shift = Math.round(closure * POINTS)
    for (let n = 1; n <= HARMONICS; n++) {
      let [c, s] = [0, 0]
      for (let i = 0, k = (((-shift * n) % POINTS) + POINTS) % POINTS; i < POINTS; i++) {
        c += samples[i]! * turn[k]!
        s += samples[i]! * turn[(k + (3 * POINTS) / 4) & (POINTS - 1)]!
        k = (k + n) & (POINTS - 1)
      }
      cos[n] = c
      sin[n] = s
    }
    return createWavetable(cos, sin)
  })
  return tables
}
