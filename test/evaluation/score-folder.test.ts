import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createWavWriter } from '../../src/audio/index.ts'
import { type ClipScore, groupOf, scoreFolder, scoreTable, sdr, summarise } from '../../src/evaluation/index.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'divisi-score-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const RATE = 8000
const sine = (hz: number, amplitude: number, frames = 8000): Float32Array =>
  Float32Array.from({ length: frames }, (_, i) => amplitude * Math.sin((2 * Math.PI * hz * i) / RATE))
const add = (a: Float32Array, b: Float32Array): Float32Array => a.map((x, i) => x + b[i]!)

async function put(clip: string, stems: Record<string, Float32Array>): Promise<void> {
  await mkdir(join(folder, clip), { recursive: true })
  for (const [stem, samples] of Object.entries(stems)) {
    const writer = await createWavWriter(join(folder, clip, `${stem}.wav`), {
      sampleRate: RATE,
      channels: 1,
      sampleFormat: { kind: 'float', bits: 32 },
    })
    await writer.write([samples])
    await writer.finish()
  }
}

async function putClip(clip: string, vocalAmplitude: number): Promise<{ vocals: Float32Array; accompaniment: Float32Array }> {
  const vocals = sine(500, vocalAmplitude)
  const accompaniment = sine(1500, 0.4)
  await put(clip, { mix: add(vocals, accompaniment), vocals, accompaniment })
  return { vocals, accompaniment }
}

describe('scoreFolder', () => {
  it('scores estimate, mixture and oracle of every clip, the accompaniment as mixture − vocals', async () => {
    const truth = await putClip('song_1', 0.2)
    await putClip('loop_1', 0.4)
    const seen: string[] = []
    const { clips, groups } = await scoreFolder(
      folder,
      async (mixture, rate, clip) => {
        expect(rate).toBe(RATE)
        seen.push(clip)
        // Takes everything for vocals.
        return { vocals: mixture }
      },
      { groups: { songs: ['song_'], loops: ['loop_'] } },
    )
    expect(seen).toEqual(['loop_1', 'song_1'])
    const song = clips.find((c) => c.clip === 'song_1')!
    expect(song).toMatchObject({ group: 'songs', seconds: 1 })
    // Vocals at half the accompaniment's amplitude: −6.02 dB.
    expect(song.mixture.vocals.sdr).toBeCloseTo(-6.02, 2)
    expect(song.mixture.accompaniment.sdr).toBeCloseTo(6.02, 2)
    expect(song.model.vocals).toEqual(song.mixture.vocals)
    // Nothing is left for the accompaniment: 0 dB of SDR.
    expect(song.model.accompaniment.sdr).toBe(0)
    expect(song.oracle.vocals.sdr).toBeGreaterThan(25)
    expect(groups.map((g) => [g.group, g.clips])).toEqual([
      ['songs', 1],
      ['loops', 1],
      ['all', 2],
    ])
    expect(sdr([truth.vocals], [truth.vocals])).toBe(100)
  })

  it('takes the accompaniment of the separator where it gives one', async () => {
    const truth = await putClip('song', 0.2)
    const { clips } = await scoreFolder(folder, async () => ({ vocals: [truth.accompaniment], accompaniment: [truth.accompaniment] }))
    expect(clips[0]!.model.accompaniment.sdr).toBe(100)
    expect(clips[0]!.model.vocals.sdr).toBeLessThan(0)
  })

  it('refuses folders without clips, incomplete clips and stems that do not fit, by name', async () => {
    const nothing = async (mixture: Float32Array[]) => ({ vocals: mixture })
    await expect(scoreFolder(folder, nothing)).rejects.toThrow(/no clips; each is a folder with mix, vocals and accompaniment/)
    await putClip('whole', 0.2)
    await put('part', { mix: sine(500, 0.1) })
    await expect(scoreFolder(folder, nothing)).rejects.toThrow(/incomplete clips:\n {2}part: no vocals, no accompaniment/)
    await put('part', { vocals: sine(500, 0.1), accompaniment: sine(500, 0.1, 4000) })
    await expect(scoreFolder(folder, nothing)).rejects.toThrow(
      /part: mix, vocals and accompaniment must have one rate, channel count and length/,
    )
  })
})

describe('summaries', () => {
  const clip = (name: string, group: string, vocals: number): ClipScore => {
    const stems = { vocals: { sdr: vocals, siSdr: vocals + 1 }, accompaniment: { sdr: -vocals, siSdr: 0 } }
    return { clip: name, group, seconds: 1, model: stems, mixture: stems, oracle: stems }
  }

  it('hold mean and median of each group and of all', () => {
    const groups = summarise([clip('a', 'x', 1), clip('b', 'x', 2), clip('c', 'x', 9), clip('d', 'y', 4)], ['y', 'x', 'empty'])
    expect(groups.map((g) => g.group)).toEqual(['y', 'x', 'all'])
    expect(groups[1]).toMatchObject({
      clips: 3,
      mean: { model: { vocals: { sdr: 4, siSdr: 5 } } },
      median: { model: { vocals: { sdr: 2 } } },
    })
    // Of an even number: the mean of the two in the middle.
    expect(groups[2]!.median.model.vocals.sdr).toBe(3)
  })

  it('become a Markdown table with one row per group and stem', () => {
    const rows = scoreTable(summarise([clip('a', 'x', 1.234)])).split('\n')
    expect(rows).toHaveLength(4)
    expect(rows[2]).toBe('| x | 1 | vocals | 2.23 (2.23) | 2.23 (2.23) | 2.23 (2.23) | 1.23 (1.23) | 1.23 (1.23) | 1.23 (1.23) |')
    expect(new Set(rows.map((row) => row.split('|').length)).size).toBe(1)
  })

  it('sort clips into groups by the start of their names', () => {
    expect(groupOf('evr_3', { evr: ['evr_'], other: ['x'] })).toBe('evr')
    expect(groupOf('zzz', { evr: ['evr_'] })).toBe('other')
  })
})
