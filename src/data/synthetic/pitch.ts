/**
 * Pitch that moves as players and singers move it: steps pass through a damped second-order system, which gives glides with a slight
 * overshoot (Saitou, Unoki and Akagi 2005, Speech Communication 46), plus vibrato that sets in late, scoops from below and slow drift.
 */
import type { Random } from '../../tensor/random.ts'
import type { Note } from './score.ts'

/** Samples per frame of pitch and other slow curves of a line. */
export const FRAME = 64

export interface PitchStyle {
  /** Vibrato: hertz, cents from the middle to the top, seconds until it sets in, share of long notes that have it. */
  readonly rate: number
  readonly cents: number
  readonly delay: number
  readonly chance: number
  /** Natural frequency of the glide in rad/s; 35 is a singer, 140 a key press. */
  readonly agility: number
  readonly damping: number
  /** Share of phrase starts approached from below, and the greatest depth in cents. */
  readonly scoop: number
  readonly scoopCents: number
  /** Share of last notes before a pause that fall off at their end. */
  readonly fall: number
  /** Deviation in cents of the place from which a note is reached, forgotten within a fifth of a second. */
  readonly bend: number
  /** Deviation of the slow wander in cents, and of a whole note's intonation. */
  readonly drift: number
  /** Seconds by which a glide starts before the note it leads to. */
  readonly anticipation: number
}

export function midiToHertz(midi: number): number {
  return 440 * 2 ** ((midi - 69) / 12)
}

/**
 * Hertz at every frame.
 *
 * @param notes one line, in order, not overlapping; the pitch stays on a note until the next one
 * @param frames number of frames of FRAME samples
 * @param freshStart whether a note starts from silence, so that no glide leads to it
 */
export function drawPitch(
  notes: readonly Note[],
  frames: number,
  style: PitchStyle,
  sampleRate: number,
  freshStart: (index: number) => boolean,
  random: Random,
): Float32Array {
  const out = new Float32Array(frames)
  const dt = FRAME / sampleRate
  const w = style.agility
  // Semi-implicit Euler steps stay stable while ω dt < 1; the fastest style has 0.6.
  let [position, velocity] = [notes[0]?.midi ?? 60, 0]
  let [wander, phase, depth, bent, off] = [0, random.uniform(), 0, 0, 0]
  let index = -1
  let [vibrato, rate, scale, drop, dropFrom] = [false, style.rate, 1, 0, 0]
  for (let frame = 0; frame < frames; frame++) {
    const time = frame * dt
    while (index + 1 < notes.length && time >= notes[index + 1]!.onset - style.anticipation) {
      index++
      const note = notes[index]!
      if (freshStart(index)) {
        position =
          note.midi -
          (random.chance(style.scoop) ? random.uniform(0.3, 1) * (style.scoopCents / 100) : random.uniform(-0.1, 0.2) * style.scoop)
        velocity = 0
      }
      bent = style.bend * random.normal()
      off = 0.7 * style.drift * random.normal()
      vibrato = note.duration > style.delay + 0.15 && random.chance(style.chance)
      rate = style.rate * (1 + 0.05 * random.normal())
      scale = random.uniform(0.7, 1.2)
      const next = notes[index + 1]
      const end = note.onset + note.duration
      drop = (!next || next.onset - end > 0.15) && random.chance(style.fall) ? random.uniform(1, 3.5) : 0
      dropFrom = end - Math.min(0.14, 0.25 * note.duration)
    }
    const note = notes[Math.max(0, index)]
    const target = (note?.midi ?? 60) - (time > dropFrom ? drop : 0) + (bent + off) / 100
    velocity += dt * (w * w * (target - position) - 2 * style.damping * w * velocity)
    position += dt * velocity
    const since = note ? time - note.onset : 0
    const wanted = vibrato && since > style.delay ? scale : 0
    depth += (wanted - depth) * dt * 6
    phase += rate * dt
    wander += dt * (-3 * wander) + Math.sqrt(6 * dt) * random.normal()
    bent -= bent * dt * 12
    out[frame] = midiToHertz(position + (style.cents * depth * Math.sin(2 * Math.PI * phase) + style.drift * wander) / 100)
  }
  return out
}
