import { describe, expect, it } from 'vitest'
import { type BarChartOptions, barChart, waveformPlot } from '../../src/report/index.ts'
import { areaOf, elements, expectWhole, texts } from './support.ts'

describe('barChart', () => {
  const draw = (options: Partial<BarChartOptions> = {}) =>
    barChart({
      title: 'SDR',
      categories: ['vocals', 'bass'],
      y: { label: 'SDR', unit: 'dB', from: -4, to: 4 },
      series: [
        { label: 'model', values: [4, Number.NaN] },
        { label: 'mixture', values: [-2, 1] },
      ],
      ...options,
    })
  const bars = (svg: string) =>
    elements(svg, 'rect').filter(({ class: name, width }) => /^area fill/.test(name ?? '') && Number(width) > 12.5)

  it('stand on 0, upwards and downwards, with gaps for NaN and their values', () => {
    const svg = draw()
    expectWhole(svg)
    const { top, bottom } = areaOf(svg)
    const zero = (top + bottom) / 2
    const drawn = bars(svg).map(({ y, height }) => [Number(y), Number(height)] as const)
    expect(drawn).toHaveLength(3)
    const quarter = (bottom - top) / 4
    for (const [i, [y, height]] of [
      [top, 2 * quarter],
      [zero, quarter],
      [zero - quarter / 2, quarter / 2],
    ].entries()) {
      expect(drawn[i]![0]).toBeCloseTo(y!, 1)
      expect(drawn[i]![1]).toBeCloseTo(height!, 1)
    }
    expect(texts(svg)).toEqual(expect.arrayContaining(['vocals', 'bass', 'SDR (dB)', 'model', 'mixture', '−2', '4']))
  })

  it('begin at 0 where nothing is negative', () => {
    const svg = draw({ y: { label: 'n' }, series: [{ label: 'a', values: [1, 2] }] })
    const [one, two] = bars(svg).map(({ height }) => Number(height))
    expect(two! / one!).toBeCloseTo(2, 2)
    expectWhole(draw({ y: { label: 'n' }, series: [{ label: 'a', values: [-1, -2] }] }))
    expectWhole(draw({ y: { label: 'n' }, series: [{ label: 'a', values: [0, Number.NaN] }] }))
    expectWhole(draw({ y: { label: 'n' }, categories: ['one'], series: [{ label: 'a', values: [3] }] }))
  })

  it('are refused where there are none or they have no end', () => {
    expect(() => draw({ categories: [], series: [{ label: 'a', values: [] }] })).toThrow('barChart: categories: none')
    expect(() => draw({ series: [] })).toThrow('barChart: series: none')
    expect(() => draw({ series: [{ label: 'a', values: [1] }] })).toThrow('series "a": 1 values of 2 categories')
    expect(() => draw({ series: [{ label: 'a', values: [1, 1 / 0] }] })).toThrow('series "a": Infinity')
  })
})

describe('waveformPlot', () => {
  const draw = (samples: ArrayLike<number>[], sampleRate = 1000) =>
    waveformPlot({ title: 'Sound', sampleRate, waveforms: samples.map((x, i) => ({ label: `stem ${i}`, samples: Float32Array.from(x) })) })
  const columns = (svg: string, n = 0) =>
    Array.from(
      elements(svg, 'path')
        .filter(({ class: name }) => name === `area fill${n}`)[0]!
        .d?.matchAll(/M(-?[\d.]+) (-?[\d.]+)h1v([\d.]+)/g) ?? [],
      ([, x, y, height]) => [Number(x), Number(y), Number(height)] as const,
    )

  it('shows the range of each column, a single peak too', () => {
    const samples = new Float32Array(100_000)
    samples[50_000] = 0.5
    const svg = draw([samples])
    expectWhole(svg)
    const { left, top, right, bottom } = areaOf(svg)
    const [x, y] = columns(svg).reduce((a, b) => (b[1] < a[1] ? b : a))
    expect(Math.abs(x - (left + right) / 2)).toBeLessThan(1.5)
    // The peak reaches 0.46 of the height above the middle.
    expect(y).toBeCloseTo((top + bottom) / 2 - 0.46 * (bottom - top), 0)
    expect(texts(svg)).toEqual(expect.arrayContaining(['time (s)', '80', 'amplitude']))
  })

  it('puts stems below each other on one scale, and draws silence as a line', () => {
    const svg = draw([
      [0, 0, 0],
      [1, -1, 1],
    ])
    const { top, bottom } = areaOf(svg)
    expect(columns(svg, 0).every(([, y, height]) => height === 1 && y < (top + bottom) / 2)).toBe(true)
    expect(columns(svg, 1).every(([, y]) => y > (top + bottom) / 2)).toBe(true)
  })

  it('draws silence, one sample and gaps, and refuses nothing and uneven stems', () => {
    for (const samples of [[0, 0], [0.5], [Number.NaN], [0, Number.NaN, 1, 1 / 0]]) expectWhole(draw([samples]))
    expect(() => draw([])).toThrow('waveformPlot: waveforms: none')
    expect(() => draw([[]])).toThrow('waveformPlot: samples of "stem 0": none')
    expect(() => draw([[1], [1, 2]])).toThrow('"stem 1": 2 samples beside 1')
    expect(() => draw([[1]], 0)).toThrow('sampleRate 0')
  })
})
