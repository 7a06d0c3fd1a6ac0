import { describe, expect, it } from 'vitest'
import { magnitude, stft } from '../../src/dsp/index.ts'
import { SpectrogramUNet, type SpectrogramUNetInput, spectrogramUNetConfig, UNet, uNetConfig } from '../../src/models/index.ts'
import { addPerChannel, layoutOf } from '../../src/nn/index.ts'
import { conv2d, input, sigmoid, type Tensor } from '../../src/tensor/index.ts'
import { run, worst } from '../nn/run.ts'
import { overfit, runModel, sound, waveformShapes, withoutGradient } from './support.ts'

const create = (config: Partial<SpectrogramUNetInput> = {}) =>
  new SpectrogramUNet(spectrogramUNetConfig.parse({ architecture: 'spectrogram-u-net', ...config }))
const upsamplings = ['transposed', 'interpolation'] as const
const tiny = (upsampling: (typeof upsamplings)[number]) => ({
  nFft: 16,
  hopLength: 8,
  network: { channels: [4, 6], kernel: 3, dropout: 0, upsampling },
})

describe('the spectrogram U-Net that separates', () => {
  it('3.42 U-Net: has 9.8 million parameters per stem, whichever way it comes up again', () => {
    const counts = upsamplings.map((upsampling) => layoutOf(create({ network: { upsampling } })).parameterCount)
    // Those that test/models/u-net.test.ts adds up, for two stems.
    expect(counts).toEqual(Array(2).fill(2 * (4_365_200 + 5_453_600 + 2 * (1008 + 496) + 1)))
    expect(create().config).toMatchObject({ sampleRate: 8192, nFft: 1024, hopLength: 768 })
  })

  it('3.42 U-Net: interpolation repeats bins and convolves what comes of it', async () => {
    const model = new UNet(
      uNetConfig.parse({ architecture: 'u-net', channels: [1, 2], kernel: 3, skips: false, upsampling: 'interpolation' }),
    )
    layoutOf(model)
    const h = input('h', [1, 1, 2, 3])
    const up = sigmoid(model.mask.forward(h))
    const [weight, bias] = [model.mask.weight, model.mask.bias!]
    const repeated = input('repeated', [1, 1, 4, 6])
    const expected: Tensor = sigmoid(addPerChannel(conv2d(repeated, weight, { padding: 1 }), bias))
    const values = Float64Array.of(1, -2, 3, 0.5, 4, -1)
    const feeds = {
      h: values,
      repeated: Float64Array.from({ length: 24 }, (_, i) => values[Math.floor(Math.floor(i / 6) / 2) * 3 + Math.floor((i % 6) / 2)]!),
      'mask.weight': Float64Array.from({ length: 9 }, (_, i) => Math.sin(i)),
      'mask.bias': Float64Array.of(0.2),
    }
    const { y, wanted } = await run({ y: up, wanted: expected }, feeds)
    // The rounding of float64, in another order of sums.
    expect(worst(y, wanted)).toBeLessThan(1e-14)
  })

  it('3.42 U-Net: of a constant, fresh transposed convolutions make a checkerboard, interpolation does not', async () => {
    const unevenness = async (upsampling: (typeof upsamplings)[number]) => {
      const model = new UNet(uNetConfig.parse({ architecture: 'u-net', channels: [2, 4], kernel: 5, upsampling }))
      layoutOf(model)
      const { conv } = model.decoder[0]!
      const y = conv.forward(input('h', [1, 4, 8, 8]))
      const ones = { h: new Float64Array(256).fill(1), 'decoder.0.conv.weight': new Float64Array(200).fill(0.1) }
      const { values } = await run({ values: y }, ones)
      // Away from the edges, where zeros are seen.
      const inner = values.filter((_, i) => i % 16 > 3 && i % 16 < 12 && Math.floor(i / 16) % 16 > 3 && Math.floor(i / 16) % 16 < 12)
      return (Math.max(...inner) - Math.min(...inner)) / Math.max(...inner)
    }
    // 5 taps at stride 2: 3·3 windows over one bin, 2·2 over its neighbour.
    expect(await unevenness('transposed')).toBeCloseTo(1 - 4 / 9, 9)
    expect(await unevenness('interpolation')).toBeLessThan(1e-12)
  })

  it.each(upsamplings)('3.42 U-Net: estimates are as long as the mixture, masks in 0…1: %s', async (upsampling) => {
    const model = create({ ...tiny(upsampling), channels: 2 })
    for (const samples of [1, 16, 41]) expect(waveformShapes(model, 2, samples)).toEqual(Array(2).fill([2, 2, samples]))
    expect(waveformShapes(create({ network: { channels: [2, 2] } }), 1, 5000)).toEqual(Array(2).fill([1, 1, 5000]))
    layoutOf(model)
    const masks = model.estimateMasks(magnitude(stft(input('mixture', [1, 2, 41]), model.transform!)))
    expect(masks.shape).toEqual([1, 2, 2, 6, 9])
    const { values } = await runModel(model, { values: masks }, { mixture: sound(82, 1) })
    expect(Math.min(...values)).toBeGreaterThan(0)
    expect(Math.max(...values)).toBeLessThan(1)
    expect(model.isCausal).toBe(false)
  })

  it.each(upsamplings)(
    '3.42 U-Net: gives every parameter a gradient, and overfits one example as far as masks can: %s',
    async (upsampling) => {
      expect(await withoutGradient(create(tiny(upsampling)), 64)).toEqual([])
      const model = create({ ...tiny(upsampling), network: { ...tiny(upsampling).network, channels: [12, 16, 24] } })
      const { first, last } = await overfit(model, { samples: 64, steps: 250, rate: 0.02 })
      // Where stems cancel each other the mixture has less than they have: that part of the loss stays.
      expect(last / first).toBeLessThan(0.4)
    },
  )
})
