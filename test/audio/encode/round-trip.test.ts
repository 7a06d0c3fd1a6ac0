/** What goes into an encoder comes out of its file: over rates, depths, channels and lengths, the very samples or the same number of them, in time. */

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type AudioFormat,
  audioFormats,
  createAudioWriter,
  isLossless,
  resample,
  type SampleFormat,
  storedRate,
} from '../../../src/audio/index.ts'
import { readByFfmpeg, readWhole, temporaryFolder } from '../support.ts'
import { lagOf, signalToNoise, soundOf } from './support.ts'

const folder = temporaryFolder()
const rates = [8000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 88_200, 96_000, 176_400, 192_000]
const depths: Readonly<Partial<Record<AudioFormat, readonly SampleFormat[]>>> = {
  wav: [
    { kind: 'int', bits: 16 },
    { kind: 'int', bits: 24 },
    { kind: 'int', bits: 32 },
    { kind: 'float', bits: 32 },
  ],
  flac: [
    { kind: 'int', bits: 16 },
    { kind: 'int', bits: 24 },
  ],
}

/** Cases of a format; cut into blocks of any length. */
const cases = (format: AudioFormat) =>
  fc.record({
    sampleRate: fc.constantFrom(...rates),
    channels: fc.constantFrom(1, 2, ...(isLossless(format) ? [5] : [])),
    sampleFormat: fc.constantFrom(...(depths[format] ?? [{ kind: 'int', bits: 16 } as const])),
    frames: fc.oneof(fc.constantFrom(0, 1, 17, 1151, 1152, 4096), fc.integer({ min: 2, max: 6000 })),
    block: fc.constantFrom(1000, 4096, 100_000),
    seed: fc.integer({ min: 1, max: 100 }),
  })

/** Lossless codecs are quick to check; each lossy case takes some tenths of a second. */
const runs: Readonly<Record<AudioFormat, number>> = { wav: 20, flac: 20, mp3: 8, ogg: 8, opus: 8, m4a: 4 }

describe.each(audioFormats)('%s', (format) => {
  it('comes back whole, in time, and named when complete', async () => {
    await fc.assert(
      fc.asyncProperty(cases(format), async ({ sampleRate, channels, sampleFormat, frames, block, seed }) => {
        const own = mkdtempSync(join(folder, 'case-'))
        const path = join(own, `song.${format}`)
        const sound = soundOf(channels, frames, sampleFormat.kind === 'int' ? sampleFormat.bits : 24, seed)
        const writer = await createAudioWriter(path, { sampleRate, channels, sampleFormat })
        for (let at = 0; at < frames; at += block) await writer.write(sound.map((samples) => samples.subarray(at, at + block)))
        expect(readdirSync(own)).not.toContain(`song.${format}`)
        await writer.finish()
        expect(readdirSync(own)).toEqual([`song.${format}`])

        const rate = storedRate(format, sampleRate)
        expect(writer.sampleRate).toBe(rate)
        const expected = rate === sampleRate ? sound : resample(sound, sampleRate, rate)
        // ffmpeg opens no MP4 file without a packet.
        if (frames === 0 && format === 'm4a') {
          await expect(readWhole(path)).rejects.toThrow('holds no sound')
          return rmSync(own, { recursive: true })
        }
        const { info, channels: decoded } = await readWhole(path)
        // FLAC writes 0 for a length that is not known.
        const stated = frames === 0 && format === 'flac' ? undefined : expected[0]!.length
        expect(info).toMatchObject({ sampleRate: rate, channels, frames: stated })
        expect(decoded.map((samples) => samples.length)).toEqual(expected.map((samples) => samples.length))
        for (const [c, samples] of expected.entries()) {
          if (isLossless(format)) expect(Array.from(decoded[c]!)).toEqual(Array.from(samples))
          else if (samples.length >= 3000) {
            expect(lagOf(samples, decoded[c]!)).toBe(0)
            // A lag of one sample would leave about 10 dB of this noise; the codecs reach 13 dB and more.
            expect(signalToNoise(samples, decoded[c]!)).toBeGreaterThan(12)
          }
        }
        if (isLossless(format)) expect(info.sampleFormat).toEqual(sampleFormat)
        rmSync(own, { recursive: true })
      }),
      { numRuns: runs[format], seed: 8 },
    )
  })
})

describe('what others make of it', () => {
  it.each(['wav', 'flac', 'mp3', 'ogg', 'opus'] as const)('ffmpeg finds %s as long as it was', async (format) => {
    const path = join(folder, `other.${format}`)
    const sound = soundOf(2, 50_000, 16)
    const writer = await createAudioWriter(path, { sampleRate: 48_000, channels: 2 })
    await writer.write(sound)
    await writer.finish()
    expect(readByFfmpeg(path)).toHaveLength(100_000)
  })

  it('ffmpeg checks the samples of FLAC against the sum in its header', async () => {
    const path = join(folder, 'sum.flac')
    const writer = await createAudioWriter(path, { sampleRate: 44_100, channels: 2, sampleFormat: { kind: 'int', bits: 24 } })
    const sound = soundOf(2, 10_000, 24)
    await writer.write(sound)
    await writer.finish()
    const sum = execFileSync('ffmpeg', ['-v', 'error', '-i', path, '-f', 'md5', '-c:a', 'pcm_s24le', '-'], { encoding: 'utf8' })
    const stated = readFileSync(path).subarray(26, 42).toString('hex')
    expect(sum.trim()).toBe(`MD5=${stated}`)
  })

  it.each([
    ['mp3', 128_000, 0.02],
    ['opus', 96_000, 0.15],
    ['m4a', 128_000, 0.15],
    ['ogg', 128_000, 0.4],
  ] as const)('%s of %i bits a second has that many, within the share %f', async (format, bitrate, share) => {
    const path = join(folder, `rate-${bitrate}.${format}`)
    const seconds = 3
    const writer = await createAudioWriter(path, { sampleRate: 48_000, channels: 2, bitrate })
    await writer.write(soundOf(2, seconds * 48_000, 16))
    await writer.finish()
    const measured = (8 * statSync(path).size) / seconds
    expect(Math.abs(measured / bitrate - 1)).toBeLessThan(share)
  })
})
