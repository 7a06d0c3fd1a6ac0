/** A spectrogram in decibels over time and frequency. */
import { drawHeatMap } from './heat-map.ts'
import type { Values } from './line-plot.ts'
import { checkSome } from './plot.ts'
import { extentOf } from './scale.ts'
import type { PictureOptions } from './svg.ts'

export interface SpectrogramPlotOptions extends PictureOptions {
  /** Magnitudes frame by frame, each from 0 Hz to half the sample rate: nFft/2 + 1 of them. */
  readonly frames: readonly Values[]
  /** Hertz. */
  readonly sampleRate: number
  /** Samples from frame to frame. */
  readonly hopLength: number
  /** Seconds at the first frame, 0 by default. */
  readonly start?: number
  /** The magnitude of 0 dB, the greatest one by default. */
  readonly reference?: number
  /** Decibels below 0 at which colours end, 80 by default. */
  readonly rangeDb?: number
}

/**
 * 20 log₁₀(magnitude / reference), low frequencies at the bottom. Silence is as dark as what is `rangeDb` below the reference.
 *
 * @returns SVG
 * @throws RangeError for no frames or bins, frames of different lengths, negative magnitudes, a rate, hop, reference or range that is not
 * above 0, sizes without room
 */
export function spectrogramPlot(given: SpectrogramPlotOptions): string {
  const { frames, sampleRate, hopLength, start = 0, reference, rangeDb = 80, ...options } = given
  const who = 'spectrogramPlot'
  checkSome(who, 'frames', frames)
  checkSome(who, 'bins', frames[0]!)
  for (const [name, number] of Object.entries({ sampleRate, hopLength, rangeDb, reference: reference ?? 1 })) {
    if (!(number > 0 && Number.isFinite(number))) throw new RangeError(`${who}: ${name} ${number}; allowed are numbers above 0`)
  }
  const bins = frames[0]!.length
  const range = extentOf(frames.flatMap((frame) => Array.from(frame)))
  if (range && range[0] < 0) throw new RangeError(`${who}: a magnitude of ${range[0]}; allowed are numbers ≥ 0, such as magnitude(stft(x))`)
  // Of silence alone everything is equally far below anything.
  const full = reference ?? (range?.[1] || 1)
  const uneven = frames.findIndex((frame) => frame.length !== bins)
  if (uneven >= 0)
    throw new RangeError(`${who}: frame ${uneven} has ${frames[uneven]!.length} bins, frame 0 has ${bins}; needs as many in all`)
  const rows = Array.from({ length: bins }, (_, bin) =>
    Float64Array.from(frames, (frame) => {
      const magnitude = frame[bin]!
      return Number.isNaN(magnitude) ? Number.NaN : Math.max(-rangeDb, 20 * Math.log10(magnitude / full))
    }),
  )
  return drawHeatMap(who, {
    ...options,
    rows,
    firstRow: 'bottom',
    x: { label: 'time', unit: 's', from: start, to: start + (Math.max(1, frames.length - 1) * hopLength) / sampleRate },
    y: { label: 'frequency', unit: 'kHz', from: 0, to: sampleRate / 2000 },
    value: { label: 'level', unit: 'dB', from: -rangeDb, to: 0 },
  })
}
