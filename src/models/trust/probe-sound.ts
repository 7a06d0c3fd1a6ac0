/**
 * A sound to try networks on: somebody sings "a" beside a band, near enough for a network that knows voices to find one, and the same in every place.
 * The voice is a glottal pulse train through three formants (Fant 1960), in the middle; around it plucked chords and a drum.
 */
import { createRandom } from '../../tensor/index.ts'
import type { StereoWindow } from '../separator.ts'

/** Centre, width (Hz) and level of the first three formants of [a]; Peterson & Barney 1952, rounded. */
const formants = [
  { centre: 730, width: 90, level: 1 },
  { centre: 1090, width: 110, level: 0.6 },
  { centre: 2440, width: 170, level: 0.3 },
] as const

/** Chords of an accompaniment: fundamentals in hertz, half a second each. */
const chords = [
  [131, 165, 196],
  [110, 131, 165],
  [87, 110, 131],
  [98, 123, 147],
] as const

const beat = 0.5

/** The level of a harmonic at `hertz`: falling by 6 dB an octave, raised at the formants. */
function vowel(hertz: number): number {
  const resonance = formants.reduce((sum, { centre, width, level }) => sum + level / (1 + ((hertz - centre) / width) ** 2), 0.02)
  return (resonance * 200) / (hertz + 200)
}

/** Adds one sung tone of 1.6 s, with vibrato and a swell, from sample `from` on; one period of it is a table. */
function sing(out: Float64Array, from: number, pitch: number, sampleRate: number): void {
  const length = Math.round(1.6 * sampleRate)
  const harmonics = Math.floor(Math.min(5000, 0.45 * sampleRate) / pitch)
  const levels = Array.from({ length: harmonics }, (_, h) => vowel((h + 1) * pitch))
  const period = Float64Array.from({ length: 4096 }, (_, i) =>
    levels.reduce((sum, level, h) => sum + level * Math.sin(((h + 1) * i * 2 * Math.PI) / 4096), 0),
  )
  for (let i = 0; i < length && from + i < out.length; i++) {
    const seconds = i / sampleRate
    const turns = 2 + pitch * seconds + 0.1 * Math.sin(2 * Math.PI * 5.5 * seconds)
    out[from + i]! += Math.sin((Math.PI * i) / length) ** 2 * period[Math.floor(turns * 4096) % 4096]!
  }
}

/** Two seconds of chords and drum on one side, which repeat. */
function bar(side: number, sampleRate: number): Float64Array {
  const length = Math.round(beat * sampleRate)
  const random = createRandom(1)
  const half = Math.floor(length / 2)
  const out = new Float64Array(length * chords.length)
  for (const [b, chord] of chords.entries()) {
    for (let i = 0; i < length; i++) {
      const seconds = i / sampleRate
      const fall = Math.exp(-4 * seconds)
      for (const [note, hertz] of chord.entries())
        out[b * length + i]! += (side === note % 2 ? 0.3 : 0.12) * fall * Math.sin(2 * Math.PI * hertz * seconds)
      if (i >= half) out[b * length + i]! += 0.3 * random.uniform(-1, 1) * Math.exp((-80 * (i - half)) / sampleRate)
    }
  }
  return out
}

/**
 * Two channels of `length` samples, not louder than 0.8.
 *
 * @example
 * const [left, right] = probeSound(8000, 16000)
 * left.length + right.length // 32000
 */
export function probeSound(sampleRate: number, length: number): StereoWindow {
  const voice = new Float64Array(length)
  for (let n = 0; n * 2 * sampleRate < length; n++)
    sing(voice, Math.round((n * 2 + 0.2) * sampleRate), [196, 220, 262, 175][n % 4]!, sampleRate)
  const sides = [0, 1].map((side) => bar(side, sampleRate))
  let peak = 1e-9
  for (const side of sides) for (let i = 0; i < length; i++) peak = Math.max(peak, Math.abs(voice[i]! + side[i % side.length]!))
  const mixed = (side: Float64Array) => Float32Array.from(voice, (x, i) => (0.8 / peak) * (x + side[i % side.length]!))
  return [mixed(sides[0]!), mixed(sides[1]!)]
}
