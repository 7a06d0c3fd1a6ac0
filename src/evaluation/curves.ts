/** Curves over time as SVG text: axes with round numbers, gaps where there is no number, colours from the page's style sheet. */
import { escapeText } from '../report/index.ts'

export interface Curve {
  readonly label: string
  /** By frame; NaN leaves a gap. */
  readonly values: readonly number[]
}

export interface CurvesOptions {
  /** What the picture shows, for those who cannot see it. */
  readonly title: string
  /** Seconds from curve point to curve point, and to the first one: the middle of its frame. */
  readonly step: number
  readonly first: number
  /** Seconds. */
  readonly end: number
}

const width = 900
const height = 260
const left = 52
const right = 24
const top = 10
const bottom = 34
/** Shares of the values that may lie outside of the picture, below and above: single frames near silence reach −80 dB. */
const outside = 0.02

/** 75 → "1:15". */
export function clock(seconds: number): string {
  const whole = Math.floor(seconds + 1e-9)
  const rest = seconds - whole > 0.05 ? (seconds - whole).toFixed(1).slice(1) : ''
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}${rest}`
}

/** Round places about `count` apart: 1, 2 or 5 times a power of ten, or for time also 15, 30, 60 … seconds. */
function ticks(low: number, high: number, count: number, steps: readonly number[]): number[] {
  const wanted = (high - low) / count
  const step = steps.find((candidate) => candidate >= wanted) ?? steps.at(-1)!
  const found: number[] = []
  for (let at = Math.ceil(low / step - 1e-9) * step; at <= high + 1e-9; at += step) found.push(at)
  return found
}

const decibelSteps = [1, 2, 5, 10, 20, 50, 100, 200]
const timeSteps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 3600, 7200]

function rangeOf(curves: readonly Curve[]): [number, number] {
  const values = curves.flatMap((curve) => curve.values.filter(Number.isFinite)).sort((a, b) => a - b)
  if (values.length === 0) return [-1, 1]
  const at = (share: number): number => values[Math.round(share * (values.length - 1))]!
  const spread = at(1 - outside) - at(outside)
  // What lies a little beyond is shown all the same.
  const [low, high] = [Math.max(values[0]!, at(outside) - spread / 2), Math.min(values.at(-1)!, at(1 - outside) + spread / 2)]
  const margin = Math.max(1, 0.08 * (high - low))
  return [low - margin, high + margin]
}

/** The curves in one picture with a legend; the first is drawn last, over the others. */
export function drawCurves(curves: readonly Curve[], { title, step, first, end }: CurvesOptions): string {
  const [low, high] = rangeOf(curves)
  const x = (seconds: number): number => left + ((width - left - right) * seconds) / end
  const y = (decibels: number): number => top + ((height - top - bottom) * (high - decibels)) / (high - low)
  const n = (value: number): string => value.toFixed(1)
  const decibelLines = ticks(low, high, 6, decibelSteps).map(
    (at) =>
      `<line class="${at === 0 ? 'zero' : 'grid'}" x1="${left}" x2="${width - right}" y1="${n(y(at))}" y2="${n(y(at))}"/><text x="${left - 6}" y="${n(y(at) + 4)}" text-anchor="end">${String(at).replace('-', '−')}</text>`,
  )
  const timeLines = ticks(0, end, 9, timeSteps).map(
    (at) =>
      `<line class="grid" x1="${n(x(at))}" x2="${n(x(at))}" y1="${top}" y2="${height - bottom}"/><text x="${n(x(at))}" y="${height - bottom + 16}" text-anchor="middle">${clock(at)}</text>`,
  )
  const beyond = 10 * (height / (high - low)) * (high - low)
  const paths = curves.map(({ label, values }, index) => {
    let path = ''
    let drawing = false
    for (const [frame, value] of values.entries()) {
      if (Number.isNaN(value)) {
        drawing = false
        continue
      }
      // Infinite ratios leave the picture; a point alone between gaps becomes a dot by its round cap.
      const place = Number.isFinite(value) ? Math.max(-beyond, Math.min(beyond, y(value))) : value > 0 ? -beyond : beyond
      path += `${drawing ? 'L' : 'M'}${n(x(first + frame * step))} ${n(place)}`
      if (!drawing) path += 'h0'
      drawing = true
    }
    return `<path class="line line${index}" d="${path}"><title>${escapeText(label)}</title></path>`
  })
  const id = `clip-${hash(title)}`
  const legend = curves.map(({ label }, index) => `<span><i class="key key${index}"></i>${escapeText(label)}</span>`)
  return `<figure><svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeText(title)}">
<clipPath id="${id}"><rect x="${left}" y="${top}" width="${width - left - right}" height="${height - top - bottom}"/></clipPath>
${[...decibelLines, ...timeLines].join('\n')}
<text x="2" y="${top + 10}" class="unit">dB</text><text x="${width - right}" y="${height - 2}" text-anchor="end" class="unit">min:s</text>
<g clip-path="url(#${id})">${paths.reverse().join('\n')}</g>
</svg><figcaption>${legend.join(' ')}</figcaption></figure>`
}

/** A name for things that ids tell apart (FNV-1a). */
function hash(text: string): string {
  let value = 0x811c9dc5
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193) >>> 0
  return value.toString(36)
}
