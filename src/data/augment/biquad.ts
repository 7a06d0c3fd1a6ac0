/**
 * Filters of whole sounds: cascades of second-order sections, among them a fixed elliptic low-pass moved to any edge by Constantinides'
 * low-pass to low-pass transformation (1970).
 */
import { type Biquad, cookbookBiquad, normalised } from '../filter-cookbook.ts'
import type { Channels } from './channels.ts'

/** Radians per sample of an edge or centre, which must lie below the Nyquist frequency of `rate`. */
function angleOf(hz: number, rate: number): number {
  if (!(hz > 0 && hz < rate / 2)) throw new RangeError(`biquad: frequency must lie between 0 and ${rate / 2} Hz, got ${hz}`)
  return (2 * Math.PI * hz) / rate
}

export function highPass(hz: number, q: number, rate: number): Biquad {
  return cookbookBiquad('highpass', angleOf(hz, rate), q)
}

export function peaking(hz: number, q: number, db: number, rate: number): Biquad {
  return cookbookBiquad('peak', angleOf(hz, rate), q, db)
}

/** Shelf of `db` below (`low`) or above (`high`) the edge, with slope 1. */
export function shelf(side: 'low' | 'high', hz: number, db: number, rate: number): Biquad {
  return cookbookBiquad(`${side}-shelf`, angleOf(hz, rate), Math.SQRT1_2, db)
}

/** Butterworth low-pass of even order as a cascade of sections. */
export function butterworthLowPass(order: 2 | 4 | 6 | 8, hz: number, rate: number): Biquad[] {
  return Array.from({ length: order / 2 }, (_, k) =>
    cookbookBiquad('lowpass', angleOf(hz, rate), 1 / (2 * Math.sin(((2 * k + 1) * Math.PI) / (2 * order)))),
  )
}

/** Order 8, edge at half the Nyquist frequency, 0.1 dB ripple, −60 dB from 0.552 of Nyquist: `scipy.signal.ellip(8, 0.1, 60, 0.5)`. */
const HALF_BAND: readonly Biquad[] = [
  { b0: 0.02884589837432133, b1: 0.0524296778268953, b2: 0.028845898374321336, a1: -0.6855398908247914, a2: 0.1977869857811136 },
  { b0: 1, b1: 1.0188696954296577, b2: 1, a1: -0.3567095420585271, a2: 0.5139060745762865 },
  { b0: 1, b1: 0.526711478386744, b2: 1, a1: -0.08491014588837503, a2: 0.7865000503710882 },
  { b0: 1, b1: 0.3467842837584249, b2: 1, a1: 0.034829105260330756, a2: 0.9421572976107468 },
]

/** The wall that a converter to a lower sample rate puts up: elliptic, order 8, −60 dB from 1.18 times the edge at most. */
export function ellipticLowPass(hz: number, rate: number): Biquad[] {
  const from = Math.PI / 2
  const to = angleOf(hz, rate)
  const k = Math.sin((from - to) / 2) / Math.sin((from + to) / 2)
  // z⁻¹ → (z⁻¹ − k) / (1 − k·z⁻¹), multiplied out by (1 − k·z⁻¹)².
  const moved = (c0: number, c1: number, c2: number): [number, number, number] => [
    c0 - c1 * k + c2 * k * k,
    -2 * c0 * k + c1 * (1 + k * k) - 2 * c2 * k,
    c0 * k * k - c1 * k + c2,
  ]
  return HALF_BAND.map((s) => normalised(...moved(s.b0, s.b1, s.b2), ...moved(1, s.a1, s.a2)))
}

/** Runs the sections one after the other over each channel, in place, from rest. */
export function applyBiquads(sound: Channels, sections: readonly Biquad[]): void {
  const [left, right] = sound
  for (const section of sections) {
    if (right === undefined) filterMono(left!, section)
    else filterStereo(left!, right, section)
  }
}

// Keeps the state from decaying into subnormal numbers, on which processors are a hundred times slower.
const TINY = 1e-25

function filterMono(x: Float32Array, { b0, b1, b2, a1, a2 }: Biquad): void {
  let s1 = 0
  let s2 = 0
  for (let i = 0; i < x.length; i++) {
    const v = x[i]! + TINY
    const y = b0 * v + s1
    s1 = b1 * v - a1 * y + s2
    s2 = b2 * v - a2 * y
    x[i] = y
  }
}

/** Both channels in one loop: the two recursions hide each other's latency, so stereo costs little more than mono. */
function filterStereo(left: Float32Array, right: Float32Array, { b0, b1, b2, a1, a2 }: Biquad): void {
  let l1 = 0
  let l2 = 0
  let r1 = 0
  let r2 = 0
  for (let i = 0; i < left.length; i++) {
    const u = left[i]! + TINY
    const v = right[i]! + TINY
    const y = b0 * u + l1
    const z = b0 * v + r1
    l1 = b1 * u - a1 * y + l2
    r1 = b1 * v - a1 * z + r2
    l2 = b2 * u - a2 * y
    r2 = b2 * v - a2 * z
    left[i] = y
    right[i] = z
  }
}
