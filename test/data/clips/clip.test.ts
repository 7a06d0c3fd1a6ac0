/** Clips say what sounds in them: labels are tested against the sound, and against the harmony it was made of. */
import { describe, expect, it } from 'vitest'
import { singersOf } from '../../../src/data/clips/clip.ts'
import { drawCadences, drawLabelledHarmony } from '../../../src/data/clips/progression.ts'
import { type Annotation, type ClipKind, type ClipSplit, clipKinds, makeClip, SINGER_NAMES } from '../../../src/data/index.ts'
import { vocabularies } from '../../../src/models/index.ts'
import { createRandom } from '../../../src/tensor/index.ts'

const make = (kind: ClipKind, index: number, more: object = {}) =>
  makeClip({ kind, split: 'train', index, seconds: 4, sampleRate: 8000, ...more })

/** Power of x at a frequency, by one sum. */
function powerAt(x: Float32Array, hertz: number, rate: number): number {
  let [re, im] = [0, 0]
  for (let n = 0; n < x.length; n++) {
    const window = 1 - Math.cos((2 * Math.PI * (n + 0.5)) / x.length)
    re += window * x[n]! * Math.cos((2 * Math.PI * hertz * n) / rate)
    im += window * x[n]! * Math.sin((2 * Math.PI * hertz * n) / rate)
  }
  return (re * re + im * im) / x.length ** 2
}

/** Power of each pitch class, C to B, in the octaves from C3 to B5. */
function chromaOf(x: Float32Array, rate: number): number[] {
  return Array.from({ length: 12 }, (_, pc) =>
    [48, 60, 72].reduce((sum, octave) => sum + powerAt(x, 440 * 2 ** ((octave + pc - 69) / 12), rate), 0),
  )
}

const within = (audio: Float32Array, { start, end }: Annotation, rate: number) =>
  audio.subarray(Math.round(start * rate), Math.round(end * rate))

