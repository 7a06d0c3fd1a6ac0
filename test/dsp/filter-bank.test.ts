import { describe, expect, it } from 'vitest'
import {
  AnalyticEncoder,
  createFilterBank,
  type FilterBank,
  type FilterBankOptions,
  gammatoneFilters,
  istft,
  SincEncoder,
  spacedFrequencies,
  stft,
  stftFilters,
} from '../../src/dsp/index.ts'
import { identity, initialValues, layoutOf, Module, receptiveField } from '../../src/nn/index.ts'
import {
  concat,
  constant,
  conv1d,
  createRandom,
  mean,
  narrow,
  pad,
  reshape,
  square,
  stopGradient,
  sub,
  type Tensor,
} from '../../src/tensor/index.ts'
import { createTrainer } from '../../src/training/index.ts'
import { run, worst } from '../nn/run.ts'
import { onnxRuntime } from '../tensor/support.ts'
import { noise } from './support.ts'

/** Encoder and decoder one after the other. */
class Autoencoder extends Module {
  readonly encoder: FilterBank['encoder']
  readonly decoder: FilterBank['decoder']

  constructor({ encoder, decoder }: FilterBank) {
    super()
    this.encoder = encoder
    this.decoder = decoder
  }

  forward(x: Tensor): Tensor {
    return this.decoder.forward(this.encoder.forward(x), x.shape[2]!)
  }
}

/** Runs tensors of a model with its initial parameters, in float64 but for what float32 parameters lose. */
function runWith<K extends string>(model: Module, outputs: () => Record<K, Tensor>): Promise<Record<K, number[]>> {
  layoutOf(model)
  return run(outputs(), Object.fromEntries(initialValues(model, 1)))
}

const signal = (n: number, seed: number) => constant(noise(n, seed), [1, 1, n])

describe('3.24 Fourier-initialised filter bank', () => {
  it('3.24 its encoder is the short-time Fourier transform, real parts and then imaginary ones', async () => {
    const bank = createFilterBank({ kind: 'stft', length: 16, hop: 4, framing: 'center' })
    const x = signal(45, 1)
    const z = stft(reshape(x, [45]), { nFft: 16, hopLength: 4 })
    const { y, re, im } = await runWith(bank.encoder, () => ({ y: bank.encoder.forward(x), ...z }))
    const frames = z.re.shape[0]!
    const channel = (k: number) => y.slice(k * frames, (k + 1) * frames)
    for (let k = 0; k <= 8; k++) {
      // Parameters are float32: 16 products of values up to 1.
      expect(
        worst(
          channel(k),
          re.filter((_, i) => i % 9 === k),
        ),
      ).toBeLessThan(1e-6)
      expect(
        worst(
          channel(9 + k),
          im.filter((_, i) => i % 9 === k),
        ),
      ).toBeLessThan(1e-6)
    }
  })

  it.each([
    [8, 'hann'],
    [4, 'hann'],
    [8, 'sqrt-hann'],
    [5, 'hamming'],
    [16, 'rectangular'],
  ] as const)('3.24 its decoder undoes its encoder for every length (16 taps, hop %i, %s)', async (hop, window) => {
    const bank = createFilterBank({ kind: 'stft', length: 16, hop, window })
    for (const n of [1, 2, 7, 8, 9, 16, 31, 40]) {
      const model = new Autoencoder(bank)
      const { y, x } = await runWith(model, () => ({ y: model.forward(signal(n, n)), x: signal(n, n) }))
      expect(worst(y, x)).toBeLessThan(1e-6)
    }
  })

  it('3.24 its filters agree with istft, and pairs that leave holes are refused', async () => {
    const { analysis, synthesis } = stftFilters({ length: 8, hop: 2 })
    // One frame in the middle: the dual window is that of the inverse transform.
    const [k, frame] = [3, 4]
    const options = { nFft: 8, hopLength: 2 }
    const one = (row: number) =>
      constant(
        Float64Array.from({ length: 9 * 5 }, (_, i) => Number(i === frame * 5 + k && row === 0)),
        [9, 5],
      )
    const { y } = await run({ y: istft({ re: one(0), im: one(1) }, 16, options) })
    expect(worst(y.slice(4, 12), Array.from(synthesis.subarray(k * 8, (k + 1) * 8)))).toBeLessThan(1e-12)
    expect(analysis.length).toBe(10 * 8)
    expect(() => stftFilters({ length: 8, hop: 8 })).toThrow(/STFT filters, hop 8: sample 0 of every 8 lies under no window/)
    expect(() => stftFilters({ length: 7, hop: 2 })).toThrow('STFT filters, length: 7')
  })
})

