import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { peakOf } from '../../src/data/augment/channels.ts'
import { createCacheReader, makeSyntheticTracks, SINGER_NAMES, sharedGroups } from '../../src/data/index.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'divisi-synthetic-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('makeSyntheticTracks', () => {
  const options = { songs: SINGER_NAMES.length, seconds: 1.5, seed: 4 }

  it('gives vocals of every singer and as many instrumentals, with whole singers held out', async () => {
    const tracks = await makeSyntheticTracks(folder, options)
    expect(tracks).toHaveLength(2 * SINGER_NAMES.length)
    expect(new Set(tracks.filter((t) => t.kind === 'vocals').map((t) => t.group))).toEqual(
      new Set(SINGER_NAMES.map((name) => `synthetic/${name}`)),
    )
    expect(sharedGroups(tracks.map((t) => ({ ...t, sha256: t.id, bytes: 0 })))).toEqual([])
    for (const kind of ['vocals', 'instrumental'] as const)
      for (const split of ['train', 'valid'] as const)
        expect(tracks.filter((t) => t.kind === kind && t.split === split).length).toBeGreaterThan(0)
    const read = createCacheReader()
    for (const track of tracks) {
      expect(track.frames).toBe(1.5 * 44100)
      // Checkpoints are tied to the tracks' ids: the place of the cache must not matter.
      expect(track.id).not.toContain(folder)
      expect(peakOf(read(track, 0, track.frames))).toBeCloseTo(track.peak, 3)
    }
  })

  it('makes each song once', async () => {
    const first = await makeSyntheticTracks(folder, options)
    const times = await Promise.all(first.map(async (t) => (await stat(t.file)).mtimeMs))
    const second = await makeSyntheticTracks(folder, options)
    expect(second).toEqual(first)
    expect(await Promise.all(second.map(async (t) => (await stat(t.file)).mtimeMs))).toEqual(times)
  })

  it('stops at the signal', async () => {
    const stop = new AbortController()
    const stopped = makeSyntheticTracks(folder, {
      ...options,
      seed: 5,
      signal: stop.signal,
      onProgress: () => stop.abort(new Error('enough')),
    })
    await expect(stopped).rejects.toThrow('enough')
  })

  it('needs a song per singer', async () => {
    await expect(makeSyntheticTracks(folder, { songs: 2 })).rejects.toThrow(/songs must be at least \d+ \(one per singer\), got 2/)
  })
})