describe('clips', () => {
  it.each(clipKinds)('%s: are functions of kind, split and index; labels are of their vocabulary and within the clip', (kind) => {
    const make = (index: number, split: ClipSplit = 'train') => makeClip({ kind, split, index, seconds: 2, sampleRate: 8000 })
    const [first, again, next, heldOut] = [make(3), make(3), make(4), make(3, 'held-out')]
    expect(again).toEqual(first)
    expect(next.audio).not.toEqual(first.audio)
    expect(heldOut.audio).not.toEqual(first.audio)
    for (const { audio, annotations, sampleRate } of [first, next, heldOut]) {
      expect(sampleRate).toBe(8000)
      expect(audio.length).toBe(16000)
      expect(audio.every((x) => Math.abs(x) <= 1)).toBe(true)
      expect(audio.some((x) => Math.abs(x) > 0.05)).toBe(true)
      expect(annotations).toEqual(annotations.toSorted((a, b) => a.start - b.start))
      for (const { label, start, end } of annotations) {
        expect(vocabularies[kind]).toContain(label)
        expect(start).toBeGreaterThanOrEqual(0)
        expect(end).toBeGreaterThanOrEqual(start)
        expect(end).toBeLessThanOrEqual(2)
      }
    }
  })

  it('chords: labels follow each other without gaps, and the chord’s own tones sound', () => {
    let [spans, right] = [0, 0]
    for (let index = 0; index < 10; index++) {
      const { audio, annotations } = make('chords', index)
      expect(annotations[0]!.start).toBe(0)
      expect(annotations.at(-1)!.end).toBe(4)
      for (const [i, one] of annotations.entries()) {
        if (i > 0) {
          expect(one.start).toBe(annotations[i - 1]!.end)
          expect(one.label).not.toBe(annotations[i - 1]!.label)
        }
        const chord = vocabularies.chords.indexOf(one.label)
        if (chord === 24 || one.end - one.start < 0.5) continue
        // The best of the 24 triads by chroma: simple, and right far more often than by chance (1 in 24), if labels are.
        const chroma = chromaOf(within(audio, one, 8000), 8000)
        const strength = (c: number) => [0, c < 12 ? 4 : 3, 7].reduce((sum, step) => sum + Math.sqrt(chroma[(c + step) % 12]!), 0)
        const best = Array.from({ length: 24 }, (_, c) => c).reduce((a, b) => (strength(b) > strength(a) ? b : a))
        spans++
        if (best === chord) right++
      }
    }
    expect(spans).toBeGreaterThan(12)
    expect(right / spans).toBeGreaterThan(0.5)
  })

  it('onsets: loudness rises at them more than elsewhere, and they are 30 ms apart', () => {
    const [rises, others]: [number[], number[]] = [[], []]
    for (let index = 0; index < 10; index++) {
      const { audio, annotations } = make('onsets', index)
      const level = (from: number) => {
        const part = audio.subarray(Math.max(0, Math.round(8000 * from)), Math.max(1, Math.round(8000 * (from + 0.02))))
        return 10 * Math.log10(part.reduce((sum, x) => sum + x * x, 0) / part.length + 1e-8)
      }
      const rise = (at: number) => level(at + 0.005) - level(at - 0.02)
      const times = annotations.map(({ start }) => start)
      for (const [i, time] of times.entries()) {
        if (i > 0) expect(time - times[i - 1]!).toBeGreaterThanOrEqual(0.03)
        if (time < 3.9) rises.push(rise(time))
        const middle = time + 0.5 * ((times[i + 1] ?? 4) - time)
        if ((times[i + 1] ?? 4) - time > 0.1 && middle < 3.9) others.push(rise(middle))
      }
    }
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
    expect(rises.length).toBeGreaterThan(80)
    expect(mean(rises)).toBeGreaterThan(5)
    expect(mean(others)).toBeLessThan(1)
  })

  it('vocals: no singer of held-out clips sings in training, and all singers sing in one of both', () => {
    const [train, heldOut] = [singersOf('train'), singersOf('held-out')]
    expect(train.filter((name) => heldOut.includes(name))).toEqual([])
    expect([...train, ...heldOut].toSorted()).toEqual([...SINGER_NAMES].toSorted())
    expect(heldOut.length).toBeGreaterThanOrEqual(2)
  })

  it('instruments and tags: every label occurs; a clip has one instrument, and tags without repetition', () => {
    const short = { seconds: 1 }
    const instruments = Array.from({ length: 80 }, (_, index) => make('instruments', index, short).annotations)
    expect(instruments.every((one) => one.length === 1)).toBe(true)
    expect(new Set(instruments.map(([one]) => one!.label)).size).toBe(vocabularies.instruments.length)
    const tags = Array.from({ length: 25 }, (_, index) => make('tags', index, short).annotations.map(({ label }) => label))
    expect(new Set(tags.flat()).size).toBe(vocabularies.tags.length)
    for (const labels of tags) expect(new Set(labels).size).toBe(labels.length)
  })

  it('keys: phrases begin on the tonic, end with dominant and tonic, and stay in the key but for the raised leading note', () => {
    for (let seed = 0; seed < 60; seed++) {
      const { key, halfBars } = drawCadences(32, createRandom(seed))
      expect(['major', 'minor']).toContain(key.mode)
      expect(halfBars.length).toBe(32)
      const third = key.mode === 'major' ? 4 : 3
      const isHome = (i: number) => halfBars[i]!.root === key.tonic && halfBars[i]!.intervals[1] === third
      expect(isHome(0)).toBe(true)
      const scale = key.mode === 'major' ? [0, 2, 4, 5, 7, 9, 11] : [0, 2, 3, 5, 7, 8, 10, 11]
      for (const { root, intervals } of halfBars)
        for (const interval of intervals) expect(scale).toContain((root + interval - key.tonic + 24) % 12)
      // After each dominant comes the tonic at the end of a phrase, before the next one begins there.
      const roots = halfBars.map(({ root }) => (root - key.tonic + 12) % 12).join(' ')
      expect(roots).toMatch(/7 (7 )?0/)
      const dominant = halfBars.find(({ root }) => (root - key.tonic + 12) % 12 === 7)!
      expect(dominant.intervals[1]).toBe(4)
    }
    const keys = Array.from({ length: 200 }, (_, seed) => drawCadences(8, createRandom(seed)).key)
    expect(new Set(keys.map(({ tonic, mode }) => `${tonic} ${mode}`)).size).toBe(24)
  })

  it('chords: of a progression all have a major or minor third and a perfect fifth', () => {
    for (let seed = 0; seed < 40; seed++)
      for (const { intervals } of drawLabelledHarmony(16, createRandom(seed)).halfBars) {
        expect([3, 4]).toContain(intervals[1])
        expect(intervals[2]).toBe(7)
      }
  })

  it('refuse what cannot be made, by name', () => {
    expect(() => make('keys', -1)).toThrow('index -1; allowed are whole numbers from 0')
    expect(() => make('keys', 0, { seconds: 0.5 })).toThrow('seconds 0.5; allowed are 1 to 60')
    expect(() => make('keys', 0, { sampleRate: 44100 })).toThrow('sampleRate 44100; allowed are whole numbers from 8000 to 32000')
  })
})