describe('3.24 sinc filter bank', () => {
  const sampleRate = 8000
  const create = (length: number, window?: 'rectangular') =>
    new SincEncoder({ filters: 3, length, sampleRate, fMin: 300, fMax: 3000, hop: 8, ...(window && { window }) }, identity)

  it('3.24 its response is ½ (−6 dB) at both cut-off frequencies, 1 between them and 0 outside', async () => {
    const encoder = create(801)
    const { low, high } = encoder.cutOffs()
    const values = await runWith(encoder, () => ({ filters: encoder.filters(), low, high }))
    const gain = (filter: readonly number[], hertz: number) => {
      let [re, im] = [0, 0]
      for (const [n, value] of filter.entries()) {
        re += value * Math.cos((2 * Math.PI * hertz * n) / sampleRate)
        im += value * Math.sin((2 * Math.PI * hertz * n) / sampleRate)
      }
      return Math.hypot(re, im)
    }
    for (let i = 0; i < 3; i++) {
      const filter = values.filters.slice(i * 801, (i + 1) * 801)
      const [f1, f2] = [values.low[i]! * sampleRate, values.high[i]! * sampleRate]
      expect(f2 - f1).toBeGreaterThan(300)
      // A Hamming window's transition is 3.3/801 of the rate wide, 33 Hz, with ripples of 0.2 %.
      for (const cutOff of [f1, f2]) expect(20 * Math.log10(gain(filter, cutOff))).toBeCloseTo(20 * Math.log10(0.5), 1)
      for (const inside of [f1 + 60, (f1 + f2) / 2, f2 - 60]) expect(Math.abs(gain(filter, inside) - 1)).toBeLessThan(0.005)
      for (const outside of [f1 - 60, f2 + 60]) expect(gain(filter, outside)).toBeLessThan(0.005)
    }
  })

  it('3.24 its filters are 2f₂ sinc(2πf₂n) − 2f₁ sinc(2πf₁n), of two learned numbers each', async () => {
    const encoder = create(9, 'rectangular')
    const { low, high } = encoder.cutOffs()
    const values = await runWith(encoder, () => ({ filters: encoder.filters(), low, high }))
    const sinc = (x: number) => (x === 0 ? 1 : Math.sin(x) / x)
    for (let i = 0; i < 3; i++) {
      const [f1, f2] = [values.low[i]!, values.high[i]!]
      const expected = Array.from({ length: 9 }, (_, at) => {
        const n = at - 4
        return 2 * f2 * sinc(2 * Math.PI * f2 * n) - 2 * f1 * sinc(2 * Math.PI * f1 * n)
      })
      expect(worst(values.filters.slice(i * 9, (i + 1) * 9), expected)).toBeLessThan(1e-12)
    }
    expect(layoutOf(encoder).parameters.map(({ name, parameter }) => [name, parameter.shape])).toEqual([
      ['filt_b1', [3]],
      ['filt_band', [3]],
    ])
  })

  it('3.24 its cut-off frequencies stay in order and below half the rate, whatever is learned', async () => {
    const encoder = create(9)
    layoutOf(encoder)
    const feeds = { filt_b1: Float64Array.of(-100 / 8000, 2, 0), filt_band: Float64Array.of(-200 / 8000, 2, 0) }
    const { low, high } = await run(encoder.cutOffs(), feeds)
    const hertz = (values: readonly number[]) => values.map((value) => value * sampleRate)
    expect(worst(hertz(low), [150, 3950, 50])).toBeLessThan(1e-9)
    expect(worst(hertz(high), [400, 4000, 100])).toBeLessThan(1e-9)
    const [b1, band] = [...initialValues(new SincEncoder({ filters: 2, length: 9, sampleRate }, identity), 1).values()]
    // By default the highest cut-off begins at half the rate: 4000 Hz less the 50 Hz that are added to each.
    expect((b1![1]! + band![1]!) * sampleRate).toBeCloseTo(3900, 2)
    expect(() => create(10)).toThrow('sinc filters, length: 10; they are symmetric about a tap, use 11')
    expect(() => new SincEncoder({ filters: 2, length: 9, sampleRate, fMax: 5000 }, identity)).toThrow('fMax: 5000 Hz')
  })
})

