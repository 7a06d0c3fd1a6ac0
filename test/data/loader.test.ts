import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createWavWriter } from '../../src/audio/index.ts'
import {
  type Batch,
  type CachedTrack,
  createLoader,
  type Loader,
  type LoaderOptions,
  listFiles,
  locateFiles,
  mixConfig,
  prepareCache,
} from '../../src/data/index.ts'
import { createPcmWriter } from '../../src/data/pcm.node.ts'
import type { Kind, Split } from '../../src/data/tracks.ts'

const FRAMES = 4096
let folder: string
const tracks: CachedTrack[] = []
const open: Loader[] = []

async function put(kind: Kind, split: Split, group: string, hz: number): Promise<void> {
  const base = join(folder, `${kind}-${hz}`)
  const writer = await createPcmWriter(base, 1, 44100)
  await writer.write([Float32Array.from({ length: 44100 }, (_, i) => 0.4 * Math.sin((2 * Math.PI * hz * i) / 44100))])
  const facts = await writer.finish(base)
  tracks.push({ id: base, kind, split, group, name: base, file: `${base}.pcm`, ...facts, envelope: Float32Array.from(facts.envelope) })
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'divisi-loader-'))
  await put('vocals', 'train', 'a/a', 300)
  await put('vocals', 'train', 'b/b', 400)
  await put('instrumental', 'train', 'c/c', 150)
  await put('vocals', 'valid', 'd/d', 1000)
  await put('instrumental', 'valid', 'e/e', 2000)
})
afterAll(() => rm(folder, { recursive: true, force: true }))
afterEach(async () => {
  for (const loader of open.splice(0)) await loader.close()
})

function start(options: Partial<LoaderOptions> = {}): Loader {
  const loader = createLoader({ tracks, config: mixConfig(), seed: 1, batchSize: 2, frames: FRAMES, ...options })
  open.push(loader)
  return loader
}

describe('batches', () => {
  it('depend on seed and step only: not on the workers, the order or what was asked before', async () => {
    const one = start()
    const many = start({ workers: 2, prefetch: 0 })
    const wanted = await Promise.all([0, 1, 2].map((step) => one.batch(step)))
    expect(await many.batch(2)).toEqual(wanted[2])
    expect(await many.batch(0)).toEqual(wanted[0])
    expect(await one.batch(1)).toEqual(wanted[1])
    expect(wanted[0]!.mixture).not.toEqual(wanted[1]!.mixture)
    const other = start({ seed: 2 })
    expect((await other.batch(0)).mixture).not.toEqual(wanted[0]!.mixture)
  })

  it('5.6 are equal bit for bit for 1 and 3 workers, with and without batches made ahead, and for a run that begins in the middle', async () => {
    const steps = [0, 1, 2, 3, 4, 5, 6]
    const loaders = [start(), start({ workers: 3, prefetch: 4 }), start({ workers: 3, prefetch: 0 })]
    const [one, three, none] = await Promise.all(
      loaders.map(async (loader) => {
        const batches: Batch[] = []
        for (const step of steps) batches.push(await loader.batch(step))
        return batches
      }),
    )
    expect(three).toEqual(one)
    expect(none).toEqual(one)
    const resumed = start({ workers: 2 })
    for (const step of [4, 5, 6]) expect(await resumed.batch(step), `step ${step}`).toEqual(one![step])
  })

  it('5.6 are shuffled by the seed: a seed has its own order of voices, the same each time, and every voice comes', async () => {
    const still = { speed: 0, equalise: 0, bandLimit: 0, reverb: 0, double: 0, slap: 0, saturate: 0, compress: 0 }
    const config = mixConfig({ noVocals: 0, vocalsOnly: 0, speech: 0, bandLimit: 0, vocals: still, instrumental: still })
    /** Which of both voices each of 24 examples has, by the power at its frequency. */
    const order = async (seed: number) => {
      const { vocals } = await start({ seed, config, batchSize: 24 }).batch(0)
      const powerAt = (item: number, hz: number) => {
        let [re, im] = [0, 0]
        for (let i = 0; i < FRAMES; i++) {
          re += vocals[item * 2 * FRAMES + i]! * Math.cos((2 * Math.PI * hz * i) / 44100)
          im += vocals[item * 2 * FRAMES + i]! * Math.sin((2 * Math.PI * hz * i) / 44100)
        }
        return re * re + im * im
      }
      return Array.from({ length: 24 }, (_, item) => (powerAt(item, 300) > powerAt(item, 400) ? 300 : 400))
    }
    const [first, again, other] = [await order(1), await order(1), await order(2)]
    expect(again).toEqual(first)
    expect(other).not.toEqual(first)
    expect(new Set(first)).toEqual(new Set([300, 400]))
  })

  it('5.6 are made ahead by the worker: it has been asked for the next ones before anything that is asked later', async () => {
    /** What comes first from one worker: the next batch, or held-out examples that were asked for before it. */
    const first = async (prefetch: number) => {
      const loader = start({ prefetch })
      await loader.batch(0)
      const order: string[] = []
      const held = loader.validation(1).then(() => order.push('validation'))
      await Promise.all([held, loader.batch(1).then(() => order.push('batch'))])
      return order[0]
    }
    expect([await first(2), await first(0)]).toEqual(['batch', 'validation'])
  })

  it('hold (batch, 2, frames) samples, and an item does not depend on how many are beside it', async () => {
    const small = await start().batch(5)
    const large = await start({ batchSize: 4 }).batch(5)
    expect(small.mixture.length).toBe(2 * 2 * FRAMES)
    expect(small.vocals.length).toBe(2 * 2 * FRAMES)
    expect(large.mixture.subarray(0, small.mixture.length)).toEqual(small.mixture)
  })

  it('come while the main thread goes on', async () => {
    const loader = start({ frames: 4 * 44100, batchSize: 8, prefetch: 0 })
    // The worker is up and has made an example, so that no turn below is one of its start.
    await loader.validation(1, { frames: 1 })
    let made = false
    const large = loader.batch(0).then(() => (made = true))
    // Made on this thread, the batch would be there at the first turn of the event loop; ten turns are nothing beside eight examples.
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect(made).toBe(false)
    expect(await large).toBe(true)
  })

  it('have the sample rate of the cache they are made from', async () => {
    // An odd rate, into which the recordings of another one are brought.
    const rate = 11025
    const data = join(folder, 'recordings')
    for (const [kind, hz] of [
      ['vocals', 1000],
      ['instrumental', 2000],
    ] as const) {
      await mkdir(join(data, kind), { recursive: true })
      const writer = await createWavWriter(join(data, kind, 'tone.wav'), {
        sampleRate: 16000,
        channels: 1,
        sampleFormat: { kind: 'float', bits: 32 },
      })
      await writer.write([Float32Array.from({ length: 4 * 16000 }, (_, i) => 0.4 * Math.sin((2 * Math.PI * hz * i) / 16000))])
      await writer.finish()
    }
    const list = await listFiles(data, { validShare: 0 })
    const low = await prepareCache(await locateFiles(list, data), join(folder, 'low'), { rate })
    expect(low.map((t) => [t.frames, t.envelope.length])).toEqual([
      [4 * rate, 8],
      [4 * rate, 8],
    ])
    const still = { speed: 0, equalise: 0, bandLimit: 0, reverb: 0, double: 0, slap: 0, saturate: 0, compress: 0 }
    const config = mixConfig({ noVocals: 0, vocalsOnly: 0, speech: 0, bandLimit: 0, vocals: still, instrumental: still })
    const { mixture, vocals } = await start({ tracks: low, config, rate, frames: rate, batchSize: 1 }).batch(0)
    const powerAt = (x: Float32Array, hz: number): number => {
      let [re, im] = [0, 0]
      for (let i = 0; i < rate; i++) {
        re += x[i]! * Math.cos((2 * Math.PI * hz * i) / rate)
        im += x[i]! * Math.sin((2 * Math.PI * hz * i) / rate)
      }
      return re * re + im * im
    }
    // Each tone at its own frequency only: 16-bit steps leave the other bin 60 dB below.
    expect(powerAt(vocals, 1000)).toBeGreaterThan(1e6 * powerAt(vocals, 2000))
    const music = mixture.map((x, i) => x - vocals[i]!)
    expect(powerAt(music, 2000)).toBeGreaterThan(1e6 * powerAt(music, 1000))
  })
})

