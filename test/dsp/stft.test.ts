import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hann, istft, rfft, stft } from '../../src/dsp/index.ts'
import { createReferenceBackend, evaluate } from '../../src/runtime/index.ts'
import { add, constant, createRandom, grad, input, mul, square, sum } from '../../src/tensor/index.ts'
import { onnxRuntime } from '../tensor/support.ts'

const reference = createReferenceBackend()
const onnx = onnxRuntime()

function noise(length: number, seed: number): Float64Array {
  const random = createRandom(seed)
  return Float64Array.from({ length }, () => Math.fround(random.uniform(-1, 1)))
}

function worst(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let error = 0
  for (let i = 0; i < expected.length; i++) error = Math.max(error, Math.abs(actual[i]! - expected[i]!))
  return error
}

describe('rfft', () => {
  it.each([4, 6, 10, 16, 30, 48, 64, 26])(
    'equals the sum of its definition for %i points (to rounding, 1e-12 per unit of input)',
    async (n) => {
      const x = noise(2 * n, n)
      const [re, im] = await evaluate(() => {
        const spectrum = rfft(constant(x, [2, n]))
        return [spectrum.re, spectrum.im]
      })
      for (let row = 0; row < 2; row++) {
        for (let k = 0; k <= n / 2; k++) {
          let [a, b] = [0, 0]
          for (let i = 0; i < n; i++) {
            a += x[row * n + i]! * Math.cos((2 * Math.PI * k * i) / n)
            b -= x[row * n + i]! * Math.sin((2 * Math.PI * k * i) / n)
          }
          expect(Math.abs((re![row * (n / 2 + 1) + k] as number) - a)).toBeLessThan(1e-12 * n)
          expect(Math.abs((im![row * (n / 2 + 1) + k] as number) - b)).toBeLessThan(1e-12 * n)
        }
      }
    },
  )
})

describe('stft and istft', () => {
  // The bounds: 1e-12 in the float64 reference, 1e-5 of the peak in float32.
  it('give back any signal of any length, with any hop the window allows', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 150 }),
        fc.constantFrom(8, 16, 20, 32),
        fc.integer({ min: 1, max: 8 }),
        async (samples, nFft, part) => {
          const hopLength = Math.max(1, Math.floor(nFft / 2 / part))
          const x = noise(2 * samples, samples)
          const outputs = () => [istft(stft(constant(x, [2, samples]), { nFft, hopLength }), samples, { nFft, hopLength })]
          const [exact] = await evaluate(outputs, reference)
          const [single] = await evaluate(outputs, onnx())
          expect(worst(exact as Float64Array, x)).toBeLessThan(1e-12)
          expect(worst(single as Float32Array, x)).toBeLessThan(1e-5)
        },
      ),
      { numRuns: 40, seed: 3 },
    )
  })

  it('give back a second of noise at the size the model uses', async () => {
    const x = noise(44100, 5)
    const options = { nFft: 4096, hopLength: 1024 }
    const [single] = await evaluate(() => [istft(stft(constant(x), options), x.length, options)], onnx())
    expect(worst(single as Float32Array, x)).toBeLessThan(1e-5)
  })

  it('put frame t at sample t·hop: the frames are those of the windowed, zero-padded signal', async () => {
    const [samples, nFft, hopLength] = [23, 8, 3]
    const x = noise(samples, 1)
    const [re] = await evaluate(() => [stft(constant(x), { nFft, hopLength }).re])
    const window = hann(nFft)
    for (let t = 0; t <= Math.floor(samples / hopLength); t++) {
      for (let k = 0; k <= nFft / 2; k++) {
        let expected = 0
        for (let i = 0; i < nFft; i++)
          expected += window[i]! * (x[t * hopLength + i - nFft / 2] ?? 0) * Math.cos((2 * Math.PI * k * i) / nFft)
        expect(Math.abs((re![t * (nFft / 2 + 1) + k] as number) - expected)).toBeLessThan(1e-12)
      }
    }
  })

  it('have derivatives: d/dx of the spectral energy equals central differences (step 1e-5, so 1e-8)', async () => {
    const options = { nFft: 8, hopLength: 2 }
    const x = input('x', [11])
    const { re, im } = stft(x, options)
    const weights = constant(noise(6 * 5, 8), [6, 5])
    const energy = sum(mul(add(square(re), square(im)), weights))
    const program = await reference.load({ energy, g: grad(energy, [x])[0]! })
    const at = noise(11, 2)
    const { g } = await program.run({ x: at })
    for (let i = 0; i < at.length; i++) {
      const moved = (step: number) => at.map((value, j) => (i === j ? value + step : value))
      const [up, down] = [await program.run({ x: moved(1e-5) }), await program.run({ x: moved(-1e-5) })]
      expect(Math.abs((g![i] as number) - ((up.energy![0] as number) - (down.energy![0] as number)) / 2e-5)).toBeLessThan(1e-8)
    }
  })

  it('refuse a hop that leaves samples outside every window', () => {
    expect(() => istft(stft(constant(noise(32, 1)), { nFft: 8, hopLength: 8 }), 32, { nFft: 8, hopLength: 8 })).toThrow(
      /hopLength 8 leaves sample 4/,
    )
  })
})
