/**
 * A U-Net as a picture: what the levels of its encoder and its decoder give, the bridge between them, and the ways between: of features from level to
 * level, of what the encoder hands to the decoder beside it, and of scores of attention where layers hand them on. Both sides need not be alike.
 */
import { type Box, bottom, drawArrow, drawBox, type Point, right } from './diagram.ts'
import { checkSize, element, escapeText, type PictureOptions, picture, textWidth } from './svg.ts'

/** A part of a network, a box in the picture. */
export interface UNetPart {
  readonly name: string
  /** What stands in the box, line by line: what it gives, how many parameters. */
  readonly lines: readonly string[]
}

/** What is on one level of one side: its convolutions, and the transformer behind them. */
export interface UNetSide {
  readonly body: UNetPart
  readonly transformer: UNetPart
}

export interface UNetLevel {
  /** Beside the level: `1024 bins`. */
  readonly label: string
  readonly encoder: UNetSide
  readonly decoder: UNetSide
}

export interface UNetPlotOptions extends PictureOptions {
  /** What comes in and what is done to it before the first level. */
  readonly inputs: readonly UNetPart[]
  /** The finest first. */
  readonly levels: readonly UNetLevel[]
  readonly bridge: UNetSide & { readonly label: string }
  readonly outputs: readonly UNetPart[]
  /** What the lines are. */
  readonly ways: { readonly features: string; readonly skips: string; readonly scores: string }
}

/** From the top of a level to the top of the next. */
const rowHeight = 98
const bodyHeight = 38
const transformerHeight = 70
/** Of a box's content, and of features and scores where they run side by side. */
const inset = 14

type Way = 'features' | 'skips' | 'scores'
const colours: Readonly<Record<Way, number>> = { features: 0, skips: 2, scores: 1 }

const drawWay = (kind: Way, points: readonly Point[]) => drawArrow(points, { colour: colours[kind], dashed: kind === 'scores' })
const drawPart = (box: Box, { name, lines }: UNetPart, colour: number) => drawBox(box, [name, ...lines], colour)
const told = ({ name, lines }: UNetPart) => [name, ...lines].join(', ')

/**
 * Draws a U-Net: its encoder goes down the left side, its decoder up the right one.
 *
 * @returns SVG
 * @throws RangeError for a network without levels, and widths in which its boxes have no room
 */
