/** What the tests of sound share: ffmpeg as an encoder and second reader, whole streams, and WAV bytes put together by hand. */

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import type { AudioBlock, AudioInfo, Samples } from '../../src/audio/index.ts'
import { openAudio } from '../../src/audio/index.ts'

/** A folder of its own for a test file, removed after it. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'divisi-audio-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Runs ffmpeg and gives its standard output. The tests encode their inputs with it. */
export function ffmpeg(...args: string[]): Buffer {
  try {
    return execFileSync('ffmpeg', ['-nostdin', '-v', 'error', '-y', ...args], { maxBuffer: 2 ** 30, stdio: ['ignore', 'pipe', 'pipe'] })
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      throw new Error('these tests need ffmpeg on the PATH (apt-get install ffmpeg)')
    throw error
  }
}

export interface Sound {
  readonly info: AudioInfo
  readonly channels: Samples[]
  readonly frames: number
  readonly blockLengths: number[]
}

/** Reads a file to its end. */
export async function readWhole(path: string): Promise<Sound> {
  const stream = await openAudio(path)
  const blocks: AudioBlock[] = []
  for await (const block of stream.blocks) blocks.push(block)
  const frames = blocks.reduce((sum, block) => sum + block[0]!.length, 0)
  const channels = Array.from({ length: stream.info.channels }, (_, channel) => {
    const whole = blocks.some((block) => block[channel] instanceof Float64Array) ? new Float64Array(frames) : new Float32Array(frames)
    let at = 0
    for (const block of blocks) {
      whole.set(block[channel]!, at)
      at += block[channel]!.length
    }
    return whole
  })
  return { info: stream.info, channels, frames, blockLengths: blocks.map((block) => block[0]!.length) }
}

/** Reads a file's head alone. */
export async function readInfo(path: string): Promise<AudioInfo> {
  const stream = await openAudio(path)
  await stream.close()
  return stream.info
}

/** Samples of all channels, frame by frame, as float64. */
export function interleave(channels: readonly Samples[]): Float64Array {
  const values = new Float64Array(channels.length * (channels[0]?.length ?? 0))
  channels.forEach((samples, channel) => {
    for (let i = 0; i < samples.length; i++) values[i * channels.length + channel] = samples[i]!
  })
  return values
}

/** ffmpeg's reading of a file: float32, interleaved. */
export function readByFfmpeg(path: string, ...inputOptions: string[]): Float32Array {
  const bytes = ffmpeg(...inputOptions, '-i', path, '-f', 'f32le', '-c:a', 'pcm_f32le', '-')
  return new Float32Array(Uint8Array.from(bytes).buffer)
}

/** Largest difference of two arrays of one length. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new RangeError(`lengths differ: ${a.length} and ${b.length}`)
  let largest = 0
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i]! - b[i]!))
  return largest
}

/** A RIFF chunk with an id, its length (the body's, unless a lie is told) and its pad byte. */
export function chunk(id: string, body: Uint8Array, options: { length?: number; bigEndian?: boolean } = {}): Uint8Array {
  const bytes = new Uint8Array(8 + body.length + (body.length % 2))
  bytes.set(new TextEncoder().encode(id))
  new DataView(bytes.buffer).setUint32(4, options.length ?? body.length, !options.bigEndian)
  bytes.set(body, 8)
  return bytes
}

export interface WavParts {
  readonly id?: string
  readonly tag?: number
  readonly channels?: number
  readonly sampleRate?: number
  readonly bits?: number
  readonly blockAlign?: number
  readonly data: Uint8Array
  /** What the data chunk says its length is. */
  readonly dataLength?: number
  /** What the outer chunk says its length is. */
  readonly riffLength?: number
  readonly before?: readonly Uint8Array[]
  readonly after?: readonly Uint8Array[]
  /** Bytes after the first 16 of the format chunk. */
  readonly extension?: Uint8Array
}

/** A WAV file, byte by byte, independent of the code under test. */
export function wavBytes(parts: WavParts): Uint8Array {
  const { id = 'RIFF', tag = 1, channels = 1, sampleRate = 8000, bits = 16, data, before = [], after = [] } = parts
  const bigEndian = id === 'RIFX'
  const blockAlign = parts.blockAlign ?? channels * Math.ceil(bits / 8)
  const format = new Uint8Array(16 + (parts.extension?.length ?? 0))
  const view = new DataView(format.buffer)
  view.setUint16(0, tag, !bigEndian)
  view.setUint16(2, channels, !bigEndian)
  view.setUint32(4, sampleRate, !bigEndian)
  view.setUint32(8, sampleRate * blockAlign, !bigEndian)
  view.setUint16(12, blockAlign, !bigEndian)
  view.setUint16(14, bits, !bigEndian)
  format.set(parts.extension ?? [], 16)
  const dataChunk = chunk('data', data, { bigEndian, ...(parts.dataLength === undefined ? {} : { length: parts.dataLength }) })
  const body = concatenate([new TextEncoder().encode('WAVE'), ...before, chunk('fmt ', format, { bigEndian }), dataChunk, ...after])
  return chunk(id, body, { bigEndian, ...(parts.riffLength === undefined ? {} : { length: parts.riffLength }) })
}

export function concatenate(pieces: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(pieces))
}
