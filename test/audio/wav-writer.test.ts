import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { SampleFormat, Samples } from '../../src/audio/index.ts'
import { AudioError, createWavWriter } from '../../src/audio/index.ts'
import { createRandom } from '../../src/tensor/random.ts'
import { ffmpeg, readWhole, temporaryFolder } from './support.ts'

const folder = temporaryFolder()

/** Values that the format holds exactly, the extremes among them. */
function exactSamples({ kind, bits }: SampleFormat, frames: number, key: number): Samples {
  const random = createRandom(key, bits)
  const scale = 2 ** (bits - 1)
  const wide = bits === 64 || (kind === 'int' && bits === 32)
  const draw = (_: unknown, i: number): number => {
    if (kind === 'float') return bits === 32 ? Math.fround(random.uniform(-1.5, 1.5)) : random.uniform(-1.5, 1.5)
    return (i === 0 ? -scale : i === 1 ? scale - 1 : random.integer(-scale, scale - 1)) / scale
  }
  const values = Array.from({ length: frames }, draw)
  return wide ? Float64Array.from(values) : Float32Array.from(values)
}

const FORMATS: readonly SampleFormat[] = [
  { kind: 'int', bits: 8 },
  { kind: 'int', bits: 16 },
  { kind: 'int', bits: 24 },
  { kind: 'int', bits: 32 },
  { kind: 'float', bits: 32 },
  { kind: 'float', bits: 64 },
]

async function writeWav(
  path: string,
  channels: Samples[],
  sampleFormat: SampleFormat,
  options: { sampleRate?: number; largestRiff?: number } = {},
): Promise<void> {
  const { sampleRate = 44100, ...rest } = options
  const writer = await createWavWriter(path, { sampleRate, channels: channels.length, sampleFormat }, rest)
  const frames = channels[0]!.length
  // Blocks of uneven lengths, an empty one among them.
  for (const [from, to] of [
    [0, 7],
    [7, 7],
    [7, frames],
  ] as const)
    await writer.write(channels.map((samples) => samples.subarray(from, to)))
  await writer.finish()
}

