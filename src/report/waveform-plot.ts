/** Sound over time: for each column of pixels the range of its samples, so that no peak is lost however long the sound. */

import type { Values } from './line-plot.ts'
import { checkSome, placer, plot, rangeInWords } from './plot.ts'
import { type Axis, extentOf, type Scale, scaleOf } from './scale.ts'
import { element, type PictureOptions, pixels, seriesCount } from './svg.ts'

export interface Waveform {
  readonly label: string
  readonly samples: Values
}

export interface WaveformPlotOptions extends PictureOptions {
  /** Below each other: channels, stems. */
  readonly waveforms: readonly Waveform[]
  /** Hertz. */
  readonly sampleRate: number
}

/** Range of the samples of each column; a column between two samples has what lies between them. */
function columnsOf(samples: Values, columns: number): (readonly [number, number] | undefined)[] {
  const last = Math.max(1, samples.length - 1)
  return Array.from({ length: columns }, (_, c) => {
    const [from, to] = [(c * last) / columns, ((c + 1) * last) / columns]
    const inside = Array.from(samples.slice(Math.ceil(from), Math.floor(to) + 1))
    const between = [from, to].map((place) => {
      const [before, after] = [samples[Math.floor(place)]!, samples[Math.min(samples.length - 1, Math.ceil(place))]!]
      return before + (after - before) * (place - Math.floor(place))
    })
    return extentOf([...inside, ...between])
  })
}

/**
 * Waveforms below each other, on one scale. Samples that are NaN or infinite leave a gap.
 *
 * @returns SVG
 * @throws RangeError for no waveforms or samples, waveforms of different lengths, a rate that is not above 0, sizes without room
 */
export function waveformPlot({ waveforms, sampleRate, ...options }: WaveformPlotOptions): string {
  const who = 'waveformPlot'
  checkSome(who, 'waveforms', waveforms)
  const length = waveforms[0]!.samples.length
  for (const { label: name, samples } of waveforms) {
    checkSome(who, `samples of "${name}"`, samples)
    if (samples.length !== length)
      throw new RangeError(`${who}: "${name}": ${samples.length} samples beside ${length}; needs as many of all`)
  }
  if (!(sampleRate > 0 && Number.isFinite(sampleRate))) throw new RangeError(`${who}: sampleRate ${sampleRate}; allowed are hertz above 0`)
  const ranges = waveforms.flatMap(({ samples }) => extentOf(samples) ?? [])
  const peak = Math.max(...ranges.map(Math.abs), 0) || 1
  const x: Axis = { label: 'time', unit: 's' }
  const sx = scaleOf(who, { ...x, from: 0, to: Math.max(1, length - 1) / sampleRate }, [], 0, 8)
  // Each waveform has a band of height 1, the first one at the top; ticks at 0 and near the peaks.
  const round = Number((peak * 0.8).toPrecision(1))
  const count = waveforms.length
  const place = (band: number, value: number) => (count - 1 - band + 0.5 + (0.46 * value) / peak) / count
  const marks = count > 4 ? [0] : [-round, 0, round]
  const valueTicks = scaleOf(who, { label: '', from: -peak, to: peak, ticks: marks }, []).ticks
  const sy: Scale = {
    from: 0,
    to: count,
    ticks: waveforms.flatMap((_, band) => valueTicks.map((tick) => ({ value: place(band, tick.value), label: tick.label }))),
    at: (value) => value,
  }
  return plot({
    height: 140 + 110 * count,
    ...options,
    who,
    x: { ...x, scale: sx },
    y: { label: 'amplitude', scale: sy },
    legend: count > 1 ? waveforms.map(({ label: name }) => ({ label: name, mark: 'patch' })) : [],
    told: `${waveforms.map(({ label: name }) => name).join(', ')}: ${(length / sampleRate).toPrecision(3)} s at ${sampleRate} Hz. ${rangeInWords({ label: 'amplitude' }, ranges)}.`,
    draw: (area) => {
      const toY = placer(sy, area.top + area.height, -area.height)
      const columns = Math.round(area.width)
      const inside = waveforms.map(({ samples }, band) => {
        const bars = columnsOf(samples, columns).flatMap((range, c) => {
          if (!range) return []
          const [low, high] = [toY(place(band, range[0])), toY(place(band, range[1]))]
          // Silence is a line, not nothing.
          const [top, height] = [Math.min(high, (low + high) / 2 - 0.5), Math.max(1, low - high)]
          return [`M${pixels(area.left + (c * area.width) / columns)} ${top.toFixed(1)}h1v${height.toFixed(1)}h-1z`]
        })
        return element('path', { class: `area fill${band % seriesCount}`, d: bars.join('') || undefined })
      })
      return { inside: inside.join('\n') }
    },
  })
}
