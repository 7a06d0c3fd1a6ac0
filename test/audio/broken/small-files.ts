/** Small sound files of every format, made by ffmpeg: what the tests of broken files break. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { chunk, concatenate, ffmpeg, wavBytes } from '../support.ts'

/** Options of ffmpeg by file name. The folder of Ogg Vorbis and Opus has pages of a quarter of a second, so that there are several. */
const ENCODINGS: Readonly<Record<string, readonly string[]>> = {
  'tone.wav': ['-c:a', 'pcm_s16le'],
  'float.wav': ['-c:a', 'pcm_f32le'],
  'deep.wav': ['-c:a', 'pcm_s24le'],
  'tone.flac': ['-sample_fmt', 's16'],
  'tone.oga': ['-c:a', 'flac', '-sample_fmt', 's16', '-page_duration', '250000'],
  'tone.mp3': ['-b:a', '64k'],
  'bare.mp3': ['-b:a', '64k', '-write_xing', '0', '-id3v2_version', '0'],
  'tone.ogg': ['-c:a', 'libvorbis', '-page_duration', '250000'],
  'tone.opus': ['-c:a', 'libopus', '-b:a', '48k', '-page_duration', '250000'],
  'tone.m4a': ['-c:a', 'aac', '-b:a', '64k', '-movflags', 'faststart'],
}

/** A WAV file whose lengths stand in a ds64 chunk, as beyond 4 GB. */
export function rf64Bytes(data: Uint8Array, claimed: bigint = BigInt(data.length)): Uint8Array {
  const body = new Uint8Array(28)
  const view = new DataView(body.buffer)
  view.setBigUint64(0, BigInt(data.length) + 80n, true)
  view.setBigUint64(8, claimed, true)
  view.setBigUint64(16, claimed / 4n, true)
  const ds64 = chunk('ds64', body)
  return wavBytes({ id: 'RF64', channels: 2, sampleRate: 44100, data, dataLength: 0xffffffff, riffLength: 0xffffffff, before: [ds64] })
}

/** Writes stereo sound of so many seconds at 44.1 kHz in every format into a folder and gives the bytes by name. */
export function makeSmallFiles(folder: string, seconds: number): Record<string, Uint8Array> {
  const sound = `aevalsrc=0.3*sin(2764*t)+0.1*random(1)|0.3*sin(4147*t)+0.1*random(2):s=44100:d=${seconds}`
  const source = join(folder, 'source.wav')
  ffmpeg('-f', 'lavfi', '-i', sound, '-c:a', 'pcm_s16le', source)
  const files: Record<string, Uint8Array> = {}
  for (const [name, options] of Object.entries(ENCODINGS)) {
    ffmpeg('-i', source, ...options, '-map_metadata', '-1', join(folder, name))
    files[name] = readFileSync(join(folder, name))
  }
  const wav = Buffer.from(files['tone.wav']!)
  files['rf64.wav'] = rf64Bytes(wav.subarray(wav.indexOf('data') + 8))
  return files
}

/** Zeros in front of something, as of a tag that never ends. */
export function afterZeros(count: number, bytes: Uint8Array): Uint8Array {
  return concatenate([new Uint8Array(count), bytes])
}
