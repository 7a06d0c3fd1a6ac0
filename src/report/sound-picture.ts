/**
 * A song and its stems at a glance: below each other, on one time axis and one scale of decibels, the waveform of each (its range, and darker its power)
 * over its spectrogram in octaves.
 */
import { colourIndex, colourTable, hex } from './colour-map.ts'
import { checkSome, label } from './plot.ts'
import { dataUrl, indexedPng } from './png.ts'
import { formatNumber } from './scale.ts'
import type { SoundColumns } from './sound-columns.ts'
import { checkSize, element, hash, type PictureOptions, picture, pixels, seriesCount, wrapText } from './svg.ts'

export interface PicturedSound {
  /** `vocals` */
  readonly label: string
  readonly columns: SoundColumns
  /** A factor on its samples, 1 by default. */
  readonly gain?: number
}

export interface SoundPictureOptions extends Pick<PictureOptions, 'title' | 'description' | 'width'> {
  /** From the top: the mixture, its stems. */
  readonly sounds: readonly PicturedSound[]
  /** Seconds at the first sample, 0 by default: of a stretch of a song its place in it. */
  readonly start?: number
  /** Decibels from the brightest colour to the darkest, 80 by default. */
  readonly rangeDb?: number
}

const TITLE = 15
const LEFT = 64
const RIGHT = 92
const HEAD = 22
const WAVE = 52
const SPECTRUM = 168
const GAP = 16

const hertzTicks = [50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000]
/** Seconds between ticks. */
const timeSteps = [
  0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400,
]

const decibels = (power: number): number => 10 * Math.log10(power)

/** 83.5 → `1:23.5` where ticks are half seconds apart. */
function clock(seconds: number, step: number): string {
  const decimals = step >= 1 ? 0 : Math.ceil(-Math.log10(step) - 1e-9)
  const units = Math.round(seconds * 10 ** decimals)
  const whole = Math.floor(units / 10 ** decimals)
  const two = (value: number) => String(value).padStart(2, '0')
  const part = decimals === 0 ? '' : `.${String(units % 10 ** decimals).padStart(decimals, '0')}`
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60]
  return `${hours > 0 ? `${hours}:${two(minutes)}` : minutes}:${two(whole % 60)}${part}`
}

function timeTicks(start: number, seconds: number, room: number): { readonly at: number; readonly words: string }[] {
  const step = timeSteps.find((candidate) => seconds / candidate <= room) ?? 86_400 * Math.ceil(seconds / room / 86_400)
  const first = Math.ceil(start / step - 1e-9)
  const count = Math.floor((start + seconds) / step + 1e-9) - first + 1
  return Array.from({ length: Math.max(0, count) }, (_, i) => ({
    at: ((first + i) * step - start) / seconds,
    words: clock((first + i) * step, step),
  }))
}

function peakOf({ columns: { low, high }, gain = 1 }: PicturedSound): number {
  let peak = 0
  for (let c = 0; c < low.length; c++) peak = Math.max(peak, -low[c]!, high[c]!)
  return gain * peak
}

function meanSquareOf({ columns: { squares, stride, frames }, gain = 1 }: PicturedSound): number {
  const sum = squares.reduce((total, square, c) => total + square * Math.min(stride, frames - c * stride), 0)
  return (gain ** 2 * sum) / frames
}

/** `peak −1.2 dBFS, RMS −18.3 dBFS` */
function levelsOf(sound: PicturedSound): string {
  const peak = peakOf(sound)
  if (peak === 0) return 'silence'
  const inDbfs = (power: number) => `${decibels(power).toFixed(1).replace('-', '−')} dBFS`
  return `peak ${inDbfs(peak ** 2)}, RMS ${inDbfs(meanSquareOf(sound))}`
}

/** The outline of a band around a middle line: along its upper edge and back along the lower one. */
function outline(upper: ArrayLike<number>, lower: ArrayLike<number>, x: (column: number) => number, y: (value: number) => number): string {
  const points: string[] = []
  const last = upper.length - 1
  // Silence is a line, not nothing.
  for (let c = 0; c <= last; c++) points.push(`${pixels(x(c))} ${(y(upper[c]!) - 0.3).toFixed(1)}`)
  points.push(`${pixels(x(last + 1))} ${(y(upper[last]!) - 0.3).toFixed(1)} ${pixels(x(last + 1))} ${(y(lower[last]!) + 0.3).toFixed(1)}`)
  for (let c = last; c >= 0; c--) points.push(`${pixels(x(c))} ${(y(lower[c]!) + 0.3).toFixed(1)}`)
  return `M${points.join('L')}z`
}

