/** Mask inference, deep clustering and Chimera: one trunk, other heads. */
import { describe, expect, it } from 'vitest'
import { binaryMask, magnitude, stft } from '../../src/dsp/index.ts'
import {
  Chimera,
  type ChimeraInput,
  chimeraConfig,
  DeepClustering,
  type DeepClusteringInput,
  deepClusteringConfig,
  MaskInference,
  type MaskInferenceInput,
  maskInferenceConfig,
} from '../../src/models/index.ts'
import { layoutOf, traceTraining } from '../../src/nn/index.ts'
import {
  constant,
  input,
  mean,
  randomKey,
  relu,
  reshape,
  stack,
  sub,
  type Tensor,
  topologicalOrder,
  transpose,
} from '../../src/tensor/index.ts'
import { example, overfit, runModel, sound, waveformShapes, withoutGradient } from './support.ts'

const infer = (config: Partial<MaskInferenceInput> = {}) =>
  new MaskInference(maskInferenceConfig.parse({ architecture: 'mask-inference', ...config }))
const cluster = (config: Partial<DeepClusteringInput> = {}) =>
  new DeepClustering(deepClusteringConfig.parse({ architecture: 'deep-clustering', ...config }))
const chimera = (config: Partial<ChimeraInput> = {}) => new Chimera(chimeraConfig.parse({ architecture: 'chimera', ...config }))
const tiny = { nFft: 16, hopLength: 4, hidden: 6, layers: 2, dropout: 0 }
/** For training: one drawn sound is learned by heart. */
const learner = { ...tiny, hidden: 24 }

/** Weights of LSTM layers in both directions: 4h(in + h + 2) each. */
const blstm = (inputs: number, h: number, layers: number) => 8 * h * (inputs + h + 2) + (layers - 1) * 8 * h * (2 * h + h + 2)

async function masksOf(
  model: MaskInference | DeepClustering | Chimera,
  samples = 41,
): Promise<{ shape: readonly number[]; values: number[] }> {
  layoutOf(model)
  const { channels } = model
  const mixture = input('mixture', [1, channels, samples])
  const masks = model.estimateMasks(magnitude(stft(mixture, model.transform!)))
  const { values } = await runModel(model, { values: masks }, { mixture: sound(channels * samples, 1) })
  return { shape: masks.shape, values }
}

/** The largest distance from 1 of the sums over stems, (b = 1, s = 2, …). */
function sumsAreOne(values: readonly number[]): number {
  const half = values.length / 2
  return Math.max(...values.slice(0, half).map((value, i) => Math.abs(value + values[half + i]! - 1)))
}

/** Each bin of each stem, as labels (b, t·c·f, s). */
function labelsOf(sources: readonly Tensor[], model: DeepClustering): Tensor {
  const levels = sources.map((source) => magnitude(stft(source, model.transform!)))
  const mask = transpose(binaryMask(stack(levels, 1), { axis: 1 }), [0, 3, 2, 4, 1])
  return reshape(mask, [mask.shape[0]!, -1, sources.length])
}

