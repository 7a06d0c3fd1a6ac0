/** Rooms: a feedback delay network of eight lines with a Householder matrix and damping (Jot and Chaigne 1991), behind two allpass diffusers a side. */
import type { Stereo } from './mix.ts'
import { silence } from './mix.ts'

export interface Room {
  /** Seconds in which the room's sound falls by 60 dB. */
  readonly decay: number
  /** Size relative to a hall of about 20 m: 0.2 is a booth. */
  readonly size: number
  /** 0 (hard walls) to 1 (curtains). */
  readonly damping: number
  /** Seconds before the first reflection. */
  readonly predelay: number
}

const LINES_MS = [29.7, 37.1, 41.1, 43.7, 53.3, 61.7, 67.9, 73.1] as const
const DIFFUSERS_MS = [
  [5.3, 11.9],
  [5.9, 12.7],
] as const

function diffuse(samples: Float32Array, length: number, gain: number): void {
  const line = new Float32Array(length)
  for (let i = 0, k = 0; i < samples.length; i++) {
    const delayed = line[k]!
    const x = samples[i]! - gain * delayed
    line[k] = x
    samples[i] = delayed + gain * x
    if (++k === length) k = 0
  }
}

/** The room's answer alone, without the direct sound; its level is about that of the input. */
export function reverberate(input: Stereo, room: Room, sampleRate: number): Stereo {
  const samples = input[0].length
  const wet = silence(samples)
  const delay = Math.min(samples, Math.round(room.predelay * sampleRate))
  for (let c = 0; c < 2; c++) {
    wet[c]!.set(input[c]!.subarray(0, samples - delay), delay)
    for (const ms of DIFFUSERS_MS[c]!) diffuse(wet[c]!, Math.max(1, Math.round((ms * Math.sqrt(room.size) * sampleRate) / 1000)), 0.6)
  }
  const lengths = LINES_MS.map((ms) => Math.max(8, Math.round((ms * room.size * sampleRate) / 1000)))
  const gains = lengths.map((length) => 10 ** ((-3 * length) / (room.decay * sampleRate)))
  // Level of noise that has settled in the network: the sum of all passes.
  const level = 0.5 * Math.sqrt(1 - (gains.reduce((a, b) => a + b, 0) / 8) ** 2)
  const lines = lengths.map((length) => new Float64Array(length))
  const [d0, d1, d2, d3, d4, d5, d6, d7] = lines as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ]
  const [n0, n1, n2, n3, n4, n5, n6, n7] = lengths as [number, number, number, number, number, number, number, number]
  const [g0, g1, g2, g3, g4, g5, g6, g7] = gains as [number, number, number, number, number, number, number, number]
  const keep = room.damping * 0.7
  const pass = 1 - keep
  let [p0, p1, p2, p3, p4, p5, p6, p7] = [0, 0, 0, 0, 0, 0, 0, 0]
  let [k0, k1, k2, k3, k4, k5, k6, k7] = [0, 0, 0, 0, 0, 0, 0, 0]
  const [left, right] = wet
  for (let i = 0; i < samples; i++) {
    const l = left[i]!
    const r = right[i]!
    p0 = pass * d0[k0]! + keep * p0
    p1 = pass * d1[k1]! + keep * p1
    p2 = pass * d2[k2]! + keep * p2
    p3 = pass * d3[k3]! + keep * p3
    p4 = pass * d4[k4]! + keep * p4
    p5 = pass * d5[k5]! + keep * p5
    p6 = pass * d6[k6]! + keep * p6
    p7 = pass * d7[k7]! + keep * p7
    left[i] = level * (p0 - p2 + p4 - p6)
    right[i] = level * (p1 - p3 + p5 - p7)
    const mean = 0.25 * (p0 + p1 + p2 + p3 + p4 + p5 + p6 + p7)
    d0[k0] = l + g0 * (p0 - mean)
    d1[k1] = r + g1 * (p1 - mean)
    d2[k2] = l + g2 * (p2 - mean)
    d3[k3] = r + g3 * (p3 - mean)
    d4[k4] = l + g4 * (p4 - mean)
    d5[k5] = r + g5 * (p5 - mean)
    d6[k6] = l + g6 * (p6 - mean)
    d7[k7] = r + g7 * (p7 - mean)
    if (++k0 === n0) k0 = 0
    if (++k1 === n1) k1 = 0
    if (++k2 === n2) k2 = 0
    if (++k3 === n3) k3 = 0
    if (++k4 === n4) k4 = 0
    if (++k5 === n5) k5 = 0
    if (++k6 === n6) k6 = 0
    if (++k7 === n7) k7 = 0
  }
  return wet
}
