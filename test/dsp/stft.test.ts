import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hann, istft, magnitude, rfft, type StftOptions, stft, type Window } from '../../src/dsp/index.ts'
import { createReferenceBackend, evaluate } from '../../src/runtime/index.ts'
import { add, complex, constant, grad, input, mul, square, sum, topologicalOrder } from '../../src/tensor/index.ts'
import { run } from '../nn/run.ts'
import { onnxRuntime } from '../tensor/support.ts'
import { goldenSignal, goldens, goldenTensor, nineDigits, noise, relativeDifference } from './support.ts'

const reference = createReferenceBackend()
const onnx = onnxRuntime()

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

  it('3.22 take as many copies as windows overlap, whatever the hop: one that shares no factor with nFft costs no more', () => {
    const operations = (hopLength: number) => {
      const options = { nFft: 256, hopLength }
      const z = stft(input('x', [1, 2000]), options)
      return topologicalOrder([istft(z, 2000, options)]).length
    }
    // A frame of 256 lies on 4 blocks of 64, or of 65: beside them there are what fills the last block, its removal, and their adjoints.
    expect(operations(65) - operations(64)).toBeLessThanOrEqual(4)
    expect(operations(127)).toBeLessThanOrEqual(operations(64))
  })

  it('3.22 istft refuses parts of two shapes and numbers of samples that are none', () => {
    const options = { nFft: 8, hopLength: 4 }
    const z = { re: input('re', [3, 5]), im: input('im', [3, 5]) }
    expect(() => istft({ ...z, im: input('im', [1, 5]) }, 8, options)).toThrow('istft: re (3, 5), im (1, 5); needs two of one shape')
    for (const samples of [8.5, 0, NaN])
      expect(() => istft(z, samples, options)).toThrow(`istft: ${samples} samples; allowed are whole numbers ≥ 1`)
  })

  it('refuse a hop that leaves samples outside every window', () => {
    expect(() => istft(stft(constant(noise(32, 1)), { nFft: 8, hopLength: 8 }), 32, { nFft: 8, hopLength: 8 })).toThrow(
      /hopLength 8 leaves sample 4/,
    )
  })
})

const windows: readonly (readonly [string, Window])[] = [
  ['hann', 'hann'],
  ['√hann', 'sqrt-hann'],
  ['hamming', 'hamming'],
  ['blackman', 'blackman'],
  ['kaiser', { name: 'kaiser', beta: 6 }],
  ['rectangular', 'rectangular'],
]

