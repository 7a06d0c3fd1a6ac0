import { describe, expect, it } from 'vitest'
import { overlapAdd, toWindows } from '../../src/dsp/index.ts'
import { createReferenceBackend, evaluate } from '../../src/runtime/index.ts'
import { add, constant, grad, input, mul, sum } from '../../src/tensor/index.ts'
import { run, worst } from '../nn/run.ts'
import { onnxRuntime } from '../tensor/support.ts'
import { noise } from './support.ts'

describe('3.13, 3.14 windows of spectrograms', () => {
  it('3.13 512 × 1000 is 8 windows of 128 frames, the last padded with zeros', async () => {
    const x = constant(noise(4 * 1000, 1), [4, 1000])
    const { windows } = await run({ windows: toWindows(x, { length: 128 }) })
    const { x: values } = await run({ x })
    expect(toWindows(constant(new Float32Array(512 * 1000), [512, 1000]), { length: 128 }).shape).toEqual([8, 512, 128])
    for (const [window, row, i] of [
      [0, 0, 0],
      [3, 2, 17],
      [7, 3, 103],
    ] as const) {
      expect(windows[(window * 4 + row) * 128 + i]).toBe(values[row * 1000 + window * 128 + i])
    }
    expect(windows.slice((7 * 4 + 3) * 128 + 104)).toEqual(new Array(24).fill(0))
  })

  it('3.14 a window begins at every multiple of the hop that the axis has: 16 of 1000 frames at hop 64', async () => {
    const x = constant(noise(1000, 1))
    const windows = toWindows(x, { length: 128, hop: 64 })
    expect(windows.shape).toEqual([16, 128])
    const values = await run({ windows, x })
    for (let w = 0; w < 16; w++) {
      const expected = Array.from({ length: 128 }, (_, i) => values.x[w * 64 + i] ?? 0)
      expect(values.windows.slice(w * 128, (w + 1) * 128)).toEqual(expected)
    }
  })

  it.each([
    { length: 128, hop: 128 },
    { length: 128, hop: 64 },
  ])('3.14 unchanged windows of 128 at hop $hop give back every length from 1 to 1100 (float32, 1e-6)', async (options) => {
    // A hundred signals are one program.
    const lengths = Array.from({ length: 1100 }, (_, i) => i + 1)
    for (let first = 0; first < lengths.length; first += 100) {
      const some = lengths.slice(first, first + 100)
      const signals = some.map((n) => noise(n, n))
      const results = await evaluate(() => signals.map((x, i) => overlapAdd(toWindows(constant(x), options), some[i]!, options)), onnx())
      for (const [i, x] of signals.entries()) expect(worst(Array.from(results[i] as Float32Array), Array.from(x))).toBeLessThan(1e-6)
    }
  })

  const onnx = onnxRuntime()

  it.each([
    { length: 7, hop: 3, taper: 'hann', axis: 1 },
    { length: 7, hop: 5, taper: 'none', axis: 1 },
    { length: 1, hop: 1, taper: 'hann', axis: 0 },
    { length: 4, hop: 2, taper: 'none', axis: -3 },
    { length: 5, hop: 4, taper: 'hann', axis: -1 },
  ] as const)('3.14 any axis, hop and taper, exact in float64: %o', async (options) => {
    const x = constant(noise(3 * 10 * 6, 1), [3, 10, 6])
    const windows = toWindows(x, options)
    const along = (options.axis + 3) % 3
    const back = overlapAdd(windows, x.shape[along]!, options)
    expect(windows.shape).toEqual([
      Math.ceil(x.shape[along]! / options.hop),
      ...x.shape.map((extent, axis) => (axis === along ? options.length : extent)),
    ])
    expect(back.shape).toEqual(x.shape)
    const values = await run({ x, back })
    expect(worst(values.back, values.x)).toBeLessThan(1e-13)
  })

  it('3.14 borders are smoother with overlap: a network that is wrong by another amount in every window', async () => {
    const jump = async (hop: number) => {
      const options = { length: 128, hop }
      const x = constant(noise(1000, 1))
      const windows = toWindows(x, options)
      const offsets = constant(noise(windows.shape[0]!, 2), [windows.shape[0]!, 1])
      const { y, x: values } = await run({ y: overlapAdd(add(windows, offsets), 1000, options), x })
      const error = y.map((value, i) => value - values[i]!)
      return error.slice(1).reduce((most, value, i) => Math.max(most, Math.abs(value - error[i]!)), 0)
    }
    // The steps of the taper: at most π/128 of the difference of two neighbours, which is below 2.
    expect(await jump(64)).toBeLessThan((2 * Math.PI) / 128)
    expect(await jump(128)).toBeGreaterThan(0.5)
  })

  it('3.14 the taper is sin²(π(i + ½)/length), or all the same: what a window of 0 and one of 1 become', async () => {
    const windows = constant([0, 0, 0, 0, 1, 1, 1, 1], [2, 4])
    const { hann, even } = await run({
      hann: overlapAdd(windows, 4, { length: 4, hop: 2 }),
      even: overlapAdd(windows, 4, { length: 4, hop: 2, taper: 'none' }),
    })
    // Steps 2 and 3 are in both, as the first window's 2 and 3, the second's 0 and 1: their tapers sum to 1 as sin² and cos² do.
    expect(worst(hann, [0, 0, Math.sin(Math.PI / 8) ** 2, Math.sin((3 * Math.PI) / 8) ** 2])).toBeLessThan(1e-12)
    expect(worst(even, [0, 0, 0.5, 0.5])).toBeLessThan(1e-12)
  })

  it('3.14 has a gradient: that of what comes out is what goes in', async () => {
    const options = { length: 4, hop: 2 }
    const x = input('x', [9])
    const weights = noise(9, 3)
    const y = overlapAdd(toWindows(x, options), 9, options)
    const program = await createReferenceBackend().load({ g: grad(sum(mul(y, constant(weights))), [x])[0]! })
    const { g } = await program.run({ x: noise(9, 1) })
    expect(worst(Array.from(g as Float64Array), Array.from(weights))).toBeLessThan(1e-13)
  })

  it('3.13, 3.14 refuse lengths, hops, axes and windows that do not fit', () => {
    const x = constant(new Float64Array(20), [4, 5])
    expect(() => toWindows(x, { length: 0 })).toThrow('toWindows: length 0')
    expect(() => toWindows(x, { length: 3, hop: 4 })).toThrow('toWindows: hop 4; allowed are whole numbers in 1…length (3)')
    expect(() => toWindows(x, { length: 3, axis: 2 })).toThrow('toWindows: axis 2 of 2 axes; allowed are whole numbers in -2…1')
    const windows = toWindows(x, { length: 2 })
    expect(() => overlapAdd(windows, 7, { length: 2 })).toThrow('overlapAdd: (3, 4, 2) to 7 steps at hop 2: needs 4 windows of 2')
    expect(() => overlapAdd(windows, 0, { length: 2 })).toThrow('overlapAdd: extent 0')
    expect(() => overlapAdd(windows, 5, { length: 2, taper: 'hamming' as 'hann' })).toThrow(
      "overlapAdd: taper hamming; allowed are 'hann' and 'none'",
    )
  })
})
