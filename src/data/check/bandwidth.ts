/**
 * Up to which frequency a recording has anything, whatever its sample rate says. What was resampled up, or came from a lossy encoder, ends at a cliff;
 * what an instrument does not play fades. Levels are the 95th percentile of power spectra over the loud frames, so that a click does not count and a
 * cymbal does.
 */
import FFT from 'fft.js'

type Samples = Float32Array | Float64Array

export interface Bandwidth {
  /** Hertz: the highest band with anything in it; 0 where nothing was loud enough to tell. */
  readonly edge: number
  /** By how many dB the spectrum falls within half a kilohertz beyond the edge; 0 where the edge is half the sample rate. */
  readonly cliff: number
}

export interface SpectrumMeter {
  push(block: readonly Samples[]): void
  /** Energy between 200 and 4000 Hz so far, where voices are. */
  voiceEnergy(): number
  finish(): Bandwidth
}

/** About 21 Hz a bin. */
const BIN_HERTZ = 21.5
/** Width of a band (Hz). */
const BAND = 250
/** Bands below the loudest by more than this hold nothing (dB). */
const RANGE = 80
/** Of a full-scale sine: above the noise of 16 bits with dither, which lies at −121 dB a bin of 2048. */
const FLOOR = -116
const LOWEST = -180
const LEVEL_STEP = 2
const LEVELS = 110

/** Starts a meter; of frames one in two is looked at. */
export function createSpectrumMeter(sampleRate: number, channels: number): SpectrumMeter {
  const size = 2 ** Math.round(Math.log2(sampleRate / BIN_HERTZ))
  const hop = 2 * size
  const fft = new FFT(size)
  const [input, output] = [fft.createComplexArray(), fft.createComplexArray()]
  const window = Float64Array.from({ length: size }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / size))
  const history = [new Float64Array(size), new Float64Array(size)]
  const bins = size / 2
  const bandOf = Uint16Array.from({ length: bins + 1 }, (_, k) => Math.floor((k * sampleRate) / size / BAND))
  const bands = bandOf[bins - 1]! + 1
  const widths = new Float64Array(bands)
  for (let k = 0; k < bins; k++) widths[bandOf[k]!]!++
  const histogram = Array.from({ length: bands }, () => new Uint32Array(LEVELS))
  const [voiceFrom, voiceTo] = [200, 4000].map((hertz) => Math.min(bins, Math.round((hertz * size) / sampleRate))) as [number, number]
  const power = new Float64Array(bands)
  /** A sine of full scale has power 1 in its bin. */
  const scale = (4 / size) ** 2
  let [filled, frames, voice] = [0, 0, 0]

  const analyse = (): void => {
    const [left, right] = history as [Float64Array, Float64Array]
    let energy = 0
    // Both channels in one transform: |L|² + |R|² = (|Z(k)|² + |Z(−k)|²) / 2 for z = l + ir.
    for (let i = 0; i < size; i++) {
      input[2 * i] = window[i]! * left[i]!
      input[2 * i + 1] = window[i]! * right[i]!
      energy += left[i]! ** 2 + right[i]! ** 2
    }
    if (!(energy > 1e-6 * size)) return
    fft.transform(output, input)
    power.fill(0)
    for (let k = 1; k < bins; k++) {
      const [a, b] = [2 * k, 2 * (size - k)]
      const p = 0.5 * scale * (output[a]! ** 2 + output[a + 1]! ** 2 + output[b]! ** 2 + output[b + 1]! ** 2)
      power[bandOf[k]!]! += p
      if (k >= voiceFrom && k < voiceTo) voice += p
    }
    frames++
    for (let band = 0; band < bands; band++) {
      const level = 10 * Math.log10(Math.max(1e-20, power[band]! / widths[band]!))
      histogram[band]![Math.max(0, Math.min(LEVELS - 1, Math.floor((level - LOWEST) / LEVEL_STEP)))]!++
    }
  }

  return {
    push(block) {
      const length = block[0]?.length ?? 0
      for (let at = 0; at < length; ) {
        const count = Math.min(hop - filled, length - at)
        const kept = Math.min(count, Math.max(0, size - filled))
        if (kept > 0) for (let c = 0; c < Math.min(2, channels); c++) history[c]!.set(block[c]!.subarray(at, at + kept), filled)
        if (filled < size && filled + count >= size) analyse()
        filled = (filled + count) % hop
        at += count
      }
    },
    voiceEnergy: () => voice,
    finish() {
      if (frames === 0) return { edge: 0, cliff: 0 }
      const levels = histogram.map((counts) => {
        let left = 0.05 * frames
        let level = LEVELS - 1
        while (level > 0 && left >= counts[level]!) left -= counts[level--]!
        return LOWEST + level * LEVEL_STEP
      })
      const threshold = Math.max(FLOOR, Math.max(...levels) - RANGE)
      const last = levels.findLastIndex((level) => level > threshold)
      if (last < 0) return { edge: 0, cliff: 0 }
      if (last >= bands - 2) return { edge: sampleRate / 2, cliff: 0 }
      // The cliff's foot may still be above the threshold: its top is what counts.
      const fall = (band: number): number => levels[band]! - Math.min(levels[band + 1]!, levels[band + 2]!)
      let top = last
      for (let band = Math.max(0, last - 2); band < last; band++) if (fall(band) > fall(top)) top = band
      return { edge: (top + 1) * BAND, cliff: fall(top) }
    },
  }
}
