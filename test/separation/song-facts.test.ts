/** Networks that want facts of the whole song: heard through where it can be opened again, known as far as it has come where it cannot. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AudioStream } from '../../src/audio/index.ts'
import { applyMask, magnitude, type Spectrum, spectrumPeaks, stft } from '../../src/dsp/index.ts'
import {
  createSeparator,
  FrameTransformerSeparation,
  frameTransformerConfig,
  SeparationNetwork,
  type SongFacts,
  type SongTensors,
} from '../../src/models/index.ts'
import { createSongListeners } from '../../src/models/song-listener.ts'
import { chainReach, initialValues, layoutOf, type Reach, transposedWindowReach, windowReach } from '../../src/nn/index.ts'
import { type Backend, createOnnxRuntimeBackend, createReferenceBackend } from '../../src/runtime/index.ts'
import { type SeparateOptions, type SeparationProgress, type Separator, separate } from '../../src/separation/index.ts'
import { div, input, max, mul, sum, type Tensor } from '../../src/tensor/index.ts'
import { runOnce } from '../tensor/generic.ts'
import { type FakeSource, identity, noise, separatorOf, sourceOf } from './fakes.ts'

/** A song that is loud only towards its end. */
function song(channels: number, length: number): Float32Array[] {
  return noise(channels, length).map((samples) => samples.map((x, i) => x * (i > 0.8 * length ? 1 : 0.2)))
}

/** A source that can be opened again, and those that were. */
function fileOf(channels: readonly Float32Array[], options: Parameters<typeof sourceOf>[1] = {}) {
  const opened: FakeSource[] = []
  const open = (): FakeSource => {
    const source = sourceOf(channels, { sampleRate: 8000, ...options })
    opened.push(source)
    return source
  }
  const source: AudioStream & FakeSource = Object.assign(open(), { reopen: async () => open() })
  return { source, opened }
}

const pipeOf = (channels: readonly Float32Array[]) => sourceOf(channels, { sampleRate: 8000, lengthKnown: false })

async function vocalsOf(source: AudioStream, separator: Separator, options: Omit<SeparateOptions, 'separator'> = {}) {
  const blocks: (readonly (Float32Array | Float64Array)[])[] = []
  for await (const { stems } of separate(source, { separator, stems: ['vocals'], ...options })) blocks.push(stems.vocals!)
  return blocks[0]!.map((_, c) => Float64Array.from(blocks.flatMap((block) => [...block[c]!])))
}

function distance(a: readonly Float64Array[], b: readonly ArrayLike<number>[]): number {
  expect(a.map((samples) => samples.length)).toEqual(b.map((samples) => samples.length))
  return Math.max(...a.flatMap((samples, c) => Array.from(samples, (sample, i) => Math.abs(sample - b[c]![i]!))))
}

const frames = { nFft: 32, hopLength: 8 }

/** Masks each bin by its share of the loudest magnitude of the song, or by the mean level: no more context than a frame, but for the song. */
class LevelNetwork extends SeparationNetwork {
  readonly config = { architecture: 'level', sampleRate: 8000 }

  constructor(channels: number, transform = frames) {
    super({
      stems: ['vocals'],
      channels,
      transform,
      prepass: { measure: (z) => ({ loudest: max(magnitude(z), { axes: [1, 3], keepDims: true }) }), join: Math.max },
    })
  }

  override forward(mixture: Tensor, facts?: SongTensors): Readonly<Record<string, Spectrum>> {
    const z = stft(mixture, this.transform!)
    const loudest = facts?.loudest ?? max(magnitude(z), { axes: [1, 2, 3], keepDims: true })
    return { vocals: applyMask(div(magnitude(z), loudest), z) }
  }

  override reach(): Reach {
    const { nFft, hopLength } = frames
    return chainReach([windowReach(nFft, hopLength, nFft / 2, 1), transposedWindowReach(nFft, hopLength, nFft / 2, 1)])
  }
}

function frameTransformer(estimate: 'complex' | 'mask', channels: 1 | 2): FrameTransformerSeparation {
  const sizes = { width: 2, multipliers: [1, 2], heads: 2, expansion: 3, bridgeLayers: 1, bridgeExpansion: 1, embeddingDepth: 1 }
  return new FrameTransformerSeparation(
    frameTransformerConfig.parse({
      architecture: 'frame-transformer',
      stems: ['vocals'],
      sampleRate: 8000,
      channels,
      estimate,
      nFft: 32,
      hopLength: 16,
      ...sizes,
    }),
  )
}

