/** How long a song will take: the arithmetic, the number of windows, and when there is no prediction. No clock is looked at. */

import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { streamOf } from '../../../src/audio/index.ts'
import { countWindows, createTimePredictor, planWindows, separate, songTime } from '../../../src/separation/index.ts'
import { noise, separatorOf, sourceOf } from '../fakes.ts'
import { filtered, listening } from './fakes.ts'

const efforts = { window: { wall: 2, cpu: 3.5 }, beside: { wall: 0.1, cpu: 0.1 }, apart: 0.05 }

describe('songTime', () => {
  it('is that of the slower of two that work beside each other, and of what is apart', () => {
    expect(songTime(efforts, { windows: 10, seconds: 100 }, 3)).toBeCloseTo(20 + 5, 10)
    expect(songTime(efforts, { windows: 1, seconds: 100 }, 3)).toBeCloseTo(10 + 5, 10)
  })

  it('grows where the network needs all processors', () => {
    // Two threads (3.5 s of processors in 2 s) and what is beside them on two processors: three quarters of the smaller.
    expect(songTime(efforts, { windows: 10, seconds: 100 }, 2)).toBeCloseTo(20 + 7.5 + 5, 10)
  })

  it('is nothing for nothing', () => {
    expect(songTime(efforts, { windows: 0, seconds: 0 }, 2)).toBe(0)
    expect(songTime({ ...efforts, window: { wall: 0, cpu: 0 } }, { windows: 3, seconds: 10 }, 2)).toBeCloseTo(1.5, 10)
  })
})

describe('countWindows', () => {
  it.each([undefined, 0.25, 0.5, 0.9])('is how often the network is asked, overlap %s', async (overlap) => {
    for (const length of [1, 511, 512, 513, 848, 849, 5000]) {
      const separator = separatorOf(filtered)
      for await (const _ of separate(sourceOf(noise(2, length)), { separator, overlap }));
      expect(separator.calls, `${length} samples`).toBe(countWindows(planWindows(separator, overlap), length))
    }
    expect(countWindows(planWindows(separatorOf(filtered)), 0)).toBe(0)
  })
})

describe('createTimePredictor', () => {
  const song = noise(2, 4000)

  it('predicts a time, asks the network once for all songs, and leaves nothing behind', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'divisi-test-'))
    const separator = separatorOf(filtered)
    const predictor = createTimePredictor()
    const options = { separator, folder, base: 'song' }
    const seconds = await predictor.predict(streamOf(song, 44100), options)
    expect(seconds).toBeGreaterThan(0)
    const { calls } = separator
    expect(await predictor.predict(streamOf(song, 44100), options)).toBe(seconds)
    expect(separator.calls).toBe(calls)
    expect(separator.disposed).toBe(false)
    expect(await readdir(folder)).toEqual([])
    await rm(folder, { recursive: true })
  })

  it('tells a network that listens what it wants to know', async () => {
    const separator = listening(() => 0.5)
    expect(await createTimePredictor().predict(streamOf(song, 44100), { separator, folder: '.', base: 'song' })).toBeGreaterThan(0)
  })

  it('has none for a source that can be read once, or does not know its length, or cannot be separated', async () => {
    const separator = separatorOf(filtered)
    const options = { separator, folder: '.', base: 'song' }
    const predictor = createTimePredictor()
    expect(await predictor.predict(sourceOf(song), options)).toBeUndefined()
    expect(await predictor.predict(streamOf([], 44100), options)).toBeUndefined()
    const lying = streamOf(song, 44100)
    expect(await predictor.predict({ ...lying, info: { ...lying.info, frames: undefined } }, options)).toBeUndefined()
    const failing = separatorOf(() => Promise.reject(new Error('no')))
    expect(await createTimePredictor().predict(lying, { ...options, separator: failing })).toBeUndefined()
  })

  it('ends with the reason of an abort', async () => {
    const signal = AbortSignal.abort(new Error('enough'))
    const separator = separatorOf((_, given) => {
      given?.throwIfAborted()
      throw new Error('was not told')
    })
    await expect(createTimePredictor().predict(streamOf(song, 44100), { separator, folder: '.', base: 'song', signal })).rejects.toThrow(
      'enough',
    )
  })
})
