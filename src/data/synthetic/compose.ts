/** Draws a whole song on paper: the plan, who plays, the tune and all parts. */
import { createRandom } from '../../tensor/random.ts'
import { drawBassLine, drawChordPart } from './accompaniment.ts'
import { DRUM_STYLES, drawDrums } from './drum-patterns.ts'
import type { Casting } from './form.ts'
import type { BassName, ChordName, KitName, LeadName, Players } from './instruments.ts'
import { CHORD_FIGURES, choose, ENSEMBLES } from './instruments.ts'
import { drawMelody, trimNotes } from './melody.ts'
import { drawPlan } from './plan.ts'
import type { Note, Score } from './score.ts'
import { STREAM } from './streams.ts'
import { drawMelodyStyle, drawVocalLines, mergeSpans } from './vocal-lines.ts'
import type { Singer, SingerName } from './voice/singers.ts'
import { drawSinger, SINGER_NAMES } from './voice/singers.ts'

export interface ComposeOptions {
  readonly seed: number
  readonly seconds: number
  readonly casting: Casting
  /** A named singer instead of a drawn one. */
  readonly singer?: SingerName
  /** Instruments to draw from instead of all. */
  readonly players?: Players
}

export interface Composition {
  readonly score: Score
  readonly singer: Singer
  readonly chordParts: readonly { readonly name: ChordName; readonly notes: readonly Note[] }[]
  readonly bassName: BassName
  readonly leadName: LeadName
  readonly kitName: KitName
}

/** The composition of a seed; equal options give equal songs. */
export function compose(options: ComposeOptions): Composition {
  const { seed, seconds } = options
  const cast = createRandom(seed, STREAM.cast)
  const style = cast.pick(DRUM_STYLES)
  const heavy = style.name === 'rock' && cast.chance(0.5)
  const singer = drawSinger(options.singer ?? cast.pick(SINGER_NAMES), createRandom(seed, STREAM.voice))
  const machines = style.name === 'dance' || style.name === 'hip-hop' || style.name === 'breakbeat'
  const ensemble =
    ENSEMBLES[cast.pick(machines ? (['machines', 'machines', 'anything'] as const) : (['band', 'band', 'band', 'anything'] as const))]
  const { kits, basses, chords: allowed, leads } = options.players ?? {}
  const kitName = cast.pick(choose(ensemble.kits, kits))
  const bassName = cast.pick(choose(ensemble.basses, basses))
  const leadName = cast.pick(choose(ensemble.leads, leads))
  const accompanists = choose(ensemble.chords, allowed)
  const distorts = heavy && (allowed?.includes('distorted-guitar') ?? true)
  const firstChords: ChordName = distorts ? 'distorted-guitar' : cast.pick(accompanists)
  const others = accompanists.filter((name) => name !== firstChords)
  const chordNames = [firstChords, ...(cast.chance(0.7) && others.length > 0 ? [cast.pick(others)] : [])]
  const looseness = cast.pick(machines ? [0, 0, 0.004] : [0.003, 0.006, 0.01])

  const plan = drawPlan({ ...options, style, heavy })
  const { key, tempo, swing, beatsPerBar, sections, chordAt, timeOf } = plan
  const drawnStyle = drawMelodyStyle(singer, tempo, createRandom(seed, STREAM.melody, 0))
  const melodyStyle = options.casting === 'solo-voice' ? { ...drawnStyle, silence: 0 } : drawnStyle
  const { sung, harmonies } = drawVocalLines(plan, singer, melodyStyle, seed)
  const part = { key, sections, beatsPerBar, seconds, looseness, chordAt, timeOf }
  const drums = drawDrums(
    { style, sections, beatsPerBar, seconds, looseness, timeOf: (step) => timeOf(step / 4) },
    createRandom(seed, STREAM.drums),
  )
  const bass = trimNotes(drawBassLine(part, style.name === 'swing', createRandom(seed, STREAM.bass)), seconds)

  const chordsRandom = createRandom(seed, STREAM.chords)
  const chordParts = chordNames.map((name) => {
    const low = name === 'distorted-guitar'
    const centre = low ? chordsRandom.integer(46, 52) : chordsRandom.integer(55, 67)
    const voices = low ? 3 : chordsRandom.pick([3, 4, 4, name.includes('guitar') ? 6 : 4])
    const notes = drawChordPart(part, chordsRandom.pick(CHORD_FIGURES[name]), centre, voices, chordsRandom)
    return { name, notes: notes.map((note) => ({ ...note, duration: Math.min(note.duration, seconds - note.onset) })) }
  })

  const leadRandom = createRandom(seed, STREAM.lead)
  const low = leadRandom.integer(60, 70)
  const leadStyle = { ...melodyStyle, busyness: leadRandom.uniform(1, 2.6), leap: leadRandom.uniform(0.1, 0.35) }
  const leadContext = { key, range: { low, high: low + 17 }, style: leadStyle, beatsPerBar, chordAt, timeOf }
  const solos = sections.filter((section) => section.lead)
  const lead = trimNotes(
    solos.flatMap((section) => drawMelody(leadContext, section.firstBar * beatsPerBar, section.bars, leadRandom).flat()),
    seconds,
  )

  const beats = Array.from({ length: Math.ceil((seconds * tempo) / 60) }, (_, i) => ({
    seconds: (i * 60) / tempo,
    bar: Math.floor(i / beatsPerBar),
    beat: i % beatsPerBar,
    chord: chordAt(i),
  }))
  const chords = chordParts.flatMap(({ notes }) => notes).sort((a, b) => a.onset - b.onset)
  const vocalSpans = mergeSpans([...sung, ...harmonies.flat()], seconds)
  const names = { singer: singer.name, style: style.name, kit: kitName, bass: bassName, chords: chordNames, lead: leadName }
  const score = {
    seconds,
    tempo,
    beatsPerBar,
    swing,
    key,
    sections,
    beats,
    sung,
    harmonies,
    vocalSpans,
    drums,
    bass,
    chords,
    lead,
    cast: names,
  }
  return { singer, chordParts, bassName, leadName, kitName, score }
}
