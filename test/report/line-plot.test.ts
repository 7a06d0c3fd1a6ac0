import { describe, expect, it } from 'vitest'
import { type LinePlotOptions, linePlot, scatterPlot } from '../../src/report/index.ts'
import { areaOf, elements, expectWhole, placeOf, texts } from './support.ts'

const draw = (options: Partial<LinePlotOptions> = {}) =>
  linePlot({
    title: 'Curves',
    x: { label: 'step' },
    y: { label: 'loss', unit: 'nats' },
    lines: [{ label: 'training', y: [4, 2, 1] }],
    ...options,
  })

const points = (d: string) => Array.from(d.matchAll(/(-?[\d.]+) (-?[\d.]+)/g), ([, x, y]) => [Number(x), Number(y)] as const)
const linesOf = (svg: string) => elements(svg, 'path').filter(({ class: name }) => name?.startsWith('line '))

describe('linePlot', () => {
  it('places values by linear axes, and tells what is along them', () => {
    const svg = draw({ x: { label: 'step', from: 0, to: 2 }, y: { label: 'loss', unit: 'nats', from: 0, to: 4 } })
    expectWhole(svg)
    const { left, top, right, bottom } = areaOf(svg)
    const [first, second, third] = points(linesOf(svg)[0]!.d!)
    // Coordinates are written to a hundredth of a pixel.
    for (const [[x, y], [wx, wy]] of [
      [first!, [left, top]],
      [second!, [(left + right) / 2, (top + bottom) / 2]],
      [third!, [right, bottom - (bottom - top) / 4]],
    ] as const) {
      expect(x).toBeCloseTo(wx, 1)
      expect(y).toBeCloseTo(wy, 1)
    }
    expect(texts(svg)).toEqual(expect.arrayContaining(['Curves', 'step', 'loss (nats)', '0', '4']))
  })

  it('puts ticks, their lines and their numbers where the values are', () => {
    const svg = draw({ x: { label: 'step', from: 0, to: 20 }, y: { label: 'loss', from: -1, to: 3 } })
    const { left, top, right, bottom } = areaOf(svg)
    // Numbers stand a few pixels below the axis, or beside their line.
    expect(placeOf(svg, '10').x).toBeCloseTo((left + right) / 2, 1)
    expect(placeOf(svg, '10').y).toBeGreaterThan(bottom)
    expect(placeOf(svg, '3').y - 4).toBeCloseTo(top, 1)
    expect(placeOf(svg, '2').y - 4).toBeCloseTo(top + (bottom - top) / 4, 1)
    expect(placeOf(svg, '2').x).toBeLessThan(left)
    const grid = elements(svg, 'line').filter(({ class: name }) => name === 'grid' || name === 'zero')
    const upright = grid.filter(({ x1, x2 }) => x1 === x2)
    expect(upright.length).toBeGreaterThan(2)
    for (const { y1, y2 } of upright) expect([Number(y1), Number(y2)]).toEqual([top, bottom])
    const zero = grid.find(({ class: name, y1, y2 }) => name === 'zero' && y1 === y2)!
    expect(Number(zero.y1)).toBeCloseTo(bottom - (bottom - top) / 4, 1)
  })

  it('places values by a logarithmic axis, with decades as ticks', () => {
    const svg = draw({ y: { label: 'loss', log: true, from: 1e-4, to: 1 }, lines: [{ label: 'a', y: [1, 1e-2, 1e-4] }] })
    const { top, bottom } = areaOf(svg)
    const ys = points(linesOf(svg)[0]!.d!).map(([, y]) => y)
    expect(ys[1]).toBeCloseTo((top + bottom) / 2, 1)
    expect(texts(svg)).toEqual(expect.arrayContaining(['10⁻⁴', '0.001', '0.01', '0.1', '1']))
  })

  it('draws a band around a line, cut where it leaves the range of the lines', () => {
    const y = { label: 'loss', from: 0, to: 4 }
    const x = { label: 'step', from: 0, to: 2 }
    const band = { low: [3, Number.NaN, 0], high: [8, Number.NaN, 2] }
    const svg = draw({ x, y, lines: [{ label: 'training', y: [4, 2, 1], band }] })
    expectWhole(svg)
    const { left, top, right, bottom } = areaOf(svg)
    const [area] = elements(svg, 'path').filter(({ class: name }) => name?.includes('band'))
    const places = points(area!.d!)
    const middle = (top + bottom) / 2
    // High from left to right, low back again; coordinates are written to a hundredth of a pixel.
    const expected = [
      [left, top - (bottom - top)],
      [right, middle],
      [right, bottom],
      [left, bottom - 0.75 * (bottom - top)],
    ]
    for (const [i, [px, py]] of places.entries()) {
      expect(px).toBeCloseTo(expected[i]![0]!, 1)
      expect(py).toBeCloseTo(expected[i]![1]!, 1)
    }
    expect(places).toHaveLength(4)
    expect(svg).toMatch(/<g clip-path="[^"]+"><path class="area band/)
    expect(() => draw({ lines: [{ label: 'a', y: [1, 2], band: { low: [1], high: [2, 3] } }] })).toThrow(/band of line "a": 2 x and 1 y/)
  })

  it('draws a line for each series with colours and dashes of its own, and a legend of several', () => {
    const svg = draw({ lines: ['a', 'b', 'c'].map((label, i) => ({ label, y: [i, i + 1] })) })
    expect(linesOf(svg).map(({ class: name }) => name)).toEqual(['line line2', 'line line1', 'line line0'])
    expect(elements(svg, 'line').filter(({ class: name }) => /^line line[012]$/.test(name!))).toHaveLength(3)
    expect(texts(svg)).toEqual(expect.arrayContaining(['a', 'b', 'c']))
    expect(texts(draw())).not.toContain('training')
  })

  it('leaves gaps at NaN, draws a point alone as a dot, and lets infinity leave the picture', () => {
    const svg = draw({ lines: [{ label: 'a', y: [1, 2, Number.NaN, 3, Number.NaN, 4, Number.POSITIVE_INFINITY] }] })
    expectWhole(svg)
    const [line] = linesOf(svg)
    expect(line!.d!.match(/M/g)).toHaveLength(2)
    expect(elements(svg, 'circle')).toHaveLength(1)
    expect(points(line!.d!).at(-1)![1]).toBeLessThan(-1000)
    expect(linesOf(svg)).toHaveLength(1)
  })

  it('draws constants, one point, and no number at all', () => {
    for (const y of [[3, 3, 3], [0], [-5], [Number.NaN], [1e-300, 1e-300], [1e20, 1e20]]) expectWhole(draw({ lines: [{ label: 'a', y }] }))
    expectWhole(draw({ y: { label: 'loss', log: true }, lines: [{ label: 'a', y: [2, 2] }] }))
    expect(draw({ lines: [{ label: 'a', y: [Number.NaN] }] })).toContain('loss (nats): no number')
    const svg = draw({ lines: [{ label: 'a', y: [3, 3] }] })
    const { top, bottom } = areaOf(svg)
    expect(points(linesOf(svg)[0]!.d!)[0]![1]).toBeCloseTo((top + bottom) / 2, 1)
  })

  it('shows text as text, whatever it says', () => {
    const svg = draw({
      title: '<script>"a" & b\u0000\ud800',
      description: '</desc><x>',
      lines: [
        { label: '<b>', y: [1, 2] },
        { label: '&', y: [1] },
      ],
    })
    expectWhole(svg)
    expect(svg).toContain('&lt;script&gt;&quot;a&quot; &amp; b\ufffd\ufffd')
    expect(svg).toContain('<desc id=')
    expect(svg).toContain('&lt;/desc&gt;&lt;x&gt;</desc>')
    expect(svg).toContain('&lt;b&gt;')
  })

  it('keeps peaks of many points in a picture of few', () => {
    const y = Float64Array.from({ length: 100_000 }, (_, i) => (i === 54_321 ? 5 : Math.sin(i)))
    const svg = draw({ y: { label: 'loss', from: -1, to: 5 }, lines: [{ label: 'a', y }] })
    expect(svg.length).toBeLessThan(60_000)
    expect(Math.min(...points(linesOf(svg)[0]!.d!).map(([, at]) => at))).toBeCloseTo(areaOf(svg).top, 1)
  })

  it('gives pictures of different content different ids', () => {
    const id = (svg: string) => /<title id="([^"]+)"/.exec(svg)![1]
    expect(id(draw())).not.toBe(id(draw({ lines: [{ label: 'training', y: [4, 2, 2] }] })))
  })

  it('wraps long titles and legends, and takes own ticks', () => {
    const title = 'A title that is long enough to need at least two lines in a picture that is as narrow as this one is'
    const svg = draw({
      title,
      width: 400,
      lines: Array.from({ length: 9 }, (_, i) => ({ label: `a series with the number ${i}`, y: [i, 2] })),
    })
    expectWhole(svg)
    expect(texts(svg).slice(0, 3).join(' ')).toBe(title)
    const ticks = draw({ x: { label: 'time', ticks: [0, 1.5], format: (value) => `${value} s` } })
    expect(texts(ticks)).toEqual(expect.arrayContaining(['0 s', '1.5 s']))
  })

  it('refuses what it cannot draw, by name', () => {
    expect(() => draw({ lines: [] })).toThrow('linePlot: lines: none; needs at least one')
    expect(() => draw({ lines: [{ label: 'a', y: [] }] })).toThrow('linePlot: points of line "a": none')
    expect(() => draw({ lines: [{ label: 'a', x: [1], y: [1, 2] }] })).toThrow('line "a": 1 x and 2 y; needs as many of both')
    expect(() => draw({ y: { label: 'loss', log: true }, lines: [{ label: 'a', y: [1, 0] }] })).toThrow(
      'linePlot: 0 on the logarithmic axis "loss"',
    )
    expect(() => draw({ y: { label: 'loss', from: 2, to: 1 } })).toThrow('the axis "loss" from 2 to 1; needs from below to')
    expect(() => draw({ y: { label: 'loss', from: Number.NaN } })).toThrow('from NaN of the axis "loss"')
    expect(() => draw({ width: 20 })).toThrow('linePlot: width 20; allowed are pixels in 120…10000')
    expect(() => draw({ height: 120, lines: Array.from({ length: 40 }, (_, i) => ({ label: `series ${i}`, y: [i, 2] })) })).toThrow(
      'leave no room',
    )
  })
})

