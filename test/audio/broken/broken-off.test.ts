/** Sound that breaks off or is damaged, of every format: an error at its place, after all that can be decoded before; and on request the end there. */

import { execFileSync } from 'node:child_process'
import { createReadStream, createWriteStream, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { setImmediate } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { AudioError, openAudio } from '../../../src/audio/index.ts'
import { slice } from '../../../src/audio/slice.ts'
import { ffmpeg, readInfo, readWhole, temporaryFolder, wavBytes } from '../support.ts'
import { makeSmallFiles, rf64Bytes } from './small-files.ts'

const folder = temporaryFolder()
const at = (name: string): string => join(folder, name)
const files = makeSmallFiles(folder, 2)

interface Outcome {
  /** Samples per channel that were given. */
  readonly frames: number
  readonly sampleRate: number
  readonly error: AudioError | undefined
}

/** Reads a file as far as it goes. */
async function readOn(path: string, allowTruncated: boolean): Promise<Outcome> {
  const stream = await openAudio(path, { allowTruncated })
  const { sampleRate } = stream.info
  let frames = 0
  try {
    for await (const [first] of stream.blocks) frames += first!.length
    return { frames, sampleRate, error: stream.brokenOff }
  } catch (error) {
    if (!(error instanceof AudioError) || allowTruncated) throw error
    expect(stream.brokenOff).toBeUndefined()
    return { frames, sampleRate, error }
  }
}

/** Both ways of reading agree, and the error is at the end of what was given. */
async function expectBroken(path: string, reason: RegExp): Promise<Outcome> {
  const refused = await readOn(path, false)
  expect(refused.error?.message).toMatch(reason)
  expect(refused.error?.message).not.toContain('\n')
  expect(refused.frames).toBeGreaterThan(0)
  expect(refused.error!.seconds).toBeCloseTo(refused.frames / refused.sampleRate, 9)
  const taken = await readOn(path, true)
  expect(taken.frames).toBe(refused.frames)
  expect(taken.error).toMatchObject({ message: refused.error!.message, seconds: refused.error!.seconds })
  return refused
}

/** Share of the sound in 60 % of a file: headers are short, and a container's page or a codec's frames that are cut are lost. */
const CUTS: readonly (readonly [name: string, least: number, reason: RegExp])[] = [
  ['tone.wav', 1.19, /breaks off at 1\.\d{3} s: its header promises 2\.000 s of sound/],
  ['deep.wav', 1.19, /breaks off at 1\.\d{3} s: its header promises 2\.000 s of sound/],
  ['rf64.wav', 1.19, /breaks off at 1\.\d{3} s: its header promises 2\.000 s of sound/],
  ['tone.flac', 1, /breaks off at 1\.\d{3} s: the file ends within a frame/],
  ['tone.oga', 0.7, /breaks off at \d\.\d{3} s: the file ends within an Ogg page/],
  ['tone.mp3', 1, /breaks off at 1\.\d{3} s: the file ends within a frame/],
  ['bare.mp3', 1, /breaks off at 1\.\d{3} s: the file ends within a frame/],
  ['tone.ogg', 0.3, /breaks off at \d\.\d{3} s: the file ends within an Ogg page/],
  ['tone.opus', 0.7, /breaks off at \d\.\d{3} s: the file ends within an Ogg page/],
  ['tone.m4a', 0.5, /breaks off at \d\.\d{3} s: /],
]

it.each(CUTS)('%s, cut, gives what is there and names the place', async (name, least, reason) => {
  const path = at(`cut-${name}`)
  writeFileSync(path, files[name]!.subarray(0, Math.round(0.6 * files[name]!.length)))
  const { frames, sampleRate } = await expectBroken(path, reason)
  expect(frames / sampleRate).toBeGreaterThanOrEqual(least)
  expect(frames / sampleRate).toBeLessThan(1.3)
})

it.each(CUTS.filter(([name]) => name !== 'tone.m4a'))('%s, cut, through a pipe too', async (name, least, reason) => {
  const [path, cut] = [at(`pipe-${name}`), at(`to-pipe-${name}`)]
  writeFileSync(cut, files[name]!.subarray(0, Math.round(0.6 * files[name]!.length)))
  execFileSync('mkfifo', [path])
  const [{ frames, sampleRate, error }] = await Promise.all([readOn(path, true), pipeline(createReadStream(cut), createWriteStream(path))])
  expect(error?.message).toMatch(reason)
  expect(error?.seconds).toBeCloseTo(frames / sampleRate, 9)
  expect(frames / sampleRate).toBeGreaterThanOrEqual(least)
})

it.each([
  ['tone.flac', 1, /damaged at 1\.\d{3} s: the checksum of a frame is wrong/],
  ['tone.oga', 0.7, /damaged at \d\.\d{3} s: the checksum of an Ogg page is wrong/],
  ['tone.ogg', 0.3, /damaged at \d\.\d{3} s: the checksum of an Ogg page is wrong/],
  ['tone.opus', 0.7, /damaged at \d\.\d{3} s: the checksum of an Ogg page is wrong/],
])('a bit flipped in %s is an error at its place, before which all is given', async (name, least, reason) => {
  const bytes = Uint8Array.from(files[name]!)
  const place = Math.round(0.6 * bytes.length)
  bytes[place] = bytes[place]! ^ 0x10
  writeFileSync(at(`flipped-${name}`), bytes)
  const { frames, sampleRate } = await expectBroken(at(`flipped-${name}`), reason)
  expect(frames / sampleRate).toBeGreaterThanOrEqual(least)
})

it('bytes between MPEG frames that are none are an error at their place', async () => {
  const bytes = Uint8Array.from(files['bare.mp3']!)
  // A frame of 64 kbit/s at 44.1 kHz has 208 or 209 bytes; a damaged header is none.
  let place = Math.round(0.6 * bytes.length)
  while (bytes[place] !== 0xff || (bytes[place + 1]! & 0xfe) !== 0xfa) place++
  bytes[place] = 0
  bytes[place + 1] = 1
  writeFileSync(at('gap.mp3'), bytes)
  await expectBroken(at('gap.mp3'), /damaged at 1\.\d{3} s: there are bytes that are no MPEG frame/)
})

it.each([
  ['NaN', Number.NaN, 'NaN'],
  ['infinity', Number.NEGATIVE_INFINITY, '-Infinity'],
  ['1e38, of a flipped bit in its exponent', 1e38, '1e\\+38|9.99\\d+e\\+37'],
])('a sample that is %s is damage at its place', async (_, value, shown) => {
  const samples = Float32Array.from({ length: 40_000 }, (_, i) => Math.sin(i / 10))
  samples[2 * 17_000 + 1] = value
  writeFileSync(at('float.wav'), wavBytes({ tag: 3, bits: 32, channels: 2, sampleRate: 8000, data: new Uint8Array(samples.buffer) }))
  const { frames } = await expectBroken(at('float.wav'), new RegExp(`damaged at 2\\.125 s: it holds (${shown}), which is no sample value`))
  expect(frames).toBe(17_000)
})

it.each([
  ['WAV', 'lie.wav', wavBytes({ channels: 2, sampleRate: 8000, data: new Uint8Array(32_000), dataLength: 0x7ffffff0 })],
  ['RF64', 'lie64.wav', rf64Bytes(new Uint8Array(44_100 * 4), 5_000_000_000n)],
])('a %s header that promises gigabytes costs none', async (_, name, bytes) => {
  writeFileSync(at(name), bytes)
  const before = process.memoryUsage().arrayBuffers
  expect((await readInfo(at(name))).frames).toBeUndefined()
  const { frames, sampleRate } = await expectBroken(at(name), /breaks off at 1\.000 s: its header promises \d{5}\.\d{3} s of sound/)
  expect(frames).toBe(sampleRate)
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50e6)
})

