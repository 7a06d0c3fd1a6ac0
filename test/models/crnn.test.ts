/** The analysis network: conv, then recurrent, then a head that one field of the configuration exchanges. */
import { describe, expect, it } from 'vitest'
import { crossEntropy } from '../../src/losses/index.ts'
import {
  Crnn,
  type CrnnConfig,
  createNetwork,
  crnnConfig,
  type HeadName,
  headNames,
  readModel,
  vocabularies,
  writeModel,
} from '../../src/models/index.ts'
import { initialValues, layoutOf, summary } from '../../src/nn/index.ts'
import { createOnnxRuntimeBackend, createReferenceBackend } from '../../src/runtime/index.ts'
import { createRandom, input, transpose } from '../../src/tensor/index.ts'
import { createTrainer } from '../../src/training/index.ts'
import { runOnce } from '../tensor/generic.ts'

const small = (more: Partial<Record<keyof CrnnConfig, unknown>> = {}): CrnnConfig =>
  crnnConfig.parse({
    architecture: 'crnn',
    labels: ['a', 'b', 'c'],
    sampleRate: 8000,
    nFft: 128,
    hopLength: 64,
    bands: 8,
    lowest: 100,
    channels: [4, 6],
    poolBands: [2, 2],
    poolFrames: [1, 1],
    features: 8,
    hidden: 6,
    ...more,
  })

/** Sines of 300, 1000 and 2500 Hz, which the labels stand for. */
const tones = [300, 1000, 2500]
const tone = (label: number, samples: number, seed: number): Float32Array => {
  const random = createRandom(seed)
  return Float32Array.from({ length: samples }, (_, n) => 0.3 * Math.sin((2 * Math.PI * tones[label]! * n) / 8000) + 0.02 * random.normal())
}

const bodyNames = (model: Crnn) => {
  const { parameters, buffers } = layoutOf(model)
  return [...parameters, ...buffers]
    .filter(({ name }) => !name.startsWith('head.'))
    .map(({ name, parameter }) => `${name} (${parameter.shape})`)
}

