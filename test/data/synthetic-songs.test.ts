/** Songs of the synthesiser with their stems in the cache: what of them is held out, and that they are made once. */
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeSong, makeSyntheticSongs, readStem } from '../../src/data/index.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'divisi-songs-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const options = { songs: 2, heldOut: 1, seconds: 2, rate: 8000, channels: 1 } as const

describe('makeSyntheticSongs', () => {
  it('3.44 songs: have all stems at any rate from 8 kHz, as the synthesiser makes them', async () => {
    const songs = await makeSyntheticSongs(folder, options)
    expect(songs.map(({ split }) => split)).toEqual(['train', 'train', 'valid'])
    for (const { stems } of songs) {
      expect(Object.keys(stems)).toEqual(['vocals', 'drums', 'bass', 'chords', 'lead'])
      for (const stem of Object.values(stems)) expect([stem.frames, stem.channels]).toEqual([16000, 1])
      const sounding = Object.values(stems).filter(({ rms }) => rms > 0)
      expect(sounding.length).toBeGreaterThan(1)
      for (const stem of sounding) {
        const [sound] = readStem(stem, 0, 16000)
        // The level is kept to five digits, the samples to 16 bits.
        expect(Math.sqrt(sound!.reduce((sum, x) => sum + x * x, 0) / 16000) / stem.rms).toBeCloseTo(1, 2)
      }
    }
    const stereo = await makeSyntheticSongs(folder, { ...options, songs: 1, rate: 22050, channels: 2 })
    expect(Object.values(stereo[0]!.stems).map((stem) => [stem.frames, stem.channels])[0]).toEqual([44100, 2])
    expect(readStem(stereo[0]!.stems.vocals!, 100, 7).map((x) => x.length)).toEqual([7, 7])
  })

  it('makes each song once', async () => {
    const first = await makeSyntheticSongs(folder, options)
    const times = await Promise.all(first.map(async (song) => (await stat(song.stems.vocals!.file)).mtimeMs))
    expect(await makeSyntheticSongs(folder, options)).toEqual(first)
    expect(await Promise.all(first.map(async (song) => (await stat(song.stems.vocals!.file)).mtimeMs))).toEqual(times)
  })

  it('refuses numbers out of range, and stops at the signal', async () => {
    await expect(makeSyntheticSongs(folder, { ...options, rate: 4000 })).rejects.toThrow(
      'rate 4000; allowed are whole numbers from 8000 to 96000',
    )
    await expect(makeSyntheticSongs(folder, { ...options, heldOut: 0 })).rejects.toThrow('heldOut 0')
    const stop = new AbortController()
    const stopped = makeSyntheticSongs(folder, {
      ...options,
      seed: 50,
      signal: stop.signal,
      onProgress: () => stop.abort(new Error('enough')),
    })
    await expect(stopped).rejects.toThrow('enough')
  })

  it('players: of the instruments that are left out none plays, and songs without such a wish are as they were', () => {
    const players = { kits: ['lo-fi'], basses: ['fm'], chords: ['organ', 'strings'], leads: ['reed'] } as const
    for (let seed = 0; seed < 6; seed++) {
      const { cast } = makeSong({ seed, seconds: 0.5, sampleRate: 32000, players }).score
      expect([cast.kit, cast.bass, cast.lead]).toEqual(['lo-fi', 'fm', 'reed'])
      expect(['organ', 'strings']).toEqual(expect.arrayContaining([...cast.chords]))
    }
    expect(new Set(makeSong({ seed: 3, seconds: 0.5, sampleRate: 32000, players: { chords: ['pad'] } }).score.cast.chords)).toEqual(
      new Set(['pad']),
    )
  })
})
