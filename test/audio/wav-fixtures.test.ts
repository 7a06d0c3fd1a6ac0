import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { AudioError } from '../../src/audio/index.ts'
import { interleave, readWhole } from './support.ts'

interface Expected {
  readonly sampleRate?: number
  readonly channels?: number
  readonly frames?: number
  readonly sha256?: string
  readonly first?: number[]
  readonly refused?: string
  readonly warning?: string
}

const folder = fileURLToPath(new URL('../fixtures/audio/wav/', import.meta.url))
const expected = JSON.parse(readFileSync(`${folder}expected.json`, 'utf8')) as Record<string, Expected>

describe('unusual WAV files', () => {
  it('all have an expectation', () => {
    expect(readdirSync(folder).filter((name) => name.endsWith('.wav'))).toEqual(Object.keys(expected).sort())
  })

  const readable = Object.entries(expected).filter(([, entry]) => !entry.refused && !entry.warning)
  it.each(readable)('%s decodes to the very values that SciPy or ffmpeg reads', async (name, entry) => {
    const sound = await readWhole(folder + name)
    expect(sound.info).toMatchObject({ sampleRate: entry.sampleRate, channels: entry.channels })
    expect(sound.frames).toBe(entry.frames)
    const values = interleave(sound.channels)
    expect([...values.subarray(0, 12)]).toEqual(entry.first)
    expect(createHash('sha256').update(values).digest('hex')).toBe(entry.sha256)
  })

  it.each([
    ['test-44100Hz-le-1ch-4bytes-early-eof-no-data.wav', /broken header: it has no "data" chunk/],
    ['test-44100Hz-le-1ch-4bytes-incomplete-chunk.wav', /broken header: it ends within the head of a chunk/],
    ['test-8000Hz-le-3ch-5S-24bit-inconsistent.wav', /broken header: its block align of 4 bytes is no multiple of its 3 channels/],
  ])('%s, which SciPy refuses too, is refused with the reason', async (name, reason) => {
    expect(expected[name]?.refused).toBeDefined()
    await expect(readWhole(folder + name)).rejects.toThrow(reason)
  })

  it('an early end of file is an error that tells where, after all samples there are', async () => {
    const name = 'test-44100Hz-le-1ch-4bytes-early-eof.wav'
    const error = await readWhole(folder + name).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(AudioError)
    expect((error as AudioError).message).toMatch(/breaks off at 0\.005 s/)
    expect((error as AudioError).seconds).toBe(expected[name]!.frames! / 44100)
  })
})
