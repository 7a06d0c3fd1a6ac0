/** Boxes and arrows of diagrams. */
import { element, escapeText, pixels } from './svg.ts'

export interface Box {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

export type Point = readonly [x: number, y: number]

export const right = ({ left, width }: Box): number => left + width
export const bottom = ({ top, height }: Box): number => top + height

const lineHeight = 15

/** A box with lines of words, the first of them its name, in a colour of series. */
export function drawBox({ left, top, width, height }: Box, words: readonly string[], colour: number): string {
  const first = top + height / 2 - ((words.length - 1) * lineHeight) / 2 + 4
  const frame = { x: left, y: top, width, height, rx: 4 }
  const texts = words.map((line, i) => {
    const place = { x: left + width / 2, y: first + i * lineHeight, 'text-anchor': 'middle' }
    return element('text', { ...place, class: i === 0 ? 'label' : 'tick' }, escapeText(line))
  })
  return [
    element('rect', { class: `fill${colour}`, ...frame, style: 'opacity:.14' }),
    element('rect', { ...frame, style: `fill:none;stroke:var(--c${colour});stroke-width:1.2` }),
    ...texts,
  ].join('')
}

/** A line through points, with a head at its end, in a colour of series. */
export function drawArrow(points: readonly Point[], { colour, dashed }: { readonly colour: number; readonly dashed: boolean }): string {
  const [[fromX, fromY], [x, y]] = points.slice(-2) as [Point, Point]
  const length = Math.hypot(x - fromX, y - fromY)
  const [dx, dy] = [(x - fromX) / length, (y - fromY) / length]
  const at = (along: number, across: number) => `${pixels(x - along * dx - across * dy)} ${pixels(y - along * dy + across * dx)}`
  // The line ends inside of its head, which would be blunt otherwise.
  const line = [...points.slice(0, -1), [x - 5 * dx, y - 5 * dy] as const].map(([px, py]) => `${pixels(px)} ${pixels(py)}`).join('L')
  const style = `stroke:var(--c${colour});stroke-width:1.5${dashed ? ';stroke-dasharray:5 3' : ''}`
  return (
    element('path', { class: 'line', style, d: `M${line}` }) +
    element('path', { class: `area fill${colour}`, d: `M${pixels(x)} ${pixels(y)}L${at(8, 3.5)}L${at(8, -3.5)}z` })
  )
}