it('a file that is cut while it is read breaks off where it does now', async () => {
  // Of unknown length: the header does not tell that something is missing.
  writeFileSync(at('shrinks.wav'), wavBytes({ channels: 1, sampleRate: 8000, data: new Uint8Array(400_000), dataLength: 0xffffffff }))
  const stream = await openAudio(at('shrinks.wav'))
  let frames = 0
  const reading = async (): Promise<void> => {
    for await (const [first] of stream.blocks) {
      if (frames === 0) truncateSync(at('shrinks.wav'), 200_044)
      frames += first!.length
    }
  }
  await expect(reading()).rejects.toThrow(/breaks off at 12\.500 s: the file became shorter while it was read/)
  expect(frames).toBe(100_000)
})

it('what ffmpeg has decoded before anybody reads is not lost', async () => {
  // So short that ffmpeg has ended by then: its output waits in the pipe.
  ffmpeg('-i', at('tone.wav'), '-t', '0.1', at('short.m4a'))
  const stream = await openAudio(at('short.m4a'))
  while (execFileSync('ps', ['--ppid', String(process.pid), '-o', 'comm='], { encoding: 'utf8' }).includes('ffmpeg')) await setImmediate()
  let frames = 0
  for await (const [first] of stream.blocks) frames += first!.length
  expect(frames).toBe(4410)
})

it('a file of which nothing can be decoded is an error, allowed or not', async () => {
  writeFileSync(at('header.wav'), files['tone.wav']!.subarray(0, Buffer.from(files['tone.wav']!).indexOf('data') + 8))
  await expect(readOn(at('header.wav'), true)).rejects.toThrow(/breaks off at 0\.000 s/)
})

it('a slice tells where its source breaks off; a whole file has no such place', async () => {
  writeFileSync(at('slice.wav'), files['tone.wav']!.subarray(0, 100_000))
  const piece = slice(await openAudio(at('slice.wav'), { allowTruncated: true }), 1000)
  for await (const _ of piece.blocks);
  expect(piece.brokenOff?.seconds).toBeGreaterThan(0.5)
  const whole = await openAudio(at('tone.flac'), { allowTruncated: true })
  for await (const _ of whole.blocks);
  expect(whole.brokenOff).toBeUndefined()
  expect((await readWhole(at('tone.flac'))).frames).toBe(88_200)
})