describe('CRNN', () => {
  it('1.17 depth guidance: convolutions come first and several deep, the recurrent layer last, before the head', () => {
    const rows = summary(new Crnn(small()), [1, 640]).rows.map(({ type }) => type)
    const [conv, recurrent, linear] = [rows.lastIndexOf('Conv2d'), rows.indexOf('GRU'), rows.lastIndexOf('Linear')]
    expect(rows.filter((type) => type === 'Conv2d').length).toBe(2)
    expect(conv).toBeGreaterThan(0)
    expect(recurrent).toBeGreaterThan(conv)
    expect(linear).toBeGreaterThan(recurrent)
    expect(summary(new Crnn(small({ cell: 'lstm' })), [1, 640]).rows.some(({ type }) => type === 'LSTM')).toBe(true)
  })

  it('1.14 time-varying task head: an answer for each frame, ⌊n/hop⌋ + 1 of them, as only bands are pooled', () => {
    const model = new Crnn(small())
    for (const samples of [1, 63, 64, 640])
      expect(model.forward(input('audio', [2, samples])).shape).toEqual([2, Math.floor(samples / 64) + 1, 3])
    expect(() => crnnConfig.parse({ architecture: 'crnn', labels: 'chords', poolFrames: [1, 2, 1] })).toThrow(
      'an answer for each frame needs all frames',
    )
  })

  it('1.14 time-varying task head: with one direction, frames know nothing of what comes after their window', async () => {
    const causal = new Crnn(small({ bidirectional: false, channels: [4], poolBands: [2], poolFrames: [1] }))
    // Half a window after the frame's centre, and a frame for the convolution.
    expect(causal.reach()).toEqual({ stride: 64, first: -Infinity, last: 63 + 64 })
    expect(new Crnn(small()).reach().last).toBe(Infinity)
    const backend = createReferenceBackend()
    layoutOf(causal)
    const logits = causal.forward(input('audio', [1, 640]))
    const values = Object.fromEntries(initialValues(causal, 1))
    const heard = tone(1, 640, 1)
    const changed = Float32Array.from(heard)
    changed.fill(0.5, 320 + 128)
    const [before, after] = [
      await runOnce(backend, { logits }, { ...values, audio: heard }),
      await runOnce(backend, { logits }, { ...values, audio: changed }),
    ]
    expect(Array.from(after.logits!, Number).slice(0, 18)).toEqual(Array.from(before.logits!, Number).slice(0, 18))
    expect(Array.from(after.logits!, Number).slice(18)).not.toEqual(Array.from(before.logits!, Number).slice(18))
  })

  it('1.15 time-invariant task head: six heads are interchangeable by one field, over the same body', () => {
    const reference = bodyNames(new Crnn(small()))
    expect(reference.length).toBeGreaterThan(10)
    for (const head of headNames) {
      const model = new Crnn(small({ head }))
      expect(bodyNames(model), head).toEqual(reference)
      // Whatever the length of the sound, down to a single frame.
      for (const samples of [1, 640, 6400])
        expect(model.forward(input('audio', [2, samples])).shape, head).toEqual(
          head === 'frames' ? [2, Math.floor(samples / 64) + 1, 3] : [2, 3],
        )
    }
    const own = (head: HeadName) =>
      layoutOf(new Crnn(small({ head })))
        .parameters.filter(({ name }) => name.startsWith('head.'))
        .map(({ name }) => name)
    expect(own('mean')).toEqual(['head.linear.weight', 'head.linear.bias'])
    expect(own('recurrent')).toEqual(own('mean'))
    expect(own('auto-pool')).toContain('head.pool.alpha')
    expect(own('attention')).toContain('head.pool.v')
    expect(own('strided').filter((name) => name.endsWith('weight')).length).toBe(4)
  })

  it('1.15 time-invariant task head: the heads say different things of the same body, each what it is named after', async () => {
    const backend = createReferenceBackend()
    const audio = Float32Array.from([...tone(0, 640, 1), ...tone(2, 640, 2)])
    const logitsOf = async (head: HeadName) => {
      const model = new Crnn(small({ head }))
      layoutOf(model)
      const { logits } = await runOnce(
        backend,
        { logits: model.forward(input('audio', [1, 1280])) },
        { ...Object.fromEntries(initialValues(model, 1)), audio },
      )
      return Array.from(logits!, Number)
    }
    const frames = await logitsOf('frames')
    const column = (c: number) => frames.filter((_, i) => i % 3 === c)
    const mean = [0, 1, 2].map((c) => column(c).reduce((sum, value) => sum + value, 0) / (frames.length / 3))
    const found = await logitsOf('mean')
    // Linear layers commute with means: the same sum in another order, in float64.
    for (const c of [0, 1, 2]) expect(found[c]).toBeCloseTo(mean[c]!, 10)
    // α starts at 1: between the mean and the maximum.
    const pooled = await logitsOf('auto-pool')
    for (const c of [0, 1, 2]) {
      expect(pooled[c]!).toBeGreaterThan(mean[c]!)
      expect(pooled[c]!).toBeLessThan(Math.max(...column(c)))
    }
    const all = await Promise.all(headNames.filter((head) => head !== 'frames').map(logitsOf))
    expect(new Set(all.map((logits) => logits[0]!.toFixed(6))).size).toBe(6)
  })

  it.each(headNames)('1.14, 1.15 task heads: %s overfits one example', async (head) => {
    const model = new Crnn(small({ head, dropout: 0 }))
    const samples = 1280
    // Two tones one after the other for frames; for the whole, the one that is there for the most part.
    const audio = Float32Array.from([...tone(0, 448, 1), ...tone(2, 832, 2)])
    const perFrame = head === 'frames'
    const frames = samples / 64 + 1
    const target = perFrame ? Int32Array.from({ length: frames }, (_, t) => (t * 64 < 448 ? 0 : 2)) : Int32Array.of(2)
    const backend = await createOnnxRuntimeBackend({ threads: 1 })
    const trainer = await createTrainer({
      model,
      task: {
        batch: { audio: [1, samples], target: { shape: perFrame ? [1, frames] : [1], dtype: 'int32' } },
        loss: ({ audio: x, target: y }) => {
          const logits = model.forward(x)
          return crossEntropy(perFrame ? transpose(logits, [0, 2, 1]) : logits, y)
        },
      },
      backend,
      schedule: { name: 'constant', peak: 0.02 },
      averageDecay: 0,
      seed: 1,
    })
    const losses: number[] = []
    for (let step = 0; step < 60; step++) losses.push((await trainer.train({ audio, target })).loss)
    expect(losses.at(-1)! / losses[0]!).toBeLessThan(0.01)
    await trainer.dispose()
    await backend.dispose()
  })

  it('levels: a sine at full scale is 1 in its band and another octave is another band, in mel and in pitch', async () => {
    const n = 4096
    const sine = (hertz: number) => Float32Array.from({ length: n }, (_, i) => Math.sin((2 * Math.PI * hertz * i) / 8000))
    const backend = createReferenceBackend()
    const bandOf = async (scale: 'mel' | 'pitch', hertz: number) => {
      const model = new Crnn(small({ scale, nFft: 1024, bands: 24, lowest: 250, perOctave: 12 }))
      const { levels } = await runOnce(backend, { levels: model.levels(input('audio', [1, n])) }, { audio: sine(hertz) })
      const middle = Array.from(levels!, Number).slice(32 * 24, 33 * 24)
      const band = middle.indexOf(Math.max(...middle))
      return { band, level: Math.expm1(middle[band]!) / 1000 }
    }
    const [low, high] = [await bandOf('pitch', 250), await bandOf('pitch', 500)]
    expect([low.band, high.band]).toEqual([0, 12])
    // Bands are means over some bins, of which a Hann window's sine fills three: 1/2, 1, 1/2.
    expect(low.level).toBeGreaterThan(0.5)
    expect(low.level).toBeLessThanOrEqual(1.001)
    const mel = await bandOf('mel', 1000)
    expect(mel.level).toBeGreaterThan(0.5)
    expect((await bandOf('mel', 2000)).band).toBeGreaterThan(mel.band)
  })

  it('keeps labels, head and all in its model file', () => {
    const model = createNetwork(crnnConfig.parse({ architecture: 'crnn', labels: 'keys', head: 'attention' })) as Crnn
    layoutOf(model)
    const { network } = readModel(writeModel('key', model, initialValues(model, 1)))
    expect(network.config).toEqual(model.config)
    expect((network as Crnn).config.labels).toEqual(vocabularies.keys)
    expect(vocabularies.keys[21]).toBe('A minor')
    expect(vocabularies.chords.length).toBe(25)
  })

  it('refuses what cannot be, with the way out', () => {
    const parse = (more: object) => () => crnnConfig.parse({ architecture: 'crnn', labels: 'chords', ...more })
    expect(parse({ labels: 'chord' })).toThrow()
    expect(parse({ labels: ['a', 'a'] })).toThrow('needs names that differ')
    expect(parse({ labels: ['a'] })).toThrow('`one` of a single label is no answer')
    expect(parse({ channels: [8] })).toThrow('need as many numbers each')
    expect(parse({ head: 'mean', answers: 'events' })).toThrow('needs the head `frames`')
    expect(() => new Crnn(small({ poolBands: [4, 4] }))).toThrow('poolBands 4, 4 leave nothing of 8 bands')
    expect(() => new Crnn(small({ scale: 'pitch', bands: 200 }))).toThrow('use fewer bands')
    expect(() => new Crnn(small()).forward(input('audio', [1, 2, 640]))).toThrow('audio (1, 2, 640); needs (b, n)')
  })
})