describe('3.24 sinc filters learn', () => {
  const onnx = onnxRuntime()

  it('3.24 two numbers per filter find the band of another filter: its cut-offs of 900 and 1500 Hz, to 10 Hz', async () => {
    const sampleRate = 8000
    const of = (fMin: number, fMax: number) =>
      new SincEncoder({ filters: 1, length: 65, sampleRate, fMin, fMax, minLow: 0, minBand: 0, hop: 4 }, identity)
    const [wanted, learner] = [of(900, 1500), of(700, 1900)]
    layoutOf(wanted)
    const { target } = await runWith(wanted, () => ({ target: wanted.filters() }))
    const trainer = await createTrainer({
      model: learner,
      task: {
        batch: { x: [1, 1, 256] },
        loss: ({ x }) =>
          mean(square(sub(learner.forward(x), conv1d(pad(x, [0, 0, 61], [0, 0, 64]), constant(target, [1, 1, 65]), { stride: 4 })))),
      },
      backend: onnx(),
      optimizer: { name: 'adam' },
      schedule: { peak: 0.002, warmup: 0, decay: 100, steps: 300 },
      averageDecay: 0,
      seed: 1,
    })
    for (let step = 0; step < 300; step++) await trainer.train({ x: Float32Array.from(noise(256, step)) })
    const weights = (await trainer.snapshot()).get('weights')!
    await trainer.dispose()
    const [low, band] = [Math.abs(weights[0]!) * sampleRate, Math.abs(weights[1]!) * sampleRate]
    expect(Math.abs(low - 900)).toBeLessThan(10)
    expect(Math.abs(low + band - 1500)).toBeLessThan(10)
  })
})

describe('3.24 analytic filter bank', () => {
  it('3.24 pairs are a quarter turn apart at every frequency and have none below 0', async () => {
    for (const length of [15, 16]) {
      const encoder = new AnalyticEncoder({ filters: 2, length }, identity)
      const { re, im } = await runWith(encoder, () => ({ re: encoder.filters(), im: encoder.quadratureFilters() }))
      for (let k = 1; 2 * k < length; k++) {
        const spectrum = (sign: 1 | -1) => {
          let [a, b] = [0, 0]
          for (let n = 0; n < length; n++) {
            const [c, s] = [Math.cos((2 * Math.PI * k * n) / length), sign * Math.sin((2 * Math.PI * k * n) / length)]
            a += re[n]! * c + im[n]! * s
            b += im[n]! * c - re[n]! * s
          }
          return Math.hypot(a, b)
        }
        expect(spectrum(-1)).toBeLessThan(1e-12)
        expect(spectrum(1)).toBeGreaterThan(1e-3)
      }
    }
  })

  it('3.24 the modulus of a tone is level where its real part swings', async () => {
    const { encoder } = createFilterBank({ kind: 'analytic', filters: 4, length: 32, hop: 1 })
    // A frequency that the 32 taps hold four periods of.
    const x = constant(
      Float64Array.from({ length: 200 }, (_, n) => Math.sin((2 * Math.PI * 4 * n) / 32 + 0.3)),
      [1, 1, 200],
    )
    const { modulus, real } = await runWith(encoder, () => ({ modulus: encoder.forward(x), real: encoder.encode(x).re }))
    const frames = modulus.length / 4
    for (let filter = 0; filter < 4; filter++) {
      // Away from the ends.
      const inner = (values: readonly number[]) => values.slice(filter * frames + 40, (filter + 1) * frames - 40)
      const [least, most] = [Math.min(...inner(modulus)), Math.max(...inner(modulus))]
      expect(most / least - 1).toBeLessThan(1e-6)
      expect(Math.min(...inner(real))).toBeLessThan(-0.9 * most)
      expect(Math.max(...inner(real))).toBeGreaterThan(0.9 * most)
    }
  })

  it('3.24 its decoder takes real parts, then imaginary ones', async () => {
    const bank = createFilterBank({ kind: 'analytic', filters: 4, length: 8 })
    const { re, im } = bank.encoder.encode(signal(20, 1))
    expect(bank.decoder.forward(concat([re, im], 1), 20).shape).toEqual([1, 1, 20])
  })
})