describe('mask inference', () => {
  it.each([300, 600])('3.36 mask inference: batch norm, four BLSTM layers of %i units with dropout 0.3, a dense layer', (hidden) => {
    const model = infer({ hidden })
    const bins = 257
    expect(layoutOf(model).parameterCount).toBe(2 * bins + blstm(bins, hidden, 4) + (2 * hidden + 1) * 2 * bins)
    expect(model.config.dropout).toBe(0.3)
    expect(model.trunk.lstm.numLayers).toBe(4)
    expect(model.isCausal).toBe(false)
  })

  it('3.36 mask inference: dropout is between the layers', () => {
    const trained = (dropout: number) =>
      traceTraining(() => infer({ ...tiny, dropout }).forward(input('mixture', [1, 1, 40])), dropout > 0 ? {} : { key: randomKey(1) })
    expect(() => trained(0)).not.toThrow()
    expect(() => trained(0.3)).toThrow('dropout: draws random numbers, and the trace has no key')
  })

  it('3.36 mask inference: estimates are as long as the mixture, masks in 0…1', async () => {
    for (const samples of [1, 40, 41]) expect(waveformShapes(infer(tiny), 2, samples)).toEqual(Array(2).fill([2, 1, samples]))
    expect(waveformShapes(infer({ ...tiny, channels: 2, stems: ['vocals'] }), 1, 17)).toEqual([[1, 2, 17]])
    const { shape, values } = await masksOf(infer({ ...tiny, channels: 2 }))
    expect(shape).toEqual([1, 2, 2, 11, 9])
    expect(Math.min(...values)).toBeGreaterThan(0)
    expect(Math.max(...values)).toBeLessThan(1)
    expect(sumsAreOne(values)).toBeGreaterThan(0.01)
    expect(sumsAreOne((await masksOf(infer({ ...tiny, activation: 'softmax' }))).values)).toBeLessThan(1e-12)
    expect(() => infer({ stems: ['vocals'], activation: 'softmax' })).toThrow('softmax over 1 stem')
  })

  it('3.36 mask inference: each stem and channel gets its own part of the head', async () => {
    const model = infer({ ...tiny, channels: 2 })
    layoutOf(model)
    const magnitudes = input('x', [1, 2, 3, 9])
    const size = 2 * 9 * 2
    const run = async (row: number) =>
      (
        await runModel(
          model,
          { masks: model.estimateMasks(magnitudes) },
          { x: sound(54, 1).map(Math.abs), 'head.linear.bias': Float32Array.from({ length: size }, (_, i) => (i === row ? 50 : 0)) },
        )
      ).masks
    // Row (c·bins + f)·stems + s of the head is bin f of channel c of stem s.
    const masks = await run((1 * 9 + 4) * 2 + 1)
    const certain = masks.flatMap((value, i) => (value > 0.999 ? [i] : []))
    expect(certain).toEqual([0, 1, 2].map((t) => ((1 * 2 + 1) * 3 + t) * 9 + 4))
  })

  it('3.36 mask inference: gives every parameter a gradient and overfits one example to below 5 % of the first loss', async () => {
    expect(await withoutGradient(infer(tiny), 64)).toEqual([])
    const model = infer(learner)
    const { mixture, sources } = example(model, 64)
    const levels = (sound: Float32Array) => magnitude(stft(constant(sound, [1, 1, 64]), model.transform!))
    // What masks up to 1 cannot reach stays: magnitudes of stems above the mixture's, where stems cancel each other.
    const missing = Object.values(sources).map((source) => relu(sub(levels(source), levels(mixture))))
    const { least } = await runModel(model, { least: mean(stack(missing, 1)) })
    const { first, last } = await overfit(model, { samples: 64, steps: 500, rate: 0.02 })
    expect((last - least[0]!) / (first - least[0]!)).toBeLessThan(0.05)
    expect(least[0]! / first).toBeLessThan(0.5)
  })
})

