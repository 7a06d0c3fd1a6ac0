import { mkdtemp, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type CachedTrack, createCacheReader, prepareSpectrograms, readSpectrogram } from '../../src/data/index.ts'
import { createFrontEnd, type FrontEndOptions } from '../../src/dsp/index.ts'
import { evaluate } from '../../src/runtime/index.ts'
import { constant, createRandom } from '../../src/tensor/index.ts'
import { onnxRuntime } from '../tensor/support.ts'

const onnx = onnxRuntime()
let folder: string
let cache: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'divisi-spectrograms-'))
  cache = join(folder, 'spectrograms')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** A decoded recording of noise, as prepareCache leaves it. */
async function track(id: string, frames: number, channels: 1 | 2, rate = 8000): Promise<CachedTrack> {
  const random = createRandom(frames)
  const samples = Int16Array.from({ length: frames * channels }, () => Math.round(random.uniform(-8000, 8000)))
  const file = join(folder, `${id}-${rate}-v1.pcm`)
  await writeFile(file, new Uint8Array(samples.buffer))
  return {
    id,
    kind: 'vocals',
    split: 'train',
    group: 'a/b',
    name: id,
    frames,
    channels,
    envelope: new Float32Array(1),
    rms: 0.2,
    peak: 0.5,
    file,
  }
}

const options: FrontEndOptions = { sampleRate: 8000, nFft: 64, hopLength: 16, melBands: 10, compression: 'decibels' }

async function onTheFly(track: CachedTrack, wanted: FrontEndOptions): Promise<Float32Array> {
  const samples = createCacheReader()(track, 0, track.frames)
  const flat = Float32Array.from(samples.flatMap((channel) => Array.from(channel)))
  const [y] = await evaluate(() => [createFrontEnd(wanted).forward(constant(flat, [track.channels, track.frames]))], onnx())
  return y as Float32Array
}

function worst(actual: Float32Array, expected: Float32Array): number {
  if (actual.length !== expected.length) return Infinity
  return actual.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0)
}

const prepare = (tracks: readonly CachedTrack[], wanted: FrontEndOptions) =>
  prepareSpectrograms(tracks, cache, { frontEnd: createFrontEnd(wanted), backend: onnx() })

describe('3.20 spectrograms ahead of time', () => {
  const { melBands: _m, compression: _c, ...plain } = options
  it.each<readonly [string, FrontEndOptions]>([
    ['mel bands in decibels', options],
    ['mirrored ends', { ...plain, padMode: 'reflect', power: 1 }],
    ['frames that are not centred', { ...plain, center: false, window: { name: 'kaiser', beta: 8 } }],
  ])('3.20 equal those on the fly, across blocks and at both ends: %s', async (_, wanted) => {
    // 5000 samples are 313 frames, a block and a part of one; 200 samples are less than a block; 4096 end with one.
    const tracks = [await track('a', 5000, 2), await track('b', 200, 1), await track('c', 255 * 16, 1)]
    for (const cached of await prepare(tracks, wanted)) {
      const expected = await onTheFly(cached.track, wanted)
      const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1)
      // float32: the same sums in another order.
      expect(worst(readSpectrogram(cached, 0, cached.frames), expected) / scale).toBeLessThan(1e-6)
    }
  })

  it('3.20 give any stretch of frames of all channels', async () => {
    const [cached] = await prepare([await track('a', 5000, 2)], options)
    expect(cached).toMatchObject({ channels: 2, frames: 313, features: 10 })
    const whole = readSpectrogram(cached!, 0, 313)
    const part = readSpectrogram(cached!, 250, 20)
    for (let c = 0; c < 2; c++) {
      expect(part.subarray(c * 200, (c + 1) * 200)).toEqual(whole.subarray((c * 313 + 250) * 10, (c * 313 + 270) * 10))
    }
    expect(() => readSpectrogram(cached!, 300, 14)).toThrow('a: frames 300 to 314 asked, it has 313')
  })

  it('3.20 are computed once, and again for another hop, another window, another recording, or a file that was cut', async () => {
    const [a, b] = [await track('a', 1000, 1), await track('b', 1000, 1)]
    const [first] = await prepare([a], options)
    const { mtimeMs } = await stat(first!.file)
    // An option more or less changes the key, an order does not.
    const [again] = await prepare([a], Object.fromEntries(Object.entries(options).reverse()) as unknown as FrontEndOptions)
    expect(again!.file).toBe(first!.file)
    expect((await stat(first!.file)).mtimeMs).toBe(mtimeMs)
    const others = [
      ...(await prepare([a], { ...options, hopLength: 20 })),
      ...(await prepare([a], { ...options, window: 'blackman' })),
      ...(await prepare([a], { ...options, window: new Float64Array(64).fill(1) })),
      ...(await prepare([b], options)),
    ]
    expect(new Set([first!.file, ...others.map(({ file }) => file)]).size).toBe(5)
    expect(others[0]!.frames).toBe(51)
    const expected = readSpectrogram(first!, 0, 63)
    await truncate(first!.file, 100)
    const [repaired] = await prepare([a], options)
    expect(readSpectrogram(repaired!, 0, 63)).toEqual(expected)
    expect((await readdir(cache)).filter((name) => name.endsWith('.tmp'))).toEqual([])
  })

  it('3.20 stop on demand and leave nothing half written', async () => {
    const controller = new AbortController()
    const tracks = [await track('a', 1000, 1), await track('b', 1000, 1)]
    const done: number[] = []
    const onProgress = (count: number) => {
      done.push(count)
      controller.abort()
    }
    const frontEnd = createFrontEnd(options)
    await expect(prepareSpectrograms(tracks, cache, { frontEnd, backend: onnx(), signal: controller.signal, onProgress })).rejects.toThrow()
    expect(done).toEqual([1])
    expect((await readdir(cache)).length).toBe(2)
  })

  it('3.20 refuse another sample rate, levels that are relative to the whole, and recordings that are too short', async () => {
    const a = await track('a', 30, 1)
    await expect(prepare([a], { ...options, sampleRate: 16000 })).rejects.toThrow(
      'front-end sampleRate: 16000 Hz; a was decoded at 8000 Hz, give one to both',
    )
    await expect(prepare([a], { ...options, topDb: 80 })).rejects.toThrow(/front-end topDb: 80; spectrograms are computed in blocks/)
    await expect(prepare([a], { ...options, padMode: 'reflect' })).rejects.toThrow('a: has 30 samples; the front-end needs 33')
    await expect(prepare([a], { ...options, center: false })).rejects.toThrow('a: has 30 samples; the front-end needs 64')
  })
})
