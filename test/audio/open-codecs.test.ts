import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import type { AudioInfo } from '../../src/audio/index.ts'
import { AudioError } from '../../src/audio/index.ts'
import { createRandom } from '../../src/tensor/random.ts'
import { concatenate, ffmpeg, interleave, largestDifference, readByFfmpeg, readWhole, temporaryFolder } from './support.ts'

const folder = temporaryFolder()
const at = (name: string): string => join(folder, name)

/** Frames of the source: a length that is no multiple of any codec's frame. */
const FRAMES = 2 * 44100 + 1234

/** Encodes the source, named by its channels. */
function encode(source: string, name: string, ...options: string[]): string {
  ffmpeg('-i', at(source), ...options, at(name))
  return at(name)
}

beforeAll(() => {
  const channels = [
    '0.5*sin(2*PI*(200+300*t)*t)',
    '0.3*sin(2*PI*500*t)+0.2*random(1)',
    '0.4*sin(2*PI*900*t)',
    '0.1*sin(2*PI*60*t)',
    '0.2*sin(2*PI*700*t)',
    '0.3*sin(2*PI*1100*t)',
  ]
  const layouts = { mono: 1, stereo: 2, '5.1': 6 }
  for (const [layout, count] of Object.entries(layouts)) {
    const expression = channels.slice(0, count).join('|')
    ffmpeg('-f', 'lavfi', '-i', `aevalsrc=${expression}:s=44100:c=${layout}:d=${FRAMES / 44100}`, '-c:a', 'pcm_s24le', at(`${layout}.wav`))
  }
  ffmpeg('-i', at('stereo.wav'), '-ar', '48000', '-c:a', 'pcm_s16le', at('stereo48.wav'))
})

interface Case {
  readonly name: string
  readonly source?: string
  readonly options?: string[]
  readonly info: Partial<AudioInfo>
  /** Largest difference to ffmpeg's reading: 0 for lossless codecs, else what two correct decoders differ by. */
  readonly tolerance: number
  readonly frames?: number
}

/** Two float decoders of MP3 or Vorbis differ by rounding; libmpg123 and libavcodec by up to 5e-6 of full scale. */
const ROUNDING = 1e-5

const CASES: readonly Case[] = [
  {
    name: 's16.flac',
    options: ['-sample_fmt', 's16'],
    info: { format: 'flac', frames: FRAMES, sampleFormat: { kind: 'int', bits: 16 } },
    tolerance: 0,
  },
  { name: 's24.flac', info: { format: 'flac', frames: FRAMES, sampleFormat: { kind: 'int', bits: 24 } }, tolerance: 0 },
  { name: 'mono.flac', source: 'mono.wav', info: { channels: 1, frames: FRAMES }, tolerance: 0 },
  { name: 'six.flac', source: '5.1.wav', info: { channels: 6, frames: FRAMES }, tolerance: 0 },
  { name: 'small-blocks.flac', options: ['-frame_size', '64'], info: { frames: FRAMES }, tolerance: 0 },
  {
    name: 'flac.oga',
    options: ['-c:a', 'flac', '-sample_fmt', 's16'],
    info: { format: 'flac', frames: FRAMES, sampleFormat: { kind: 'int', bits: 16 } },
    tolerance: 0,
  },
  {
    name: 'cbr.mp3',
    options: ['-b:a', '192k'],
    info: { format: 'mp3', channels: 2, sampleRate: 44100, frames: FRAMES, sampleFormat: undefined },
    tolerance: ROUNDING,
  },
  { name: 'vbr.mp3', options: ['-q:a', '3'], info: { frames: FRAMES }, tolerance: ROUNDING },
  { name: 'mono.mp3', source: 'mono.wav', info: { channels: 1, frames: FRAMES }, tolerance: ROUNDING },
  {
    name: 'mpeg2.mp3',
    options: ['-ar', '22050'],
    info: { sampleRate: 22050, frames: FRAMES / 2 },
    tolerance: ROUNDING,
    frames: FRAMES / 2,
  },
  { name: 'mpeg25.mp3', options: ['-ar', '11025'], info: { sampleRate: 11025 }, tolerance: ROUNDING, frames: Math.ceil(FRAMES / 4) },
  {
    name: 'tagged.mp3',
    options: ['-id3v2_version', '4', '-write_id3v1', '1', '-metadata', 'title=x'.padEnd(9000, 'y')],
    info: { frames: FRAMES },
    tolerance: ROUNDING,
  },
  {
    name: 'vorbis.ogg',
    options: ['-c:a', 'libvorbis'],
    info: { format: 'ogg-vorbis', channels: 2, sampleRate: 44100, frames: FRAMES },
    tolerance: ROUNDING,
  },
  { name: 'mono.ogg', source: 'mono.wav', options: ['-c:a', 'libvorbis'], info: { channels: 1, frames: FRAMES }, tolerance: ROUNDING },
  { name: 'six.ogg', source: '5.1.wav', options: ['-c:a', 'libvorbis'], info: { channels: 6, frames: FRAMES }, tolerance: ROUNDING },
]