describe('createWavWriter', () => {
  it.each(FORMATS.flatMap((format) => [1, 2, 5].map((channels) => ({ ...format, channels }))))(
    'writes $kind $bits with $channels channels so that the same values come back, also through ffmpeg',
    async ({ channels: count, ...sampleFormat }) => {
      const path = join(folder, 'exact.wav')
      const channels = Array.from({ length: count }, (_, channel) => exactSamples(sampleFormat, 301, channel))
      await writeWav(path, channels, sampleFormat)
      const sound = await readWhole(path)
      expect(sound.info).toEqual({ sampleRate: 44100, channels: count, frames: 301, format: 'wav', sampleFormat })
      expect(sound.channels).toEqual(channels)
      const bytes = Uint8Array.from(ffmpeg('-i', path, '-f', 'f64le', '-'))
      const values = new Float64Array(bytes.buffer)
      channels.forEach((samples, channel) => {
        expect(Array.from(samples, (_, i) => values[i * count + channel])).toEqual([...samples])
      })
    },
  )

  it('rounds to the nearest integer and clamps at full scale', async () => {
    const path = join(folder, 'round.wav')
    const step = 2 ** -15
    await writeWav(path, [Float64Array.of(0.4 * step, 0.6 * step, -0.4 * step, -0.6 * step, 0.5 * step, 1, 7, -1, -7)], {
      kind: 'int',
      bits: 16,
    })
    const written = (await readWhole(path)).channels[0]!
    expect(Array.from(written, (value) => value / step)).toEqual([0, 1, 0, -1, 1, 32767, 32767, -32768, -32768])
  })

  it('says extensible exactly where the format demands it: above 16 bits, above 2 channels', async () => {
    const tagOf = async (channels: number, sampleFormat: SampleFormat): Promise<number> => {
      const path = join(folder, 'tag.wav')
      await writeWav(
        path,
        Array.from({ length: channels }, () => new Float32Array(9)),
        sampleFormat,
      )
      const bytes = readFileSync(path)
      return bytes.readUInt16LE(bytes.indexOf('fmt ') + 8)
    }
    expect(await tagOf(2, { kind: 'int', bits: 16 })).toBe(1)
    expect(await tagOf(2, { kind: 'float', bits: 32 })).toBe(3)
    expect(await tagOf(3, { kind: 'int', bits: 16 })).toBe(0xfffe)
    expect(await tagOf(1, { kind: 'int', bits: 24 })).toBe(0xfffe)
    expect(await tagOf(3, { kind: 'float', bits: 32 })).toBe(0xfffe)
  })

  it('becomes RF64 when the samples outgrow 32-bit lengths, which ffmpeg and we read', async () => {
    const path = join(folder, 'long.wav')
    const samples = exactSamples({ kind: 'int', bits: 16 }, 1001, 1)
    await writeWav(path, [samples, samples], { kind: 'int', bits: 16 }, { largestRiff: 4003 })
    const bytes = readFileSync(path)
    expect(bytes.toString('latin1', 0, 4)).toBe('RF64')
    expect(bytes.readUInt32LE(4)).toBe(0xffffffff)
    expect(bytes.readBigUInt64LE(20)).toBe(BigInt(bytes.length - 8))
    const sound = await readWhole(path)
    expect(sound.info.frames).toBe(1001)
    expect(sound.channels).toEqual([samples, samples])
    expect(ffmpeg('-i', path, '-f', 's16le', '-').length).toBe(4004)
    await writeWav(path, [samples, samples], { kind: 'int', bits: 16 }, { largestRiff: 4004 })
    expect(readFileSync(path).toString('latin1', 0, 4)).toBe('RIFF')
  })

  it('tells true lengths in every header, with the pad byte of odd data', async () => {
    const path = join(folder, 'odd.wav')
    await writeWav(path, [new Float32Array(11)], { kind: 'int', bits: 8 })
    const bytes = readFileSync(path)
    expect(bytes.length % 2).toBe(0)
    expect(bytes.readUInt32LE(4)).toBe(bytes.length - 8)
    expect(bytes.readUInt32LE(bytes.indexOf('data') + 4)).toBe(11)
  })

  it('leaves an older file as it is until finished, and nothing else behind', async () => {
    const own = join(folder, 'own')
    const { mkdirSync } = await import('node:fs')
    mkdirSync(own)
    const path = join(own, 'out.wav')
    writeFileSync(path, 'before')
    const format = { sampleRate: 8000, channels: 1, sampleFormat: { kind: 'int', bits: 16 } as const }
    const aborted = await createWavWriter(path, format)
    await aborted.write([new Float32Array(100)])
    expect(readFileSync(path, 'utf8')).toBe('before')
    await aborted.abort()
    await aborted.abort()
    expect(readdirSync(own)).toEqual(['out.wav'])
    expect(readFileSync(path, 'utf8')).toBe('before')
    await expect(aborted.write([new Float32Array(1)])).rejects.toThrow(/aborted already/)

    const finished = await createWavWriter(path, format)
    await finished.finish()
    await finished.abort()
    expect(readdirSync(own)).toEqual(['out.wav'])
    expect((await readWhole(path)).frames).toBe(0)
    await expect(finished.finish()).rejects.toThrow(/finished already/)
  })

  it('keeps blocks in order that are written without waiting', async () => {
    const path = join(folder, 'unwaited.wav')
    const writer = await createWavWriter(path, { sampleRate: 8000, channels: 1, sampleFormat: { kind: 'float', bits: 32 } })
    await Promise.all(Array.from({ length: 20 }, (_, i) => writer.write([new Float32Array(1000).fill(i)])))
    await writer.finish()
    const samples = (await readWhole(path)).channels[0]!
    expect(samples.length).toBe(20000)
    expect(samples.every((value, i) => value === Math.floor(i / 1000))).toBe(true)
  })

  it('removes its file and says why when it cannot be given its name', async () => {
    const own = join(folder, 'taken')
    const { mkdirSync } = await import('node:fs')
    mkdirSync(join(own, 'out.wav', 'in the way'), { recursive: true })
    const writer = await createWavWriter(join(own, 'out.wav'), { sampleRate: 8000, channels: 1, sampleFormat: { kind: 'int', bits: 16 } })
    await expect(writer.finish()).rejects.toThrow(AudioError)
    expect(readdirSync(own)).toEqual(['out.wav'])
    expect(statSync(join(own, 'out.wav')).isDirectory()).toBe(true)
  })

  it('refuses folders that do not exist, formats that WAV does not have and blocks that do not fit', async () => {
    const format = { sampleRate: 8000, channels: 2, sampleFormat: { kind: 'int', bits: 16 } as const }
    await expect(createWavWriter(join(folder, 'nowhere', 'x.wav'), format)).rejects.toThrow(/x\.wav: cannot be written \(ENOENT/)
    await expect(createWavWriter(join(folder, 'x.wav'), { ...format, sampleFormat: { kind: 'int', bits: 12 } })).rejects.toThrow(
      /int samples have 8, 16, 24, 32 bits, got 12/,
    )
    await expect(createWavWriter(join(folder, 'x.wav'), { ...format, channels: 0 })).rejects.toThrow(/channels is an integer from 1/)
    await expect(createWavWriter(join(folder, 'x.wav'), { ...format, sampleRate: 0.5 })).rejects.toThrow(/sampleRate is an integer from 1/)
    const writer = await createWavWriter(join(folder, 'x.wav'), format)
    await expect(writer.write([new Float32Array(1)])).rejects.toThrow(/has 2 channels, got a block of 1/)
    await expect(writer.write([new Float32Array(1), new Float32Array(2)])).rejects.toThrow(/channel 0 has 1 samples, channel 1 has 2/)
    await writer.abort()
  })

  it('goes on with a file that was left, after the frames that are asked for, to the same bytes', async () => {
    const format = { sampleRate: 44100, channels: 2, sampleFormat: { kind: 'int', bits: 24 } as const }
    const samples = exactSamples(format.sampleFormat, 3000, 5)
    const block = (from: number, to: number) => [samples.subarray(from, to), samples.subarray(from, to)]
    const [whole, path, part] = ['whole.wav', 'continued.wav', 'continued.part'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ]
    const uninterrupted = await createWavWriter(whole, format)
    await uninterrupted.write(block(0, 3000))
    await uninterrupted.finish()

    const first = await createWavWriter(path, format, { part })
    await first.write(block(0, 1500))
    await first.sync()
    await first.write(block(0, 700)) // after what will count
    await first.leave()
    const second = await createWavWriter(path, format, { part, from: 1500 })
    await second.write(block(1500, 3000))
    await second.finish()
    expect(readFileSync(path).equals(readFileSync(whole))).toBe(true)

    const third = await createWavWriter(path, format, { part })
    await third.write(block(0, 100))
    await third.leave()
    await expect(createWavWriter(path, format, { part, from: 101 })).rejects.toThrow('holds less than the 101 frames')
  })
})