let backend: Backend
beforeAll(async () => {
  backend = await createOnnxRuntimeBackend({ threads: 1 })
})
afterAll(() => backend.dispose())

/** The same in one piece, in float64: the whole song's transform, and its largest values. */
async function peaksOf(network: SeparationNetwork, channels: readonly Float32Array[]): Promise<Record<string, number[]>> {
  const samples = channels[0]!.length
  const x = input('x', [2 / network.channels, network.channels, samples])
  const both = [channels[0]!, channels[1] ?? channels[0]!]
  const values = await runOnce(createReferenceBackend(), spectrumPeaks(stft(x, network.transform!)), {
    x: Float32Array.from(both.flatMap((channel) => [...channel])),
  })
  return Object.fromEntries(Object.entries(values).map(([name, each]) => [name, Array.from(each, Number)]))
}

function expectFacts(facts: SongFacts, expected: Record<string, number[]>): void {
  expect(Object.keys(facts).sort()).toEqual(Object.keys(expected).sort())
  // Single precision of a transform of 32 points: a few roundings of 6e-8.
  for (const [name, values] of Object.entries(expected))
    for (const [i, value] of values.entries()) expect(facts[name]![i]! / value).toBeCloseTo(1, 5)
}

describe('the listener', () => {
  // 128 frames in a stretch: with a hop of 16 these are songs of no frame more than one, of a stretch to the sample, and of several.
  it.each([1, 2])('4.20, 4.35 finds what the transform of the whole song has, %i channels, whatever the pieces', async (channels) => {
    const network = frameTransformer('complex', channels as 1 | 2)
    const listen = await createSongListeners(network, backend)
    for (const [length, piece] of [
      [1, 1],
      [15, 4],
      [16, 16],
      [2047, 100],
      [2048, 2048],
      [2049, 5000],
      [7000, 999],
    ] as const) {
      const [left, right] = song(2, length) as [Float32Array, Float32Array]
      const listener = listen()
      for (let at = 0; at < length; at += piece) await listener.hear([left.subarray(at, at + piece), right.subarray(at, at + piece)])
      expectFacts(await listener.facts(), await peaksOf(network, [left, right]))
    }
  })

  it('tells the facts of the song so far, as if it ended there, and goes on', async () => {
    const network = frameTransformer('mask', 2)
    const listener = (await createSongListeners(network, backend))()
    const [left, right] = song(2, 6000) as [Float32Array, Float32Array]
    for (const [from, to] of [
      [0, 700],
      [700, 3001],
      [3001, 6000],
    ] as const) {
      await listener.hear([left.subarray(from, to), right.subarray(from, to)])
      expectFacts(await listener.facts(), await peaksOf(network, [left.subarray(0, to), right.subarray(0, to)]))
    }
  })

  it('leaves frames past the end out of sums, too, with a hop above half a frame', async () => {
    class Counting extends LevelNetwork {
      override readonly prepass = {
        measure: (z: Spectrum) => ({ frames: sum(mul(z.re, 0), { axes: [1, 3], keepDims: true }) }),
        join: (one: number, other: number) => one + other + 1,
      }
    }
    const listener = (await createSongListeners(new Counting(2, { nFft: 32, hopLength: 24 }), backend))()
    for (const [more, frames] of [
      [23, 1],
      [1, 2],
      [24 * 200, 202],
    ] as const) {
      await listener.hear([new Float32Array(more), new Float32Array(more)])
      expect((await listener.facts()).frames).toEqual(Float32Array.of(frames - 1))
    }
  })

  it('refuses networks that want no facts, and transforms that it cannot measure on', async () => {
    class Plain extends LevelNetwork {
      override readonly prepass = undefined
    }
    class Mirrored extends LevelNetwork {
      override readonly transform = { ...frames, padMode: 'reflect' as const }
    }
    await expect(createSongListeners(new Plain(2), backend)).rejects.toThrow(/Plain: wants no facts of a song/)
    await expect(createSongListeners(new Mirrored(2), backend)).rejects.toThrow(/Mirrored: .* centred frames with zeros around it/)
  })
})

