/**
 * Files come back as they went in: songs of every rate, depth, channel count, length and kind, written by real encoders, taken apart, and their stems
 * read back from the files: exact length, no lag, stems that sum to the song, tags.
 */

import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type AudioFormat,
  createAudioWriter,
  isLossless,
  openAudio,
  readTags,
  resample,
  type SampleFormat,
  storedRate,
} from '../../../src/audio/index.ts'
import { type WriteStemsOptions, writeStems } from '../../../src/separation/index.ts'
import { lagOf, pixel, soundOf } from '../../audio/encode/support.ts'
import { readWhole, temporaryFolder } from '../../audio/support.ts'
import { identity, perChannel, separatorOf } from '../fakes.ts'

const folder = temporaryFolder()
const int = (bits: number): SampleFormat => ({ kind: 'int', bits })
const float32: SampleFormat = { kind: 'float', bits: 32 }
const tags = {
  fields: { TITLE: ['Ein Lied'], ARTIST: ['Wer'], TRACKNUMBER: ['3'], TRACKTOTAL: ['4'] },
  pictures: [{ kind: 'front', mimeType: 'image/png', description: '', data: pixel }],
} as const

interface Case {
  readonly from: AudioFormat
  readonly to: AudioFormat | 'same'
  readonly sampleRate: number
  readonly channels: number
  readonly sampleFormat: SampleFormat
  readonly frames: number
  readonly depth: SampleFormat | undefined
}

/** A network that gives half of what it hears, and in a song at its own rate exactly that. */
const half = () =>
  separatorOf(
    perChannel((samples) => samples.map((sample) => 0.5 * sample)),
    { windowLength: 2048, margin: 128 },
  )

async function separated({ from, to, sampleRate, channels, sampleFormat, frames, depth }: Case, more: Partial<WriteStemsOptions> = {}) {
  const own = mkdtempSync(join(folder, 'case-'))
  const input = join(own, `in.${from}`)
  const writer = await createAudioWriter(input, { sampleRate, channels, sampleFormat, tags })
  await writer.write(soundOf(channels, frames, sampleFormat.kind === 'int' ? sampleFormat.bits : 24, frames))
  await writer.finish()
  const out = join(own, 'out')
  const written = await writeStems(await openAudio(input), {
    separator: half(),
    folder: out,
    base: 'song',
    format: to,
    sampleFormat: depth,
    tags: await readTags(input),
    ...more,
  })
  return { own, out, song: await readWhole(input), written }
}

const songs = fc
  .record({
    from: fc.constantFrom<AudioFormat>('wav', 'flac', 'mp3', 'ogg', 'opus'),
    sampleRate: fc.constantFrom(8000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 88_200, 96_000, 176_400, 192_000),
    channels: fc.constantFrom(1, 2),
    sampleFormat: fc.constantFrom(int(16), int(24), int(32), float32),
    frames: fc.oneof({ weight: 1, arbitrary: fc.constantFrom(1, 17) }, { weight: 2, arbitrary: fc.integer({ min: 500, max: 8000 }) }),
  })
  .map((song) => ({ ...song, sampleFormat: song.from === 'flac' && song.sampleFormat !== int(24) ? int(16) : song.sampleFormat }))