describe('3.24 gammatone filter bank', () => {
  it('3.24 has filters of unit energy whose spectra peak at frequencies equally far apart in ERB or mel, each with its negative', () => {
    for (const scale of ['erb', 'mel'] as const) {
      const [filters, length, sampleRate] = [12, 400, 16000]
      const bank = gammatoneFilters({ filters, length, sampleRate, scale, fMin: 200, fMax: 6000 })
      const centres = spacedFrequencies(6, { sampleRate, fMin: 200, fMax: 6000, scale })
      for (let i = 0; i < filters; i++) {
        const filter = Array.from(bank.subarray(i * length, (i + 1) * length))
        expect(filter.reduce((total, value) => total + value ** 2, 0)).toBeCloseTo(1, 12)
        if (i % 2 === 1)
          expect(
            worst(
              filter,
              Array.from(bank.subarray((i - 1) * length, i * length), (value) => -value),
            ),
          ).toBeLessThan(1e-12)
        let [best, at] = [0, 0]
        for (let hertz = 50; hertz < 8000; hertz += 5) {
          let [re, im] = [0, 0]
          for (const [n, value] of filter.entries()) {
            re += value * Math.cos((2 * Math.PI * hertz * n) / sampleRate)
            im += value * Math.sin((2 * Math.PI * hertz * n) / sampleRate)
          }
          const gain = Math.hypot(re, im)
          if (gain > best) [best, at] = [gain, hertz]
        }
        expect(Math.abs(at - centres[Math.floor(i / 2)]!)).toBeLessThan(6)
      }
    }
    // Glasberg & Moore 1990: 1 kHz is 15.6 ERB.
    const middle = spacedFrequencies(3, { sampleRate: 16000, fMin: 0, fMax: 1000 })[1]!
    expect(21.4 * Math.log10(1 + 0.00437 * middle)).toBeCloseTo(15.6215 / 2, 3)
  })

  it('3.24 is t³ e^{−2πbt} cos(2πft + φ) of unit energy, b = 1.019 · 24.7 (0.00437f + 1) Hz, from half a sample on', () => {
    const [length, sampleRate, phases] = [20, 8000, 3]
    const bank = gammatoneFilters({ filters: 6, length, sampleRate, phases, fMin: 500, fMax: 2000 })
    for (const [row, hertz, phase] of [
      [0, 500, 0],
      [1, 500, 1 / 3],
      [5, 2000, 2 / 3],
    ] as const) {
      const b = 1.019 * 24.7 * (0.00437 * hertz + 1)
      const shape = Array.from({ length }, (_, n) => {
        const t = (n + 0.5) / sampleRate
        return t ** 3 * Math.exp(-2 * Math.PI * b * t) * Math.cos(2 * Math.PI * (hertz * t + phase))
      })
      const norm = Math.hypot(...shape)
      const expected = shape.map((value) => value / norm)
      expect(worst(Array.from(bank.subarray(row * length, (row + 1) * length)), expected)).toBeLessThan(1e-12)
    }
  })

  it('3.24 refuses sizes that do not fit', () => {
    expect(() => gammatoneFilters({ filters: 2, length: 20, sampleRate: 8000 })).toThrow('a multiple of the 2 phases, 4 or more')
    expect(() => gammatoneFilters({ filters: 5, length: 20, sampleRate: 8000 })).toThrow(
      'gammatones, filters: 5; needs a multiple of the 2 phases',
    )
    expect(() => gammatoneFilters({ filters: 4, length: 0, sampleRate: 8000 })).toThrow('gammatones, length: 0')
    expect(() => gammatoneFilters({ filters: 4, length: 9, sampleRate: 8000, fMax: 4001 })).toThrow('fMax: 4001 Hz')
  })
})