interface Frame {
  readonly left: number
  readonly top: number
  readonly width: number
}

function drawWave({ columns, gain = 1 }: PicturedSound, series: number, full: number, { left, top, width }: Frame): string {
  const { low, high, squares, stride, frames } = columns
  const x = (c: number) => left + (width * Math.min(frames, c * stride)) / frames
  const y = (value: number) => top + WAVE / 2 - (0.5 * WAVE * gain * value) / full
  // Never beyond the range: of a column of few samples all on one side of zero.
  const root = squares.map((square) => Math.sqrt(square))
  const [above, below] = [
    root.map((value, c) => Math.min(value, Math.max(0, high[c]!))),
    root.map((v, c) => -Math.min(v, Math.max(0, -low[c]!))),
  ]
  const colour = `fill${series % seriesCount}`
  return [
    element('path', { class: `area ${colour}`, opacity: '.45', d: outline(high, low, x, y) }),
    element('path', { class: `area ${colour}`, d: outline(above, below, x, y) }),
    element('rect', { class: 'border', x: left, y: top, width, height: WAVE }),
  ].join('')
}

function drawSpectrum({ columns, gain = 1 }: PicturedSound, reference: number, rangeDb: number, { left, top, width }: Frame): string {
  const { spectrum, count, frequencies, frames, stride } = columns
  const bands = frequencies.length
  const indices = Uint8Array.from({ length: count * bands }, (_, i) => {
    const [row, column] = [Math.floor(i / count), i % count]
    const level = decibels((gain ** 2 * spectrum[column * bands + bands - 1 - row]!) / reference)
    return Math.min(254, colourIndex(Math.max(-rangeDb, level), -rangeDb, 0))
  })
  const image = element('image', {
    href: dataUrl('image/png', indexedPng(indices, count, colourTable('sequential').slice(0, 255))),
    x: left,
    y: top,
    // The last column may be shorter than the others: what it has too much is cut off.
    width: (width * count * stride) / frames,
    height: SPECTRUM,
    preserveAspectRatio: 'none',
  })
  const octaves = Math.log(frequencies[bands - 1]! / frequencies[0]!) || 1
  const place = (hertz: number) => ((Math.log(hertz / frequencies[0]!) / octaves) * (bands - 1) + 0.5) / bands
  const ticks = hertzTicks
    .filter((hertz) => place(hertz) >= 0 && place(hertz) <= 1)
    .flatMap((hertz) => {
      const y = top + SPECTRUM * (1 - place(hertz))
      const words = hertz >= 1000 ? `${hertz / 1000} kHz` : `${hertz} Hz`
      return [
        element('line', { class: 'zero', x1: left - 4, y1: y, x2: left, y2: y }),
        label(left - 7, y + 4, words, { 'text-anchor': 'end' }),
      ]
    })
  return [image, element('rect', { class: 'border', x: left, y: top, width, height: SPECTRUM }), ...ticks].join('')
}

function drawBar(left: number, top: number, height: number, rangeDb: number): string {
  const table = colourTable('sequential')
  const strips = 64
  const bar = Array.from({ length: strips }, (_, i) =>
    element('rect', {
      fill: hex(table[Math.round((i * 255) / (strips - 1))]!),
      x: left,
      y: top + (height * (strips - 1 - i)) / strips,
      width: 12,
      height: height / strips + (i === 0 ? 0 : 0.5),
    }),
  )
  const ticks = Array.from({ length: Math.floor(rangeDb / 20) + 1 }, (_, i) =>
    label(left + 18, top + (height * 20 * i) / rangeDb + 4, i === 0 ? '0 dB' : formatNumber(-20 * i)),
  )
  return [
    element('g', { class: 'cells' }, bar.join('')),
    element('rect', { class: 'border', x: left, y: top, width: 12, height }),
    ...ticks,
    label(0, 0, 'level, from the loudest', {
      class: 'label',
      'text-anchor': 'middle',
      transform: `translate(${pixels(left + 58)} ${pixels(top + height / 2)}) rotate(90)`,
    }),
  ].join('')
}

