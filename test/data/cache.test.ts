import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createWavWriter } from '../../src/audio/index.ts'
import { createCacheReader, type LocatedEntry, listFiles, locateFiles, prepareCache } from '../../src/data/index.ts'

let folder: string
let data: string
let cache: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'divisi-cache-'))
  data = join(folder, 'data')
  cache = join(folder, 'cache')
  await mkdir(join(data, 'vocals'), { recursive: true })
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const sine = (hz: number, frames: number, rate: number, amplitude = 0.5): Float32Array =>
  Float32Array.from({ length: frames }, (_, i) => amplitude * Math.sin((2 * Math.PI * hz * i) / rate))

async function wav(name: string, channels: Float32Array[], sampleRate: number): Promise<void> {
  const writer = await createWavWriter(join(data, 'vocals', name), {
    sampleRate,
    channels: channels.length,
    sampleFormat: { kind: 'float', bits: 32 },
  })
  await writer.write(channels)
  await writer.finish()
}

async function entries(): Promise<LocatedEntry[]> {
  return locateFiles(await listFiles(data), data)
}

describe('prepareCache', () => {
  it('keeps samples to 16 bits with 6 dB of headroom, one or two channels, and gives any stretch back', async () => {
    // Lossy decoders overshoot full scale: 1.6 must survive.
    const left = sine(440, 30000, 44100, 1.6)
    const right = sine(550, 30000, 44100)
    await wav('stereo.wav', [left, right], 44100)
    const [track] = await prepareCache(await entries(), cache)
    expect(track).toMatchObject({ kind: 'vocals', channels: 2, frames: 30000, name: 'stereo.wav' })
    expect(track!.peak).toBeCloseTo(1.6, 2)
    const read = createCacheReader()
    for (const [start, frames] of [
      [0, 30000],
      [12345, 1000],
      [29999, 1],
    ] as const) {
      const sound = read(track!, start, frames)
      // Half a step of 1/16384.
      for (const [c, whole] of [left, right].entries())
        for (let i = 0; i < frames; i++) expect(Math.abs(sound[c]![i]! - whole[start + i]!)).toBeLessThan(0.5 / 16384 + 1e-7)
    }
    expect(() => read(track!, 29990, 11)).toThrow(/samples 29990 to 30001 asked, it has 30000/)
  })

  it('brings other sample rates to the training rate', async () => {
    await wav('low.wav', [sine(1000, 16000, 16000)], 16000)
    const [track] = await prepareCache(await entries(), cache)
    expect(track).toMatchObject({ channels: 1, frames: 44100 })
    const [sound] = createCacheReader()(track!, 10000, 20000)
    const ideal = sine(1000, 44100, 44100).subarray(10000, 30000)
    // The quantiser's half step and the resampler's ripple (0.01 dB of 0.5 is 6e-4).
    for (let i = 0; i < 20000; i++) expect(Math.abs(sound![i]! - ideal[i]!)).toBeLessThan(7e-4)
  })

  it('knows where a track is silent', async () => {
    const x = new Float32Array(2 * 44100)
    x.set(sine(300, 44100, 44100), 44100)
    await wav('late.wav', [x], 44100)
    const [track] = await prepareCache(await entries(), cache)
    expect(Array.from(track!.envelope, (level) => level > 0.1)).toEqual([false, false, true, true])
    // Half of a sine of amplitude 0.5.
    expect(track!.rms).toBeCloseTo(0.25, 2)
  })

  it.each([
    [11025, 1],
    [11025, 2],
    [16000, 1],
    [22051, 2],
  ])('measures every half second at %i Hz in %i channel(s)', async (rate, channels) => {
    // Half seconds of 0.1, 0.2, … and a rest of 100 frames.
    const frames = 4 * rate + 100
    const steps = Float32Array.from({ length: frames }, (_, i) => (Math.floor((2 * i) / rate) + 1) / 10)
    await wav('steps.wav', Array<Float32Array>(channels).fill(steps), rate)
    const [track] = await prepareCache(await entries(), cache, { rate })
    expect(track!.envelope).toEqual(Float32Array.of(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9))
    // The mean square of 0.1 … 0.8 is 0.255; the rest of 100 frames adds less than 1 %.
    expect(track!.rms).toBeCloseTo(Math.sqrt(0.255), 2)
  })

  it('measures a recording again whose envelope is of the wrong length, as earlier versions left it at odd rates', async () => {
    await wav('a.wav', [sine(300, 3 * 11025, 11025)], 11025)
    const first = await prepareCache(await entries(), cache, { rate: 11025 })
    const beside = first[0]!.file.replace(/pcm$/, 'json')
    const facts = JSON.parse(await readFile(beside, 'utf8')) as { envelope: number[] }
    await writeFile(beside, JSON.stringify({ ...facts, envelope: [0.35] }))
    expect(await prepareCache(await entries(), cache, { rate: 11025 })).toEqual(first)
  })

  it('decodes each file once, and again where the cached one is damaged', async () => {
    await wav('a.wav', [sine(300, 1000, 44100)], 44100)
    await wav('b.wav', [sine(400, 1000, 44100)], 44100)
    const first = await prepareCache(await entries(), cache)
    const times = await Promise.all(first.map(async (t) => (await stat(t.file)).mtimeMs))
    await truncate(first[1]!.file, 100)
    const seen: number[] = []
    const second = await prepareCache(await entries(), cache, { onProgress: (done, total) => seen.push(done, total) })
    expect(seen).toEqual([1, 2, 2, 2])
    expect(second).toEqual(first)
    expect((await stat(first[0]!.file)).mtimeMs).toBe(times[0])
    expect((await stat(first[1]!.file)).size).toBe(2000)
  })

  it('lists all unusable recordings in one error and leaves nothing half made', async () => {
    await wav('good.wav', [sine(300, 1000, 44100)], 44100)
    await wav('silent.wav', [new Float32Array(1000)], 44100)
    await wav(
      'many.wav',
      [1, 2, 3].map((k) => sine(100 * k, 1000, 44100)),
      44100,
    )
    await writeFile(join(data, 'vocals/noise.mp3'), 'this is no sound file at all')
    const failed = prepareCache(await entries(), cache)
    await expect(failed).rejects.toThrow(/3 of 4 recordings cannot be used/)
    await expect(failed).rejects.toThrow(/many\.wav: has 3 channels; training takes mono and stereo only/)
    await expect(failed).rejects.toThrow(/silent\.wav: is silent/)
    await expect(failed).rejects.toThrow(/noise\.mp3/)
    await expect(failed).rejects.toThrow(/take them off the file list/)
    expect((await readdir(cache)).map((name) => name.replace(/^[0-9a-f]{64}/, '')).sort()).toEqual(['-44100-v1.json', '-44100-v1.pcm'])
  })

  it.each([
    ['NaN', Number.NaN, 44100],
    ['infinity', Number.NEGATIVE_INFINITY, 44100],
    ['NaN at another rate', Number.NaN, 48000],
  ])('refuses a recording with a sample of %s by name', async (_, wrong, rate) => {
    const x = sine(300, 1000, rate)
    x[500] = wrong
    await wav('broken.wav', [x], rate)
    await expect(prepareCache(await entries(), cache)).rejects.toThrow(/broken\.wav: is damaged at 0\.01\d s: it holds (NaN|-Infinity)/)
    expect(await readdir(cache)).toEqual([])
  })

  it('removes what a killed process left half written, and nothing that may still be in use', async () => {
    const dead = spawnSync(process.execPath, ['-e', '']).pid
    const names = [`a-44100-v1.${dead}.tmp`, `a-44100-v1.json.${dead}.tmp`, `b-44100-v1.${process.pid}.tmp`, `notes.${dead}.tmp`]
    const fresh = `c-44100-v1.${dead}.tmp`
    await mkdir(cache)
    const longAgo = new Date(2020, 1, 1)
    for (const name of [...names, fresh]) {
      await writeFile(join(cache, name), 'half')
      if (name !== fresh) await utimes(join(cache, name), longAgo, longAgo)
    }
    await prepareCache([], cache)
    expect((await readdir(cache)).sort()).toEqual([names[2]!, fresh, names[3]!])
  })

  it('stops at the signal and goes on at the next call', async () => {
    for (let i = 0; i < 4; i++) await wav(`${i}.wav`, [sine(300 + i, 1000, 44100)], 44100)
    const stop = new AbortController()
    const stopped = prepareCache(await entries(), cache, {
      signal: stop.signal,
      onProgress: (done) => done === 2 && stop.abort(new Error('enough')),
    })
    await expect(stopped).rejects.toThrow('enough')
    expect((await readdir(cache)).filter((name) => name.endsWith('.json'))).toHaveLength(2)
    expect(await prepareCache(await entries(), cache)).toHaveLength(4)
  })
})
