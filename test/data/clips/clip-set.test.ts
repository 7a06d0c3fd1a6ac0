/** Clips in the cache: made once, the same as made at once, and made again where a file is damaged. */
import { mkdtemp, readdir, rm, stat, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeClip, prepareClips } from '../../../src/data/index.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'divisi-clips-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const options = { kind: 'onsets', split: 'held-out', clips: 3, seconds: 1, sampleRate: 8000 } as const

describe('prepareClips', () => {
  it('gives the clips of makeClip to half a step of 16 bits, by stretches, and tells how far it is', async () => {
    const told: number[] = []
    const set = await prepareClips(folder, { ...options, onProgress: (done, total) => told.push(done / total) })
    expect(told.at(-1)).toBe(1)
    expect([set.clips, set.samples, set.sampleRate]).toEqual([3, 8000, 8000])
    for (let index = 0; index < 3; index++) {
      const { audio, annotations } = makeClip({ ...options, index })
      expect(set.annotations(index)).toEqual(annotations)
      const read = set.read(index, 1000, 500)
      expect(read.length).toBe(500)
      // Stored with half of full scale as headroom: steps of 2^-14.
      for (let i = 0; i < 500; i++) expect(Math.abs(read[i]! - audio[1000 + i]!)).toBeLessThanOrEqual(2 ** -15 + 1e-9)
    }
  })

  it('makes nothing twice, and again what was cut off', async () => {
    await prepareClips(folder, options)
    const files = (await readdir(folder)).filter((name) => name.endsWith('.pcm')).sort()
    expect(files.length).toBe(3)
    const times = await Promise.all(files.map(async (name) => (await stat(join(folder, name))).mtimeMs))
    await truncate(join(folder, files[1]!), 100)
    const set = await prepareClips(folder, options)
    const after = await Promise.all(files.map(async (name) => (await stat(join(folder, name))).mtimeMs))
    expect([after[0], after[2]]).toEqual([times[0], times[2]])
    expect(set.read(1, 7000, 1000).length).toBe(1000)
  })

  it('stops when it is told to, and names what cannot be made', async () => {
    const stop = new AbortController()
    const stopped = prepareClips(folder, {
      ...options,
      kind: 'keys',
      clips: 50,
      signal: stop.signal,
      onProgress: () => stop.abort(new Error('enough')),
    })
    await expect(stopped).rejects.toThrow('enough')
    await expect(prepareClips(folder, { ...options, clips: 0 })).rejects.toThrow('clips 0; allowed are whole numbers from 1')
    await expect(prepareClips(folder, { ...options, sampleRate: 4000 })).rejects.toThrow(
      'clip 0 of onsets could not be made: RangeError: makeClip: sampleRate 4000',
    )
  })
})
