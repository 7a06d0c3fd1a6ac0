/** Malformed files, made from small whole ones: by name the bytes, and what is said of them. */

import { chunk, concatenate, wavBytes } from '../support.ts'
import { repairOgg } from './mutate.ts'
import { afterZeros, rf64Bytes } from './small-files.ts'

export interface Malformed {
  readonly bytes: Uint8Array
  /** What the one line of error says after the file's name. */
  readonly reason: RegExp
}

const silence = new Uint8Array(40_000)
const stereo = { channels: 2, sampleRate: 44100, data: silence }
const text = (value: string): Uint8Array => new TextEncoder().encode(value)

function cut(bytes: Uint8Array, share: number): Uint8Array {
  return bytes.subarray(0, Math.round(share * bytes.length))
}

function changed(bytes: Uint8Array, change: (bytes: Buffer) => void): Uint8Array {
  const copy = Buffer.from(bytes)
  change(copy)
  return copy
}

function flipped(bytes: Uint8Array, share: number): Uint8Array {
  const at = Math.round(share * bytes.length)
  return changed(bytes, (copy) => {
    copy[at] = copy[at]! ^ 0x10
  })
}

function floats(...values: readonly [at: number, value: number][]): Uint8Array {
  const samples = new Float32Array(10_000)
  for (const [at, value] of values) samples[at] = value
  return wavBytes({ tag: 3, bits: 32, channels: 1, sampleRate: 8000, data: new Uint8Array(samples.buffer) })
}

/** A header without the chunks behind it. */
function riff(...chunks: readonly Uint8Array[]): Uint8Array {
  return chunk('RIFF', concatenate([text('WAVE'), ...chunks]))
}

/** The first page of an Ogg stream again and again. */
function firstPages(ogg: Uint8Array, times: number): Uint8Array {
  const first = ogg.subarray(0, Buffer.from(ogg).indexOf('OggS', 4))
  return concatenate([...Array.from({ length: times }, () => first), ogg])
}

/** An ID3v2 tag that claims 256 MB. */
const endlessTag = Uint8Array.from([0x49, 0x44, 0x33, 4, 0, 0, 0x7f, 0x7f, 0x7f, 0x7f])

/** Bytes of the format chunk: PCM, mono, 8 kHz, 16 bits. */
const format = Uint8Array.from([1, 0, 1, 0, 0x40, 0x1f, 0, 0, 0x80, 0x3e, 0, 0, 2, 0, 16, 0])