async function separatorFor(network: SeparationNetwork, windowFrames: number): Promise<Separator> {
  const values = layoutOf(network).parameterCount > 0 ? initialValues(network, 7) : new Map<string, Float32Array>()
  // Disposed of with its own backend, so that the shared one lives on.
  const own = await createOnnxRuntimeBackend({ threads: 1 })
  const separator = await createSeparator({ name: 'test', network, values, backend: own, frames: windowFrames })
  // Networks that hear everything would have a second, longer than these windows.
  return { ...separator, margin: Math.min(24, separator.margin) }
}

/** Notes the facts that windows come with. */
function spied(separator: Separator) {
  const told: (SongFacts | undefined)[] = []
  const spy: Separator = {
    ...separator,
    predict: (window, options = {}) => {
      told.push(options.facts)
      return separator.predict(window, options)
    },
  }
  return { spy, told }
}

describe('separate', () => {
  it('gives of a file in windows what the network gives of the whole song at once', async () => {
    const network = new LevelNetwork(2)
    const separator = await separatorFor(network, 65)
    const whole = song(2, 512 + 8 * 173) as [Float32Array, Float32Array]
    // Windows begin at every 256th sample, at whole hops of the transform as the song's own frames do.
    const vocals = await vocalsOf(fileOf(whole).source, separator, { overlap: 0.5 })
    const x = input('x', [1, 2, whole[0].length])
    const direct = await runOnce(createReferenceBackend(), network.waveforms(x), { x: Float32Array.of(...whole[0], ...whole[1]) })
    const at = [0, 1].map((c) => Array.from(direct.vocals!, Number).slice(c * whole[0].length, (c + 1) * whole[0].length))
    // Float32 against float64, of samples up to 0.5.
    expect(distance(vocals, at)).toBeLessThan(2e-6)
    // Not so where each window is taken for a song: most of them are five times too loud.
    const { prepass: __, ...alone } = separator
    expect(distance(await vocalsOf(fileOf(whole).source, alone, { overlap: 0.5 }), at)).toBeGreaterThan(0.05)
    await separator.dispose()
  })

  it.each([
    ['complex', 2],
    ['mask', 2],
    ['complex', 1],
    ['mask', 1],
  ] as const)('4.20, 4.35 gives FrameTransformer the scales of the song with every window: %s, %i channels', async (estimate, channels) => {
    const network = frameTransformer(estimate, channels)
    const separator = await separatorFor(network, 13)
    const whole = song(2, 800)
    const peaks = await peaksOf(network, whole)
    // The same windows through the network in float64, with the whole song's scales as numbers.
    const [mixture, names] = [input('mixture', [2 / channels, channels, separator.windowLength]), Object.keys(peaks)]
    const scales = Object.fromEntries(names.map((name) => [name, input(name, [2 / channels, 1, 1, 1])]))
    const outputs = network.waveforms(mixture, scales)
    const direct: Separator = {
      ...separatorOf(identity, { windowLength: separator.windowLength, margin: separator.margin, sampleRate: 8000 }),
      predict: async ([left, right]) => {
        const feeds = { ...Object.fromEntries(initialValues(network, 7)), mixture: Float32Array.of(...left, ...right) }
        const told = Object.fromEntries(names.map((name) => [name, Float32Array.from(peaks[name]!)]))
        const flat = Float32Array.from((await runOnce(createReferenceBackend(), outputs, { ...feeds, ...told })).vocals!, Number)
        return { vocals: [flat.subarray(0, left.length), flat.subarray(left.length)] }
      },
    }
    const { spy, told } = spied(separator)
    const { source } = fileOf(whole)
    const vocals = await vocalsOf(source, spy, { overlap: 0.25 })
    expect(distance(vocals, await vocalsOf(pipeOf(whole), direct, { overlap: 0.25 }))).toBeLessThan(2e-5)
    expect(told.length).toBeGreaterThan(4)
    for (const facts of told) expectFacts(facts!, peaks)
    await separator.dispose()
  })

  it('tells windows of a pipe what is known of the song up to their end, and the last one all', async () => {
    const network = frameTransformer('mask', 2)
    const { spy, told } = spied(await separatorFor(network, 33))
    const whole = song(2, 3000)
    const seen: SeparationProgress[] = []
    await vocalsOf(pipeOf(whole), spy, { overlap: 0.25, onListening: (progress) => seen.push(progress) })
    const hop = 0.75 * spy.windowLength
    for (const [k, facts] of told.entries()) {
      const end = Math.min(k * hop + spy.windowLength, 3000)
      expectFacts(
        facts!,
        await peaksOf(
          network,
          whole.map((samples) => samples.subarray(0, end)),
        ),
      )
    }
    expect(told[0]!.magnitude![0]!).toBeLessThan(0.5 * told.at(-1)!.magnitude![0]!)
    expect(seen).toEqual([])
    await spy.dispose()
  })

  it('takes a window without facts for a song', async () => {
    const separator = await separatorFor(frameTransformer('complex', 2), 33)
    const [left, right] = song(2, separator.windowLength) as [Float32Array, Float32Array]
    const listener = separator.prepass!()
    await listener.hear([left, right])
    const facts = await listener.facts()
    const [one, other] = [await separator.predict([left, right]), await separator.predict([left, right], { facts })]
    expect(one).toEqual(other)
    await separator.dispose()
  })
})

