import { describe, expect, it } from 'vitest'
import { type Axis, formatNumber, scaleOf } from '../../src/report/scale.ts'

const ticks = (axis: Partial<Axis>, values: readonly number[] = [], count = 6) =>
  scaleOf('test', { label: 'a', ...axis }, values, 0, count).ticks.map(({ label }) => label)

describe('scales', () => {
  it('have ticks at 1, 2 or 5 times a power of ten, written alike', () => {
    expect(ticks({ from: 0, to: 1 })).toEqual(['0', '0.2', '0.4', '0.6', '0.8', '1.0'])
    expect(ticks({ from: -30, to: 30 })).toEqual(['−30', '−20', '−10', '0', '10', '20', '30'])
    expect(ticks({ from: 0, to: 0.003 }, [], 4)).toEqual(['0', '0.001', '0.002', '0.003'])
    expect(ticks({ from: 0, to: 0.001 })).toEqual(['0', '0.2·10⁻³', '0.4·10⁻³', '0.6·10⁻³', '0.8·10⁻³', '1.0·10⁻³'])
    expect(ticks({ from: -1e6, to: 1e6 }, [], 4)).toEqual(['−1.0·10⁶', '−0.5·10⁶', '0', '0.5·10⁶', '1.0·10⁶'])
    expect(ticks({ from: 0.1, to: 0.7 }, [], 3)).toEqual(['0.2', '0.4', '0.6'])
  })

  it('have decades where they are logarithmic, or 1, 2, 5 where there are few', () => {
    expect(ticks({ log: true, from: 1, to: 1e4 })).toEqual(['1', '10', '100', '1000', '10000'])
    expect(ticks({ log: true, from: 1, to: 20 })).toEqual(['1', '2', '5', '10', '20'])
    expect(ticks({ log: true, from: 1e-12, to: 1 }, [], 4)).toEqual(['10⁻¹²', '10⁻⁹', '10⁻⁶', '0.001', '1'])
    expect(ticks({ log: true, from: 2, to: 4 }, [], 4)).toEqual(['2.0', '2.5', '3.0', '3.5', '4.0'])
  })

  it('reach from the least to the greatest value, and have room around only one', () => {
    const scale = (values: number[], axis: Partial<Axis> = {}) => scaleOf('test', { label: 'a', ...axis }, values)
    expect(scale([3, -1, Number.NaN, Number.POSITIVE_INFINITY, 7])).toMatchObject({ from: -1, to: 7 })
    expect(scale([3, 3])).toMatchObject({ from: 1.5, to: 4.5 })
    expect(scale([0])).toMatchObject({ from: -1, to: 1 })
    expect(scale([5], { from: 9 })).toMatchObject({ from: 9, to: 13.5 })
    expect(scale([])).toMatchObject({ from: 0, to: 1 })
    const log = scale([0.1, 1000], { log: true })
    expect([0.1, 1, 10, 100, 1000].map((value) => log.at(value))).toEqual([0, 0.25, 0.5, 0.75, 1])
  })

  it('write numbers with a true minus, and powers of ten', () => {
    expect([0, -0.25, 1234.5, 2e7, -1e-7, 1e6, Number.NaN, -1 / 0].map((value) => formatNumber(value))).toEqual([
      '0',
      '−0.25',
      '1230',
      '2·10⁷',
      '−10⁻⁷',
      '10⁶',
      '–',
      '−∞',
    ])
  })
})