describe('stems of whatever song', () => {
  it('have its rate, depth, channels and length in lossless files, sum to it exactly, and keep its tags', async () => {
    const cases = songs.chain((song) =>
      fc.record({ to: fc.constantFrom('wav' as const, 'flac' as const) }).map(({ to }) => ({ ...song, to, depth: undefined })),
    )
    await fc.assert(
      fc.asyncProperty(cases, async (example) => {
        const { own, out, song, written } = await separated(example)
        const { sampleRate, channels } = song.info
        expect(readdirSync(out).sort()).toEqual([`song.instrumental.${example.to}`, `song.vocals.${example.to}`])
        expect(written).toMatchObject({ frames: song.frames, sampleRate, gain: 1, format: example.to })
        const [vocals, rest] = await Promise.all(['vocals', 'instrumental'].map((stem) => readWhole(join(out, written.files[stem]!))))
        for (const stem of [vocals!, rest!]) {
          expect(stem.info).toMatchObject({ sampleRate, channels, sampleFormat: written.sampleFormat })
          expect(stem.frames).toBe(song.frames)
        }
        // As in the song, as far as the kind of file has that; 16 bits of a lossy one.
        const own24 = example.to === 'flac' && (song.info.sampleFormat?.bits ?? 16) > 16
        expect(written.sampleFormat).toEqual(own24 ? int(24) : (song.info.sampleFormat ?? int(16)))
        const step = 2 ** (1 - written.sampleFormat!.bits)
        // Floats: an error of rounding in each of three places. Dither: up to a step, and half a one of rounding.
        const most =
          written.sampleFormat!.kind === 'float' ? 3 * 2 ** -24 : written.dithered ? 1.5 * step : song.info.sampleFormat ? 0 : step / 2
        for (const [c, samples] of song.channels.entries())
          for (const [i, sample] of samples.entries()) {
            const error = Math.abs(vocals!.channels[c]![i]! + rest!.channels[c]![i]! - sample)
            if (error > most) expect.fail(`sample ${i} of channel ${c} is off by ${error / step} steps`)
          }
        for (const name of Object.values(written.files)) expect(await readTags(join(out, name))).toEqual(tags)
        rmSync(own, { recursive: true })
      }),
      { numRuns: 16, seed: 8 },
    )
  })

  it('have its length and no lag in lossy files, at the nearest rate that those have, and keep its tags', async () => {
    const cases = songs.chain((song) =>
      fc
        .record({ to: fc.constantFrom('mp3' as const, 'ogg' as const, 'opus' as const, 'm4a' as const) })
        .map(({ to }) => ({ ...song, to, depth: undefined })),
    )
    await fc.assert(
      fc.asyncProperty(cases, async (example) => {
        const { own, out, song, written } = await separated(example)
        const rate = storedRate(example.to, song.info.sampleRate)
        expect(written).toMatchObject({ frames: song.frames, sampleRate: rate, sampleFormat: undefined, format: example.to })
        const expected = rate === song.info.sampleRate ? song.channels : resample(song.channels, song.info.sampleRate, rate)
        for (const name of Object.values(written.files)) {
          const stem = await readWhole(join(out, name))
          expect(stem.info).toMatchObject({ sampleRate: rate, channels: song.info.channels })
          expect(stem.frames).toBe(expected[0]!.length)
          for (const [c, samples] of expected.entries()) if (samples.length >= 2000) expect(lagOf(samples, stem.channels[c]!)).toBe(0)
          expect(await readTags(join(out, name))).toEqual(tags)
        }
        rmSync(own, { recursive: true })
      }),
      { numRuns: 6, seed: 8 },
    )
  })

  it.each(['wav', 'flac', 'mp3', 'ogg', 'opus', 'm4a'] as const)(
    'are %s of a song of that kind, where the same is asked for',
    async (kind) => {
      const example = {
        from: kind,
        to: 'same',
        sampleRate: 48_000,
        channels: 2,
        sampleFormat: int(16),
        frames: 3000,
        depth: undefined,
      } as const
      const { out, written } = await separated(example)
      expect(written.format).toBe(kind)
      expect(readdirSync(out).sort()).toEqual([`song.instrumental.${kind}`, `song.vocals.${kind}`])
    },
  )
})