const kinds: readonly FilterBankOptions[] = [
  { kind: 'free', filters: 6, length: 16 },
  { kind: 'stft', length: 16 },
  { kind: 'gammatone', filters: 6, length: 16, sampleRate: 8000 },
  { kind: 'sinc', filters: 6, length: 17, hop: 8, sampleRate: 8000 },
]

describe('3.24 all filter banks', () => {
  it.each(kinds)('3.24 $kind: frames wherever a filter touches the signal, and back to any length', (options) => {
    const { encoder, decoder } = createFilterBank(options)
    layoutOf(new Autoencoder({ encoder, decoder }))
    for (const n of [1, 7, 8, 9, 16, 100]) {
      const y = encoder.forward(signal(n, 1))
      // The frames that begin at −(length − 8), −(length − 8) + 8, … up to the last sample.
      expect(y.shape[2]).toBe(Math.floor((n - 1 + options.length - 8) / 8) + 1)
      expect(decoder.forward(y, n).shape).toEqual([1, 1, n])
    }
    expect(decoder.forward(encoder.forward(signal(96, 1))).shape).toEqual([1, 1, 96])
    expect(receptiveField(encoder.reach())).toBe(options.length)
    expect(encoder.reach().stride).toBe(8)
  })

  it('3.24 odd lengths have the hop ⌊length/2⌋ and, centred, as many taps after their centre as before', () => {
    const full = createFilterBank({ kind: 'free', filters: 1, length: 7 }).encoder
    expect(full.reach()).toEqual({ stride: 3, first: -4, last: 2 })
    const { encoder, decoder } = createFilterBank({ kind: 'free', filters: 1, length: 7, framing: 'center' })
    expect(encoder.reach()).toEqual({ stride: 3, first: -3, last: 3 })
    for (const [n, given] of [
      [1, 2],
      [6, 6],
      [8, 6],
    ] as const) {
      // Of lengths with as many frames the multiple of the hop, the longest where there is none.
      expect(decoder.forward(encoder.forward(signal(n, 1))).shape[2]).toBe(given)
    }
  })

  it('3.24 what an encoder reads is what its reach says', async () => {
    for (const framing of ['full', 'center'] as const) {
      const { encoder } = createFilterBank({ kind: 'free', filters: 2, length: 6, hop: 2, framing, activation: identity })
      const { first, last } = encoder.reach()
      const at = 5
      const responses = await runWith(encoder, () =>
        Object.fromEntries(
          Array.from({ length: 30 }, (_, n) => {
            const x = constant(
              Float64Array.from({ length: 30 }, (_, i) => Number(i === n)),
              [1, 1, 30],
            )
            return [`${n}`, narrow(encoder.forward(x), 2, at, at + 1)]
          }),
        ),
      )
      const read = Object.entries(responses).flatMap(([n, y]) => (y.some((value) => value !== 0) ? [Number(n)] : []))
      expect(read).toEqual(Array.from({ length: last - first + 1 }, (_, i) => 2 * at + first + i))
    }
  })

  it('3.24 refuse inputs, frames and sizes that do not fit', () => {
    const { encoder, decoder } = createFilterBank({ kind: 'free', filters: 4, length: 8 })
    expect(() => encoder.forward(constant([1, 2]))).toThrow('FreeEncoder: input (2): needs (b, 1, n)')
    expect(() => decoder.forward(constant(new Float64Array(6), [1, 3, 2]))).toThrow('FilterDecoder: input (1, 3, 2): needs (b, 4, frames)')
    expect(() => decoder.forward(encoder.forward(signal(20, 1)), 40)).toThrow(
      'FilterDecoder: input (1, 4, 6) to 40 samples, which have 11 frames',
    )
    expect(() => createFilterBank({ kind: 'free', filters: 0, length: 8 })).toThrow('filters: 0')
    expect(() => createFilterBank({ kind: 'free', filters: 2, length: 8, hop: 9 })).toThrow(
      'filter bank hop: 9; allowed are whole numbers in 1…length (8)',
    )
    expect(() => createFilterBank({ kind: 'free', filters: 2, length: 0 })).toThrow('filter bank length: 0')
    expect(() => createFilterBank({ kind: 'free', filters: 2, length: 8, framing: 'centre' as 'center' })).toThrow(
      "filter bank framing: centre; allowed are 'full' and 'center'",
    )
    const sinc = { kind: 'sinc', filters: 2, length: 9, sampleRate: 8000 } as const
    expect(() => createFilterBank({ ...sinc, scale: 'bark' as 'mel' })).toThrow("scale: bark; allowed are 'erb' and 'mel'")
    expect(() => createFilterBank({ ...sinc, minLow: -50 })).toThrow('sinc filters, minLow: -50 Hz; allowed are numbers ≥ 0')
    expect(() => createFilterBank({ ...sinc, fMax: 4000, minBand: 3951 })).toThrow('sinc filters, minLow + minBand: 4001 Hz')
    expect(() => createFilterBank({ ...sinc, sampleRate: NaN, fMax: 4000 })).toThrow(/NaN/)
    expect(() => createFilterBank({ kind: 'wavelet', filters: 2, length: 8 } as unknown as FilterBankOptions)).toThrow(
      'filter bank kind: wavelet',
    )
  })

  it('3.24 a trained bank beats a drawn one: low tones out of mixtures with high ones by 6 filters of 16 taps, the decoder learning in both', async () => {
    const batch = (seed: number) => {
      const random = createRandom(seed)
      const [x, low] = [new Float32Array(8 * 64), new Float32Array(8 * 64)]
      for (let b = 0; b < 8; b++) {
        const [f, g, phase] = [random.uniform(0.05, 0.12), random.uniform(0.25, 0.45), random.uniform(0, 6)]
        for (let n = 0; n < 64; n++) {
          low[b * 64 + n] = Math.sin(2 * Math.PI * f * n + phase)
          x[b * 64 + n] = low[b * 64 + n]! + Math.sin(2 * Math.PI * g * n)
        }
      }
      return { x, low }
    }
    const lossAfter = async (trainEncoder: boolean) => {
      const bank = createFilterBank({ kind: 'free', filters: 6, length: 16, activation: identity })
      const model = new Autoencoder(bank)
      const encode = (x: Tensor) => (trainEncoder ? bank.encoder.forward(x) : stopGradient(bank.encoder.forward(x)))
      const trainer = await createTrainer({
        model,
        task: {
          batch: { x: [8, 1, 64], low: [8, 1, 64] },
          loss: ({ x, low }) => mean(square(sub(bank.decoder.forward(encode(x), 64), low))),
        },
        backend: onnx(),
        optimizer: { name: 'adam' },
        schedule: { peak: 0.01, warmup: 0, decay: 0, steps: 400 },
        seed: 5,
      })
      let loss = 0
      for (let step = 0; step < 400; step++) loss = (await trainer.train(batch(step))).loss
      await trainer.dispose()
      return loss
    }
    const [trained, random] = [await lossAfter(true), await lossAfter(false)]
    expect(trained).toBeLessThan(random / 10)
  })

  const onnx = onnxRuntime()
})