/**
 * The picture of a song and its stems. Colours and waveforms of all have one scale: 0 dB is the loudest place of any of them, and the waveforms reach as
 * far as the greatest peak.
 *
 * @returns SVG
 * @throws RangeError for no sounds or samples, sounds of different lengths, a range that is not above 0, a width without room
 * @example
 * const builder = createSoundColumns({ sampleRate: 8000, channels: 1 })
 * builder.add([new Float32Array(4000).fill(0.5)])
 * const svg = soundPicture({ title: 'song', sounds: [{ label: 'mixture', columns: builder.finish() }] })
 * svg.includes('image/png') // true
 */
export function soundPicture(given: SoundPictureOptions): string {
  const { title, description, sounds, start = 0, rangeDb = 80, width = 1200 } = given
  const who = 'soundPicture'
  checkSome(who, 'sounds', sounds)
  if (!(rangeDb > 0 && Number.isFinite(rangeDb))) throw new RangeError(`${who}: rangeDb ${rangeDb}; allowed are decibels above 0`)
  const seconds = sounds[0]!.columns.frames / sounds[0]!.columns.sampleRate
  for (const { label: name, columns } of sounds) {
    if (columns.frames === 0) throw new RangeError(`${who}: "${name}" has no sample; needs at least one`)
    const own = columns.frames / columns.sampleRate
    if (own !== seconds)
      throw new RangeError(`${who}: "${name}" has ${own} s, "${sounds[0]!.label}" has ${seconds} s; needs as many of all`)
  }
  const head = wrapText(title, width - 24, TITLE)
  const top = 12 + TITLE + (head.length - 1) * 19 + 12
  const panel = HEAD + WAVE + 3 + SPECTRUM + GAP
  const height = top + sounds.length * panel + 30
  checkSize(who, width, height)
  const [left, inner] = [LEFT, width - LEFT - RIGHT]
  if (inner < 100) throw new RangeError(`${who}: width ${width} leaves no room between the axes; make the picture wider`)

  let reference = 0
  for (const { columns, gain = 1 } of sounds) for (const power of columns.spectrum) reference = Math.max(reference, gain ** 2 * power)
  const full = Math.max(...sounds.map(peakOf)) || 1
  const ticks = timeTicks(start, seconds, Math.max(2, Math.floor(inner / 80)))
  const levels = sounds.map(levelsOf)
  const drawn = sounds.map((sound, i) => {
    const y = top + i * panel
    const bottom = y + panel - GAP
    const inside = { wave: { left, top: y + HEAD, width: inner }, spectrum: { left, top: y + HEAD + WAVE + 3, width: inner } }
    return [
      label(left, y + 14, sound.label, { class: 'label', style: 'font-weight:600' }),
      label(left + inner, y + 14, levels[i]!, { 'text-anchor': 'end' }),
      drawWave(sound, i === 0 && sounds.length > 1 ? seriesCount - 1 : Math.max(0, i - 1), full, inside.wave),
      // Of silence alone everything is equally far below anything.
      drawSpectrum(sound, reference || 1, rangeDb, inside.spectrum),
      ...ticks.map(({ at }) =>
        element('line', { class: 'zero', x1: left + at * inner, y1: bottom, x2: left + at * inner, y2: bottom + 4 }),
      ),
    ].join('')
  })
  const bottom = top + sounds.length * panel - GAP
  const clip = `clip-${hash(title + drawn[0])}`
  const firstSpectrum = top + HEAD + WAVE + 3
  const content = [
    ...head.map((words, i) => label(12, 12 + TITLE + i * 19, words, { class: 'title' })),
    element('clipPath', { id: clip }, element('rect', { x: 0, y: 0, width: left + inner + 0.5, height })),
    element('g', { 'clip-path': `url(#${clip})` }, drawn.join('\n')),
    ...ticks.map(({ at, words }) => label(left + at * inner, bottom + 18, words, { 'text-anchor': 'middle' })),
    label(left + inner / 2, bottom + 36, 'time (min:s)', { class: 'label', 'text-anchor': 'middle' }),
    drawBar(left + inner + 18, firstSpectrum, SPECTRUM, rangeDb),
  ]
  const told = `${clock(seconds, 1)} of ${sounds.map(({ label: name }, i) => `${name} (${levels[i]})`).join('; ')}.`
  return picture(content.join('\n'), { title, description: description ?? `Waveforms and spectrograms, ${told}`, width, height })
}
