import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { ConvTasNet, type ConvTasNetInput, convTasNetConfig } from '../../src/models/index.ts'
import { layoutOf, loadStateDict, receptiveField } from '../../src/nn/index.ts'
import { concat, input, type Tensor } from '../../src/tensor/index.ts'
import { filled, worst } from '../nn/run.ts'
import { example, measuredReach, overfit, runModel, sound, waveformShapes, withoutGradient } from './support.ts'

const create = (config: Partial<ConvTasNetInput> = {}) => new ConvTasNet(convTasNetConfig.parse({ architecture: 'conv-tasnet', ...config }))
/** The sizes of the golden numbers. */
const tiny = { filters: 4, filterLength: 4, bottleneck: 3, hidden: 4, skip: 2, blocks: 2, repeats: 2 }
const goldens = JSON.parse(readFileSync('test/goldens/models.json', 'utf8'))

describe('Conv-TasNet', () => {
  it('3.39 Conv-TasNet: has the 5.1 million parameters of the paper, but for those that nothing reads', () => {
    const count = layoutOf(create()).parameterCount
    // As PyTorch counts the restated architecture. The paper's Table II says 5.1 M for these sizes; the last block's residual, 512·128 + 128, is among them.
    expect(count).toBe(goldens['conv-tasnet'].parameters)
    expect(((count + 512 * 128 + 128) / 1e6).toFixed(1)).toBe('5.1')
  })

  it.each(['conv-tasnet', 'conv-tasnet causal'])('3.39 Conv-TasNet: gives what it gives restated in PyTorch: %s', async (name) => {
    const golden = goldens[name]
    const model = create({ ...tiny, causal: name.endsWith('causal') })
    const state = new Map(
      (golden.state as [string, number[]][]).map(([key, shape], j) => [
        key,
        { shape, data: Float32Array.from(filled(shape, j + 1), (v) => 0.3 * v) },
      ]),
    )
    const estimates = model.forward(input('mixture', golden.input))
    const y = concat(
      model.stems.map((stem) => estimates[stem]!),
      1,
    )
    const feeds = { ...Object.fromEntries(loadStateDict(model, state)), mixture: filled(golden.input, 0.5) }
    const { estimate } = await runModel(model, { estimate: y }, feeds)
    // Weights in float32 here and in float64 there, 6e-8 each, and small variances that norms divide by.
    expect(worst(estimate, golden.output)).toBeLessThan(1e-5)
  })

  it('3.39 Conv-TasNet: gives estimates as long as the mixture, whatever its length', () => {
    for (const samples of [1, 2, 15, 16, 17])
      expect(waveformShapes(create(tiny), 3, samples)).toEqual([
        [3, 1, samples],
        [3, 1, samples],
      ])
    expect(waveformShapes(create({ ...tiny, channels: 2, stems: ['vocals', 'drums', 'other'] }), 1, 9)).toEqual(Array(3).fill([1, 2, 9]))
    expect(() => create(tiny).forward(input('x', [1, 2, 9]))).toThrow('ConvTasNet: mixture (1, 2, 9); needs (b, 1, n)')
    expect(() => create({ kernel: 4 })).toThrow('4 taps around the present')
    expect(create({ kernel: 4, causal: true }).separator.isCausal).toBe(true)
  })

  it('3.39 Conv-TasNet: the causal one reads what it says, one filter ahead at most; the other the whole signal', async () => {
    const causal = create({ ...tiny, causal: true })
    expect([causal.separator.isCausal, create(tiny).separator.isCausal]).toEqual([true, false])
    expect([causal.reach().last, create(tiny).reach().last]).toEqual([3, Infinity])
    expect(await measuredReach(causal, 30, 21)).toEqual([-21, 2])
    expect(await measuredReach(causal, 30, 20)).toEqual([-20, 3])
    expect(await measuredReach(create(tiny), 30, 20)).toEqual([-20, 9])
    // Without norms over time the paper's convolutions would see 1 + 2·3·(2⁸ − 1) frames.
    const blocks = create().separator.blocks.map(({ depthwise }) => receptiveField(depthwise.reach()) - 1)
    expect(blocks.reduce((a, b) => a + b, 1)).toBe(1531)
  })

  it('3.39 Conv-TasNet: masks are in 0…1, and with softmax add up to 1', async () => {
    for (const [maskActivation, sums] of [
      ['sigmoid', false],
      ['softmax', true],
    ] as const) {
      const model = create({ ...tiny, maskActivation })
      layoutOf(model)
      const masks: Tensor = model.separator.forward(model.encode(input('mixture', [1, 1, 15])))
      expect(masks.shape).toEqual([1, 2, 4, 9])
      const { values } = await runModel(model, { values: masks }, { mixture: sound(15, 1) })
      expect(Math.min(...values)).toBeGreaterThan(0)
      expect(Math.max(...values)).toBeLessThan(1)
      const one = values.slice(0, 36).map((value, i) => value + values[36 + i]!)
      expect(one.every((sum) => Math.abs(sum - 1) < 1e-9)).toBe(sums)
    }
  })

  it('3.39 Conv-TasNet: its loss is the SI-SDR of the better order, or of the one that is given', async () => {
    const { mixture, sources } = example(create(tiny), 15)
    const loss = async (interchangeable: boolean, order: readonly [string, string]) => {
      const model = create({ ...tiny, interchangeable })
      layoutOf(model)
      const x = input('mixture', [1, 1, 15])
      const named = { 'source-1': input('a', [1, 1, 15]), 'source-2': input('b', [1, 1, 15]) }
      return (await runModel(model, { loss: model.loss(x, named) }, { mixture, a: sources[order[0]]!, b: sources[order[1]]! })).loss[0]!
    }
    const [one, other] = [await loss(false, ['source-1', 'source-2']), await loss(false, ['source-2', 'source-1'])]
    expect(one).not.toBeCloseTo(other, 3)
    expect(await loss(true, ['source-1', 'source-2'])).toBeCloseTo(Math.min(one, other), 9)
    expect(await loss(true, ['source-2', 'source-1'])).toBeCloseTo(Math.min(one, other), 9)
    expect(() => create(tiny).loss(input('m', [1, 1, 9]), { 'source-1': input('s', [1, 1, 9]) })).toThrow('sources have no "source-2"')
  })

  it('3.39 Conv-TasNet: trained on the SNR it learns levels, on the SI-SDR it leaves them open and says so', async () => {
    const lossAt = async (objective: 'snr' | 'si-sdr', gain: number) => {
      const model = create({ ...tiny, objective, interchangeable: false })
      layoutOf(model)
      const x = input('mixture', [1, 1, 15])
      const { mixture, sources } = example(model, 15)
      const named = { 'source-1': input('a', [1, 1, 15]), 'source-2': input('b', [1, 1, 15]) }
      const [a, b] = Object.values(sources).map((source) => source.map((value) => gain * value))
      expect(model.levelsOpen).toBe(objective === 'si-sdr')
      return (await runModel(model, { loss: model.loss(x, named) }, { mixture, a: a!, b: b! })).loss[0]!
    }
    // Energies of 1e-8 are added to what is compared: 1e-6 dB of these.
    expect(await lossAt('si-sdr', 3)).toBeCloseTo(await lossAt('si-sdr', 1), 4)
    expect(Math.abs((await lossAt('snr', 3)) - (await lossAt('snr', 1)))).toBeGreaterThan(0.01)
  })

  it.each([false, true])('3.39 Conv-TasNet: gives every parameter a gradient (causal: %s)', async (causal) => {
    expect(await withoutGradient(create({ ...tiny, causal }), 31)).toEqual([])
  })

  it.each([false, true])('3.39 Conv-TasNet: overfits one example to 20 dB more (causal: %s)', async (causal) => {
    const sizes = { filters: 24, filterLength: 8, bottleneck: 12, hidden: 24, skip: 12, blocks: 3, repeats: 1 }
    const { first, last } = await overfit(create({ ...sizes, causal }), { samples: 64, steps: 300, rate: 0.01 })
    expect(first - last).toBeGreaterThan(20)
  })
})
