import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Between, WaveUNet, type WaveUNetInput, waveUNetConfig } from '../../src/models/index.ts'
import { layoutOf, loadStateDict } from '../../src/nn/index.ts'
import { concat, constant, input } from '../../src/tensor/index.ts'
import { filled, run, worst } from '../nn/run.ts'
import { example, measuredReach, overfit, runModel, sound, waveformShapes, withoutGradient } from './support.ts'

const create = (config: Partial<WaveUNetInput> = {}) => new WaveUNet(waveUNetConfig.parse({ architecture: 'wave-u-net', ...config }))
const tiny = { channels: 1, levels: 2, filters: 3, kernelDown: 5, kernelUp: 3 }
const goldens = JSON.parse(readFileSync('test/goldens/models.json', 'utf8'))

describe('Wave-U-Net', () => {
  it('3.40 Wave-U-Net: M4 hears 147443 samples to say 16389, as the paper does', () => {
    expect(create().extents(16389)).toEqual({ input: 147443, output: 16389 })
    expect(create().extents(16390)).toEqual({ input: 147443 + 4096, output: 16389 + 4096 })
    expect(create({ context: 'same' }).extents(4097)).toEqual({ input: 4097, output: 4097 })
  })

  it('3.40 Wave-U-Net: has the 10.3 million parameters that the paper’s Table 1 makes', () => {
    // Downwards 15 taps from level to level, 5 taps upwards from the level below and the skip; then one output in stereo, of features and mixture.
    const level = Array.from({ length: 12 }, (_, i) => 24 * (i + 1))
    const down = level.reduce((sum, outputs, i) => sum + (15 * (level[i - 1] ?? 2) + 1) * outputs, 0)
    const up = level.reduce((sum, outputs) => sum + (5 * (outputs + 24 + outputs) + 1) * outputs, 0)
    const total = down + (15 * 288 + 1) * 312 + up + (24 + 2 + 1) * 2
    expect(layoutOf(create()).parameterCount).toBe(total)
    expect(goldens['wave-u-net'].parameters).toBe(total)
    expect((total / 1e6).toFixed(2)).toBe('10.26')
    // M5: one share per channel that is brought up.
    expect(layoutOf(create({ upsampling: 'learned' })).parameterCount - total).toBe(
      24 * (13 + 12 + 11 + 10 + 9 + 8 + 7 + 6 + 5 + 4 + 3 + 2),
    )
  })

  it.each(['wave-u-net', 'wave-u-net same, learned'])('3.40 Wave-U-Net: gives what it gives restated in PyTorch: %s', async (name) => {
    const golden = goldens[name]
    const other = name === 'wave-u-net' ? {} : ({ context: 'same', upsampling: 'learned' } as const)
    const model = create({ levels: 2, filters: 2, kernelDown: 5, kernelUp: 3, stems: ['a', 'b', 'c'], ...other })
    const state = new Map(
      (golden.state as [string, number[]][]).map(([key, shape], j) => [
        key,
        { shape, data: Float32Array.from(filled(shape, j + 1), (value) => 0.3 * value) },
      ]),
    )
    const feeds = { ...Object.fromEntries(loadStateDict(model, state)), mixture: filled(golden.input, 0.5) }
    const estimates = model.estimate(input('mixture', golden.input))
    const { y } = await runModel(model, { y: concat(Object.values(estimates), 1) }, feeds)
    // Weights in float32 here and in float64 there, 6e-8 each.
    expect(worst(y, golden.output)).toBeLessThan(1e-6)
  })

  it('3.40 Wave-U-Net: between two samples comes their mean, or a learned share of each per channel', async () => {
    const x = constant([1, 3, 7, 2, 4, 0], [1, 2, 3])
    const learned = new Between(2, true)
    layoutOf(learned)
    const { linear, shared } = await run(
      { linear: new Between(2, false).forward(x), shared: learned.forward(x) },
      { weight: Float64Array.of(Math.log(3), 0) },
    )
    expect(linear).toEqual([1, 2, 3, 5, 7, 2, 3, 4, 2, 0])
    // σ(log 3) = ¾ of the left one. Exact but for the rounding of float64.
    for (const [i, value] of [1, 1.5, 3, 4, 7, 2, 3, 4, 2, 0].entries()) expect(shared[i]).toBeCloseTo(value, 12)
  })

  it.each(['valid', 'same'] as const)(
    '3.40 Wave-U-Net: estimates are as long as the mixture, add up to it and are within ±1: %s',
    async (context) => {
      const model = create({ ...tiny, channels: 2, stems: ['a', 'b', 'c'], context })
      for (const samples of [1, 2, 9, 16, 17]) expect(waveformShapes(model, 2, samples)).toEqual(Array(3).fill([2, 2, samples]))
      layoutOf(model)
      const mixture = sound(2 * 17, 1)
      const estimates = await runModel(model, model.forward(input('mixture', [1, 2, 17])), { mixture })
      const [a, b, c] = [estimates.a!, estimates.b!, estimates.c!]
      expect(mixture.every((value, i) => Math.abs(a[i]! + b[i]! + c[i]! - value) < 1e-12)).toBe(true)
      expect([...a, ...b].every((value) => Math.abs(value) < 1)).toBe(true)
      expect(a).not.toEqual(b)
      const direct = create({ ...tiny, channels: 2, stems: ['vocals'], difference: false })
      expect(layoutOf(direct).parameters.find(({ name }) => name === 'output.weight')!.parameter.shape).toEqual([2, 5, 1])
      expect(() => create({ stems: ['vocals'] })).toThrow('alone would be the mixture')
      expect(() => create(tiny).forward(input('x', [1, 2, 9]))).toThrow('WaveUNet: mixture (1, 2, 9); needs (b, 1, n)')
    },
  )

  it('3.40 Wave-U-Net: with context, the middle of a longer mixture gets the estimates that it has in it', async () => {
    const model = create(tiny)
    layoutOf(model)
    const { input: heard, output } = model.extents(9)
    const [long, edge] = [heard + 8, (heard - output) / 2]
    expect(() => model.estimate(input('x', [1, 1, heard + 1]))).toThrow('its levels need')
    const mixture = sound(long, 1)
    // Two windows 4 = 2² samples apart, so that the same samples are left out: what both say of a sample is equal.
    const at = async (from: number) =>
      (
        await runModel(
          model,
          { y: model.estimate(input('mixture', [1, 1, heard])).vocals! },
          { mixture: mixture.slice(from, from + heard) },
        )
      ).y
    const [one, other] = [await at(0), await at(4)]
    expect(one.slice(4)).toEqual(other.slice(0, output - 4))
    // And zeros around it are what a mixture without surroundings gets.
    const padded = new Float32Array(heard)
    padded.set(mixture.slice(0, output), edge)
    const { y, whole } = await runModel(
      model,
      { y: model.estimate(input('padded', [1, 1, heard])).vocals!, whole: model.forward(input('mixture', [1, 1, output])).vocals! },
      { padded, mixture: mixture.slice(0, output) },
    )
    expect(whole).toEqual(y)
  })

  it('3.40 Wave-U-Net: its loss is that of squared differences, or of the SNR, which a common gain does not change', async () => {
    const lossAt = async (objective: 'mse' | 'snr', gain: number) => {
      const model = create({ ...tiny, objective, outputActivation: 'none', context: 'same' })
      const { parameters } = layoutOf(model)
      const { mixture, sources } = example(model, 48)
      const shape = [1, model.channels, 48]
      const named = Object.fromEntries(model.stems.map((stem) => [stem, input(stem, shape)]))
      const feeds = Object.fromEntries(Object.entries({ mixture, ...sources }).map(([name, x]) => [name, x.map((value) => gain * value)]))
      // Without biases the network is homogeneous: its estimates follow the gain.
      const silent = parameters.filter(({ name }) => name.endsWith('bias')).map(({ name, size }) => [name, new Float32Array(size)] as const)
      const { loss } = await runModel(
        model,
        { loss: model.loss(input('mixture', shape), named) },
        { ...Object.fromEntries(silent), ...feeds },
      )
      return loss![0]!
    }
    // In float64; energies of 1e-8 are added to what is compared.
    expect((await lossAt('mse', 2)) / (await lossAt('mse', 1))).toBeCloseTo(4, 5)
    expect(await lossAt('snr', 2)).toBeCloseTo(await lossAt('snr', 1), 5)
  })

  it('3.40 Wave-U-Net: sees no further than it says, and nearly as far', async () => {
    const model = create(tiny)
    const { first, last } = model.reach()
    const [from, to] = await measuredReach(model, 60, 30)
    expect(from).toBeGreaterThanOrEqual(Math.ceil(first))
    expect(to).toBeLessThanOrEqual(Math.floor(last))
    // Windows of 5 taps at strides 1, 2 and 4, samples put between, 3 taps at 2 and 1: an even sample is nearly as far from both ends.
    expect([first, last]).toEqual([-20, 20])
    expect(Math.min(-from, to)).toBeGreaterThanOrEqual(16)
    expect(model.isCausal).toBe(false)
  })

  it.each(['linear', 'learned'] as const)(
    '3.40 Wave-U-Net: gives every parameter a gradient and overfits one example to below a twentieth of the first loss: %s',
    async (upsampling) => {
      expect(await withoutGradient(create({ ...tiny, upsampling }), 33)).toEqual([])
      const { first, last } = await overfit(create({ ...tiny, filters: 8, upsampling }), { samples: 48, steps: 400, rate: 0.01 })
      expect(last / first).toBeLessThan(0.05)
    },
  )
})
