/** What can go wrong with a file that is written, and what formats can hold. */

import { mkdirSync, mkdtempSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { AudioError, audioFormats, checkBitrate, createAudioWriter, storedRate, storedSampleFormat } from '../../../src/audio/index.ts'
import { temporaryFolder } from '../support.ts'
import { soundOf } from './support.ts'

const folder = temporaryFolder()
const stereo = { sampleRate: 44_100, channels: 2 }
const int = (bits: number) => ({ kind: 'int', bits }) as const
const float32 = { kind: 'float', bits: 32 } as const

describe('createAudioWriter', () => {
  it.each(audioFormats)('leaves nothing of an aborted %s file, and takes nothing more', async (format) => {
    const own = mkdtempSync(join(folder, 'abort-'))
    const writer = await createAudioWriter(join(own, `x.${format}`), stereo)
    await writer.write(soundOf(2, 5000, 16))
    await writer.abort()
    expect(readdirSync(own)).toEqual([])
    await writer.abort()
    await expect(writer.write(soundOf(2, 10, 16))).rejects.toThrow(/was aborted already/)
    await expect(writer.finish()).rejects.toThrow(/was aborted already/)
  })

  it.each(audioFormats)('names the %s file that cannot be written', async (format) => {
    const path = join(folder, 'nowhere', `x.${format}`)
    const attempt = createAudioWriter(path, stereo)
    await expect(attempt).rejects.toThrow(AudioError)
    await expect(attempt).rejects.toThrow(new RegExp(`^${path}: cannot be written \\(ENOENT`))
  })

  it('removes what it wrote when its place is taken by a folder', async () => {
    const own = mkdtempSync(join(folder, 'taken-'))
    const writer = await createAudioWriter(join(own, 'x.flac'), stereo)
    await writer.write(soundOf(2, 100, 16))
    mkdirSync(join(own, 'x.flac'))
    await expect(writer.finish()).rejects.toThrow(/x\.flac: cannot be written/)
    expect(readdirSync(own)).toEqual(['x.flac'])
  })

  it('asks for the format that a name does not tell, and knows endings in capitals', async () => {
    await expect(createAudioWriter(join(folder, 'x.aiff'), stereo)).rejects.toThrow(/x\.aiff tells none; give one of wav, flac, mp3/)
    const writer = await createAudioWriter(join(folder, 'X.FLAC'), stereo)
    await writer.abort()
  })

  it('refuses blocks of other channels and of unequal lengths', async () => {
    const writer = await createAudioWriter(join(folder, 'blocks.flac'), stereo)
    await expect(writer.write(soundOf(1, 10, 16))).rejects.toThrow(/has 2 channels, got a block of 1/)
    await expect(writer.write([new Float32Array(3), new Float32Array(4)])).rejects.toThrow(/channel 0 has 3 samples, channel 1 has 4/)
    await writer.abort()
  })

  it.each([
    [{ format: 'mp3', ...stereo, channels: 6 }, /channels 6: MP3 files have 1 to 2 channels here; write more as WAV/],
    [{ format: 'flac', ...stereo, sampleFormat: float32 }, /float of 32 bits: FLAC files have integers of 16 or 24 bits here/],
    [{ format: 'flac', ...stereo, bitrate: 128_000 }, /FLAC keeps every bit/],
    [{ format: 'mp3', ...stereo, bitrate: 100_000 }, /bitrate 100000: MP3 at 44100 Hz has 32, 40, .*, 320 kbit\/s/],
    [{ format: 'mp3', ...stereo, sampleRate: 8000, bitrate: 128_000 }, /MP3 at 8000 Hz has 8, 16, .*, 64 kbit\/s/],
    [{ format: 'opus', ...stereo, bitrate: 1_000_000 }, /Opus of 2 channels at 48000 Hz has 6 to 512 kbit\/s/],
    [{ format: 'wav', ...stereo, sampleRate: 0.5 }, /sampleRate 0\.5/],
  ] as const)('refuses %o', async (options, message) => {
    await expect(createAudioWriter(join(folder, 'refused'), options)).rejects.toThrow(message)
  })
})

describe('what formats hold', () => {
  it.each([
    ['wav', 12_345, 12_345],
    ['flac', 192_000, 192_000],
    ['mp3', 96_000, 48_000],
    ['mp3', 176_400, 44_100],
    ['mp3', 88_200, 44_100],
    ['mp3', 9000, 11_025],
    ['opus', 44_100, 48_000],
    ['opus', 8000, 48_000],
    ['m4a', 192_000, 96_000],
    ['m4a', 176_400, 88_200],
    ['m4a', 44_100, 44_100],
    ['ogg', 96_000, 96_000],
  ] as const)('%s stores %i Hz as %i Hz', (format, from, to) => {
    expect(storedRate(format, from)).toBe(to)
  })

  it('keeps the depth that a format has', () => {
    expect(storedSampleFormat('wav', float32)).toEqual(float32)
    expect(storedSampleFormat('flac', int(16))).toEqual(int(16))
    expect(storedSampleFormat('flac', int(32))).toEqual(int(24))
    expect(storedSampleFormat('flac', float32)).toEqual(int(24))
  })

  it('lets the bit rates of a format through', () => {
    checkBitrate('mp3', 44_100, 2, 320_000)
    checkBitrate('m4a', 44_100, 1, 128_000)
    checkBitrate('wav', 44_100, 1, undefined)
    expect(() => checkBitrate('ogg', 44_100, 2, 1000)).toThrow(/32 to 500 kbit/)
  })
})