describe('deep clustering', () => {
  it.each([
    [300, 4, 20],
    [600, 2, 40], // Hershey et al. 2016, section 3.3
  ])(
    '3.37 deep clustering: batch norm, BLSTM layers of %i units, %i of them, a dense layer to %i numbers per bin',
    (hidden, layers, embedding) => {
      const bins = 257
      const { parameterCount } = layoutOf(cluster({ hidden, layers, embedding }))
      expect(parameterCount).toBe(2 * bins + blstm(bins, hidden, layers) + (2 * hidden + 1) * embedding * bins)
      expect(cluster().config).toMatchObject({ hidden: 300, layers: 4, embedding: 20, dropout: 0.3 })
    },
  )

  it('3.37 deep clustering: gives each bin 20 numbers, a vector of length 1', async () => {
    const model = cluster(tiny)
    expect(layoutOf(cluster()).parameterCount).toBe(2 * 257 + blstm(257, 300, 4) + 601 * 257 * 20)
    layoutOf(model)
    const embeddings = model.embed(input('x', [2, 1, 3, 9]))
    expect(embeddings.shape).toEqual([2, 27, 20])
    const { values } = await runModel(model, { values: embeddings }, { x: sound(54, 1).map(Math.abs) })
    const norms = Array.from({ length: 54 }, (_, i) => Math.hypot(...values.slice(20 * i, 20 * i + 20)))
    expect(norms.every((norm) => Math.abs(norm - 1) < 1e-12)).toBe(true)
  })

  it('3.37 deep clustering: k-means makes masks of embeddings; of those that tell whose a bin is, the ideal ones in some order', async () => {
    const model = cluster({ ...tiny, embedding: 2, rangeDb: 200 })
    layoutOf(model)
    const { mixture, sources } = example(model, 41)
    const spectra = Object.values(sources).map((source) => constant(source, [1, 1, 41]))
    const labels = labelsOf(spectra, model)
    const magnitudes = magnitude(stft(constant(mixture, [1, 1, 41]), model.transform!))
    const masks = model.cluster(labels, magnitudes)
    expect(masks.shape).toEqual([1, 2, 1, 11, 9])
    const ideal = binaryMask(
      stack(
        spectra.map((source) => magnitude(stft(source, model.transform!))),
        1,
      ),
      { axis: 1 },
    )
    const { found, wanted } = await runModel(model, { found: masks, wanted: ideal })
    const swapped = [...wanted.slice(99), ...wanted.slice(0, 99)]
    expect([wanted.join(), swapped.join()]).toContain(found.join())
    expect(wanted).toContain(1)
    expect(swapped).not.toEqual(wanted)
  })

  it('3.37 deep clustering: masks are 0 or 1, or shares, and sum to 1; the seed determines them', async () => {
    const hard = (await masksOf(cluster(tiny))).values
    expect(new Set(hard)).toEqual(new Set([0, 1]))
    expect(sumsAreOne(hard)).toBe(0)
    expect((await masksOf(cluster(tiny))).values).toEqual(hard)
    const soft = (await masksOf(cluster({ ...tiny, hardness: 2 }))).values
    expect(soft.some((value) => value > 0.01 && value < 0.99)).toBe(true)
    expect(sumsAreOne(soft)).toBeLessThan(1e-9)
    expect((await masksOf(cluster({ ...tiny, channels: 2, stems: ['a', 'b', 'c'] }))).shape).toEqual([1, 3, 2, 11, 9])
  })

  it('3.37 deep clustering: silent bins do not move the centres', async () => {
    const model = cluster({ ...tiny, embedding: 1 })
    const bins = 11 * 9
    // Two groups that sound, at 0 and 1, and far from both what is silent: without weights it would be a cluster of its own.
    const embeddings = Float64Array.from({ length: bins }, (_, i) => (i < 40 ? 100 : i % 2))
    const magnitudes = Float64Array.from({ length: bins }, (_, i) => (i < 40 ? 1e-6 : 1))
    const masks = model.cluster(constant(embeddings, [1, bins, 1]), constant(magnitudes, [1, 1, 11, 9]))
    const { values } = await runModel(model, { values: masks })
    const first = values.slice(40, bins)
    expect(first.every((value, i) => value === (first[0] === 1 ? 1 - (i % 2) : i % 2))).toBe(true)
  })

  it('3.37 deep clustering: the loss is that of embeddings and of the loudest stem of each bin of each channel', async () => {
    const model = cluster({ ...tiny, channels: 2, embedding: 3, rangeDb: 20 })
    layoutOf(model)
    const shape = [1, 2, 41]
    const { mixture, sources } = example(model, 41)
    const [x, a, b] = [input('mixture', shape), input('a', shape), input('b', shape)]
    const level = (signal: Tensor) => magnitude(stft(signal, model.transform!))
    const outputs = {
      loss: model.loss(x, { 'source-1': a, 'source-2': b }),
      v: model.embed(level(x)),
      m: level(x),
      one: level(a),
      other: level(b),
    }
    const { loss, v, m, one, other } = await runModel(model, outputs, { mixture, a: sources['source-1']!, b: sources['source-2']! })
    // Row (t·channels + c)·bins + f of the embeddings is bin f of frame t of channel c.
    const rows = Array.from({ length: 11 * 2 * 9 }, (_, row) => {
      const [f, c, t] = [row % 9, Math.floor(row / 9) % 2, Math.floor(row / 18)]
      const at = (c * 11 + t) * 9 + f
      return { v: v.slice(3 * row, 3 * row + 3), first: one[at]! >= other[at]!, heard: m[at]! >= 0.1 * Math.max(...m) }
    }).filter(({ heard }) => heard)
    const pairs = rows.flatMap((p) =>
      rows.map((q) => (p.v.reduce((sum, value, d) => sum + value * q.v[d]!, 0) - Number(p.first === q.first)) ** 2),
    )
    expect(loss[0]).toBeCloseTo(pairs.reduce((sum, value) => sum + value, 0) / pairs.length, 10)
    expect(rows.length).toBeLessThan(11 * 2 * 9)
  })

  it('3.36, 3.37, 3.31 the trunk hears levels: logarithms of magnitudes, down to −80 dB', async () => {
    const model = infer({ ...tiny, channels: 2 })
    layoutOf(model)
    const loud = Float64Array.from({ length: 54 }, (_, i) => (i % 5 === 0 ? 0 : 0.1 + Math.abs(Math.sin(i))))
    // Fresh running statistics: x/√(1 + ε). Features are the bins of the first channel, then those of the second.
    const levels = Float64Array.from({ length: 54 }, (_, i) => {
      const [f, c, t] = [i % 9, Math.floor(i / 9) % 2, Math.floor(i / 18)]
      return Math.log(Math.max(1e-4, loud[(c * 3 + t) * 9 + f]!)) / Math.sqrt(1 + 1e-5)
    })
    const { h, wanted } = await runModel(
      model,
      { h: model.trunk.forward(input('x', [1, 2, 3, 9])), wanted: model.trunk.lstm.forward(input('levels', [1, 3, 18])).outputs },
      { x: loud, levels },
    )
    expect(Math.max(...h.map((value, i) => Math.abs(value - wanted[i]!)))).toBeLessThan(1e-12)
  })

  it('3.37 deep clustering: the loss does not know an order', async () => {
    const model = cluster(tiny)
    layoutOf(model)
    const { mixture, sources } = example(model, 41)
    const shape = [1, 1, 41]
    const [x, a, b] = [input('mixture', shape), input('a', shape), input('b', shape)]
    const feeds = { mixture, a: sources['source-1']!, b: sources['source-2']! }
    const { one, other } = await runModel(
      model,
      { one: model.loss(x, { 'source-1': a, 'source-2': b }), other: model.loss(x, { 'source-1': b, 'source-2': a }) },
      feeds,
    )
    expect(one[0]).toBeCloseTo(other[0]!, 12)
    for (const samples of [3, 40, 41]) expect(waveformShapes(model, 2, samples)).toEqual(Array(2).fill([2, 1, samples]))
  })

  it('3.37 deep clustering: gives every parameter a gradient and overfits one example to below 5 % of the first loss', async () => {
    expect(await withoutGradient(cluster(tiny), 64)).toEqual([])
    const { first, last } = await overfit(cluster({ ...learner, embedding: 8 }), { samples: 64, steps: 400, rate: 0.02 })
    expect(last / first).toBeLessThan(0.05)
  })
})