describe('stems of less depth than their song', () => {
  const deep = { from: 'wav', to: 'flac', sampleRate: 44_100, channels: 2, sampleFormat: int(24), frames: 9000, depth: int(16) } as const

  it('get noise, and sum to the song with that noise, the same in every run', async () => {
    const { out, song, written } = await separated(deep)
    expect(written).toMatchObject({ dithered: true, sampleFormat: int(16) })
    const sum = async (where: string): Promise<number[][]> => {
      const [vocals, rest] = await Promise.all(['vocals', 'instrumental'].map((stem) => readWhole(join(where, `song.${stem}.flac`))))
      return vocals!.channels.map((samples, c) => Array.from(samples, (sample, i) => sample + rest!.channels[c]![i]!))
    }
    const sums = await sum(out)
    const errors = sums.flatMap((samples, c) => samples.map((sample, i) => 2 ** 15 * (sample - song.channels[c]![i]!)))
    expect(Math.max(...errors.map(Math.abs))).toBeLessThanOrEqual(1.5)
    // Of triangular noise and rounding, 1/6 + 1/12 of a step squared; four standard errors of 18 000 samples are 0.01.
    expect(Math.abs(errors.reduce((total, error) => total + error ** 2, 0) / errors.length - 0.25)).toBeLessThan(0.012)
    expect(await sum((await separated(deep)).out)).toEqual(sums)
  })

  it('get none where that is asked for', async () => {
    const { written } = await separated(deep, { dither: false })
    expect(written.dithered).toBe(false)
  })
})

describe('stems that would clip', () => {
  it.each(['wav', 'flac', 'mp3', 'ogg', 'opus', 'm4a'] as const)('are lowered by one gain as %s, below full scale', async (to) => {
    const own = mkdtempSync(join(folder, 'loud-'))
    const input = join(own, 'in.wav')
    const song = soundOf(2, 6000, 16).map((samples) => samples.map((sample) => 1.9 * sample))
    const writer = await createAudioWriter(input, { sampleRate: 48_000, channels: 2, sampleFormat: float32 })
    await writer.write(song)
    await writer.finish()
    const double = separatorOf(
      perChannel((samples) => samples.map((sample) => 2 * sample)),
      { windowLength: 2048, margin: 128, sampleRate: 48_000 },
    )
    const sampleFormat = isLossless(to) ? int(16) : undefined
    const told: number[] = []
    const { gain, files } = await writeStems(await openAudio(input), {
      separator: double,
      folder: own,
      base: 'x',
      format: to,
      sampleFormat,
      onLowering: ({ doneSeconds }) => told.push(doneSeconds),
    })
    const peak = Math.max(...song.map((samples) => Math.max(...samples.map(Math.abs))))
    // Of 16 bits all but a few steps are used, of lossy files all but a decibel.
    expect(gain).toBeLessThan(1 / (2 * peak))
    expect(gain).toBeGreaterThan((isLossless(to) ? 0.999 : 0.89) / (2 * peak))
    expect(told.at(-1)).toBeCloseTo(6000 / 48_000)
    const stems = await Promise.all(['vocals', 'instrumental'].map((stem) => readWhole(join(own, files[stem]!))))
    if (!isLossless(to)) return
    const [vocals, rest] = stems
    // Dither of a step and rounding of half a one.
    for (const [c, samples] of song.entries())
      for (const [i, sample] of samples.entries())
        expect(Math.abs(vocals!.channels[c]![i]! + rest!.channels[c]![i]! - gain * sample)).toBeLessThanOrEqual((gain + 1) * 1.5 * 2 ** -15)
  })

  it('are not where none does', async () => {
    const example = {
      from: 'wav',
      to: 'mp3',
      sampleRate: 48_000,
      channels: 1,
      sampleFormat: float32,
      frames: 3000,
      depth: undefined,
    } as const
    const { written } = await separated(example, { separator: separatorOf(identity) })
    expect(written.gain).toBe(1)
  })
})

describe('writeStems', () => {
  it.each([
    [{ template: '{base}' }, /has no \{stem\}/],
    [{ format: 'mp3', bitrate: 5 }, /bitrate 5: MP3 at 44100 Hz has/],
    [{ format: 'flac', sampleFormat: float32 }, /FLAC files have integers/],
  ] as const)('refuses %o before it begins', async (options, message) => {
    const example = {
      from: 'wav',
      to: 'wav',
      sampleRate: 44_100,
      channels: 2,
      sampleFormat: int(16),
      frames: 10,
      depth: undefined,
    } as const
    await expect(separated(example, options)).rejects.toThrow(message)
  })
})
