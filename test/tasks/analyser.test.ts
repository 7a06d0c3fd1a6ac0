/** Trained networks on sounds of other rates, channels and lengths: the same answers, at the right times. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Crnn, createNetwork, crnnConfig, type LoadedModel, lenetConfig, writeModel } from '../../src/models/index.ts'
import { initialValues } from '../../src/nn/index.ts'
import { type Backend, createOnnxRuntimeBackend } from '../../src/runtime/index.ts'
import { createAnalyser, loadAnalyser, type Sound } from '../../src/tasks/index.ts'

let backend: Backend
let folder: string
beforeAll(async () => {
  backend = await createOnnxRuntimeBackend({ threads: 1 })
  folder = await mkdtemp(join(tmpdir(), 'divisi-analyser-'))
})
afterAll(async () => {
  await backend.dispose()
  await rm(folder, { recursive: true, force: true })
})

/**
 * A network that was made by hand: its convolution copies the level of the one band there is, its recurrent layer lets it through, and its logit is that the
 * band is louder than silence.
 */
function loudness(more: object): LoadedModel {
  const config = crnnConfig.parse({
    architecture: 'crnn',
    labels: ['loud', 'quiet'],
    sampleRate: 8000,
    seconds: 1,
    nFft: 64,
    hopLength: 40,
    bands: 1,
    lowest: 100,
    channels: [1],
    poolBands: [1],
    poolFrames: [1],
    features: 1,
    hidden: 1,
    bidirectional: false,
    ...more,
  })
  const network = new Crnn(config)
  const values = initialValues(network, 1)
  const set = (name: string, ...numbers: number[]) => values.get(name)!.set(numbers)
  for (const [name, array] of values) if (!name.includes('norm') && !name.startsWith('blocks.0.norm')) array.fill(0)
  // The middle of the kernel.
  set('blocks.0.conv.weight', 0, 0, 0, 0, 1, 0, 0, 0, 0)
  set('dense.weight', 1)
  set('dense.bias', -1)
  // Update gate shut (z = σ(−20)), candidate tanh(5x).
  set('recurrent.weight_ih_l0', 0, 0, 5)
  set('recurrent.bias_ih_l0', 0, -20, 0)
  const two = config.labels.length === 2
  set('head.linear.weight', ...(two ? [20, -20] : [20]))
  set('head.linear.bias', ...(two ? [-10, 10] : [-10]))
  return { name: 'by hand', network, values, metadata: {} }
}

/** Noise where it is loud, silence elsewhere, in blocks of odd lengths. */
function sound(seconds: number, loud: readonly (readonly [number, number])[], sampleRate = 8000, channels = 1): Sound {
  const x = Float32Array.from({ length: Math.round(seconds * sampleRate) }, (_, n) =>
    loud.some(([from, to]) => n >= from * sampleRate && n < to * sampleRate) ? 0.4 * Math.sin((2 * Math.PI * 440 * n) / sampleRate) : 0,
  )
  const blocks = Array.from({ length: Math.ceil(x.length / 1777) }, (_, i) =>
    Array.from({ length: channels }, () => x.subarray(1777 * i, 1777 * (i + 1))),
  )
  return { info: { sampleRate, channels }, blocks }
}

