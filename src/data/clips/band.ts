/** A few bars of a small band: who plays, what they play over a harmony, and how it sounds. */
import type { Random } from '../../tensor/random.ts'
import { type ChordFigure, drawBassLine, drawChordPart, type PartContext } from '../synthetic/accompaniment.ts'
import { renderBass } from '../synthetic/bass.ts'
import { renderChords } from '../synthetic/chords.ts'
import { DRUM_STYLES, drawDrums } from '../synthetic/drum-patterns.ts'
import { renderDrums } from '../synthetic/drums.ts'
import { BASS_NAMES, CHORD_FIGURES, type ChordName, KIT_NAMES, type LeadName } from '../synthetic/instruments.ts'
import { renderLead } from '../synthetic/lead.ts'
import { drawMelody, trimNotes } from '../synthetic/melody.ts'
import { activeRms, addPanned, type Stereo, silence } from '../synthetic/mix.ts'
import { type Room, reverberate } from '../synthetic/reverb.ts'
import type { Chord, DrumHit, Note, TimeSpan } from '../synthetic/score.ts'
import type { Harmony } from './progression.ts'

/** The synthesiser's filters are made for rates from here on. */
export const RENDER_RATE = 32000

/** Time and harmony of a clip. */
export interface Frame {
  readonly seconds: number
  readonly random: Random
  readonly harmony: Harmony
  readonly context: PartContext
  readonly bars: number
}

/** Draws a tempo and lays a harmony out over bars of four beats; `drawHarmony` gets the number of half bars. */
export function drawFrame(seconds: number, random: Random, drawHarmony: (halfBars: number, random: Random) => Harmony): Frame {
  const beatSeconds = 60 / random.uniform(76, 144)
  // Nobody begins with the first sample.
  const start = random.uniform(0.05, 0.4)
  const bars = Math.ceil((seconds - start) / (4 * beatSeconds))
  const harmony = drawHarmony(2 * bars, random)
  const { key, halfBars } = harmony
  // Dense enough that nobody rests for all of it.
  const section = {
    kind: 'chorus' as const,
    start,
    end: seconds,
    firstBar: 0,
    bars,
    density: random.uniform(0.5, 1),
    vocals: false,
    lead: true,
    harmonies: false,
  }
  const context: PartContext = {
    key,
    sections: [section],
    beatsPerBar: 4,
    seconds,
    looseness: random.pick([0, 0.003, 0.006]),
    chordAt: (beat) => halfBars[Math.max(0, Math.min(halfBars.length - 1, Math.floor(beat / 2 + 1e-9)))]!,
    timeOf: (beat) => start + beat * beatSeconds,
  }
  return { seconds, random, harmony, context, bars }
}

/** When each chord sounds. */
export function chordSpans({ context, bars, seconds }: Frame): readonly (TimeSpan & { readonly chord: Chord })[] {
  const spans: { start: number; end: number; chord: Chord }[] = []
  for (let half = 0; half < 2 * bars; half++) {
    const [chord, start, end] = [context.chordAt(2 * half), context.timeOf(2 * half), Math.min(seconds, context.timeOf(2 * half + 2))]
    const last = spans.at(-1)
    if (last?.chord === chord) last.end = end
    else if (start < seconds) spans.push({ start, end, chord })
  }
  return spans
}

/** A part as sound, with the onsets of what it plays. */
export interface Part {
  readonly sound: Stereo
  readonly onsets: readonly number[]
}

const partOf = (sound: Stereo, notes: readonly { readonly onset: number }[]): Part => ({ sound, onsets: notes.map(({ onset }) => onset) })

/** The part that is drawn, again until it has notes: players may rest for a section. */
function drawSome<T>(draw: () => readonly T[]): readonly T[] {
  for (;;) {
    const notes = draw()
    if (notes.length > 0) return notes
  }
}

export function playChords({ context, seconds, random }: Frame, name: ChordName, figure?: ChordFigure): Part {
  const low = name === 'distorted-guitar'
  const centre = low ? random.integer(46, 52) : random.integer(54, 68)
  const voices = low ? 3 : name.includes('guitar') ? random.pick([4, 6]) : random.pick([3, 4])
  const chosen = figure ?? random.pick(CHORD_FIGURES[name])
  const notes = drawSome(() => drawChordPart(context, chosen, centre, voices, random)).map(
    (note): Note => ({ ...note, duration: Math.min(note.duration, seconds - note.onset) }),
  )
  return partOf(renderChords(notes, name, samplesOf(seconds), RENDER_RATE, random), notes)
}

export function playBass({ context, seconds, random }: Frame): Part {
  const notes = drawSome(() => trimNotes(drawBassLine(context, false, random), seconds))
  const sound = silence(samplesOf(seconds))
  addPanned(sound, renderBass(notes, random.pick(BASS_NAMES), samplesOf(seconds), RENDER_RATE, random), 0, 1)
  return partOf(sound, notes)
}

/** @param audible hits that are softer are not played */
export function playDrums({ context, seconds, random }: Frame, audible = 0): Part {
  const options = { ...context, style: random.pick(DRUM_STYLES), timeOf: (step: number) => context.timeOf(step / 4) }
  const hits = drawSome<DrumHit>(() => drawDrums(options, random).filter(({ velocity }) => velocity >= audible))
  return partOf(renderDrums(hits, random.pick(KIT_NAMES), 0, samplesOf(seconds), RENDER_RATE, random), hits)
}

function drawTune({ context, seconds, random, bars }: Frame): readonly Note[] {
  const low = random.integer(57, 70)
  const style = {
    busyness: random.uniform(1, 2.5),
    melisma: 0,
    leap: random.uniform(0.1, 0.35),
    pentatonic: random.chance(0.4),
    silence: 0,
  }
  return drawSome(() => trimNotes(drawMelody({ ...context, range: { low, high: low + 17 }, style }, 0, bars, random).flat(), seconds))
}

export function playLead(frame: Frame, name: LeadName): Part {
  const notes = drawTune(frame)
  const sound = silence(samplesOf(frame.seconds))
  addPanned(sound, renderLead(notes, name, samplesOf(frame.seconds), RENDER_RATE, frame.random), 0, 1)
  return partOf(sound, notes)
}

/** A tune on an instrument that otherwise plays chords. */
export function playTune(frame: Frame, name: ChordName): Part {
  const notes = drawTune(frame)
  return partOf(renderChords(notes, name, samplesOf(frame.seconds), RENDER_RATE, frame.random), notes)
}

function samplesOf(seconds: number): number {
  return Math.round(seconds * RENDER_RATE)
}

/** All parts in one mix: each at a level of its own within `spread` decibels, more often than not in a room. */
export function mixParts(parts: readonly Part[], random: Random, spread = 5): Stereo {
  const samples = parts[0]!.sound[0].length
  const mix = silence(samples)
  const addTo = (target: Stereo, sound: Stereo, gain: number) => {
    for (const [c, channel] of target.entries()) for (let i = 0; i < samples; i++) channel[i]! += gain * sound[c]![i]!
  }
  for (const { sound } of parts) addTo(mix, sound, 10 ** (random.uniform(-spread, 0) / 20) / Math.max(1e-6, activeRms(sound)))
  if (random.chance(0.6)) {
    const size = random.uniform(0.15, 0.8)
    const room: Room = { size, decay: random.uniform(0.2, 0.8), damping: random.uniform(0.2, 0.8), predelay: 0.02 * size }
    addTo(mix, reverberate(mix, room, RENDER_RATE), random.uniform(0.05, 0.3))
  }
  return mix
}