describe('scatterPlot', () => {
  const groups = [
    { label: 'a', x: [0, 1], y: [0, 1] },
    { label: 'b', x: [0.5, Number.NaN], y: [0.25, 2] },
  ]
  const draw2 = (given = groups) =>
    scatterPlot({ title: 'Points', x: { label: 'x', from: 0, to: 1 }, y: { label: 'y', from: 0, to: 1 }, groups: given })

  it('places points, groups by colour and shape, and counts those without a place', () => {
    const svg = draw2()
    expectWhole(svg)
    const { left, top, right, bottom } = areaOf(svg)
    const dots = elements(svg, 'path').filter(({ class: name, transform }) => name?.startsWith('dot') && transform)
    expect(dots).toHaveLength(2 + 3) // legend, points
    const places = dots.slice(2).map(({ transform }) => transform!.match(/-?[\d.]+/g)!.map(Number))
    expect(places[0]![0]).toBeCloseTo(left, 1)
    expect(places[0]![1]).toBeCloseTo(bottom, 1)
    expect(places[1]![0]).toBeCloseTo(right, 1)
    expect(places[1]![1]).toBeCloseTo(top, 1)
    expect(places[2]![0]).toBeCloseTo((left + right) / 2, 1)
    expect(places[2]![1]).toBeCloseTo(bottom - (bottom - top) / 4, 1)
    expect(dots[2]!.d).not.toBe(dots[4]!.d)
    expect(svg).toContain('3 points of a, b; 1 without a finite place left out')
  })

  it('refuses nothing, and coordinates that do not pair', () => {
    expect(() => draw2([])).toThrow('scatterPlot: groups: none')
    expect(() => draw2([{ label: 'a', x: [1], y: [] }])).toThrow('scatterPlot: points of group "a": none')
    expectWhole(draw2([{ label: 'a', x: [Number.NaN], y: [1] }]))
  })
})