describe('openAudio by our decoders', () => {
  it.each(CASES)(
    '$name: the length that was encoded, and the samples that ffmpeg decodes',
    async ({ name, source = 'stereo.wav', options = [], info, tolerance, frames = FRAMES }) => {
      const path = encode(source, name, ...options)
      const sound = await readWhole(path)
      expect(sound.info).toMatchObject(info)
      expect(sound.frames).toBe(frames)
      expect(largestDifference(interleave(sound.channels), readByFfmpeg(path))).toBeLessThanOrEqual(tolerance)
    },
  )

  it.each([
    ['stereo', 'stereo48.wav', 2],
    ['5.1', '5.1.wav', 6],
  ])('Opus, %s: without pre-skip and padding, at 48 kHz', async (name, source, channels) => {
    const path = encode(source, `${name}.opus`, '-ar', '48000', '-b:a', '256k')
    const sound = await readWhole(path)
    const frames = Math.ceil((FRAMES * 48000) / 44100)
    expect(sound.info).toEqual({ sampleRate: 48000, channels, frames, format: 'opus', sampleFormat: undefined })
    expect(sound.frames).toBe(frames)
    // libopus in WebAssembly and on this machine round differently: seen 8e-5 of full scale.
    expect(largestDifference(interleave(sound.channels), readByFfmpeg(path, '-c:a', 'libopus'))).toBeLessThan(5e-4)
  })

  it('applies the output gain of Opus headers', async () => {
    const path = encode('stereo48.wav', 'plain.opus')
    const bytes = readFileSync(path)
    // −6.02 dB, as dB / 256, at byte 16 of the first packet; the page's checksum is set to match.
    bytes.writeInt16LE(Math.round(-6.0206 * 256), 28 + 16)
    bytes.writeUInt32LE(oggChecksum(bytes.subarray(0, 28 + 19)), 22)
    writeFileSync(at('gain.opus'), bytes)
    const [plain, quiet] = [await readWhole(path), await readWhole(at('gain.opus'))]
    // The header's steps of 1/256 dB allow an error of 2.3e-4.
    expect(
      largestDifference(
        quiet.channels[0]!.map((x) => 2 * x),
        plain.channels[0]!,
      ),
    ).toBeLessThan(1e-3)
  })

  it('is not misled by samples of a FLAC frame that look like the header of the next', async () => {
    const random = createRandom(11)
    // White noise, which the encoder stores as it is.
    const samples = Int16Array.from({ length: 8192 }, () => random.integer(-32768, 32767))
    // Header of frame 1: 4096 samples, 44100 Hz, mono, 16 bits, with its checksum (RFC 9639, section 9.1).
    const header = [0xff, 0xf8, 0xc9, 0x08, 0x01]
    const bytes = [...header, flacHeaderChecksum(header)]
    for (let i = 0; i < 3; i++) samples[1000 + i] = (((bytes[2 * i]! << 8) | bytes[2 * i + 1]!) << 16) >> 16
    writeFileSync(at('lookalike.pcm'), samples)
    ffmpeg('-f', 's16le', '-ar', '44100', '-ac', '1', '-i', at('lookalike.pcm'), '-frame_size', '4096', at('lookalike.flac'))
    expect(readFileSync(at('lookalike.flac')).indexOf(Uint8Array.from(bytes))).toBeGreaterThan(0)
    const sound = await readWhole(at('lookalike.flac'))
    expect(Int16Array.from(sound.channels[0]!, (x) => x * 32768)).toEqual(samples)
  })

  it('goes by content, not by name', async () => {
    const path = encode('stereo.wav', 'really.flac')
    writeFileSync(at('misnamed.mp3'), readFileSync(path))
    expect((await readWhole(at('misnamed.mp3'))).info.format).toBe('flac')
  })

  it('decodes MP3 without a length in its header whole, with the encoder’s delay', async () => {
    const path = encode('stereo.wav', 'bare.mp3', '-write_xing', '0')
    const sound = await readWhole(path)
    expect(sound.info.frames).toBeUndefined()
    expect(sound.frames).toBe(readByFfmpeg(path).length / 2)
    expect(sound.frames % 1152).toBe(0)
  })

  it('takes bytes after the promised frames of an MP3 for a tag that it does not know', async () => {
    const bytes = readFileSync(encode('stereo.wav', 'plain.mp3'))
    writeFileSync(at('lyrics.mp3'), concatenate([bytes, new TextEncoder().encode('LYRICSBEGIN la la la 000011LYRICS200')]))
    expect((await readWhole(at('lyrics.mp3'))).frames).toBe(FRAMES)
  })

  it('skips an ID3v2 tag of megabytes, zeros and tags before and after', async () => {
    const bytes = readFileSync(encode('stereo.wav', 'bare2.mp3'))
    const sizeOfTag = 3_000_000
    const id3 = Uint8Array.from([0x49, 0x44, 0x33, 4, 0, 0, ...[21, 14, 7, 0].map((shift) => (sizeOfTag >> shift) & 0x7f)])
    const ape = new Uint8Array(32)
    ape.set(new TextEncoder().encode('APETAGEX'))
    const id3v1 = new Uint8Array(128)
    id3v1.set(new TextEncoder().encode('TAG'))
    writeFileSync(at('wrapped.mp3'), concatenate([id3, new Uint8Array(sizeOfTag), new Uint8Array(1000), bytes, ape, id3v1]))
    expect((await readWhole(at('wrapped.mp3'))).frames).toBe(FRAMES)
    const flac = readFileSync(encode('stereo.wav', 'bare.flac'))
    writeFileSync(at('wrapped.flac'), concatenate([id3, new Uint8Array(sizeOfTag), flac, id3v1]))
    expect((await readWhole(at('wrapped.flac'))).frames).toBe(FRAMES)
  })

  it('gives blocks of moderate length', async () => {
    for (const name of ['s24.flac', 'cbr.mp3', 'vorbis.ogg', 'stereo.opus', 'stereo.wav']) {
      const { blockLengths } = await readWhole(at(name))
      expect(Math.max(...blockLengths), name).toBeLessThanOrEqual(65536)
      expect(Math.min(...blockLengths.slice(1, -1)), name).toBeGreaterThanOrEqual(4096)
    }
  })
})

