/** Whether a mixture is the sum of its stems; where it is not, whether a delay or a gain explains it. */
import FFT from 'fft.js'

type Samples = Float32Array | Float64Array

export interface SumCheck {
  /** Energy of mixture − Σ stems over that of the mixture (dB), −200 where they are equal. */
  readonly residualDb: number
  /** Where the difference is greatest, in seconds. */
  readonly at: number
  /** What would be left with the best delay and gain, in the stretch that was looked at; only where the difference is above the tolerance. */
  readonly aligned?: Alignment
}

export interface Alignment {
  /** Samples by which the sum of the stems comes later than the mixture. */
  readonly delay: number
  /** By which the sum has to be multiplied. */
  readonly gain: number
  readonly residualDb: number
}

/** Stretch in which a delay is looked for (samples), and the longest one that is found (1.5 s at 44.1 kHz). */
const STRETCH = 2 ** 18
const LONGEST = 2 ** 16

export interface SumMeter {
  /** The next samples, of equal length; a mono sound counts in both channels. */
  push(mixture: readonly Samples[], stems: readonly (readonly Samples[])[]): void
  finish(): SumCheck
}

const decibels = (part: number, whole: number): number => 10 * Math.log10(Math.max(part, 1e-20 * whole, 1e-300) / Math.max(whole, 1e-300))

/** @param toleranceDb above which a delay and a gain are looked for */
export function createSumMeter(sampleRate: number, toleranceDb: number): SumMeter {
  let tile = { mixture: new Float64Array(STRETCH), sum: new Float64Array(STRETCH), energy: 0, filled: 0 }
  let best: typeof tile | undefined
  let [whole, difference, total] = [0, 0, 0]
  let [secondLevel, secondFrames, worst, worstLevel] = [0, 0, 0, -1]

  const endTile = (): void => {
    const free = best
    if (!best || tile.energy > best.energy) {
      best = tile
      tile = free ?? { mixture: new Float64Array(STRETCH), sum: new Float64Array(STRETCH), energy: 0, filled: 0 }
    }
    tile.energy = 0
    tile.filled = 0
  }

  return {
    push(mixture, stems) {
      const frames = mixture[0]!.length
      for (let i = 0; i < frames; i++) {
        let [m, s] = [0, 0]
        for (const [c, samples] of mixture.entries()) {
          const x = samples[i]!
          let y = 0
          for (const stem of stems) y += (stem[c] ?? stem[0]!)[i]!
          whole += x * x
          const d = (x - y) ** 2
          difference += d
          secondLevel += d
          m += x
          s += y
        }
        tile.mixture[tile.filled] = m
        tile.sum[tile.filled] = s
        tile.energy += m * m
        if (++tile.filled === STRETCH) endTile()
        if (++secondFrames === sampleRate) {
          if (secondLevel > worstLevel) [worst, worstLevel] = [(total + i + 1 - sampleRate) / sampleRate, secondLevel]
          secondLevel = secondFrames = 0
        }
      }
      total += frames
    },
    finish() {
      if (tile.filled > 0) endTile()
      const residualDb = decibels(difference, whole)
      const place = { residualDb, at: Math.max(0, worst) }
      return residualDb > toleranceDb && best ? { ...place, aligned: align(best.mixture.subarray(0, best.filled), best.sum) } : place
    },
  }
}

/** The delay of the highest correlation, and the gain of least squares at it. */
function align(mixture: Float64Array, sum: Float64Array): Alignment {
  const length = mixture.length
  const size = 2 ** Math.ceil(Math.log2(Math.max(2, 2 * length)))
  const fft = new FFT(size)
  const spectrumOf = (samples: Float64Array): Float64Array => {
    const padded = new Float64Array(size)
    padded.set(samples.subarray(0, length))
    const out = new Float64Array(2 * size)
    fft.realTransform(out, padded)
    fft.completeSpectrum(out)
    return out
  }
  const [a, b] = [spectrumOf(mixture), spectrumOf(sum)]
  const product = new Float64Array(2 * size)
  for (let k = 0; k < 2 * size; k += 2) {
    product[k] = b[k]! * a[k]! + b[k + 1]! * a[k + 1]!
    product[k + 1] = b[k + 1]! * a[k]! - b[k]! * a[k + 1]!
  }
  const correlation = new Float64Array(2 * size)
  fft.inverseTransform(correlation, product)
  const longest = Math.min(LONGEST, Math.floor(length / 2))
  let delay = 0
  const at = (lag: number): number => Math.abs(correlation[2 * ((lag + size) % size)]!)
  for (let lag = -longest; lag <= longest; lag++) if (at(lag) > at(delay)) delay = lag
  let [cross, power, whole] = [0, 0, 0]
  for (let i = Math.max(0, -delay); i < Math.min(length, length - delay); i++) {
    const [x, y] = [mixture[i]!, sum[i + delay]!]
    cross += x * y
    power += y * y
    whole += x * x
  }
  const gain = power > 0 ? cross / power : 0
  return { delay, gain, residualDb: decibels(Math.max(0, whole - gain * cross), whole) }
}