/** The files by name; each name is another one without its ending, as stems are called by it. */
export function malformedFiles(whole: Readonly<Record<string, Uint8Array>>): Record<string, Malformed> {
  const [flac, mp3, bare, ogg, opus, m4a] = ['tone.flac', 'tone.mp3', 'bare.mp3', 'tone.ogg', 'tone.opus', 'tone.m4a'].map((name) =>
    Buffer.from(whole[name]!),
  ) as [Buffer, Buffer, Buffer, Buffer, Buffer, Buffer]
  const xing = Math.max(mp3.indexOf('Xing'), mp3.indexOf('Info'))
  return {
    'zero-channels.wav': { bytes: wavBytes({ ...stereo, channels: 0 }), reason: /claims 0 channels/ },
    'many-channels.wav': {
      bytes: wavBytes({ ...stereo, channels: 30_000, bits: 16, blockAlign: 60_000 }),
      reason: /30000 channels; only mono and stereo/,
    },
    'zero-rate.wav': { bytes: wavBytes({ ...stereo, sampleRate: 0 }), reason: /claims a rate of 0 Hz/ },
    'one-hertz.wav': { bytes: wavBytes({ ...stereo, sampleRate: 1 }), reason: /claims a rate of 1 Hz, and allowed are/ },
    'four-gigahertz.wav': { bytes: wavBytes({ ...stereo, sampleRate: 0xfffffff0 }), reason: /claims a rate of 4294967280 Hz/ },
    'zero-bits.wav': { bytes: wavBytes({ ...stereo, bits: 0, blockAlign: 4 }), reason: /claims 0-bit samples/ },
    'two-gigabytes.wav': {
      bytes: wavBytes({ ...stereo, dataLength: 0x7ffffff0 }),
      reason: /breaks off at 0\.227 s: its header promises 12173/,
    },
    'terabyte.wav': { bytes: rf64Bytes(silence, 2n ** 40n), reason: /breaks off at 0\.227 s: its header promises 6233/ },
    'long-format.wav': { bytes: riff(chunk('fmt ', format, { length: 0x7fffffff })), reason: /its "fmt " chunk claims 2147483647 bytes/ },
    'long-list.wav': {
      bytes: riff(chunk('fmt ', format), chunk('LIST', silence, { length: 0x7fffffff })),
      reason: /it ends within its "LIST" chunk/,
    },
    'no-data.wav': { bytes: riff(chunk('fmt ', format)), reason: /it has no "data" chunk/ },
    'data-first.wav': { bytes: riff(chunk('data', silence), chunk('fmt ', format)), reason: /"data" chunk comes before its "fmt " chunk/ },
    'header-cut.wav': {
      bytes: wavBytes(stereo).subarray(0, 20),
      reason: /it ends within its "fmt " chunk|it ends within the head of a chunk/,
    },
    'unprintable.wav': { bytes: riff(chunk('\u001b]0;', silence, { length: 1e6 })), reason: /it ends within its "\?\]0;" chunk/ },
    'unknown-tag.wav': {
      bytes: wavBytes({ ...stereo, tag: 0x1234 }),
      reason: /a sound stream that ffmpeg cannot decode \(codec unknown\)/,
    },
    'nan.wav': { bytes: floats([4000, Number.NaN]), reason: /damaged at 0\.500 s: it holds NaN/ },
    'infinite.wav': { bytes: floats([2000, Number.POSITIVE_INFINITY]), reason: /damaged at 0\.250 s: it holds Infinity/ },
    'huge-sample.wav': { bytes: floats([6000, -3e38]), reason: /damaged at 0\.750 s: it holds -[\d.]+e\+3[78]/ },
    'no-samples.wav': { bytes: wavBytes({ ...stereo, data: new Uint8Array(0) }), reason: /0 samples long/ },
    'empty.wav': { bytes: new Uint8Array(0), reason: /is empty/ },
    'words.mp3': { bytes: text('These are words, not sounds.\n'.repeat(1000)), reason: /no decoder for, and ffmpeg cannot read it/ },
    'page.flac': { bytes: text('<!DOCTYPE html><title>404</title>'), reason: /ffmpeg cannot/ },
    'zeros.wma': { bytes: afterZeros(3_000_000, new Uint8Array(0)), reason: /ffmpeg cannot read it|holds no sound/ },
    'endless-tag.mp3': { bytes: concatenate([endlessTag, bare]), reason: /ffmpeg cannot read it|holds no sound/ },
    'many-tags.mp3': {
      bytes: concatenate(Array.from({ length: 5000 }, () => chunk('TAG', new Uint8Array(120)).subarray(0, 128))),
      reason: /ffmpeg cannot|holds no sound/,
    },
    'cut-flac.flac': { bytes: cut(flac, 0.6), reason: /breaks off at \d\.\d{3} s: the file ends within a frame/ },
    'flipped-flac.flac': { bytes: flipped(flac, 0.6), reason: /damaged at \d\.\d{3} s: the checksum of a frame is wrong/ },
    'zero-rate-flac.flac': {
      bytes: changed(flac, (bytes) => bytes.fill(0, 18, 20).writeUInt8(bytes[20]! & 0x0f, 20)),
      reason: /claims a rate of 0 Hz/,
    },
    'long-metadata.flac': { bytes: changed(flac, (bytes) => bytes.writeUIntBE(0xffffff, 43, 3)), reason: /it ends within its metadata/ },
    'many-samples.flac': {
      bytes: changed(flac, (bytes) => bytes.writeUInt8(bytes[21]! | 0x0f, 21)),
      reason: /breaks off at 0\.500 s: its header promises 1460\d{3}/,
    },
    'cut-mp3.mp3': { bytes: cut(mp3, 0.6), reason: /breaks off at 0\.\d{3} s: the file ends within a frame/ },
    'cut-bare.mp3': { bytes: cut(bare, 0.6), reason: /breaks off at 0\.\d{3} s: the file ends within a frame/ },
    'many-frames.mp3': {
      bytes: changed(mp3, (bytes) => bytes.writeUInt32BE(0xffffffff, xing + 8)),
      reason: /breaks off at 0\.\d{3} s: its header promises 4294967295 frames/,
    },
    'gap.mp3': {
      bytes: changed(bare, (bytes) => bytes.fill(0x55, 2000, 3000)),
      reason: /damaged at 0\.\d{3} s: there are bytes that are no MPEG frame/,
    },
    'cut-vorbis.ogg': { bytes: cut(ogg, 0.9), reason: /breaks off at 0\.\d{3} s: the file ends within an Ogg page/ },
    'flipped-vorbis.ogg': { bytes: flipped(ogg, 0.9), reason: /damaged at 0\.\d{3} s: the checksum of an Ogg page is wrong/ },
    'zero-channels-vorbis.ogg': {
      bytes: repairOgg(changed(ogg, (bytes) => bytes.writeUInt8(0, 28 + 11))),
      reason: /Ogg Vorbis file with a broken header: 0 channels/,
    },
    'four-gigahertz-vorbis.ogg': {
      bytes: repairOgg(changed(ogg, (bytes) => bytes.writeUInt32LE(0xffffffff, 28 + 12))),
      reason: /claims a rate of 4294967295 Hz/,
    },
    'cyclic.ogg': { bytes: concatenate([ogg, ogg]), reason: /another Ogg stream follows/ },
    'first-pages.ogg': { bytes: firstPages(ogg, 2000), reason: /Ogg page \d+ is missing/ },
    'cut-opus.opus': { bytes: cut(opus, 0.8), reason: /breaks off at 0\.\d{3} s: the file ends within an Ogg page/ },
    'zero-channels-opus.opus': {
      bytes: repairOgg(changed(opus, (bytes) => bytes.writeUInt8(0, 28 + 9))),
      reason: /Opus file with a header that cannot be used: it claims 0 channels/,
    },
    'many-streams.opus': {
      bytes: repairOgg(changed(opus, (bytes) => bytes.writeUInt8(1, 28 + 18))),
      reason: /Opus file with a header that cannot be used/,
    },
    'cut-aac.m4a': { bytes: cut(m4a, 0.6), reason: /breaks off at 0\.\d{3} s: ffmpeg says/ },
    'index-cut.m4a': { bytes: cut(m4a, 0.05), reason: /breaks off before its index|ffmpeg cannot read it|holds no sound/ },
    'index-lies.m4a': {
      // Where the first packets lie: two gigabytes from the start.
      bytes: changed(m4a, (bytes) => bytes.writeUInt32BE(0x7fffff00, bytes.indexOf('stco') + 12)),
      reason: /breaks off at \d\.\d{3} s: |holds no sound/,
    },
  }
}
