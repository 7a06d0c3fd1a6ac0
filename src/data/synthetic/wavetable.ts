/**
 * Band-limited oscillators: one period of a wave as tables with ever fewer harmonics; the oscillator reads the table whose highest harmonic
 * stays below half the sample rate, so nothing folds back.
 */

export const TABLE_SIZE = 2048
const LIMITS = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512] as const

export interface Wavetable {
  /** Number of harmonics of each level, ascending. */
  readonly limits: readonly number[]
  /** TABLE_SIZE + 1 samples per level; the last repeats the first so that interpolation needs no wrap. */
  readonly levels: readonly Float32Array[]
}

const COSINE = Float64Array.from({ length: TABLE_SIZE }, (_, i) => Math.cos((2 * Math.PI * i) / TABLE_SIZE))

/**
 * Σ cos[n] cos(2πnx) + sin[n] sin(2πnx) over the harmonics n = 1 … N, at most 512.
 *
 * @param cos amplitudes by harmonic; index 0 is not used
 */
export function createWavetable(cos: ArrayLike<number>, sin: ArrayLike<number>): Wavetable {
  const highest = Math.min(Math.max(cos.length, sin.length) - 1, LIMITS.at(-1)!)
  const sum = new Float64Array(TABLE_SIZE + 1)
  const limits: number[] = []
  const levels: Float32Array[] = []
  let n = 1
  for (const limit of LIMITS) {
    for (; n <= Math.min(limit, highest); n++) {
      const c = cos[n] ?? 0
      const s = sin[n] ?? 0
      if (c === 0 && s === 0) continue
      for (let i = 0, k = 0; i < TABLE_SIZE; i++) {
        // sin(x) = cos(x − a quarter period)
        sum[i]! += c * COSINE[k]! + s * COSINE[(k + (3 * TABLE_SIZE) / 4) & (TABLE_SIZE - 1)]!
        k = (k + n) & (TABLE_SIZE - 1)
      }
    }
    sum[TABLE_SIZE] = sum[0]!
    limits.push(Math.min(limit, highest))
    levels.push(Float32Array.from(sum))
    if (limit >= highest) break
  }
  return { limits, levels }
}

/** The richest level without a harmonic above half the sample rate. */
export function tableFor(wave: Wavetable, frequency: number, sampleRate: number): Float32Array {
  const allowed = sampleRate / 2 / frequency
  let level = 0
  while (level + 1 < wave.limits.length && wave.limits[level + 1]! <= allowed) level++
  return wave.levels[level]!
}

function harmonics(count: number, amplitude: (n: number) => number): Float64Array {
  return Float64Array.from({ length: count + 1 }, (_, n) => (n === 0 ? 0 : amplitude(n)))
}

const cache = new Map<string, Wavetable>()
function cached(name: string, make: () => Wavetable): Wavetable {
  const found = cache.get(name)
  if (found) return found
  const wave = make()
  cache.set(name, wave)
  return wave
}

/** Sawtooth, peak about 1. */
export function sawWave(): Wavetable {
  return cached('saw', () =>
    createWavetable(
      [],
      harmonics(512, (n) => 2 / (Math.PI * n)),
    ),
  )
}

/** Rectangle that is high for the share `duty` of the period. */
export function pulseWave(duty = 0.5): Wavetable {
  return cached(`pulse${duty}`, () =>
    createWavetable(
      harmonics(512, (n) => ((4 / (Math.PI * n)) * Math.sin(Math.PI * n * duty)) / 1.2),
      [],
    ),
  )
}

export function sineWave(): Wavetable {
  return cached('sine', () => createWavetable([], [0, 1]))
}

/** A wave by amplitudes of its harmonics from the first on, with phases that keep the peak low (Schroeder 1970). */
export function additiveWave(amplitudes: readonly number[]): Wavetable {
  const count = amplitudes.length
  const phase = (n: number): number => (Math.PI * n * (n - 1)) / count
  return createWavetable(
    harmonics(count, (n) => amplitudes[n - 1]! * Math.sin(phase(n))),
    harmonics(count, (n) => amplitudes[n - 1]! * Math.cos(phase(n))),
  )
}

/** Adds a steady tone to `out[from … to)`; returns the phase (0 to 1) after it. */
export function addTone(
  out: Float32Array,
  from: number,
  to: number,
  wave: Wavetable,
  frequency: number,
  sampleRate: number,
  amplitude: number,
  phase: number,
): number {
  const table = tableFor(wave, frequency, sampleRate)
  const step = (frequency / sampleRate) * TABLE_SIZE
  let p = phase * TABLE_SIZE
  for (let i = from; i < to; i++) {
    const k = p | 0
    const a = table[k]!
    out[i]! += amplitude * (a + (p - k) * (table[k + 1]! - a))
    p += step
    if (p >= TABLE_SIZE) p -= TABLE_SIZE
  }
  return p / TABLE_SIZE
}