describe('openAudio of streams that break off', () => {
  const whole: readonly (readonly [name: string, ...options: string[]])[] = [
    ['cut.flac'],
    ['cut.oga', '-c:a', 'flac', '-sample_fmt', 's16'],
    ['cut.mp3'],
    ['cut-bare.mp3', '-write_xing', '0'],
    ['cut.ogg', '-c:a', 'libvorbis'],
    ['cut.opus'],
    ['cut.aiff'],
    ['cut.m4a', '-movflags', 'faststart'],
    ['cut.mka', '-c:a', 'flac'],
  ]
  it.each(whole)('%s, cut in the middle, is an error that names the time', async (name, ...options) => {
    const bytes = readFileSync(encode('stereo.wav', name, ...options))
    const path = at(`half-${name}`)
    writeFileSync(path, bytes.subarray(0, Math.floor(bytes.length * 0.6)))
    const error = await readWhole(path).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(AudioError)
    const { message, seconds } = error as AudioError
    expect(message).toMatch(/^.*half-cut.*: breaks off at \d\.\d{3} s: [^\n]+$/)
    expect(seconds).toBeGreaterThan(0.4)
    expect(seconds).toBeLessThan(FRAMES / 44100)
  })

  it('an MP3 that lacks whole frames is told by the count in its header', async () => {
    const bytes = readFileSync(encode('stereo.wav', 'count.mp3', '-b:a', '128k'))
    // 128 kbit/s frames have 417 or 418 bytes: the last begins where the last sync is.
    let last = bytes.length - 1
    while (bytes[last] !== 0xff || (bytes[last + 1]! & 0xfe) !== 0xfa) last--
    writeFileSync(at('less.mp3'), bytes.subarray(0, last))
    await expect(readWhole(at('less.mp3'))).rejects.toThrow(/breaks off at .* promises \d+ frames, the file holds \d+/)
  })

  it('an Ogg stream without its last page has broken off, even between pages', async () => {
    const bytes = readFileSync(encode('stereo.wav', 'pages.ogg', '-c:a', 'libvorbis'))
    writeFileSync(at('less.ogg'), bytes.subarray(0, bytes.lastIndexOf('OggS')))
    await expect(readWhole(at('less.ogg'))).rejects.toThrow(/breaks off at .* the file has no last page of its stream/)
  })

  it.each([
    ['FLAC', 'damage.flac', /is damaged at 1\.\d+ s: the checksum of a frame is wrong/],
    ['Ogg Vorbis', 'damage.ogg', /is damaged at \d\.\d+ s: the checksum of an Ogg page is wrong/],
  ])('a flipped bit in %s is an error that names the time', async (_, name, reason) => {
    const bytes = readFileSync(encode('stereo.wav', name, ...(name.endsWith('ogg') ? ['-c:a', 'libvorbis'] : [])))
    const middle = Math.floor(bytes.length * 0.7)
    bytes[middle] = bytes[middle]! ^ 0x10
    writeFileSync(at(name), bytes)
    await expect(readWhole(at(name))).rejects.toThrow(reason)
  })

  it('joined files and changes in mid-stream are refused, not cut', async () => {
    const [mp3, ogg] = [readFileSync(encode('stereo.wav', 'one.mp3')), readFileSync(encode('stereo.wav', 'one.ogg', '-c:a', 'libvorbis'))]
    writeFileSync(at('two.mp3'), concatenate([mp3, mp3]))
    await expect(readWhole(at('two.mp3'))).rejects.toThrow(/promises \d+ frames, more follow \(joined files\?\)/)
    writeFileSync(at('two.ogg'), concatenate([ogg, ogg]))
    await expect(readWhole(at('two.ogg'))).rejects.toThrow(/another Ogg stream follows/)
    const bare = readFileSync(encode('stereo.wav', 'bare-stereo.mp3', '-write_xing', '0'))
    const mono = readFileSync(encode('mono.wav', 'bare-mono.mp3', '-write_xing', '0', '-id3v2_version', '0'))
    writeFileSync(at('mixed.mp3'), concatenate([bare, mono]))
    await expect(readWhole(at('mixed.mp3'))).rejects.toThrow(/damaged at 2\.\d+ s: it changes from 2 to 1 channels/)
  })
})

