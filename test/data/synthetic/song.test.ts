import { describe, expect, it } from 'vitest'
import type { AudioBlock } from '../../../src/audio/types.ts'
import { makeInstrumental, makeSong, singVoice } from '../../../src/data/synthetic/index.ts'
import { activeRms } from '../../../src/data/synthetic/mix.ts'
import { loudest, rms } from './analysis.ts'

const song = makeSong({ seed: 11, seconds: 12 })
/** Sample by sample; vitest's own comparison of long arrays takes a minute. */
function same(a: AudioBlock, b: AudioBlock): boolean {
  return a.every((channel, c) => channel.length === b[c]!.length && channel.every((x, i) => x === b[c]![i]))
}

const names = ['vocals', 'instrumental', 'drums', 'bass', 'chords', 'lead'] as const

describe('a synthetic song', () => {
  it('has exactly the length that was asked for, two channels everywhere', () => {
    const odd = makeSong({ seed: 2, seconds: 1.2345 })
    for (const block of [odd.mixture, ...names.map((name) => odd.stems[name])]) {
      expect(block.map((channel) => channel.length)).toEqual([Math.round(1.2345 * 44100), Math.round(1.2345 * 44100)])
    }
    expect(makeSong({ seed: 2, seconds: 1, sampleRate: 48000 }).mixture[0]).toHaveLength(48000)
  })

  it('is the same for the same seed and another for another', () => {
    const [again, other] = [makeSong({ seed: 11, seconds: 12 }), makeSong({ seed: 12, seconds: 12 })]
    expect(again.score).toEqual(song.score)
    for (const name of names) expect(same(again.stems[name], song.stems[name]), name).toBe(true)
    expect(same(again.mixture, song.mixture)).toBe(true)
    expect(other.score.sung).not.toEqual(song.score.sung)
    expect(same(other.mixture, song.mixture)).toBe(false)
  })

  it('adds up exactly: vocals + instrumental is the mixture, four parts are the instrumental (32-bit floats, no tolerance)', () => {
    const { vocals, instrumental, drums, bass, chords, lead } = song.stems
    for (let c = 0; c < 2; c++) {
      for (let i = 0; i < vocals[c]!.length; i++) {
        if (song.mixture[c]![i] !== Math.fround(vocals[c]![i]! + instrumental[c]![i]!)) throw new Error(`mixture differs at ${i}`)
        const band = Math.fround(drums[c]![i]! + bass[c]![i]! + chords[c]![i]! + lead[c]![i]!)
        if (instrumental[c]![i] !== band) throw new Error(`instrumental differs at ${i}`)
      }
    }
  })

  it('is finite, audible and below full scale for many seeds', () => {
    for (let seed = 100; seed < 108; seed++) {
      const { mixture, stems } = makeSong({ seed, seconds: 4 })
      for (const block of [mixture, ...names.map((name) => stems[name])]) {
        for (const channel of block) {
          expect(channel.every(Number.isFinite)).toBe(true)
          expect(loudest(channel)).toBeLessThan(0.95)
        }
      }
      expect(loudest(mixture[0]!)).toBeGreaterThan(0.05)
      expect(rms(stems.instrumental[0]!)).toBeGreaterThan(1e-4)
    }
  })

  it('keeps the vocals exactly silent outside the spans of the score, and sounding at every note', () => {
    const long = makeSong({ seed: 4, seconds: 40 })
    const { vocalSpans, sung, harmonies } = long.score
    const vocals = long.stems.vocals[0]!
    let before = 0
    for (const { start, end } of [...vocalSpans, { start: 40, end: 40 }]) {
      expect(loudest(vocals.slice(Math.round(before * 44100), Math.round(start * 44100)))).toBe(0)
      before = end
    }
    expect(vocalSpans.length).toBeGreaterThan(0)
    const level = rms(vocals)
    for (const note of [...sung, ...harmonies.flat()]) {
      expect(vocalSpans.some(({ start, end }) => start <= note.onset && end >= note.onset + note.duration)).toBe(true)
      const [from, to] = [note.onset, note.onset + note.duration].map((s) => Math.round(s * 44100))
      expect(rms(vocals, from, to)).toBeGreaterThan(0.02 * level)
    }
  })

  it('sets the voice between −6 and +6 dB of the band before the master (which may compress: 3 dB of slack)', () => {
    const ratios: number[] = []
    for (let seed = 40; seed < 50; seed++) {
      const { vocals, instrumental } = makeSong({ seed, seconds: 6 }).stems
      const voice = activeRms(vocals as [Float32Array, Float32Array])
      if (voice > 0) ratios.push(20 * Math.log10(voice / activeRms(instrumental as [Float32Array, Float32Array])))
    }
    for (const ratio of ratios) expect(Math.abs(ratio)).toBeLessThan(9)
    expect(Math.max(...ratios) - Math.min(...ratios)).toBeGreaterThan(3)
  })

  it('names what is wrong with its options', () => {
    expect(() => makeSong({ seed: 0.5, seconds: 1 })).toThrow(/makeSong: seed is a whole number, got 0.5/)
    expect(() => singVoice({ seed: 1, seconds: 0 })).toThrow(/singVoice: seconds is above 0 and at most 3600, got 0/)
    expect(() => makeInstrumental({ seed: 1, seconds: 1, sampleRate: 8000 })).toThrow(
      /makeInstrumental: sampleRate is 32000 to 96000 Hz, got 8000/,
    )
  })
})

describe('solo parts', () => {
  it('singVoice sings nearly all the time, below full scale, the same for the same seed', () => {
    const voice = singVoice({ seed: 9, seconds: 10 })
    expect(same(singVoice({ seed: 9, seconds: 10 }), voice)).toBe(true)
    expect(loudest(voice[0]!)).toBeLessThan(0.95)
    const blocks = Array.from({ length: 20 }, (_, i) => rms(voice[0]!, i * 22050, (i + 1) * 22050))
    expect(blocks.filter((level) => level > 0.05 * Math.max(...blocks)).length).toBeGreaterThan(12)
  })

  it('makeInstrumental has no singer: it is the same whoever would sing', () => {
    const [a, b] = [makeInstrumental({ seed: 9, seconds: 4, singer: 'bass' }), makeInstrumental({ seed: 9, seconds: 4, singer: 'soprano' })]
    expect(same(a, b)).toBe(true)
    expect(loudest(a[0]!)).toBeGreaterThan(0.05)
  })
})
