import { inflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { attentionMap, colourTable, confusionMatrix, type HeatMapOptions, heatMap, spectrogramPlot } from '../../src/report/index.ts'
import { areaOf, elements, expectWhole, placeOf, texts } from './support.ts'

const draw = (options: Partial<HeatMapOptions> = {}) =>
  heatMap({
    title: 'Cells',
    rows: [
      [0, 1],
      [0.5, Number.NaN],
    ],
    x: { label: 'key' },
    y: { label: 'query' },
    value: { label: 'weight', from: 0, to: 1 },
    ...options,
  })

const hex = (index: number, map: 'sequential' | 'diverging' = 'sequential') =>
  `#${colourTable(map)
    [index]!.map((part) => part.toString(16).padStart(2, '0'))
    .join('')}`

/** Cells, without the strips of the colour bar. */
function cellsOf(svg: string) {
  const { right } = areaOf(svg.replace(/<rect class="border"(?=[^>]*width="14")[^>]*\/>/, ''))
  return elements(svg, 'rect').filter(({ fill, x }) => fill && Number(x) < right)
}

describe('heatMap', () => {
  it('gives each number its colour, leaves NaN open, and tells colours by a bar', () => {
    const svg = draw()
    expectWhole(svg)
    const cells = cellsOf(svg)
    expect(cells.map(({ fill }) => fill)).toEqual([hex(0), hex(255), hex(128)])
    expect(Number(cells[2]!.y)).toBeGreaterThan(Number(cells[0]!.y))
    expect(Number(cells[1]!.x)).toBeGreaterThan(Number(cells[0]!.x))
    expect(texts(svg)).toEqual(expect.arrayContaining(['weight', '0', '0.2', '1.0', 'key', 'query']))
    expect(svg).toContain('2 rows, 2 columns. weight: 0 to 1.')
  })

  it('puts the first row at the bottom on request, with numbers in cells', () => {
    const svg = draw({ firstRow: 'bottom', numbers: true })
    const cells = cellsOf(svg)
    expect(cells.map(({ fill }) => fill)).toEqual([hex(128), hex(0), hex(255)])
    expect(texts(svg).filter((text) => text === '0.5')).toHaveLength(1)
  })

  it('has 0 in the middle of diverging colours', () => {
    const svg = draw({ rows: [[-1, 0, 2]], colours: 'diverging', value: { label: 'value' } })
    expect(cellsOf(svg).map(({ fill }) => fill)).toEqual([hex(64, 'diverging'), hex(128, 'diverging'), hex(255, 'diverging')])
  })

  it('makes an image of many cells', () => {
    const svg = draw({
      rows: Array.from({ length: 60 }, (_, r) => Float32Array.from({ length: 50 }, (_, c) => (r === c ? Number.NaN : r * c))),
      value: { label: 'v' },
    })
    expectWhole(svg)
    expect(cellsOf(svg)).toHaveLength(0)
    const [image] = elements(svg, 'image')
    const png = Buffer.from(image!.href!.split(',')[1]!, 'base64')
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([50, 60])
    const lines = inflateSync(png.subarray(png.indexOf('IDAT') + 4, png.indexOf('IEND') - 8))
    const pixel = (row: number, column: number) => lines[row * 51 + 1 + column]!
    // Colours of 0 … 59 · 49, the last one being open cells.
    expect([pixel(0, 1), pixel(59, 49), pixel(3, 3), pixel(59, 0)]).toEqual([0, 254, 255, 0])
    expect(pixel(30, 49)).toBeCloseTo((255 * 30) / 59, -0.5)
  })

  it('puts numbers of axes in the middle of their cells, and those of the bar beside their colours', () => {
    const rows = Array.from({ length: 4 }, (_, r) => [r, r])
    const down = draw({ rows, y: { label: 'query', from: 10, to: 40 }, value: { label: 'v', from: 0, to: 8 } })
    const { top, bottom } = areaOf(down.replace(/<rect class="border"(?=[^>]*width="14")[^>]*\/>/, ''))
    const cell = (bottom - top) / 4
    expect(placeOf(down, '10').y - 4).toBeCloseTo(top + cell / 2, 1)
    expect(placeOf(down, '40').y - 4).toBeCloseTo(bottom - cell / 2, 1)
    const up = draw({ rows, y: { label: 'query', from: 10, to: 40 }, firstRow: 'bottom', value: { label: 'v', from: 0, to: 8 } })
    expect(placeOf(up, '10').y - 4).toBeCloseTo(bottom - cell / 2, 1)
    expect(placeOf(down, '8').y - 4).toBeCloseTo(top, 1)
    expect(placeOf(down, '2').y - 4).toBeCloseTo(bottom - (bottom - top) / 4, 1)
  })

  it('draws constants, one cell and no number', () => {
    for (const rows of [[[1, 1]], [[0]], [[Number.NaN]], [[1], [2]]]) expectWhole(draw({ rows, value: { label: 'v' } }))
    expectWhole(draw({ rows: [[0, 0]], colours: 'diverging', value: { label: 'v' } }))
  })

  it('refuses what it cannot draw', () => {
    expect(() => draw({ rows: [] })).toThrow('heatMap: rows: none')
    expect(() => draw({ rows: [[]] })).toThrow('heatMap: columns: none')
    expect(() => draw({ rows: [[1], [1, 2]] })).toThrow('heatMap: row 1 has 2 cells, row 0 has 1')
    expect(() => draw({ x: { label: 'key', names: ['a'] } })).toThrow('heatMap: 1 names along "key"; needs 2')
    expect(() => draw({ x: { label: 'key', from: 3, to: 3 } })).toThrow('the axis "key" from 3 to 3')
    expect(() => draw({ value: { label: 'v', log: true } })).toThrow('value.log')
  })
})

describe('spectrogramPlot', () => {
  const frames = [
    [0, 1, 10],
    [0.1, 1e-9, 10],
  ]
  const draw2 = (options = {}) => spectrogramPlot({ title: 'Chirp', frames, sampleRate: 8000, hopLength: 2000, ...options })

  it('shows decibels below the peak, low frequencies at the bottom, seconds and kilohertz', () => {
    const svg = draw2()
    expectWhole(svg)
    const place = (db: number) => hex(Math.round(((80 + db) / 80) * 255))
    // From the top: 4, 2, 0 kHz.
    expect(cellsOf(svg).map(({ fill }) => fill)).toEqual([place(0), place(0), place(-20), place(-80), place(-80), place(-40)])
    expect(texts(svg)).toEqual(expect.arrayContaining(['time (s)', 'frequency (kHz)', 'level (dB)', '−80', '4.0']))
    expect(texts(draw2({ rangeDb: 40, reference: 100 }))).toContain('−40')
  })

  it('shows silence and one frame, and refuses nothing, what is negative, and what is uneven', () => {
    expectWhole(draw2({ frames: [[0, 0]] }))
    expect(() => draw2({ frames: [] })).toThrow('spectrogramPlot: frames: none')
    expect(() => draw2({ frames: [[-1, 1]] })).toThrow('a magnitude of -1')
    expect(() => draw2({ frames: [[1, 1], [1]] })).toThrow('frame 1 has 1 bins')
    expect(() => draw2({ sampleRate: 0 })).toThrow('sampleRate 0; allowed are numbers above 0')
  })
})

describe('attentionMap', () => {
  it('names queries along rows and keys along columns, from 0 to 1 whatever the weights', () => {
    const svg = attentionMap({ title: 'Where', weights: [[0.25, 0.75]], queries: ['<out>'], keys: ['a', 'b'] })
    expectWhole(svg)
    expect(cellsOf(svg).map(({ fill }) => fill)).toEqual([hex(64), hex(191)])
    expect(texts(svg)).toEqual(expect.arrayContaining(['&lt;out&gt;', 'a', 'b', 'weight']))
    expect(() => attentionMap({ title: 'x', weights: [[1]], keys: ['a', 'b'] })).toThrow('attentionMap: 2 names along "key"; needs 1')
  })
})

describe('confusionMatrix', () => {
  const draw3 = (counts: number[][], classes = ['cat', 'dog']) => confusionMatrix({ title: 'Pets', counts, classes })

  it('2.18 confusion matrix: counts as numbers, shares of the true class as colours', () => {
    const svg = draw3([
      [30, 10],
      [0, 5],
    ])
    expectWhole(svg)
    expect(cellsOf(svg).map(({ fill }) => fill)).toEqual([hex(191), hex(64), hex(0), hex(255)])
    const words = texts(svg)
    for (const number of ['30', '10', '5']) expect(words).toContain(number)
    expect(svg).toContain('35 of 45 examples of 2 classes are right (77.8 %)')
  })

  it('leaves classes without examples open, and refuses what is no count', () => {
    expectWhole(
      draw3([
        [0, 0],
        [1, 2],
      ]),
    )
    expect(() => draw3([[1, 2]])).toThrow('counts of 1 rows and 2 columns; needs 2 of both')
    expect(() =>
      draw3([
        [1, -2],
        [0, 1],
      ]),
    ).toThrow('a count of -2')
    expect(() => draw3([], [])).toThrow('classes: none')
  })

  it('names every class of a confusion matrix, aslant where names are wider than cells', () => {
    const wide = ['horizontal stripes', 'vertical stripes', 'diagonal stripes', 'checkerboard', 'disc']
    const drawn = (classes: readonly string[]) =>
      confusionMatrix({ title: 'Classes', counts: classes.map((_, i) => classes.map((_, j) => (i === j ? 3 : 0))), classes })
    const svg = drawn(wide)
    for (const name of wide) expect(svg.split(`>${name}<`), name).toHaveLength(3)
    expect(svg.match(/rotate\(-45\)/g)).toHaveLength(wide.length)
    expect(drawn(['a', 'b', 'c', 'd', 'e'])).not.toContain('rotate(-45)')
  })
})
