/** The picture of a song appears with its stems or not at all, and shows what they hold; a stretch of a song is told facts of all of it. */

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type AudioStream, slice } from '../../src/audio/index.ts'
import type { SongFacts } from '../../src/models/index.ts'
import { separate, type WriteStemsOptions, writeStems } from '../../src/separation/index.ts'
import { elements, expectWhole, texts } from '../report/support.ts'
import { identity, noise, separatorOf, smoothing, sourceOf } from './fakes.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'divisi-test-'))
})

afterEach(() => rm(folder, { recursive: true }))

const song = (level = 0.5) => sourceOf(noise(2, 44_100, { level, bits: 16 }), { sampleFormat: { kind: 'int', bits: 16 } })

const write = (source: AudioStream, options: Partial<WriteStemsOptions> = {}) =>
  writeStems(source, { separator: separatorOf(smoothing), folder, base: 'song', plot: true, ...options })

describe('writeStems with a picture', () => {
  it('draws the mixture and each stem', async () => {
    const { plot } = await write(song())
    expect(plot).toBe('song.plot.svg')
    expect((await readdir(folder)).sort()).toEqual(['song.instrumental.wav', 'song.plot.svg', 'song.vocals.wav'])
    const svg = await readFile(join(folder, 'song.plot.svg'), 'utf8')
    expectWhole(svg)
    expect(elements(svg, 'image')).toHaveLength(3)
    expect(texts(svg)).toEqual(expect.arrayContaining(['song', 'mixture', 'vocals', 'instrumental', '0:01.0']))
  })

  it('shows stems as loud as their files are, where they had to be lowered', async () => {
    const doubling = separatorOf(([left, right]) => [left.map((x) => 2 * x), right.map((x) => 2 * x)])
    const { gain } = await write(song(0.99), { separator: doubling })
    expect(gain).toBeLessThan(0.6)
    const svg = await readFile(join(folder, 'song.plot.svg'), 'utf8')
    const levels = texts(svg).filter((text) => text.startsWith('peak'))
    // What clipped was staged clamped: the picture knows it to a tenth of a decibel only where nothing did.
    expect(levels[0]).toMatch(/^peak −0\.1 dBFS/)
    expect(levels[1]).toMatch(/^peak −[0-9.]+ dBFS/)
  })

  it('has its title, its place in the song and a name by the template, and tells how far it is', async () => {
    const told: number[] = []
    await write(song(), {
      stems: ['vocals'],
      template: '{stem} of {base}',
      plot: { title: 'A song', start: 75 },
      onDrawing: ({ doneSeconds, totalSeconds }) => told.push(doneSeconds / totalSeconds!),
    })
    expect((await readdir(folder)).sort()).toEqual(['plot of song.svg', 'vocals of song.wav'])
    const svg = await readFile(join(folder, 'plot of song.svg'), 'utf8')
    expect(texts(svg)).toEqual(expect.arrayContaining(['A song', '1:15.0', '1:16.0']))
    expect(told).toEqual([...told].sort((a, b) => a - b))
    expect(told.at(-1)).toBe(1)
  })

  it('is not there after an error, an abort, or where a file of its name is', async () => {
    const failing = sourceOf(noise(2, 5000), { failure: new Error('broke off') })
    await expect(write(failing)).rejects.toThrow('broke off')
    const controller = new AbortController()
    const onDrawing = () => controller.abort(new Error('enough'))
    await expect(write(song(), { signal: controller.signal, onDrawing })).rejects.toThrow('enough')
    expect(await readdir(folder)).toEqual([])
    await write(song(), { stems: ['vocals'] })
    await expect(write(song(), { stems: ['instrumental'] })).rejects.toThrow('song.plot.svg exists')
    expect((await readdir(folder)).sort()).toEqual(['song.plot.svg', 'song.vocals.wav'])
  })
})

describe('separate of a stretch', () => {
  it('tells the network facts of the whole song', async () => {
    const samples = noise(2, 20_000)
    const open = (): AudioStream => ({ ...sourceOf(samples), reopen: async () => open() })
    const told: (SongFacts | undefined)[] = []
    const separator = Object.assign(separatorOf(identity), {
      prepass: () => {
        let heard = 0
        return {
          hear: async ([left]: readonly Float32Array[]) => {
            heard += left!.length
          },
          facts: async () => ({ length: Float32Array.of(heard) }),
        }
      },
    })
    const { predict } = separator
    separator.predict = (window, options) => {
      told.push(options?.facts)
      return predict(window, options)
    }
    const whole = open()
    for await (const _ of separate(slice(await whole.reopen!(), 5000, 7000), { separator, whole }));
    expect(told.length).toBeGreaterThan(1)
    for (const facts of told) expect(facts).toEqual({ length: Float32Array.of(20_000) })
  })
})
