import { describe, expect, it } from 'vitest'
import { magnitude, stft } from '../../src/dsp/index.ts'
import { DenseBlock, MMDense, type MMDenseInput, mmDenseConfig } from '../../src/models/index.ts'
import { initialValues, layoutOf, summary } from '../../src/nn/index.ts'
import { concat, conv2d, input, mul, narrow, relu, type Tensor } from '../../src/tensor/index.ts'
import { filled, run, worst } from '../nn/run.ts'
import { overfit, runModel, sound, waveformShapes, withoutGradient } from './support.ts'

const create = (config: Partial<MMDenseInput> = {}) => new MMDense(mmDenseConfig.parse({ architecture: 'mm-dense-net', ...config }))
const tiny = {
  sampleRate: 8000,
  channels: 1,
  nFft: 16,
  hopLength: 4,
  splits: [1500],
  first: 3,
  growth: 3,
  fullGrowth: 2,
  layers: 2,
  levels: 2,
  finalGrowth: 3,
  units: 4,
}
const architectures = ['mm-dense-net', 'mm-dense-lstm'] as const

describe('MMDenseNet and MMDenseLSTM', () => {
  it('3.40 MMDenseNet: every layer of a dense block sees the block’s input and all layers before it', () => {
    const block = new DenseBlock(5, 4, 3)
    const shapes = layoutOf(block).parameters.flatMap(({ name, parameter }) => (name.endsWith('conv.weight') ? [parameter.shape] : []))
    expect(shapes).toEqual([
      [4, 5, 3, 3],
      [4, 9, 3, 3],
      [4, 13, 3, 3],
    ])
    expect(block.forward(input('x', [1, 5, 6, 7])).shape).toEqual([1, 12, 6, 7])
    expect(block.reach()).toEqual({ stride: 1, first: -3, last: 3 })
  })

  it('3.40 MMDenseNet: a layer is norm, rectifier and convolution, and the block gives what its layers add', async () => {
    const block = new DenseBlock(2, 3, 2)
    layoutOf(block)
    const x = input('x', [1, 2, 3, 4])
    const [one, two] = block.layers as [(typeof block.layers)[0], (typeof block.layers)[0]]
    // Fresh running statistics: mean 0, variance 1.
    const rectified = (y: Tensor) => relu(mul(y, 1 / Math.sqrt(1 + 1e-5)))
    const first = conv2d(rectified(x), one.conv.weight, { padding: 1 })
    const second = conv2d(rectified(concat([x, first], 1)), two.conv.weight, { padding: 1 })
    const { y, wanted } = await run(
      { y: block.forward(x), wanted: concat([first, second], 1) },
      { ...Object.fromEntries(initialValues(block, 1)), x: filled([1, 2, 3, 4], 0.5) },
    )
    // The rounding of float64.
    expect(worst(y, wanted)).toBeLessThan(1e-12)
    expect(Math.max(...y.slice(36))).toBeGreaterThan(0)
  })

  it('3.40 MMDenseNet: bands at 4.1 and 11 kHz and one of all bins; levels halve both axes; two LSTM layers more at the coarsest', () => {
    const model = create({ architecture: 'mm-dense-lstm', stems: ['vocals'] })
    const { rows } = summary(model, [1, 2, 512 * 15])
    const shapeOf = (path: string) => rows.find((row) => row.path === path)?.shapes[0]
    // 16 frames, of 190, 321 and 514 bins: filled up to multiples of 8.
    expect(['bands.0', 'bands.1', 'bands.2', 'full'].map(shapeOf)).toEqual([
      [1, 24, 16, 190],
      [1, 24, 16, 321],
      [1, 24, 16, 514],
      [1, 12, 16, 1025],
    ])
    expect(['bands.0.encoder.0', 'bands.0.encoder.3', 'bands.0.encoder.3.recurrent', 'bands.0.decoder.0'].map(shapeOf)).toEqual([
      [1, 24, 16, 192],
      [1, 25, 2, 24],
      [1, 1, 2, 24],
      [1, 24, 4, 48],
    ])
    expect(rows.filter(({ type }) => type === 'LSTM').map(({ path }) => path)).toEqual(
      ['bands.0', 'bands.1', 'bands.2', 'full'].map((band) => `${band}.encoder.3.recurrent.lstm`),
    )
    // Small as the papers' are, 0.33 and 1.22 million.
    const counts = architectures.map((architecture) => layoutOf(create({ architecture, stems: ['vocals'] })).parameterCount)
    expect(counts[0]).toBeLessThan(330_000)
    expect(counts[1]).toBeLessThan(1_220_000)
    expect(counts[1]).toBeGreaterThan(counts[0]!)
  })

  it('3.40 MMDenseNet: a band’s network sees its band alone, the one of all bins all', async () => {
    const model = create({ ...tiny, estimate: 'mask', stems: ['vocals'] })
    layoutOf(model)
    const quiet = sound(6 * 9, 1).map(Math.abs)
    const changed = async (from: number, to: number) => {
      const x = input('x', [1, 1, 6, 9])
      const outputs = { low: model.bands[0]!.forward(narrow(x, 3, 0, 3)), mask: model.estimateMasks(x) }
      const louder = quiet.map((value, i) => (i % 9 >= from && i % 9 < to ? value + 1 : value))
      return runModel(model, outputs, { x: louder })
    }
    const [plain, above] = [await changed(9, 9), await changed(6, 9)]
    expect(above.low).toEqual(plain.low)
    expect(above.mask.some((value, i) => i % 9 === 0 && value !== plain.mask[i])).toBe(true)
    expect([Math.min(...plain.mask) > 0, Math.max(...plain.mask) < 1]).toEqual([true, true])
  })

  it.each(architectures)(
    '3.40 %s: estimates are as long as the mixture; magnitudes are not negative, those of silence 0',
    async (architecture) => {
      const model = create({ ...tiny, architecture, channels: 2 })
      for (const samples of [1, 16, 41]) expect(waveformShapes(model, 2, samples)).toEqual(Array(2).fill([2, 2, samples]))
      layoutOf(model)
      const mixture = input('mixture', [1, 2, 41])
      const masks = model.estimateMasks(magnitude(stft(mixture, model.transform!)))
      expect(masks.shape).toEqual([1, 2, 2, 11, 9])
      expect(Math.min(...(await runModel(model, { masks }, { mixture: sound(82, 1) })).masks)).toBeGreaterThanOrEqual(0)
      const { vocals } = await runModel(model, { vocals: model.waveforms(mixture).vocals! }, { mixture: new Float32Array(82) })
      expect(vocals.every((value) => value === 0)).toBe(true)
      expect(model.reach().last === Infinity).toBe(architecture === 'mm-dense-lstm')
      expect(() => create({ ...tiny, splits: [3000, 1500] })).toThrow('need to rise')
      expect(() => create({ ...tiny, architecture: 'mm-dense-lstm', lstmLevels: [3] })).toThrow('3: levels are 0…2')
      expect(() => create({ lstmLevels: [0] })).toThrow('of a network without LSTM')
    },
  )

  it.each(architectures)('3.40 %s: gives every parameter a gradient', async (architecture) => {
    expect(await withoutGradient(create({ ...tiny, architecture }), 40)).toEqual([])
  })

  it.each(architectures)('3.40 %s: overfits one example to below a twentieth of the first loss', async (architecture) => {
    const { first, last } = await overfit(create({ ...tiny, architecture, levels: 1, growth: 4 }), { samples: 24, steps: 150, rate: 0.02 })
    expect(last / first).toBeLessThan(0.05)
  })
})
