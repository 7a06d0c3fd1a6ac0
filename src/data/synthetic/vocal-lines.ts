/** What is sung: the lead line with its syllables, lines of harmony singers, and the spans of time they need. */
import type { Random } from '../../tensor/random.ts'
import { createRandom } from '../../tensor/random.ts'
import { isChordTone, scaleOf } from './harmony.ts'
import type { MelodyStyle } from './melody.ts'
import { drawMelody, singMelody, trimNotes } from './melody.ts'
import type { Plan } from './plan.ts'
import type { Chord, Key, SungNote, TimeSpan } from './score.ts'
import { STREAM } from './streams.ts'
import type { Singer } from './voice/singers.ts'

/** Seconds by which the vocals may start before a phrase (breath, consonants) and ring on after it. */
const VOCAL_LEAD_IN = 1
export const VOCAL_TAIL = 2.5

/** Spans in which the singers of these notes may be heard, in order and apart. */
export function mergeSpans(notes: readonly SungNote[], seconds: number): readonly TimeSpan[] {
  const spans: { start: number; end: number }[] = []
  for (const note of [...notes].sort((a, b) => a.onset - b.onset)) {
    const start = Math.max(0, note.onset - VOCAL_LEAD_IN)
    const end = Math.min(seconds, note.onset + note.duration + VOCAL_TAIL)
    const last = spans.at(-1)
    if (last && start <= last.end) last.end = Math.max(last.end, end)
    else spans.push({ start, end })
  }
  return spans
}

/** A second singer's line: the next note of the mode a third above or below that fits the chord. */
function harmonise(notes: readonly SungNote[], key: Key, chordAt: (seconds: number) => Chord, above: boolean): SungNote[] {
  const scale = scaleOf(key)
  return notes.map((note) => {
    const chord = chordAt(note.onset)
    for (const distance of [3, 4, 5]) {
      const midi = note.midi + (above ? distance : -distance)
      if (isChordTone(chord, midi)) return { ...note, midi }
    }
    const distance = [3, 4].find((d) => scale.includes((((note.midi + (above ? d : -d) - key.tonic) % 12) + 12) % 12)) ?? 4
    return { ...note, midi: note.midi + (above ? distance : -distance) }
  })
}

export function drawMelodyStyle(singer: Singer, tempo: number, random: Random): MelodyStyle {
  const busyness = Math.min(2.6, Math.max(0.8, random.uniform(1, 2.4) * (110 / tempo) ** 0.6))
  return {
    busyness: singer.name === 'rapper' ? 3 : busyness,
    melisma: random.pick([0, 0.05, 0.1, 0.25]),
    leap: random.uniform(0.08, 0.3),
    pentatonic: random.chance(0.4),
    silence: random.uniform(0, 0.35),
  }
}

/** The lead singer's line and up to two lines of harmony singers. */
export function drawVocalLines(
  plan: Plan,
  singer: Singer,
  style: MelodyStyle,
  seed: number,
): { readonly sung: SungNote[]; readonly harmonies: SungNote[][] } {
  const random = createRandom(seed, STREAM.melody)
  const { key, sections, beatsPerBar, seconds, chordAt, timeOf } = plan
  const [sung, doubled]: [SungNote[], SungNote[]] = [[], []]
  for (const section of sections) {
    if (!section.vocals) continue
    // Choruses come back with the same tune and words; verses share the tune.
    const tune = createRandom(seed, STREAM.melody, section.kind === 'chorus' ? 1 : section.kind === 'verse' ? 2 : 10 + section.firstBar)
    const words = createRandom(seed, STREAM.lyrics, section.kind === 'chorus' ? 1 : 10 + section.firstBar)
    const lift = section.kind === 'chorus' ? 2 : 0
    const range = { low: singer.range.low + lift, high: singer.range.high - 2 + lift }
    const phrases = drawMelody({ key, range, style, beatsPerBar, chordAt, timeOf }, section.firstBar * beatsPerBar, section.bars, tune)
    const notes = trimNotes(singMelody(phrases, style.melisma, 0.012, words, random), seconds).filter((note) => note.onset < seconds - 0.15)
    sung.push(...notes)
    if (section.harmonies) doubled.push(...notes)
  }
  if (doubled.length === 0) return { sung, harmonies: [] }
  const chordAtSeconds = (time: number): Chord => chordAt(Math.floor((time * plan.tempo) / 60))
  const above = random.chance(0.6)
  const sides = random.chance(0.3) ? [above, !above] : [above]
  return { sung, harmonies: sides.map((side) => harmonise(doubled, key, chordAtSeconds, side)) }
}
