import { describe, expect, it } from 'vitest'
import { renderBass } from '../../../src/data/synthetic/bass.ts'
import { renderChords } from '../../../src/data/synthetic/chords.ts'
import { renderDrums } from '../../../src/data/synthetic/drums.ts'
import { applyBiquad, designBiquad } from '../../../src/data/synthetic/filters.ts'
import { makeSong } from '../../../src/data/synthetic/index.ts'
import { BASS_NAMES, CHORD_NAMES, KIT_NAMES, LEAD_NAMES } from '../../../src/data/synthetic/instruments.ts'
import { renderLead } from '../../../src/data/synthetic/lead.ts'
import { silence } from '../../../src/data/synthetic/mix.ts'
import { midiToHertz } from '../../../src/data/synthetic/pitch.ts'
import { reverberate } from '../../../src/data/synthetic/reverb.ts'
import type { DrumHit, Note } from '../../../src/data/synthetic/score.ts'
import { addTone, sawWave } from '../../../src/data/synthetic/wavetable.ts'
import { createRandom } from '../../../src/tensor/random.ts'
import { cents, fundamental, loudest, powerAt, rms } from './analysis.ts'

const RATE = 44100
const at = (seconds: number): number => Math.round(seconds * RATE)

function one(midi: number): Note[] {
  return [{ onset: 0.25, duration: 0.5, midi, velocity: 0.8 }]
}

/** A note alone: silence before it, no jump at its start, nothing left at the end. */
function expectClean(sound: Float32Array, name: string): void {
  const peak = loudest(sound)
  expect(peak, name).toBeGreaterThan(0.01)
  expect(loudest(sound.subarray(0, at(0.2))), `${name} before its onset`).toBeLessThan(1e-4 * peak)
  const first = sound.findIndex((x) => Math.abs(x) > 1e-6)
  expect(loudest(sound.subarray(first, first + 3)), `${name} at its onset`).toBeLessThan(0.25 * peak)
  expect(loudest(sound.subarray(at(1.9))), `${name} after its end`).toBeLessThan(0.01 * peak)
}

describe('instruments', () => {
  it('basses play the pitch of the score (25 cents: strings are tuned by an allpass, synthesisers detuned), without clicks', () => {
    for (const name of BASS_NAMES) {
      const sound = renderBass(one(40), name, at(2), RATE, createRandom(1))
      expectClean(sound, name)
      const found = fundamental(sound, at(0.4), 3000, RATE, 38, 300)
      // The square bass may carry a tone an octave below.
      const octave = Math.round(Math.log2(midiToHertz(40) / found)) * 1200
      expect([0, 1200]).toContain(octave)
      expect(Math.abs(cents(found, midiToHertz(40)) + octave), name).toBeLessThan(25)
    }
  })

  it('chord instruments play the pitch of the score (30 cents: pads are detuned and chorused), without clicks', () => {
    for (const name of CHORD_NAMES) {
      const [sound] = renderChords(one(57), name, at(3), RATE, createRandom(3))
      expectClean(sound, name)
      const found = fundamental(sound, at(0.45), 2000, RATE, 80, 600)
      const octave = Math.round(Math.log2(midiToHertz(57) / found)) * 1200
      expect(Math.abs(cents(found, midiToHertz(57)) + octave), name).toBeLessThan(30)
    }
  })

  it('leads play the pitch of the score (35 cents: vibrato and drift), without clicks', () => {
    for (const name of LEAD_NAMES) {
      const sound = renderLead(one(69), name, at(2), RATE, createRandom(2))
      expectClean(sound, name)
      const found = Array.from({ length: 15 }, (_, i) =>
        cents(fundamental(sound, at(0.45 + 0.015 * i), 800, RATE, 150, 900), midiToHertz(69)),
      )
      expect(Math.abs(found.sort((a, b) => a - b)[7]!), name).toBeLessThan(35)
    }
  })

  it('drums sound at the onsets of the score, in all kits: silence until the onset, energy within 3 ms', () => {
    const hits: DrumHit[] = (['kick', 'snare', 'closed-hat', 'low-tom', 'clap', 'rim'] as const).map((piece, i) => ({
      onset: 0.1 + 2.5 * i,
      piece,
      velocity: 0.9,
    }))
    for (const kit of KIT_NAMES) {
      const [sound] = renderDrums(hits, kit, 0.5, at(16), RATE, createRandom(4))
      for (const { onset, piece } of hits) {
        const peak = loudest(sound.subarray(at(onset), at(onset + 0.2)))
        expect(loudest(sound.subarray(at(onset - 0.05), at(onset))), `${kit} ${piece}`).toBeLessThan(0.01 * peak)
        expect(loudest(sound.subarray(at(onset), at(onset + 0.003))), `${kit} ${piece}`).toBeGreaterThan(0.02 * peak)
      }
    }
  })

  it('the drums stem of a song rises at isolated hits of its score', () => {
    let tested = 0
    for (const seed of [21, 22, 23]) {
      const { stems, score } = makeSong({ seed, seconds: 6 })
      const drums = stems.drums[0]!
      for (const hit of score.drums) {
        const alone = score.drums.every(({ onset }) => onset === hit.onset || onset < hit.onset - 0.1 || onset > hit.onset + 0.03)
        if (!alone || hit.onset < 0.05 || hit.velocity < 0.5 || (hit.piece !== 'kick' && hit.piece !== 'snare')) continue
        tested++
        expect(rms(drums, at(hit.onset), at(hit.onset + 0.02))).toBeGreaterThan(2 * rms(drums, at(hit.onset - 0.02), at(hit.onset)))
      }
    }
    expect(tested).toBeGreaterThan(5)
  })
})

