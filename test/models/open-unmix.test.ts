import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { OpenUnmix, type OpenUnmixInput, openUnmixConfig } from '../../src/models/index.ts'
import { initialValues, layoutOf, loadStateDict } from '../../src/nn/index.ts'
import { input, mul, reshape } from '../../src/tensor/index.ts'
import { worst } from '../nn/run.ts'
import { overfit, runModel, sound, waveformShapes, withoutGradient } from './support.ts'

const create = (config: Partial<OpenUnmixInput> = {}) => new OpenUnmix(openUnmixConfig.parse({ architecture: 'open-unmix', ...config }))
const tiny = { sampleRate: 8000, nFft: 16, hopLength: 4, bandwidth: 3000, hidden: 12, layers: 2, dropout: 0 }
const golden = JSON.parse(readFileSync('test/goldens/models.json', 'utf8'))['open-unmix']

describe('Open-Unmix', () => {
  it('3.38 Open-Unmix: has 8.9 million parameters with the names and shapes of umxhq', () => {
    const { parameters, buffers, parameterCount } = layoutOf(create())
    // As PyTorch counts the restated architecture, and as published: 8.9 million per stem.
    expect(parameterCount).toBe(golden.parameters)
    expect((parameterCount / 1e6).toFixed(1)).toBe('8.9')
    const shapes = Object.fromEntries([...parameters, ...buffers].map(({ name, parameter }) => [name, parameter.shape]))
    const norm = (name: string, size: number) =>
      Object.fromEntries(['weight', 'bias', 'running_mean', 'running_var'].map((of) => [`${name}.${of}`, [size]]))
    const lstm = [0, 1, 2].flatMap((layer) =>
      [`l${layer}`, `l${layer}_reverse`].flatMap((at) => [
        [`lstm.weight_ih_${at}`, [1024, 512]],
        [`lstm.weight_hh_${at}`, [1024, 256]],
        [`lstm.bias_ih_${at}`, [1024]],
        [`lstm.bias_hh_${at}`, [1024]],
      ]),
    )
    expect(shapes).toEqual({
      input_mean: [1487],
      input_scale: [1487],
      output_scale: [2049],
      output_mean: [2049],
      'fc1.weight': [512, 2974],
      ...norm('bn1', 512),
      ...Object.fromEntries(lstm),
      'fc2.weight': [512, 1024],
      ...norm('bn2', 512),
      'fc3.weight': [4098, 512],
      ...norm('bn3', 4098),
    })
  })

  it('3.38 Open-Unmix: gives what the architecture restated in PyTorch gives, with the same weights by name', async () => {
    const [batch, channels, bins, frames] = golden.input as [number, number, number, number]
    const model = create({ sampleRate: 1000, nFft: 8, hopLength: 2, bandwidth: 250, hidden: 4, layers: 2 })
    const state = new Map(
      (golden.state as [string, number[]][]).map(([name, shape], j) => {
        const size = shape.reduce((a, b) => a * b, 1)
        const wave = Float32Array.from({ length: size }, (_, i) => Math.sin(j + 1 + 0.7 * i))
        return [name, { shape, data: wave.map((value) => (name.endsWith('running_var') ? 1.5 + value / 2 : 0.3 * value)) }]
      }),
    )
    // (b, c, bins, t) as PyTorch's to (b, c, t, bins).
    const turn = (values: ArrayLike<number>) =>
      Float64Array.from({ length: values.length }, (_, i) => {
        const [f, rest] = [i % bins, Math.floor(i / bins)]
        return values[(Math.floor(rest / frames) * bins + f) * frames + (rest % frames)]!
      })
    const x = input('x', [batch, channels, frames, bins])
    const magnitudes = turn(Array.from({ length: batch * channels * bins * frames }, (_, i) => 1 + Math.sin(0.5 + 0.7 * i)))
    const mask = model.estimateMasks(x)
    expect(mask.shape).toEqual([batch, 1, channels, frames, bins])
    const feeds = { ...Object.fromEntries(loadStateDict(model, state)), x: magnitudes }
    const { y } = await runModel(model, { y: mul(reshape(mask, x.shape), x) }, feeds)
    // Weights in float32 here and in float64 there: 1e-7 each.
    expect(worst(y, Array.from(turn(golden.output)))).toBeLessThan(1e-5)
    expect(golden.output.filter((value: number) => value > 0).length).toBeGreaterThan(20)
  })

  it('3.38 Open-Unmix: takes the file of a public model, which also holds the transform, the rate and counters of batches', () => {
    const model = create(tiny)
    const { parameters, buffers } = layoutOf(model)
    const state = new Map(
      [...parameters, ...buffers].map(({ name, parameter, size }, i) => [
        name,
        { shape: parameter.shape, data: new Float32Array(size).fill(i + 1) },
      ]),
    )
    for (const name of ['stft.window', 'transform.0.window', 'sample_rate', 'bn1.num_batches_tracked'])
      state.set(name, { shape: [1], data: Float32Array.of(0) })
    const values = loadStateDict(model, state, { ignoreUnexpected: true })
    expect([...values.keys()].sort()).toEqual([...parameters, ...buffers].map(({ name }) => name).sort())
    expect(values.get('fc1.weight')![0]).toBe(parameters.findIndex(({ name }) => name === 'fc1.weight') + 1)
    state.delete('bn3.running_var')
    expect(() => loadStateDict(model, state, { ignoreUnexpected: true })).toThrow(/bn3\.running_var/)
  })

  it('3.38 Open-Unmix: looks at the bins up to 16 kHz alone, and gives all a mask that is not negative', async () => {
    const model = create(tiny)
    layoutOf(model)
    const x = input('x', [1, 2, 6, 9])
    const loud = sound(2 * 6 * 9, 1).map((value) => Math.abs(value))
    const mask = async (from: number) =>
      (await runModel(model, { mask: model.estimateMasks(x) }, { x: loud.map((value, i) => (i % 9 >= from ? value + 1 : value)) })).mask
    const [plain, above, at] = [await mask(9), await mask(7), await mask(6)]
    expect(above).toEqual(plain)
    expect(at).not.toEqual(plain)
    expect(Math.min(...plain)).toBeGreaterThanOrEqual(0)
    expect(plain.filter((value) => value > 0).length).toBeGreaterThan(plain.length / 2)
  })

  it('3.38 Open-Unmix: separates any length, with a gradient for every parameter', async () => {
    for (const samples of [9, 40, 63]) expect(waveformShapes(create(tiny), 2, samples)).toEqual([[2, 2, samples]])
    expect(await withoutGradient(create(tiny), 64)).toEqual([])
    expect(() => create(tiny).forward(input('mono', [1, 1, 64]))).toThrow('OpenUnmix: mixture (1, 1, 64); needs (b, 2, n)')
    expect(() => create({ hidden: 7 })).toThrow('7 units in two directions')
    expect([create(tiny).reach().last, create({ ...tiny, unidirectional: true }).reach().last]).toEqual([Infinity, 15])
    expect(initialValues(create(tiny), 1).get('output_mean')).toEqual(new Float32Array(9).fill(1))
  })

  it('3.38 Open-Unmix: overfits one example to below 5 % of the first loss', async () => {
    const { first, last } = await overfit(create({ ...tiny, hidden: 32 }), { samples: 64, steps: 600, rate: 0.01 })
    expect(last / first).toBeLessThan(0.05)
  })
})