describe('openAudio of damaged bytes', () => {
  it.each([
    ['stereo.wav', 'damaged.wav'],
    ['stereo.wav', 'damaged.flac'],
    ['stereo.wav', 'damaged.mp3'],
    ['stereo.wav', 'damaged.ogg', '-c:a', 'libvorbis'],
    ['stereo48.wav', 'damaged.opus'],
  ])('%s as %s: gives samples or an AudioError, and always comes to an end', async (source, name, ...options) => {
    const bytes = readFileSync(encode(source, name, '-t', '0.5', ...options))
    for (let key = 0; key < 25; key++) {
      const random = createRandom(key)
      const mutant = Buffer.from(bytes)
      // Headers are where bytes matter most.
      for (let i = 0; i < 3; i++) mutant[random.integer(0, random.chance(0.5) ? 100 : bytes.length - 1)] = random.integer(0, 255)
      writeFileSync(at(name), random.chance(0.3) ? mutant.subarray(0, random.integer(1, bytes.length)) : mutant)
      const outcome = await readWhole(at(name)).catch((error: unknown) => error)
      expect(
        outcome instanceof AudioError || typeof (outcome as { frames?: unknown }).frames === 'number',
        `key ${key}: ${String(outcome)}`,
      ).toBe(true)
    }
  })
})

/** The checksum of FLAC frame headers, bit by bit (RFC 9639, section 9.1.8). */
function flacHeaderChecksum(bytes: readonly number[]): number {
  let crc = 0
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = ((crc << 1) ^ (crc & 0x80 ? 0x07 : 0)) & 0xff
  }
  return crc
}

/** The checksum of Ogg pages, bit by bit (RFC 3533). */
function oggChecksum(page: Uint8Array): number {
  let crc = 0
  page.forEach((byte, index) => {
    crc ^= (index >= 22 && index < 26 ? 0 : byte) << 24
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x80000000 ? (crc << 1) ^ 0x04c11db7 : crc << 1
  })
  return crc >>> 0
}
