/**
 * A change to a low sample rate that is quick and good enough to find peaks of spectra: one short windowed sinc per output, at the nearest of 32 phases.
 * What lies within 1.3 kHz of half the new rate is weakened or folded over; for listening there is `createResampler`, at twenty times the cost.
 */
type Samples = Float32Array | Float64Array

const PHASES = 32
/** Half the width of the transition (Hz). */
const SLOPE = 1300

export interface Decimator {
  /** The outputs that the samples so far decide; what the last filter lacks at the end is not given. */
  process(block: readonly Samples[]): Float32Array[]
}

/** Starts a change from one rate to a lower one. */
export function createDecimator(from: number, to: number, channels: number): Decimator {
  const ratio = from / to
  const cutoff = Math.min(0.5, to / 2 / from)
  const taps = Math.max(8, Math.ceil((1.65 * from) / SLOPE))
  const table = Array.from({ length: PHASES + 1 }, (_, phase) =>
    Float64Array.from({ length: taps }, (_, j) => {
      const t = j - (taps - 1) / 2 - phase / PHASES
      const x = 2 * Math.PI * cutoff * t
      const shape = Math.abs(t) < taps / 2 ? 0.5 + 0.5 * Math.cos((2 * Math.PI * t) / taps) : 0
      return 2 * cutoff * shape * (Math.abs(x) < 1e-9 ? 1 : Math.sin(x) / x)
    }),
  )
  let history = Array.from({ length: channels }, () => new Float64Array(0))
  /** Of the next output's first tap, in samples of the history. */
  let position = 0
  return {
    process(block) {
      const length = history[0]!.length + (block[0]?.length ?? 0)
      history = history.map((rest, c) => {
        const joined = new Float64Array(length)
        joined.set(rest)
        joined.set(block[c]!, rest.length)
        return joined
      })
      const count = Math.max(0, Math.floor((length - taps - position) / ratio) + 1)
      const out = history.map(() => new Float32Array(count))
      for (let n = 0; n < count; n++) {
        const place = position + n * ratio
        const start = Math.floor(place)
        const filter = table[Math.round((place - start) * PHASES)]!
        for (const [c, samples] of history.entries()) {
          let sum = 0
          for (let j = 0; j < taps; j++) sum += filter[j]! * samples[start + j]!
          out[c]![n] = sum
        }
      }
      const next = position + count * ratio
      const used = Math.min(length, Math.floor(next))
      history = history.map((samples) => samples.slice(used))
      position = next - used
      return out
    },
  }
}