export function uNetPlot(options: UNetPlotOptions): string {
  const { title, inputs, levels, bridge, outputs, ways, width = 900 } = options
  if (levels.length === 0) throw new RangeError(`uNetPlot: levels is empty; needs one or more`)
  const parts = [bridge, ...levels.flatMap(({ encoder, decoder }) => [encoder, decoder])]
  const widest = (all: readonly UNetPart[]) =>
    Math.max(...all.flatMap(({ name, lines }) => [name, ...lines]).map((line) => textWidth(line))) + 12
  const bodyWidth = widest([...inputs, ...outputs, ...parts.map(({ body }) => body)])
  const transformerWidth = widest(parts.map(({ transformer }) => transformer))
  const labelWidth = Math.max(...[bridge, ...levels].map(({ label }) => textWidth(label))) + 10
  const between = 26
  const sides = labelWidth + 2 * (bodyWidth + between + transformerWidth)
  if (sides + 60 > width - 24) throw new RangeError(`uNetPlot: width ${width}; its boxes need ${Math.ceil(sides + 84)} pixels`)
  const inputTop = 52
  const firstRow = inputTop + bodyHeight + 30
  const rowTop = (i: number) => firstRow + i * rowHeight
  const legendTop = rowTop(levels.length) + transformerHeight + 34
  const height = options.height ?? legendTop + 60
  checkSize('uNetPlot', width, height)

  const [encoderLeft, decoderRight] = [12 + labelWidth, width - 12]
  const box = (left: number, y: number, w: number, h: number): Box => ({ left, top: y, width: w, height: h })
  const encoderBody = (i: number) => box(encoderLeft, rowTop(i), bodyWidth, bodyHeight)
  const encoderTransformer = (i: number) => box(encoderLeft + bodyWidth + between, rowTop(i), transformerWidth, transformerHeight)
  const decoderBody = (i: number) => box(decoderRight - transformerWidth - between - bodyWidth, rowTop(i), bodyWidth, bodyHeight)
  const decoderTransformer = (i: number) => box(decoderRight - transformerWidth, rowTop(i), transformerWidth, transformerHeight)
  const middle = bodyHeight / 2

  const [drawn, lines]: [string[], string[]] = [[], []]
  const row = (count: number, from: number): readonly Box[] =>
    Array.from({ length: count }, (_, i) => box(from + i * (bodyWidth + between), inputTop, bodyWidth, bodyHeight))
  const inputBoxes = row(inputs.length, encoderLeft)
  const outputBoxes = row(outputs.length, decoderRight - outputs.length * bodyWidth - (outputs.length - 1) * between)
  for (const [boxes, those] of [
    [inputBoxes, inputs],
    [outputBoxes, outputs],
  ] as const) {
    for (const [i, part] of those.entries()) drawn.push(drawPart(boxes[i]!, part, 7))
    for (const [i, here] of boxes.slice(0, -1).entries())
      lines.push(
        drawWay('features', [
          [right(here), here.top + middle],
          [boxes[i + 1]!.left, here.top + middle],
        ]),
      )
  }

  /** Features leave a box at its left, scores at its right. */
  const leaveX = ({ left }: Box) => left + inset
  const scoresX = (b: Box) => right(b) - inset
  const gap = rowHeight - transformerHeight
  for (const [i, { label, encoder, decoder }] of [...levels, { ...bridge, encoder: bridge, decoder: undefined }].entries()) {
    const [body, transformer] = [encoderBody(i), encoderTransformer(i)]
    drawn.push(element('text', { x: 12, y: body.top + middle + 4 }, escapeText(label)))
    drawn.push(drawPart(body, encoder.body, 0), drawPart(transformer, encoder.transformer, 1))
    lines.push(
      drawWay('features', [
        [right(body), body.top + middle],
        [transformer.left, body.top + middle],
      ]),
    )
    const above = i > 0 ? encoderTransformer(i - 1) : undefined
    if (above) {
      const turn = bottom(above) + gap / 2
      const centre = body.left + body.width / 2
      lines.push(
        drawWay('features', [
          [leaveX(above), bottom(above)],
          [leaveX(above), turn],
          [centre, turn],
          [centre, body.top],
        ]),
      )
      // The bridge begins its scores anew.
      if (decoder)
        lines.push(
          drawWay('scores', [
            [scoresX(above), bottom(above)],
            [scoresX(above), transformer.top],
          ]),
        )
    }
    if (!decoder) continue
    const [up, other] = [decoderBody(i), decoderTransformer(i)]
    drawn.push(drawPart(up, decoder.body, 0), drawPart(other, decoder.transformer, 1))
    lines.push(
      drawWay('features', [
        [right(up), up.top + middle],
        [other.left, up.top + middle],
      ]),
    )
    lines.push(
      drawWay('skips', [
        [right(transformer), up.top + middle - 8],
        [up.left, up.top + middle - 8],
      ]),
    )
    const low = transformer.top + transformerHeight - 12
    lines.push(
      drawWay('skips', [
        [right(transformer), low - 5],
        [other.left, low - 5],
      ]),
    )
    lines.push(
      drawWay('scores', [
        [right(transformer), low + 5],
        [other.left, low + 5],
      ]),
    )
    if (i > 0) {
      const next = { up: decoderBody(i - 1), other: decoderTransformer(i - 1) }
      const turn = other.top - gap / 2
      const centre = next.up.left + next.up.width / 2
      lines.push(
        drawWay('features', [
          [leaveX(other), other.top],
          [leaveX(other), turn],
          [centre, turn],
          [centre, bottom(next.up)],
        ]),
      )
      lines.push(
        drawWay('scores', [
          [scoresX(other), other.top],
          [scoresX(other), bottom(next.other)],
        ]),
      )
    }
  }
  const last = levels.length
  const deepest = encoderTransformer(last)
  const upBody = decoderBody(last - 1)
  const upX = upBody.left + upBody.width / 2
  lines.push(
    drawWay('features', [
      [right(deepest), deepest.top + middle],
      [upX, deepest.top + middle],
      [upX, bottom(upBody)],
    ]),
  )
  const entry = inputBoxes.at(-1)
  if (entry) {
    const [from, to] = [entry.left + entry.width / 2, encoderLeft + bodyWidth / 2]
    const turn = bottom(entry) + 15
    lines.push(
      drawWay('features', [
        [from, bottom(entry)],
        [from, turn],
        [to, turn],
        [to, rowTop(0)],
      ]),
    )
  }
  const exit = outputBoxes[0]
  if (exit) {
    const from = leaveX(decoderTransformer(0))
    const turn = bottom(exit) + 15
    const to = exit.left + exit.width / 2
    lines.push(
      drawWay('features', [
        [from, rowTop(0)],
        [from, turn],
        [to, turn],
        [to, bottom(exit)],
      ]),
    )
  }

  for (const [i, kind] of (['features', 'skips', 'scores'] as const).entries()) {
    const y = legendTop + i * 20
    drawn.push(
      drawWay(kind, [
        [encoderLeft, y],
        [encoderLeft + 34, y],
      ]),
    )
    drawn.push(element('text', { class: 'key', x: encoderLeft + 44, y: y + 4 }, escapeText(ways[kind])))
  }
  const heading = element('text', { class: 'title', x: 12, y: 26 }, escapeText(title))
  const description =
    options.description ??
    [
      `Input: ${inputs.map(told).join('; ')}.`,
      ...levels.map(({ label, encoder, decoder }) => {
        const side = ({ body, transformer }: UNetSide) => `${told(body)}; ${told(transformer)}`
        return `${label}: down ${side(encoder)}; up ${side(decoder)}.`
      }),
      `${bridge.label}: ${told(bridge.body)}; ${told(bridge.transformer)}.`,
      `Output: ${outputs.map(told).join('; ')}.`,
    ].join(' ')
  return picture([heading, ...lines, ...drawn].join('\n'), { title, description, width, height })
}
