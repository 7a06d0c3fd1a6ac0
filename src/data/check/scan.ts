/** All that is measured of a recording, in one pass over its blocks. */
import { type Bandwidth, createSpectrumMeter } from './bandwidth.ts'
import { createExcerptKeeper, type Excerpt } from './excerpts.ts'
import { createFingerprinter, type Landmarks } from './landmarks.ts'
import { createLevelMeter, type Levels } from './levels.ts'

type Samples = Float32Array | Float64Array

export interface Scan extends Levels {
  /** Samples per channel. */
  readonly frames: number
  readonly sampleRate: number
  readonly channels: number
  readonly bandwidth: Bandwidth
}

export interface Scanner {
  push(block: readonly Samples[]): void
  finish(): { readonly scan: Scan; readonly landmarks: Landmarks; readonly excerpts: readonly Excerpt[] }
}

/** Starts the measurements. Memory: three excerpts, and the landmarks. */
export function createScanner(sampleRate: number, channels: number): Scanner {
  const levels = createLevelMeter(sampleRate, channels)
  const spectrum = createSpectrumMeter(sampleRate, channels)
  const fingerprint = createFingerprinter(sampleRate, channels)
  const keeper = createExcerptKeeper(sampleRate, channels)
  let frames = 0
  return {
    push(block) {
      levels.push(block)
      spectrum.push(block)
      fingerprint.push(block)
      keeper.push(block, spectrum.voiceEnergy())
      frames += block[0]?.length ?? 0
    },
    finish: () => ({
      scan: { ...levels.finish(), frames, sampleRate, channels, bandwidth: spectrum.finish() },
      landmarks: fingerprint.finish(),
      excerpts: keeper.finish(),
    }),
  }
}
