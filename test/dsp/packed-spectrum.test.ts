/** The front end of FrameTransformer (carperbr, 2023): spectra as real channels, and back to the signal. */
import { describe, expect, it } from 'vitest'
import { istft, packMagnitude, packSpectrum, spectrumPeaks, stft, unpackSpectrum } from '../../src/dsp/index.ts'
import { evaluate } from '../../src/runtime/index.ts'
import { complex, constant, formatShape, sub, type Tensor } from '../../src/tensor/index.ts'
import { noise } from './support.ts'

const frames = { nFft: 2048, hopLength: 1024, padMode: 'reflect' } as const

/** Two channels of sines, none near the Nyquist frequency, whose bin the front end drops. */
function sines(samples: number): Tensor {
  const at = (i: number, hz: number) => Math.sin((2 * Math.PI * hz * i) / 44100)
  const left = Array.from({ length: samples }, (_, i) => 0.5 * at(i, 440) + 0.3 * at(i, 5000.5))
  const right = Array.from({ length: samples }, (_, i) => 0.4 * at(i, 661.3) - 0.2 * at(i, 12000))
  // Fading in and out: a cut would have a spectrum up to the Nyquist frequency.
  const fade = (i: number) => Math.sin((Math.PI * (i + 0.5)) / samples) ** 4
  return constant(
    Float64Array.from([...left, ...right], (x, i) => x * fade(i % samples)),
    [1, 2, samples],
  )
}

const dB = (x: Float64Array) => 10 * Math.log10(x.reduce((sum, v) => sum + v * v, 0) + 1e-300)

describe('4.1 packed spectra', () => {
  it('4.1 pack, unpack and inverse transform give back the signal, 100 dB below it at least', async () => {
    const samples = 8 * 1024
    const [signal, difference, packed] = await evaluate(() => {
      const x = sines(samples)
      const z = stft(x, frames)
      const scales = spectrumPeaks(z)
      const packed = packSpectrum(z, scales)
      const back = istft(unpackSpectrum(packed, scales), samples, frames)
      return [x, sub(back, x), packed]
    })
    expect(dB(difference as Float64Array) - dB(signal as Float64Array)).toBeLessThan(-100)
    expect(Math.max(...(packed as Float64Array))).toBeLessThanOrEqual(1)
    expect(Math.min(...(packed as Float64Array))).toBeGreaterThanOrEqual(-1)
  })

  it('4.1 channels are real left, real right, imaginary left, imaginary right, without the Nyquist bin, over their scales', async () => {
    const [re, im] = [0, 1].map((seed) => constant(noise(2 * 3 * 5, seed), [2, 3, 5]))
    const z = { re: re!, im: im! }
    const [packed, back, real, imaginary] = await evaluate(() => {
      const packed = packSpectrum(z, { re: 2, im: 4 })
      expect(formatShape(packed.shape)).toBe('(4, 3, 4)')
      const unpacked = unpackSpectrum(packed, { re: 2, im: 4 })
      expect(formatShape(unpacked.re.shape)).toBe('(2, 3, 5)')
      return [packed, unpacked.im, z.re, z.im]
    })
    for (let row = 0; row < 6; row++)
      for (let bin = 0; bin < 5; bin++) {
        if (bin < 4) expect(packed![row * 4 + bin]).toBeCloseTo(Number(real![row * 5 + bin]) / 2, 12)
        if (bin < 4) expect(packed![24 + row * 4 + bin]).toBeCloseTo(Number(imaginary![row * 5 + bin]) / 4, 12)
        expect(back![row * 5 + bin]).toBeCloseTo(bin < 4 ? Number(imaginary![row * 5 + bin]) : 0, 12)
      }
  })

  it('4.1 every example has its own scales, and silence stays silence', async () => {
    const values = Float64Array.of(1, -3, 0, 0)
    const z = {
      re: constant(values, [2, 1, 1, 2]),
      im: constant(
        values.map((x) => 2 * x),
        [2, 1, 1, 2],
      ),
    }
    const [re, im, magnitude, packed, magnitudes] = await evaluate(() => {
      const peaks = spectrumPeaks(z)
      return [peaks.re, peaks.im, peaks.magnitude, packSpectrum(z, peaks), packMagnitude(z, peaks.magnitude)]
    })
    expect([re![0], im![0]]).toEqual([3, 6])
    expect(magnitude![0]).toBeCloseTo(3 * Math.sqrt(5), 12)
    expect(Array.from(packed as Float64Array, (x) => x * 3)).toEqual([1, 1, 0, 0])
    expect(magnitudes![0]).toBeCloseTo(1 / 3, 12)
    expect(magnitudes![1]).toBe(0)
  })

  it('refuses spectra without channels, and an odd number of packed channels', () => {
    const plane = constant(new Float32Array(6), [2, 3])
    const odd = constant(new Float32Array(18), [3, 2, 3])
    expect(() => packSpectrum({ re: plane, im: plane }, { re: 1, im: 1 })).toThrow(/re \(2, 3\).*needs two of one shape/)
    expect(() => spectrumPeaks({ re: odd, im: plane })).toThrow(/spectrumPeaks/)
    expect(() =>
      packMagnitude(
        complex.map({ re: plane, im: plane }, (x) => x),
        1,
      ),
    ).toThrow(/packMagnitude/)
    expect(() => unpackSpectrum(odd, { re: 1, im: 1 })).toThrow(/\(3, 2, 3\): needs \(…, 2c, t, bins\)/)
  })
})