describe('sound processing', () => {
  it('oscillators do not alias: between the harmonics of a saw at 3 kHz there is less than −60 dB of the fundamental', () => {
    const sound = new Float32Array(8192)
    const hertz = 3011
    addTone(sound, 0, sound.length, sawWave(), hertz, RATE, 1, 0)
    const tone = powerAt(sound, hertz, RATE, 8192)
    for (const other of [900, 2000, 4500, 7600, 10700, 13500, 20000]) expect(powerAt(sound, other, RATE, 8192) - tone).toBeLessThan(-60)
  })

  it('rooms fall by 60 dB in the time they are given (from the slope of the tail; 15 %)', () => {
    const input = silence(at(2))
    input[0][0] = 1
    input[1][0] = 1
    const [left] = reverberate(input, { decay: 1.2, size: 0.6, damping: 0, predelay: 0 }, RATE)
    const level = (from: number): number => 20 * Math.log10(rms(left, at(from), at(from + 0.2)))
    expect((60 * 1) / (level(0.3) - level(1.3))).toBeGreaterThan(1.2 * 0.85)
    expect((60 * 1) / (level(0.3) - level(1.3))).toBeLessThan(1.2 * 1.15)
  })

  it('filters have the cookbook’s gains: −3 dB at the corner of a lowpass, the set gain at a peak (0.1 dB)', () => {
    const gain = (filter: ReturnType<typeof designBiquad>, hertz: number): number => {
      const sine = Float32Array.from({ length: 8192 }, (_, i) => Math.sin((2 * Math.PI * hertz * i) / RATE))
      const out = sine.slice()
      applyBiquad(out, filter)
      return 20 * Math.log10(rms(out, 4096) / rms(sine, 4096))
    }
    expect(gain(designBiquad('lowpass', 1000, RATE), 1000)).toBeCloseTo(-3.01, 1)
    expect(gain(designBiquad('peak', 1000, RATE, 1, 6), 1000)).toBeCloseTo(6, 1)
    expect(gain(designBiquad('high-shelf', 500, RATE, 0.7, -9), 15000)).toBeCloseTo(-9, 1)
  })
})
