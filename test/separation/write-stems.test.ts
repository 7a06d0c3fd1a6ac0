/** Files of stems: they sum to the song to the last bit, keep its format, and appear whole or not at all. */

import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type AudioBlock, type AudioInfo, openAudio, quantise, type SampleFormat } from '../../src/audio/index.ts'
import { type SeparationProgress, type Separator, stemFormatFor, type WriteStemsOptions, writeStems } from '../../src/separation/index.ts'
import { type FakeSource, identity, noise, perChannel, separatorOf, smoothing, sourceOf } from './fakes.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'divisi-test-'))
})

afterEach(() => rm(folder, { recursive: true }))

const int = (bits: number): SampleFormat => ({ kind: 'int', bits })
const float32: SampleFormat = { kind: 'float', bits: 32 }

async function readAll(name: string): Promise<{ info: AudioInfo; samples: Float64Array[] }> {
  const { info, blocks } = await openAudio(join(folder, name))
  const parts: AudioBlock[] = []
  for await (const block of blocks) parts.push(block.map((samples) => samples.slice()))
  const samples = Array.from({ length: info.channels }, (_, c) => Float64Array.from(parts.flatMap((part) => [...part[c]!])))
  return { info, samples }
}

async function write(source: FakeSource, separator: Separator, options: Partial<WriteStemsOptions> = {}) {
  return writeStems(source, { separator, folder, base: 'song', ...options })
}

/** The samples in 64 bits, without the negative zeros that rounding leaves and sums lose. */
function plain(song: AudioBlock, change: (sample: number) => number = (sample) => sample): Float64Array[] {
  return song.map((samples) => Float64Array.from(samples, (sample) => change(sample) + 0))
}

async function sumOfFiles(): Promise<Float64Array[]> {
  const { samples: vocals } = await readAll('song.vocals.wav')
  const { samples: rest } = await readAll('song.instrumental.wav')
  return vocals.map((samples, c) => samples.map((sample, i) => sample + rest[c]![i]!))
}

describe('stemFormatFor', () => {
  it.each([
    [int(16), int(16)],
    [int(24), int(24)],
    [int(32), int(32)],
    [float32, float32],
    [{ kind: 'float', bits: 64 } as const, { kind: 'float', bits: 64 } as const],
    [int(8), int(16)],
    [int(12), int(16)],
    [int(20), int(24)],
    [undefined, int(16)],
  ])('writes %o as %o', (sampleFormat, expected) => {
    expect(stemFormatFor({ sampleFormat })).toEqual(expected)
  })
})

