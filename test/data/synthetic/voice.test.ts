import { describe, expect, it } from 'vitest'
import { FRAME, midiToHertz } from '../../../src/data/synthetic/pitch.ts'
import type { Consonant, SungNote, Vowel } from '../../../src/data/synthetic/score.ts'
import { articulate } from '../../../src/data/synthetic/voice/articulation.ts'
import { glottalPulse, PULSE_SHAPES } from '../../../src/data/synthetic/voice/glottis.ts'
import { VOWELS } from '../../../src/data/synthetic/voice/phonemes.ts'
import type { SingerName } from '../../../src/data/synthetic/voice/singers.ts'
import { drawSinger, SINGER_NAMES } from '../../../src/data/synthetic/voice/singers.ts'
import { renderLine, synthesise } from '../../../src/data/synthetic/voice/voice.ts'
import { createRandom } from '../../../src/tensor/random.ts'
import { cents, fundamental, loudest, powerAt, rms } from './analysis.ts'

const RATE = 44100

function note(vowel: Vowel, midi: number, onset = 0.2, duration = 0.8, initial: readonly Consonant[] = []): SungNote {
  return { onset, duration, midi, velocity: 0.8, vowel, initial, final: [], slurred: false, phraseStart: false, phraseEnd: false }
}

/** What the vocal tract does to noise: the articulation of a vowel with the voice replaced by breath. */
function whisper(vowel: Vowel, name: SingerName): Float32Array {
  const singer = drawSinger(name, createRandom(1))
  const samples = Math.round(1.1 * RATE)
  const curves = articulate([note(vowel, 50, 0.05, 1)], singer, Math.ceil(samples / FRAME) + 1, RATE, createRandom(2))
  curves.voicing.fill(0)
  curves.aspiration.fill(1)
  return synthesise(curves, singer, samples, RATE, createRandom(3)).subarray(4410, 22050)
}

describe('the singing voice', () => {
  it('sings the pitch of the score: mean over 0.7 s of long notes within 45 cents (four cycles of vibrato leave 8, intonation and drift deviate by 8 to 16 each)', () => {
    for (const name of ['bass', 'tenor', 'mezzo', 'soprano', 'child'] as const) {
      const singer = drawSinger(name, createRandom(7))
      const { low, high } = singer.range
      const line = [low + 1, low + 5, high - 1].map((midi, i) => note((['a', 'o', 'e'] as const)[i]!, midi, 0.3 + 1.5 * i, 1.45, ['l']))
      const sound = renderLine(line, singer, 5 * RATE, RATE, createRandom(6))
      for (const { onset, midi } of line) {
        const found = Array.from({ length: 28 }, (_, i) => fundamental(sound, Math.round((onset + 0.5 + 0.025 * i) * RATE), 1100, RATE))
        const mean = found.reduce((sum, hertz) => sum + cents(hertz, midiToHertz(midi)), 0) / found.length
        expect(Math.abs(mean), `${name}, note at ${onset}`).toBeLessThan(45)
      }
    }
  })

  it('shapes vowels by their formants: F1 and F2 stand 6 dB above the middle between them where they are far apart', () => {
    for (const vowel of ['i', 'ɪ', 'e', 'ɛ', 'æ', 'y', 'ø', 'ɝ'] as const) {
      const singer = drawSinger('baritone', createRandom(1))
      const [f1, f2] = [0, 1].map((k) => VOWELS[vowel][k]! * singer.tract * singer.formantShape[k]!) as [number, number]
      const sound = whisper(vowel, 'baritone')
      const around = (hertz: number): number => Math.max(...[0.92, 0.96, 1, 1.04, 1.08].map((share) => powerAt(sound, hertz * share, RATE)))
      const valley = powerAt(sound, (f1 + f2) / 2, RATE)
      expect(around(f1) - valley, `F1 of ${vowel}`).toBeGreaterThan(6)
      expect(around(f2) - valley, `F2 of ${vowel}`).toBeGreaterThan(6)
    }
  })

  it('has at least eight voices that differ in their formants: envelopes of the same vowel are 2 dB apart (RMS over sixths of octaves)', () => {
    const bands = Array.from({ length: 29 }, (_, k) => 200 * 2 ** (k / 6))
    const envelopes = SINGER_NAMES.map((name) => {
      const sound = whisper('a', name)
      const levels = bands.map((hertz) => powerAt(sound, hertz, RATE))
      const mean = levels.reduce((a, b) => a + b, 0) / levels.length
      return levels.map((level) => level - mean)
    })
    const apart = (a: readonly number[], b: readonly number[]): boolean => rms(a.map((level, k) => level - b[k]!)) > 2
    const distinct = envelopes.filter((envelope, i) => envelopes.slice(0, i).every((other) => apart(envelope, other)))
    expect(distinct.length).toBeGreaterThanOrEqual(8)
  })

  it('hisses: an s has more power at 7 kHz than at 500 Hz, a vowel 30 dB less', () => {
    const singer = drawSinger('alto', createRandom(1))
    const sound = renderLine([note('a', 60, 0.4, 0.6, ['s'])], singer, RATE, RATE, createRandom(2))
    const [hiss, vowel] = [
      sound.subarray(Math.round(0.3 * RATE), Math.round(0.37 * RATE)),
      sound.subarray(Math.round(0.6 * RATE), Math.round(0.8 * RATE)),
    ]
    expect(powerAt(hiss, 7000, RATE) - powerAt(hiss, 500, RATE)).toBeGreaterThan(10)
    expect(powerAt(vowel, midiToHertz(60), RATE) - powerAt(vowel, 7000, RATE)).toBeGreaterThan(30)
  })

  it('closes the mouth before a t and bursts after it', () => {
    const singer = drawSinger('baritone', createRandom(1))
    const sound = renderLine([note('a', 50, 0.2, 0.3), note('a', 50, 0.5, 0.4, ['t'])], singer, RATE, RATE, createRandom(2))
    const level = (from: number, to: number): number => rms(sound, Math.round(from * RATE), Math.round(to * RATE))
    const closure = level(0.425, 0.445)
    expect(20 * Math.log10(closure / level(0.3, 0.38))).toBeLessThan(-25)
    expect(20 * Math.log10(level(0.455, 0.47) / closure)).toBeGreaterThan(10)
  })

  it('starts and ends without a click: no step between samples above those of the vowel itself', () => {
    const singer = drawSinger('tenor', createRandom(1))
    const sound = renderLine([note('ʌ', 57, 0.3, 0.6)], singer, RATE, RATE, createRandom(2))
    const step = (from: number, to: number): number =>
      loudest(sound.subarray(Math.round(from * RATE), Math.round(to * RATE)).map((x, i, all) => (i > 0 ? x - all[i - 1]! : 0)))
    const middle = step(0.45, 0.75)
    expect(step(0, 0.32)).toBeLessThan(middle)
    expect(step(0.88, 1)).toBeLessThan(middle)
    expect(loudest(sound.subarray(0, Math.round(0.25 * RATE)))).toBe(0)
  })

  it('has glottal pulses that close with the main excitation −1 and bring the flow back to zero (mean below 0.002, grid of 4096)', () => {
    for (const rd of PULSE_SHAPES) {
      const { samples, closure } = glottalPulse(rd)
      expect(samples[Math.round(closure * samples.length)]!).toBeCloseTo(-1, 1)
      expect(Math.abs(samples.reduce((a, b) => a + b, 0) / samples.length)).toBeLessThan(2e-3)
      expect(Math.min(...samples)).toBeGreaterThan(-1.01)
    }
  })
})
