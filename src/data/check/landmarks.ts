/**
 * A fingerprint of sound that survives other encodings, levels, offsets and sample rates: pairs of peaks of the spectrogram, hashed (Wang 2003, "An
 * industrial-strength audio search algorithm"). Two recordings are of the same sound where many of their hashes agree at one and the same delay.
 */
import FFT from 'fft.js'
import { createDecimator } from './decimate.ts'

type Samples = Float32Array | Float64Array

/** All fingerprints are taken at this rate (Hz). */
const RATE = 11025
const SIZE = 1024
const HOP = 512
/** Seconds from frame to frame. */
export const FRAME_SECONDS = HOP / RATE
/** A peak is the greatest among its neighbours, that many frames and bins to each side. */
const [NEAR_FRAMES, NEAR_BINS] = [3, 10]
/** Of each stretch of that many frames (0.3 s), the strongest peaks count. */
const [GROUP, PEAKS] = [6, 5]
/** Peaks are paired with the next ones, at most so far away (frames, bins). */
const [FAN, REACH, SPAN] = [3, 63, 127]
const [LOWEST_BIN, HIGHEST_BIN] = [8, 390]
/** −80 dB of a full-scale sine. */
const LEAST = 1e-4

/** Hash and frame of each pair of peaks, in order of frames. */
export interface Landmarks {
  readonly hashes: Uint32Array
  readonly frames: Uint32Array
}

interface Peak {
  readonly frame: number
  readonly bin: number
  readonly level: number
}

export interface Fingerprinter {
  push(block: readonly Samples[]): void
  finish(): Landmarks
}

/** Pairs of peaks, as 9 bits of the first one's bin, 8 of the distance in bins, 6 of that in frames. */
function pair(peaks: readonly Peak[]): Landmarks {
  const [hashes, frames]: [number[], number[]] = [[], []]
  for (const [i, first] of peaks.entries()) {
    let found = 0
    for (let j = i + 1; j < peaks.length && found < FAN; j++) {
      const second = peaks[j]!
      const [later, higher] = [second.frame - first.frame, second.bin - first.bin]
      if (later > REACH) break
      if (later < 1 || Math.abs(higher) > SPAN) continue
      hashes.push((first.bin << 14) | ((higher + 128) << 6) | later)
      frames.push(first.frame)
      found++
    }
  }
  return { hashes: Uint32Array.from(hashes), frames: Uint32Array.from(frames) }
}

/** Starts a fingerprint of sound with those channels (of more than two, the first two). */
export function createFingerprinter(sampleRate: number, channels: number): Fingerprinter {
  const used = Math.min(2, channels)
  const decimator = sampleRate === RATE ? undefined : createDecimator(sampleRate, RATE, used)
  const fft = new FFT(SIZE)
  const [input, output] = [fft.createComplexArray(), fft.createComplexArray()]
  const window = Float64Array.from({ length: SIZE }, (_, i) => (0.5 - 0.5 * Math.cos((2 * Math.PI * i) / SIZE)) * (4 / SIZE))
  const history = [new Float64Array(SIZE), new Float64Array(SIZE)]
  // Peaks need the frames after them, too.
  const kept = 2 * NEAR_FRAMES + 1
  const rows = Array.from({ length: kept }, () => new Float64Array(HIGHEST_BIN + NEAR_BINS + 1))
  const highest = Array.from({ length: kept }, () => new Float64Array(HIGHEST_BIN + NEAR_BINS + 1))
  const peaks: Peak[] = []
  let group: Peak[] = []
  let groupEnd = GROUP
  let [filled, frame] = [0, 0]

  const endGroup = (): void => {
    group.sort((a, b) => b.level - a.level)
    peaks.push(...group.slice(0, PEAKS).sort((a, b) => a.frame - b.frame || a.bin - b.bin))
    group = []
  }
  /** Peaks of the frame in the middle of what is kept. */
  const pick = (middle: number): void => {
    const row = rows[middle % kept]!
    for (let k = LOWEST_BIN; k < HIGHEST_BIN; k++) {
      const level = row[k]!
      if (level < LEAST || level < highest[middle % kept]![k]!) continue
      let most = true
      for (let r = 0; r < kept && most; r++) if (r !== middle % kept && highest[r]![k]! >= level) most = false
      if (most) group.push({ frame: middle, bin: k, level })
    }
    if (middle + 1 >= groupEnd) {
      endGroup()
      groupEnd += GROUP
    }
  }
  const analyse = (): void => {
    const [left, right] = history as [Float64Array, Float64Array]
    for (let i = 0; i < SIZE; i++) {
      input[2 * i] = window[i]! * left[i]!
      input[2 * i + 1] = window[i]! * right[i]!
    }
    fft.transform(output, input)
    const row = rows[frame % kept]!
    for (let k = 0; k < row.length; k++) {
      const [a, b] = [2 * k, 2 * ((SIZE - k) % SIZE)]
      // Louder highs make up for what music lacks there, 3 dB an octave.
      row[k] = Math.sqrt(0.5 * (output[a]! ** 2 + output[a + 1]! ** 2 + output[b]! ** 2 + output[b + 1]! ** 2) * (k / 64))
    }
    const most = highest[frame % kept]!
    for (let k = 0; k < row.length; k++) {
      let level = 0
      for (let j = Math.max(0, k - NEAR_BINS); j <= Math.min(row.length - 1, k + NEAR_BINS); j++) if (row[j]! > level) level = row[j]!
      most[k] = level
    }
    if (frame >= NEAR_FRAMES) pick(frame - NEAR_FRAMES)
    frame++
  }
  const take = (block: readonly Samples[]): void => {
    const length = block[0]?.length ?? 0
    for (let at = 0; at < length; ) {
      const count = Math.min(SIZE - filled, length - at)
      for (const [c, samples] of block.entries()) history[c]!.set(samples.subarray(at, at + count), filled)
      filled += count
      at += count
      if (filled < SIZE) continue
      analyse()
      for (const samples of history) samples.copyWithin(0, HOP)
      filled = SIZE - HOP
    }
  }

  return {
    push(block) {
      const own = block.slice(0, used)
      take(decimator ? decimator.process(own) : own)
    },
    finish() {
      endGroup()
      return pair(peaks)
    },
  }
}