describe('analyser', () => {
  it.each([
    ['one window', 0.7, 8000, 1],
    ['exactly one window', 1, 8000, 1],
    ['many windows', 4.33, 8000, 1],
    ['another rate and two channels', 4.33, 44100, 2],
  ])('1.14 time-varying task head: spans have the times of the sound: %s', async (_, seconds, rate, channels) => {
    const analyser = await createAnalyser(loudness({}), backend)
    const loud = [
      [0.2, 0.45],
      [1.5, 2.75],
      [4, 4.33],
    ].filter(([from]) => from! < seconds) as [number, number][]
    const analysis = await analyser.analyse(sound(seconds, loud, rate, channels))
    if (analysis.kind !== 'spans') throw new Error(analysis.kind)
    const found = analysis.spans.filter(({ label }) => label === 'loud')
    expect(found.length).toBe(loud.length)
    for (const [i, { start, end, probability }] of found.entries()) {
      // A window of 64 samples is 8 ms, a frame 5 ms.
      expect(Math.abs(start - loud[i]![0])).toBeLessThan(0.012)
      expect(Math.abs(end - loud[i]![1])).toBeLessThan(0.012)
      expect(probability).toBeGreaterThan(0.5)
    }
    // One label at a time, from start to end.
    expect(analysis.spans[0]!.start).toBe(0)
    expect(analysis.spans.at(-1)!.end).toBeCloseTo(seconds, 3)
    for (let i = 1; i < analysis.spans.length; i++) expect(analysis.spans[i]!.start).toBe(analysis.spans[i - 1]!.end)
    await analyser.dispose()
  })

  it('1.14 time-varying task head: any number of labels may hold, and none', async () => {
    const analyser = await createAnalyser(loudness({ labels: ['loud'], answers: 'any' }), backend)
    expect(analyser.labels).toEqual(['loud'])
    const quiet = await analyser.analyse(sound(2.5, []))
    expect(quiet).toEqual({ kind: 'spans', spans: [] })
    const analysis = await analyser.analyse(sound(2.5, [[1, 2]]))
    expect(analysis.kind === 'spans' && analysis.spans.map(({ label }) => label)).toEqual(['loud'])
  })

  it('1.14 time-varying task head: events are moments, found once, across windows too', async () => {
    const analyser = await createAnalyser(loudness({ labels: ['hit'], answers: 'events' }), backend)
    const hits = [0.1, 0.72, 0.78, 1.25, 1.5, 2.9]
    const analysis = await analyser.analyse(
      sound(
        3.1,
        hits.map((at) => [at, at + 0.005] as const),
      ),
    )
    if (analysis.kind !== 'events') throw new Error(analysis.kind)
    expect(analysis.events.length).toBe(hits.length)
    for (const [i, { seconds, label }] of analysis.events.entries()) {
      expect(label).toBe('hit')
      expect(Math.abs(seconds - hits[i]!)).toBeLessThan(0.012)
    }
  })

  it('1.15 time-invariant task head: one answer to all of a sound, every second of it counting once', async () => {
    const analyser = await createAnalyser(loudness({ head: 'mean' }), backend)
    const probable = async (seconds: number, loud: readonly [number, number][]) => {
      const analysis = await analyser.analyse(sound(seconds, loud))
      if (analysis.kind !== 'labels') throw new Error(analysis.kind)
      expect(analysis.labels.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 5)
      expect(analysis.labels[0]!.probability).toBeGreaterThanOrEqual(analysis.labels[1]!.probability)
      return analysis.labels.find(({ label }) => label === 'loud')!.probability
    }
    expect(await probable(3, [[0, 3]])).toBeGreaterThan(0.95)
    expect(await probable(3, [])).toBeLessThan(0.05)
    // Windows of 1 s: one of three, then half a window more, which is asked about with the half before it.
    expect(await probable(3, [[0, 1]])).toBeCloseTo(1 / 3, 1)
    expect(await probable(2.5, [[0, 1]])).toBeCloseTo(1 / 2.5, 1)
    expect(await probable(2.5, [[1.5, 2.5]])).toBeGreaterThan(0.19)
  })

  it('stops when it is told to; refuses silence without samples and networks that do not analyse', async () => {
    const analyser = await createAnalyser(loudness({}), backend)
    await expect(analyser.analyse(sound(0, []))).rejects.toThrow('the sound has no samples')
    await expect(analyser.analyse(sound(3, []), { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough')
    const lenet = createNetwork(lenetConfig.parse({ architecture: 'lenet', classes: ['a', 'b'] }))
    await expect(createAnalyser({ name: 'x', network: lenet, values: initialValues(lenet, 1), metadata: {} }, backend)).rejects.toThrow(
      'kind "lenet", which does not analyse; allowed is "crnn"',
    )
  })

  it('loads from a file, and names files that are none', async () => {
    const { name, network, values } = loudness({})
    const path = join(folder, 'loud.safetensors')
    await writeFile(path, writeModel(name, network, values))
    const analyser = await loadAnalyser(path, { threads: 1 })
    expect([analyser.name, analyser.sampleRate]).toEqual(['by hand', 8000])
    const analysis = await analyser.analyse(sound(1.2, [[0, 1.2]]))
    expect(analysis.kind === 'spans' && analysis.spans.map(({ label }) => label)).toEqual(['loud'])
    await analyser.dispose()
    await expect(loadAnalyser(join(folder, 'none.safetensors'))).rejects.toThrow('none.safetensors": there is no such file')
    await writeFile(path, 'no model')
    await expect(loadAnalyser(path)).rejects.toThrow('loud.safetensors": ')
  })
})
