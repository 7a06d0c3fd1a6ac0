/** Damaged files of every format, at random: each gives finite samples or an AudioError of one line, and nothing else, ever. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { AudioError, openAudio } from '../../../src/audio/index.ts'
import { SeparationError, separate } from '../../../src/separation/index.ts'
import { identity, separatorOf } from '../../separation/fakes.ts'
import { temporaryFolder } from '../support.ts'
import { type Mutation, mutate, mutations, repairFlac, repairOgg } from './mutate.ts'
import { makeSmallFiles } from './small-files.ts'

// Decoders run one after the other on one core: a busy machine takes its time.
vi.setConfig({ testTimeout: 300_000 })

const folder = temporaryFolder()
const files = makeSmallFiles(folder, 0.2)
const path = join(folder, 'damaged')

/** ffmpeg is a program of its own, and slow to start: it has a few runs of its own below. */
const { PATH } = process.env
beforeAll(() => {
  process.env.PATH = folder
})
afterAll(() => {
  process.env.PATH = PATH
})

interface Outcome {
  readonly frames: number
  readonly sampleRate: number
  readonly error: AudioError | undefined
}

/** Reads what is there of a file; other errors than an AudioError come through. */
async function takeAll(bytes: Uint8Array): Promise<Outcome> {
  writeFileSync(path, bytes)
  let [frames, sampleRate] = [0, 0]
  try {
    const stream = await openAudio(path, { allowTruncated: true })
    sampleRate = stream.info.sampleRate
    for await (const block of stream.blocks) {
      expect(block).toHaveLength(stream.info.channels)
      for (const samples of block) expect(samples.every(Number.isFinite)).toBe(true)
      frames += block[0]!.length
    }
    return { frames, sampleRate, error: stream.brokenOff }
  } catch (error) {
    if (error instanceof AudioError) return { frames, sampleRate, error }
    throw error
  }
}

async function check(bytes: Uint8Array): Promise<void> {
  const printed = vi.spyOn(console, 'error')
  try {
    const { frames, sampleRate, error } = await takeAll(bytes)
    expect(printed).not.toHaveBeenCalled()
    if (!error) return
    expect(error.message.startsWith(`${path}: `)).toBe(true)
    expect(error.message).not.toMatch(/\p{Cc}/u)
    if (error.seconds !== undefined && sampleRate > 0) expect(frames / sampleRate).toBeCloseTo(error.seconds, 6)
  } finally {
    printed.mockRestore()
  }
}

/** Runs by format; decoders in WebAssembly take longer to start than WAV files to read. */
type Repair = (bytes: Uint8Array, original: Uint8Array) => Uint8Array
const asDamaged: Repair = (bytes) => bytes

const CASES: readonly (readonly [name: string, runs: number, checksums: 'as damaged' | 'repaired', repair: Repair])[] = [
  ['tone.wav', 200, 'as damaged', asDamaged],
  ['float.wav', 200, 'as damaged', asDamaged],
  ['deep.wav', 100, 'as damaged', asDamaged],
  ['rf64.wav', 200, 'as damaged', asDamaged],
  ['tone.flac', 100, 'as damaged', asDamaged],
  ['tone.flac', 100, 'repaired', repairFlac],
  ['tone.oga', 50, 'as damaged', asDamaged],
  ['tone.oga', 50, 'repaired', repairOgg],
  ['tone.mp3', 100, 'as damaged', asDamaged],
  ['bare.mp3', 100, 'as damaged', asDamaged],
  ['tone.ogg', 50, 'as damaged', asDamaged],
  ['tone.ogg', 80, 'repaired', repairOgg],
  ['tone.opus', 50, 'as damaged', asDamaged],
  ['tone.opus', 80, 'repaired', repairOgg],
]

it.each(CASES)('%s, damaged %i times, its checksums %s, gives samples or an AudioError', async (name, runs, _, repair) => {
  const original = files[name]!
  const damage = (list: readonly Mutation[]): Uint8Array => repair(mutate(original, list), original)
  await fc.assert(
    fc.asyncProperty(mutations, async (list) => check(damage(list))),
    { numRuns: runs, seed: 8 },
  )
})

it('tone.m4a, damaged, through ffmpeg', async () => {
  process.env.PATH = PATH
  try {
    await fc.assert(
      fc.asyncProperty(mutations, async (list) => {
        const { error } = await takeAll(mutate(files['tone.m4a']!, list))
        expect(error?.message ?? '').not.toMatch(/\p{Cc}/u)
      }),
      { numRuns: 6, seed: 8 },
    )
  } finally {
    process.env.PATH = folder
  }
})

it('damaged files go through a separation as an error, or as stems of the length that was decoded', async () => {
  const damaged = fc.tuple(fc.constantFrom('tone.wav', 'float.wav', 'tone.flac', 'tone.mp3'), mutations)
  await fc.assert(
    fc.asyncProperty(damaged, async ([name, list]) => {
      const bytes = mutate(files[name]!, list)
      const { frames } = await takeAll(bytes)
      let separated = 0
      try {
        const source = await openAudio(path, { allowTruncated: true })
        for await (const { stems } of separate(source, { separator: separatorOf(identity) })) separated += stems.vocals![0]!.length
        expect(separated).toBe(frames)
      } catch (error) {
        if (!(error instanceof AudioError || error instanceof SeparationError)) throw error
      }
    }),
    { numRuns: 40, seed: 8 },
  )
})
