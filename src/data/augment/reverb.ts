/**
 * An artificial room: a feedback delay network (Jot and Chaigne, "Digital delay networks for designing artificial reverberators",
 * AES 1991) of eight lines mixed by a Hadamard matrix, each with a one-pole low-pass, mono in, stereo out.
 */
import type { Random } from '../../tensor/random.ts'
import type { Channels } from './channels.ts'

export interface Room {
  /** Time in which the reverberation falls by 60 dB. */
  readonly decaySeconds: number
  /** Level of the reverberation against the dry sound (RMS, roughly), as a factor. */
  readonly wet: number
  readonly preDelaySeconds: number
  /** Scales the delay lines: 0.5 a small room, 1.5 a hall. */
  readonly size: number
  /** One-pole coefficient 0…1: how much sooner high frequencies die. */
  readonly damping: number
}

export function randomRoom(random: Random): Room {
  return {
    decaySeconds: Math.exp(random.uniform(Math.log(0.2), Math.log(2.5))),
    wet: 10 ** (random.uniform(-26, -4) / 20),
    preDelaySeconds: random.uniform(0, 0.06),
    size: random.uniform(0.5, 1.5),
    damping: random.uniform(0.1, 0.7),
  }
}

type Eight<T> = [T, T, T, T, T, T, T, T]

/** Lengths in seconds at size 1, far from simple ratios, so that echoes do not fall together. */
const LINES = [0.0297, 0.0371, 0.0411, 0.0437, 0.0503, 0.0571, 0.0619, 0.0683]

/** The sound (mono or stereo) in the room; a new stereo sound. */
export function reverberate(sound: Channels, room: Room, rate: number): Channels {
  const frames = sound[0]!.length
  const left = sound[0]!.slice()
  const right = (sound[1] ?? sound[0]!).slice()
  const pre = Math.round(room.preDelaySeconds * rate)
  const lengths = LINES.map((s) => Math.max(16, Math.round(s * room.size * rate)))
  const buffers = lengths.map((n) => new Float32Array(n))
  const [d0, d1, d2, d3, d4, d5, d6, d7] = buffers as Eight<Float32Array>
  // 10^(−3·delay/decay) per round, and 1/√8 for the Hadamard matrix to be orthogonal.
  const g = lengths.map((n) => 10 ** ((-3 * n) / rate / room.decaySeconds) / Math.sqrt(8)) as Eight<number>
  const [g0, g1, g2, g3, g4, g5, g6, g7] = g
  const keep = 1 - room.damping
  const damp = room.damping
  let s0 = 0
  let s1 = 0
  let s2 = 0
  let s3 = 0
  let s4 = 0
  let s5 = 0
  let s6 = 0
  let s7 = 0
  let p0 = 0
  let p1 = 0
  let p2 = 0
  let p3 = 0
  let p4 = 0
  let p5 = 0
  let p6 = 0
  let p7 = 0
  const [n0, n1, n2, n3, n4, n5, n6, n7] = lengths as Eight<number>
  // A network that rings for `decay` seconds stores about decay/delay rounds of energy: without this, long rooms would be louder.
  const meanDelay = lengths.reduce((a, b) => a + b, 0) / 8 / rate
  const level = room.wet * Math.sqrt(Math.min(1, (13.8 * meanDelay) / room.decaySeconds)) * 0.7
  const dryLeft = sound[0]!
  const dryRight = sound[1] ?? sound[0]!
  for (let i = 0; i < frames; i++) {
    // The offset keeps the lines out of subnormal numbers.
    const x = (i >= pre ? (dryLeft[i - pre]! + dryRight[i - pre]!) * 0.5 : 0) + 1e-20
    s0 = keep * d0[p0]! + damp * s0
    s1 = keep * d1[p1]! + damp * s1
    s2 = keep * d2[p2]! + damp * s2
    s3 = keep * d3[p3]! + damp * s3
    s4 = keep * d4[p4]! + damp * s4
    s5 = keep * d5[p5]! + damp * s5
    s6 = keep * d6[p6]! + damp * s6
    s7 = keep * d7[p7]! + damp * s7
    left[i]! += level * (s0 - s2 + s4 - s6)
    right[i]! += level * (s1 - s3 + s5 - s7)
    // Fast Hadamard transform of the eight outputs.
    const a0 = s0 + s1
    const a1 = s0 - s1
    const a2 = s2 + s3
    const a3 = s2 - s3
    const a4 = s4 + s5
    const a5 = s4 - s5
    const a6 = s6 + s7
    const a7 = s6 - s7
    const b0 = a0 + a2
    const b1 = a1 + a3
    const b2 = a0 - a2
    const b3 = a1 - a3
    const b4 = a4 + a6
    const b5 = a5 + a7
    const b6 = a4 - a6
    const b7 = a5 - a7
    d0[p0] = x + g0 * (b0 + b4)
    d1[p1] = x + g1 * (b1 + b5)
    d2[p2] = x + g2 * (b2 + b6)
    d3[p3] = x + g3 * (b3 + b7)
    d4[p4] = x + g4 * (b0 - b4)
    d5[p5] = x + g5 * (b1 - b5)
    d6[p6] = x + g6 * (b2 - b6)
    d7[p7] = x + g7 * (b3 - b7)
    if (++p0 === n0) p0 = 0
    if (++p1 === n1) p1 = 0
    if (++p2 === n2) p2 = 0
    if (++p3 === n3) p3 = 0
    if (++p4 === n4) p4 = 0
    if (++p5 === n5) p5 = 0
    if (++p6 === n6) p6 = 0
    if (++p7 === n7) p7 = 0
  }
  return [left, right]
}