describe('Chimera', () => {
  it('3.31 Chimera: two heads on one trunk; masks of a bin add up to 1', async () => {
    expect(layoutOf(chimera()).parameterCount).toBe(2 * 257 + blstm(257, 300, 4) + 601 * 257 * (20 + 2))
    const { shape, values } = await masksOf(chimera(tiny))
    expect(shape).toEqual([1, 2, 1, 11, 9])
    expect(sumsAreOne(values)).toBeLessThan(1e-12)
    expect(Math.min(...values)).toBeGreaterThan(0)
    for (const samples of [1, 41]) expect(waveformShapes(chimera(tiny), 2, samples)).toEqual(Array(2).fill([2, 1, samples]))
    expect(() => chimera({ stems: ['vocals'] })).toThrow('needs two stems')
  })

  it('3.31 Chimera: α = 0 trains the masks alone, α = 1 the embeddings alone, between them both', () => {
    const trained = (alpha: number) => {
      const model = chimera({ ...tiny, alpha })
      layoutOf(model)
      const shape = [1, 1, 40]
      const [mixture, vocals, accompaniment] = ['mixture', 'vocals', 'accompaniment'].map((name) => input(name, shape)) as [
        Tensor,
        Tensor,
        Tensor,
      ]
      const loss = model.loss(mixture, { vocals, accompaniment })
      const nodes = new Set<unknown>(topologicalOrder([loss]).flatMap(({ inputs }) => inputs.map(({ node }) => node)))
      return [model.mask.linear.weight, model.embedding.linear.weight].map(({ node }) => nodes.has(node))
    }
    expect([trained(0), trained(1), trained(0.5)]).toEqual([
      [true, false],
      [false, true],
      [true, true],
    ])
  })

  it('3.31 Chimera: its loss is α times that of the embeddings and 1 − α times that of the masks', async () => {
    const loss = async (alpha: number) => {
      const model = chimera({ ...tiny, alpha })
      layoutOf(model)
      const { mixture, sources } = example(model, 40)
      const named = Object.fromEntries(model.stems.map((stem) => [stem, input(stem, [1, 1, 40])]))
      return (await runModel(model, { loss: model.loss(input('mixture', [1, 1, 40]), named) }, { mixture, ...sources })).loss[0]!
    }
    const [masks, embeddings] = [await loss(0), await loss(1)]
    expect(await loss(0.3)).toBeCloseTo(0.3 * embeddings + 0.7 * masks, 12)
    expect(embeddings).not.toBeCloseTo(masks, 3)
  })

  it('3.31 Chimera: gives every parameter a gradient and overfits one example to below a third of the first loss', async () => {
    expect(await withoutGradient(chimera({ ...tiny, alpha: 0.5 }), 64)).toEqual([])
    // Masks that add up to 1 cannot make magnitudes of stems whose sum is above the mixture's: that part of the loss stays.
    const { first, last } = await overfit(chimera({ ...learner, alpha: 0.5, embedding: 8 }), { samples: 64, steps: 400, rate: 0.02 })
    expect(last / first).toBeLessThan(1 / 3)
  })
})