describe('writeStems', () => {
  it.each([
    [16, 1, 44100],
    [16, 2, 48000],
    [24, 2, 44100],
    [24, 1, 22050],
    [32, 2, 44100],
    [8, 2, 44100],
  ])('writes %i-bit songs of %i channels at %i Hz as files that sum to them exactly', async (bits, channels, sampleRate) => {
    const song =
      bits === 32
        ? noise(channels, 5001).map((s) => Float64Array.from(s, (x) => Math.round(x * 2 ** 31 + 0.3) / 2 ** 31))
        : noise(channels, 5001, { bits })
    const written = await write(sourceOf(song, { sampleRate, sampleFormat: int(bits) }), separatorOf(smoothing))
    expect(written).toEqual({
      files: { vocals: 'song.vocals.wav', instrumental: 'song.instrumental.wav' },
      frames: 5001,
      format: 'wav',
      sampleRate,
      sampleFormat: int(bits === 8 ? 16 : bits),
      dithered: false,
      gain: 1,
    })
    expect(await sumOfFiles()).toEqual(plain(song))
    const { info } = await readAll('song.vocals.wav')
    expect(info).toMatchObject({ sampleRate, channels, frames: 5001, sampleFormat: written.sampleFormat })
    expect((await readdir(folder)).sort()).toEqual(['song.instrumental.wav', 'song.vocals.wav'])
  })

  it('writes a lossy song as 16 bits whose sum is the rounded song', async () => {
    const song = noise(2, 3000)
    await write(sourceOf(song), separatorOf(smoothing))
    expect(await sumOfFiles()).toEqual(plain(song.map((samples) => quantise(samples, int(16)))))
  })

  it('writes float songs as floats that sum to the song within −100 dB, above full scale too', async () => {
    const song = noise(2, 3000, { level: 3 })
    const { gain } = await write(sourceOf(song, { sampleFormat: float32 }), separatorOf(smoothing))
    expect(gain).toBe(1)
    const sum = await sumOfFiles()
    const error = Math.max(...sum.flatMap((samples, c) => Array.from(samples, (sample, i) => Math.abs(sample - song[c]![i]!))))
    expect(error).toBeLessThan(3 * 1e-5)
  })

  it('takes another depth on request: the files sum to the song rounded to it', async () => {
    const song = noise(2, 2000, { bits: 24 })
    await write(sourceOf(song, { sampleFormat: int(24) }), separatorOf(smoothing), { sampleFormat: int(16), dither: false })
    expect(await sumOfFiles()).toEqual(plain(song.map((samples) => quantise(samples, int(16)))))
  })

  it.each([16, 24, 32])('lowers %i-bit stems by one gain where one would clip, so that they sum to the song at that gain', async (bits) => {
    const song = noise(2, 20_000, { level: 0.99, bits: Math.min(bits, 24) })
    const loud = perChannel((samples) => samples.map((sample, i) => (i % 50 === 0 ? 1.4 : 0.5) * sample))
    const { gain } = await write(sourceOf(song, { sampleFormat: int(bits) }), separatorOf(loud))
    expect(gain).toBeLessThan(1)
    const { samples: vocals } = await readAll('song.vocals.wav')
    const peak = Math.max(...vocals.map((samples) => Math.max(...samples.map(Math.abs))))
    expect(peak).toBeGreaterThan(0.999) // no more is taken away than needed
    expect(peak).toBeLessThan(1)
    const scale = 2 ** (bits - 1)
    expect(await sumOfFiles()).toEqual(plain(song, (sample) => Math.round(gain * sample * scale) / scale))
    expect((await readdir(folder)).sort()).toEqual(['song.instrumental.wav', 'song.vocals.wav'])
  })

  it('lowers stems also when the instrumental clips, and when nearly every sample does', async () => {
    const song = noise(1, 30_000, { level: 0.99, bits: 16 })
    const inverted = perChannel((samples) => samples.map((sample) => -9 * sample))
    const { gain } = await write(sourceOf(song, { sampleFormat: int(16) }), separatorOf(inverted))
    expect(gain).toBeCloseTo(1 / 9.9, 2)
    const scale = 2 ** 15
    expect(await sumOfFiles()).toEqual(plain(song, (sample) => Math.round(gain * sample * scale) / scale))
    const { samples } = await readAll('song.vocals.wav')
    expect(Math.max(...samples[0]!.map((sample, i) => Math.abs(sample + 9 * gain * song[0]![i]!)))).toBeLessThan(1e-4)
  })

  it('writes a single stem, the same samples as beside the other', async () => {
    const song = noise(2, 3000, { bits: 16 })
    const make = () => sourceOf(song, { sampleFormat: int(16) })
    await write(make(), separatorOf(smoothing))
    const { files } = await write(make(), separatorOf(smoothing), { base: 'only', stems: ['instrumental'] })
    expect(files).toEqual({ instrumental: 'only.instrumental.wav' })
    expect(await readFile(join(folder, 'only.instrumental.wav'))).toEqual(await readFile(join(folder, 'song.instrumental.wav')))
    expect(await readdir(folder)).not.toContain('only.vocals.wav')
  })

  it('makes the folder where missing', async () => {
    await write(sourceOf(noise(1, 10)), separatorOf(identity), { folder: join(folder, 'a', 'b') })
    expect(await readdir(join(folder, 'a', 'b'))).toEqual(['song.instrumental.wav', 'song.vocals.wav'])
  })

  it('replaces nothing unless asked to, and then both', async () => {
    await writeFile(join(folder, 'song.instrumental.wav'), 'precious')
    await expect(write(sourceOf(noise(1, 10)), separatorOf(identity))).rejects.toThrow(/song\.instrumental\.wav exists/)
    expect(await readdir(folder)).toEqual(['song.instrumental.wav'])
    expect(await readFile(join(folder, 'song.instrumental.wav'), 'utf8')).toBe('precious')
    await write(sourceOf(noise(1, 10)), separatorOf(identity), { overwrite: true })
    expect((await readAll('song.instrumental.wav')).samples[0]).toHaveLength(10)
  })

  it('restores what it has replaced when the other file cannot be', async () => {
    await mkdir(join(folder, 'song.instrumental.wav'))
    await writeFile(join(folder, 'song.instrumental.wav', 'inside'), 'precious too')
    const attempt = () => write(sourceOf(noise(1, 10)), separatorOf(identity), { overwrite: true })
    await expect(attempt()).rejects.toThrow(/song\.instrumental\.wav is a folder, which is not replaced/)
    expect(await readdir(folder)).toEqual(['song.instrumental.wav'])
    await writeFile(join(folder, 'song.vocals.wav'), 'precious')
    await expect(attempt()).rejects.toThrow(/is a folder/)
    expect((await readdir(folder)).sort()).toEqual(['song.instrumental.wav', 'song.vocals.wav'])
    expect(await readFile(join(folder, 'song.vocals.wav'), 'utf8')).toBe('precious')
    expect(await readdir(join(folder, 'song.instrumental.wav'))).toEqual(['inside'])
  })

  it('removes the folders that it made for a song that fails, and no others', async () => {
    await mkdir(join(folder, 'a'))
    const broken = sourceOf(noise(2, 20_000), { failure: new Error('breaks off') })
    await expect(write(broken, separatorOf(identity), { folder: join(folder, 'a', 'b', 'c') })).rejects.toThrow('breaks off')
    expect(await readdir(join(folder, 'a'))).toEqual([])
  })

  it('tells how far it is while stems are lowered', async () => {
    const told: SeparationProgress[] = []
    const loud = perChannel((samples) => samples.map((sample) => 1.4 * sample))
    const song = noise(1, 40_000, { level: 0.99, bits: 16 })
    const onLowering = (progress: SeparationProgress) => void told.push(progress)
    await write(sourceOf(song, { sampleFormat: int(16) }), separatorOf(loud), { onLowering })
    expect(told.length).toBeGreaterThan(1)
    expect(told.at(-1)).toEqual({ doneSeconds: 40_000 / 44100, totalSeconds: 40_000 / 44100 })
    expect(told.map(({ doneSeconds }) => doneSeconds)).toEqual(told.map(({ doneSeconds }) => doneSeconds).toSorted((a, b) => a - b))
  })

  it('leaves nothing behind when the source breaks off, the network fails, the song is empty or the work is aborted', async () => {
    const long = noise(2, 20_000)
    const broken = sourceOf(long, { failure: new Error('breaks off at 0.45 s') })
    await expect(write(broken, separatorOf(identity))).rejects.toThrow('breaks off')
    let runs = 0
    const failing = separatorOf((window) => (runs++ > 5 ? Promise.reject(new Error('network failed')) : identity(window)))
    await expect(write(sourceOf(long), failing)).rejects.toThrow('network failed')
    await expect(write(sourceOf([new Float32Array(0)]), separatorOf(identity))).rejects.toThrow('holds no sound')
    const controller = new AbortController()
    const onProgress = ({ doneSeconds }: { doneSeconds: number }) => doneSeconds > 0.2 && controller.abort(new Error('interrupted'))
    const source = sourceOf(long)
    await expect(write(source, separatorOf(identity), { signal: controller.signal, onProgress })).rejects.toThrow('interrupted')
    expect(source.closed).toBe(true)
    expect(await readdir(folder)).toEqual([])
  })
})