/** A separator that asks for facts; what its listeners hear, as samples. */
function listeningSeparator(onHear: (heard: number) => void | Promise<void> = () => {}) {
  const separator = separatorOf(identity, { windowLength: 512, margin: 64, sampleRate: 8000 })
  let heard = 0
  const prepass: Separator['prepass'] = () => ({
    hear: async ([left]) => {
      heard += left.length
      await onHear(heard)
    },
    facts: async () => ({ heard: Float32Array.of(heard) }),
  })
  return Object.assign(separator, { prepass })
}

describe('hearing a song through', () => {
  it('keeps no more of it than a window and a block, whatever its length', async () => {
    const furthest = async (length: number) => {
      const { source, opened } = fileOf(noise(1, length), { blockLength: 200 })
      let ahead = 0
      const separator = listeningSeparator((heard) => {
        ahead = Math.max(ahead, opened[1]!.given - heard)
      })
      expect((await vocalsOf(source, separator))[0]!.length).toBe(length)
      return ahead
    }
    for (const length of [5000, 50_000, 200_000]) expect(await furthest(length)).toBeLessThanOrEqual(512 + 200)
  })

  it('is told as progress of its own, from nothing to the whole song, before the first window', async () => {
    const { source, opened } = fileOf(noise(2, 5000), { lengthKnown: false })
    const order: [string, SeparationProgress][] = []
    await vocalsOf(source, listeningSeparator(), {
      onListening: (progress) => order.push(['listening', progress]),
      onProgress: (progress) => order.push(['separating', progress]),
    })
    const listening = order.filter(([kind]) => kind === 'listening')
    expect(listening.length).toBeGreaterThan(5)
    expect(order.slice(0, listening.length)).toEqual(listening)
    expect(listening[0]![1].totalSeconds).toBeUndefined()
    expect(listening.at(-1)![1]).toEqual({ doneSeconds: 5000 / 8000, totalSeconds: 5000 / 8000 })
    const seconds = listening.map(([, { doneSeconds }]) => doneSeconds)
    expect(seconds).toEqual([...seconds].sort((a, b) => a - b))
    expect(opened.map(({ closed }) => closed)).toEqual([true, true])
  })

  it('can be stopped: the reason comes out, both sources are closed, and no window is separated', async () => {
    const { source, opened } = fileOf(noise(2, 5000))
    const controller = new AbortController()
    const separator = listeningSeparator((heard) => {
      if (heard > 1000) controller.abort(new Error('enough'))
    })
    await expect(vocalsOf(source, separator, { signal: controller.signal })).rejects.toThrow('enough')
    expect(opened.map(({ closed }) => closed)).toEqual([true, true])
    expect(separator.calls).toBe(0)
  })

  it('passes on what breaks in it: the source, the listener', async () => {
    const broken = fileOf(noise(2, 5000), { failure: new Error('the disk is gone') })
    await expect(vocalsOf(broken.source, listeningSeparator())).rejects.toThrow('the disk is gone')
    expect(broken.opened.map(({ closed }) => closed)).toEqual([true, true])
    const deaf = listeningSeparator(() => Promise.reject(new Error('no memory')))
    const { source, opened } = fileOf(noise(2, 5000))
    await expect(vocalsOf(source, deaf)).rejects.toThrow('no memory')
    expect(opened.map(({ closed }) => closed)).toEqual([true, true])
  })
})