describe('3.22 short-time transforms with all windows', () => {
  // The bounds: 1e-12 in the float64 reference, 1e-5 of the peak in float32.
  it.each(windows)('3.22 %s: the inverse gives back every length from 1, centred', async (_, window) => {
    const options = { nFft: 16, hopLength: 6, window }
    for (let samples = 1; samples <= 40; samples++) {
      const x = noise(samples, samples)
      const outputs = () => [istft(stft(constant(x), options), samples, options)]
      const [exact] = await evaluate(outputs)
      expect(worst(exact as Float64Array, x)).toBeLessThan(1e-12)
      if (samples % 13 === 1) {
        const [single] = await evaluate(outputs, onnx())
        expect(worst(single as Float32Array, x)).toBeLessThan(1e-5)
      }
    }
  })

  it('3.22 mirrored frames are those of PyTorch (pad_mode reflect), and come back too', async () => {
    const options: StftOptions = { nFft: 8, hopLength: 3, padMode: 'reflect' }
    const { re, im } = stft(goldenTensor(30), options)
    const values = await run({ re, im, back: istft({ re, im }, 30, options) })
    expect(relativeDifference(values.re, goldens.reflect.re)).toBeLessThan(nineDigits)
    expect(relativeDifference(values.im, goldens.reflect.im)).toBeLessThan(nineDigits)
    expect(worst(values.back, goldenSignal(30))).toBeLessThan(1e-12)
    expect(() => stft(constant(noise(4, 1)), options)).toThrow(/padMode: reflect around 4 samples; nFft 8 needs more than 4/)
  })

  it('3.22 mirrored frames with a hop above half a frame do not reach the end of the mirror image', async () => {
    const x = noise(7, 1)
    const { re } = stft(constant(x), { nFft: 8, hopLength: 8, window: 'rectangular', padMode: 'reflect' })
    // One frame, of x[4] x[3] x[2] x[1] x[0] … x[3]; bin 0 is its sum.
    const sum = [4, 3, 2, 1, 0, 1, 2, 3].reduce((total, i) => total + x[i]!, 0)
    expect((await run({ re })).re[0]).toBeCloseTo(sum, 12)
  })

  it('3.22 frames that are not centred begin at their hop, read nothing outside, and come back where windows cover the ends', async () => {
    const options: StftOptions = { nFft: 8, hopLength: 3, window: { name: 'kaiser', beta: 8.6 }, center: false }
    const { re, im } = stft(goldenTensor(30), options)
    const values = await run({ re, im })
    expect(relativeDifference(values.re, goldens.uncentred.re)).toBeLessThan(nineDigits)
    expect(relativeDifference(values.im, goldens.uncentred.im)).toBeLessThan(nineDigits)
    const plain: StftOptions = { nFft: 8, hopLength: 4, window: 'hamming', center: false }
    const x = noise(32, 3)
    const { back } = await run({ back: istft(stft(constant(x), plain), 32, plain) })
    expect(worst(back, x)).toBeLessThan(1e-12)
    expect(() => istft(stft(constant(noise(33, 1)), plain), 33, plain)).toThrow(/leaves sample 32 outside every window; leave center true/)
    expect(() => stft(constant(noise(7, 1)), plain)).toThrow('center: false, 7 samples; frames of nFft 8 need as many')
  })

  it('3.22 energies agree (Parseval): Σ over all bins of |X|² is nFft Σ (window · frame)²', async () => {
    const [nFft, hopLength] = [16, 4]
    const x = noise(50, 2)
    const { power } = await run({ power: complex.power(stft(constant(x), { nFft, hopLength, window: 'blackman' })) })
    const bins = nFft / 2 + 1
    const twice = power.reduce((total, value, i) => total + (i % bins === 0 || i % bins === bins - 1 ? 1 : 2) * value, 0)
    const window = hann(nFft).map((_, i) => 0.42 - 0.5 * Math.cos((2 * Math.PI * i) / nFft) + 0.08 * Math.cos((4 * Math.PI * i) / nFft))
    let energy = 0
    for (let t = 0; t * hopLength <= 50; t++) {
      for (let i = 0; i < nFft; i++) energy += (window[i]! * (x[t * hopLength + i - nFft / 2] ?? 0)) ** 2
    }
    expect(Math.abs(twice / (nFft * energy) - 1)).toBeLessThan(1e-13)
  })

  it('3.22 refuses pairs of window and hop that leave holes, for every length, and names a hop without', () => {
    const options: StftOptions = { nFft: 8, hopLength: 8 }
    expect(() => istft(stft(constant(noise(32, 1)), options), 32, options)).toThrow(
      /hopLength 8 leaves sample 4 outside every window; sample 0 of every 8 lies under no window .*use a hop of at most 4/,
    )
    // One sample in the middle of the only window could be had back, and longer signals could not.
    expect(() => istft(stft(constant([1]), options), 1, options)).toThrow(/leaves samples of longer signals outside/)
    const wide: StftOptions = { nFft: 8, hopLength: 8, window: 'rectangular' }
    expect(() => istft(stft(constant(noise(7, 1)), wide), 7, wide)).toThrow(
      /leaves sample 4 outside every window; use a hop of at most nFft\/2/,
    )
  })
})

describe('3.21 spectrograms on the fly', () => {
  it('3.21 the gradient goes through |STFT|: central differences (step 1e-5, so 1e-8), and 0 of silence', async () => {
    const options = { nFft: 8, hopLength: 3 }
    const x = input('x', [13])
    const weighted = sum(mul(magnitude(stft(x, options)), constant(noise(5 * 5, 4), [5, 5])))
    const program = await reference.load({ y: weighted, g: grad(weighted, [x])[0]! })
    const at = noise(13, 6)
    const { g } = await program.run({ x: at })
    for (let i = 0; i < at.length; i++) {
      const moved = (step: number) => at.map((value, j) => (i === j ? value + step : value))
      const [up, down] = [await program.run({ x: moved(1e-5) }), await program.run({ x: moved(-1e-5) })]
      expect(Math.abs((g![i] as number) - ((up.y![0] as number) - (down.y![0] as number)) / 2e-5)).toBeLessThan(1e-8)
    }
    const silent = await program.run({ x: new Float64Array(13) })
    expect(Array.from(silent.g as Float64Array)).toEqual(new Array(13).fill(0))
  })
})