describe('validation', () => {
  it('gives the same held-out examples whatever the seed and the recipe, the second of two in mono', async () => {
    const one = start()
    const two = start({ seed: 77, config: mixConfig({ levelRatio: { mean: 9 }, mono: 1 }) })
    const held = await one.validation(4)
    expect(await two.validation(4)).toEqual(held)
    expect((await one.validation(2, { first: 2 })).mixture).toEqual(held.mixture.subarray(2 * 2 * FRAMES))
    const channel = (item: number, c: number) => held.mixture.subarray((item * 2 + c) * FRAMES, (item * 2 + c + 1) * FRAMES)
    expect(channel(1, 0)).toEqual(channel(1, 1))
  })

  it('never uses a training track: its voice is the held-out tone', async () => {
    const { vocals } = await start().validation(1, { frames: 8192 })
    const power = (hz: number): number => {
      let re = 0
      let im = 0
      for (let i = 0; i < 8192; i++) {
        re += vocals[i]! * Math.cos((2 * Math.PI * hz * i) / 44100)
        im += vocals[i]! * Math.sin((2 * Math.PI * hz * i) / 44100)
      }
      return re * re + im * im
    }
    for (const hz of [300, 400, 150, 2000]) expect(power(1000)).toBeGreaterThan(1000 * power(hz))
  })

  it('is refused without held-out tracks', async () => {
    const loader = start({ tracks: tracks.filter((t) => t.split === 'train') })
    await expect(loader.validation(1)).rejects.toThrow(/no track is of the split "valid"/)
    expect((await loader.batch(0)).mixture.length).toBeGreaterThan(0)
  })
})

describe('failures', () => {
  it('of a batch reach the one who asked, and the loader lives on', async () => {
    const loader = start({ tracks: tracks.filter((t) => !(t.kind === 'instrumental' && t.split === 'train')) })
    await expect(loader.batch(0)).rejects.toThrow(/no tracks of kind "instrumental"/)
    expect((await loader.validation(1)).mixture.length).toBe(2 * FRAMES)
  })

  it('of a missing cache file say which', async () => {
    const loader = start({ tracks: tracks.map((t) => ({ ...t, file: `${t.file}.gone` })) })
    await expect(loader.batch(0)).rejects.toThrow(/ENOENT.*\.gone/)
  })

  it('closing rejects what is still under way and later requests', async () => {
    const loader = start({ frames: 44100, batchSize: 16 })
    const pending = loader.batch(0)
    const refused = expect(pending).rejects.toThrow(/closed/)
    await loader.close()
    await refused
    await expect(loader.batch(1)).rejects.toThrow(/closed/)
  })

  it('of arguments name them', () => {
    expect(() => start({ batchSize: 0 })).toThrow(/batchSize must be a whole number of at least 1, got 0/)
    expect(() => start({ frames: 1.5 })).toThrow(/frames must be a whole number of at least 1, got 1.5/)
    expect(() => start({ workers: 0 })).toThrow(/workers/)
  })
})
