/**
 * Clips with exact labels, made by the project's synthesiser: a pure function of kind, split and index. Every kind comes in all twelve transpositions
 * from the start, which is what augmentation by pitch shift makes of recordings.
 */
import { toMono } from '../../audio/mono.ts'
import { vocabularies } from '../../models/crnn/labels.ts'
import { createRandom, type Random } from '../../tensor/random.ts'
import { CHORD_NAMES, type ChordName, LEAD_NAMES, type LeadName } from '../synthetic/instruments.ts'
import { peak, type Stereo } from '../synthetic/mix.ts'
import type { SungNote } from '../synthetic/score.ts'
import { makeSong } from '../synthetic/song.ts'
import { SINGER_NAMES, type SingerName } from '../synthetic/voice/singers.ts'
import type { Annotation, Clip, ClipKind, ClipSplit } from './annotation.ts'
import {
  chordSpans,
  drawFrame,
  type Frame,
  mixParts,
  type Part,
  playBass,
  playChords,
  playDrums,
  playLead,
  playTune,
  RENDER_RATE,
} from './band.ts'
import { drawCadences, drawLabelledHarmony } from './progression.ts'

/** Changes whenever a clip sounds otherwise or has other labels. */
export const clipVersion = 1

/** Singers of held-out clips; training hears the others. */
const UNHEARD_SINGERS: readonly SingerName[] = ['tenor', 'mezzo', 'crooner', 'belter']

/** Onsets that are closer than this are one (Böck, Krebs & Schedl 2012, "Evaluating the online capabilities of onset detection methods"). */
const ONE_ONSET = 0.03
/** Pauses of a singer that are shorter are none. */
const BREATH = 0.25

interface Sound {
  readonly sound: Stereo
  readonly annotations: readonly Annotation[]
}

/** Players whose every note has an attack. */
const STRUCK: readonly ChordName[] = ['piano', 'electric-piano', 'acoustic-guitar', 'clean-guitar', 'synth-pluck']

const drawChordPlayer = (random: Random): ChordName => random.pick(CHORD_NAMES)

function makeChords(seconds: number, random: Random): Sound {
  const frame = drawFrame(seconds, random, drawLabelledHarmony)
  const parts = [playChords(frame, drawChordPlayer(random))]
  if (random.chance(0.4)) parts.push(playChords(frame, drawChordPlayer(random)))
  if (random.chance(0.7)) parts.push(playBass(frame))
  if (random.chance(0.3)) parts.push(playLead(frame, random.pick(LEAD_NAMES)))
  // One clip in four begins with bars, or ends after bars, in which nobody plays but the drummer, or nobody at all.
  const cut = random.chance(0.25) ? random.pick(['before', 'after'] as const) : undefined
  const at = frame.context.timeOf(4 * Math.max(1, Math.round(frame.bars * random.uniform(0.2, 0.5))))
  const begin = frame.context.timeOf(0)
  const [from, to] = cut === 'before' ? [at, seconds] : cut === 'after' ? [begin, Math.max(at, 0.5 * seconds)] : [begin, seconds]
  for (const { sound } of parts) keepBetween(sound, from, to)
  const spans = chordSpans(frame)
    .map(({ start, end, chord }) => ({ label: chordLabel(chord), start: Math.max(from, start), end: Math.min(to, end) }))
    .filter(({ start, end }) => start < end)
  const none = (start: number, end: number) => (start < end ? [{ label: 'N', start, end }] : [])
  if (random.chance(0.5)) parts.push(playDrums(frame))
  return { sound: mixParts(parts, random), annotations: joined([...none(0, from), ...spans, ...none(to, seconds)]) }
}

/** Neighbours with the same label as one. */
function joined(spans: readonly Annotation[]): Annotation[] {
  const out: Annotation[] = []
  for (const span of spans) {
    const last = out.at(-1)
    if (last?.label === span.label && last.end === span.start) out[out.length - 1] = { ...last, end: span.end }
    else out.push(span)
  }
  return out
}

/** Silences what is not between the two times, with 10 ms of fade. */
function keepBetween(sound: Stereo, from: number, to: number): void {
  const fade = 0.01 * RENDER_RATE
  const [first, last] = [from * RENDER_RATE, to * RENDER_RATE]
  for (const channel of sound) {
    for (let i = 0; i < channel.length; i++) {
      if (from > 0 && i < first) channel[i]! *= Math.max(0, 1 - (first - i) / fade)
      if (i > last - fade && last < channel.length) channel[i]! *= Math.max(0, (last - i) / fade)
    }
  }
}

function chordLabel({ root, intervals }: { readonly root: number; readonly intervals: readonly number[] }): string {
  return vocabularies.chords[root + (intervals[1] === 3 ? 12 : 0)]!
}

function makeKeys(seconds: number, random: Random): Sound {
  const frame = drawFrame(seconds, random, drawCadences)
  const parts = [playChords(frame, drawChordPlayer(random))]
  if (random.chance(0.6)) parts.push(playBass(frame))
  if (random.chance(0.4)) parts.push(playLead(frame, random.pick(LEAD_NAMES)))
  if (random.chance(0.4)) parts.push(playDrums(frame))
  const { tonic, mode } = frame.harmony.key
  const label = vocabularies.keys[tonic + (mode === 'minor' ? 12 : 0)]!
  return { sound: mixParts(parts, random), annotations: [{ label, start: 0, end: seconds }] }
}

function makeOnsets(seconds: number, random: Random): Sound {
  const frame = drawFrame(seconds, random, drawLabelledHarmony)
  const players: ((frame: Frame) => Part)[] = [
    (f) => playDrums(f, 0.4),
    (f) => playChords(f, random.pick(STRUCK)),
    (f) => playTune(f, random.pick(STRUCK)),
    playBass,
  ]
  const chosen = players.filter(() => random.chance(0.55))
  const parts = (chosen.length > 0 ? chosen : [random.pick(players)]).map((play) => play(frame))
  const onsets: number[] = []
  for (const onset of parts.flatMap((part) => part.onsets).sort((a, b) => a - b))
    if (onset - (onsets.at(-1) ?? -1) >= ONE_ONSET) onsets.push(onset)
  return { sound: mixParts(parts, random), annotations: onsets.map((start) => ({ label: 'onset', start, end: start })) }
}

function sungSpans(notes: readonly SungNote[], seconds: number): Annotation[] {
  const spans: { label: string; start: number; end: number }[] = []
  for (const { onset, duration } of [...notes].sort((a, b) => a.onset - b.onset)) {
    const [start, end] = [Math.min(onset, seconds), Math.min(seconds, onset + duration)]
    const last = spans.at(-1)
    if (last && start - last.end < BREATH) last.end = Math.max(last.end, end)
    else if (end > start) spans.push({ label: 'vocals', start, end })
  }
  return spans
}

/** Who may sing in clips of a split. */
export function singersOf(split: ClipSplit): readonly SingerName[] {
  return SINGER_NAMES.filter((name) => UNHEARD_SINGERS.includes(name) === (split === 'held-out'))
}

/** Songs, one in five without their singer. */
function makeVocals(seconds: number, random: Random, split: ClipSplit): Sound {
  const { mixture, stems, score } = makeSong({
    seed: random.integer(0, 2 ** 31),
    seconds,
    sampleRate: RENDER_RATE,
    singer: random.pick(singersOf(split)),
  })
  if (random.chance(0.2)) return { sound: stems.instrumental as Stereo, annotations: [] }
  return { sound: mixture as Stereo, annotations: sungSpans([...score.sung, ...score.harmonies.flat()], seconds) }
}

function makeInstruments(seconds: number, random: Random): Sound {
  const frame = drawFrame(seconds, random, drawLabelledHarmony)
  const label = random.pick(vocabularies.instruments)
  const playsChords = (CHORD_NAMES as readonly string[]).includes(label)
  const part = !playsChords
    ? playLead(frame, label as LeadName)
    : random.chance(0.5)
      ? playTune(frame, label as ChordName)
      : playChords(frame, label as ChordName)
  return { sound: mixParts([part], random), annotations: [{ label, start: 0, end: seconds }] }
}

/** Bands of one chord player or two; any of the others may be missing. */
function makeTags(seconds: number, random: Random): Sound {
  const frame = drawFrame(seconds, random, drawLabelledHarmony)
  const [chordPlayers, leads] = [CHORD_NAMES, LEAD_NAMES].map((names) => names.filter((name) => isTag(name))) as [ChordName[], LeadName[]]
  const first = random.pick(chordPlayers)
  const players: [string, () => Part][] = [[first, () => playChords(frame, first)]]
  if (random.chance(0.4)) {
    const second = random.pick(chordPlayers.filter((name) => name !== first))
    players.push([second, () => playChords(frame, second)])
  }
  if (random.chance(0.5)) {
    const lead = random.pick(leads)
    players.push([lead, () => playLead(frame, lead)])
  }
  if (random.chance(0.5)) players.push(['bass', () => playBass(frame)])
  if (random.chance(0.5)) players.push(['drums', () => playDrums(frame)])
  const sound = mixParts(
    players.map(([, play]) => play()),
    random,
  )
  return { sound, annotations: players.map(([label]) => ({ label, start: 0, end: seconds })) }
}

function isTag(name: string): boolean {
  return (vocabularies.tags as readonly string[]).includes(name)
}

const makers: Readonly<Record<ClipKind, (seconds: number, random: Random, split: ClipSplit) => Sound>> = {
  chords: makeChords,
  keys: makeKeys,
  onsets: makeOnsets,
  vocals: makeVocals,
  instruments: makeInstruments,
  tags: makeTags,
}

/** What clips can be made for. */
export const clipKinds = Object.keys(makers) as readonly ClipKind[]

export interface ClipOptions {
  readonly kind: ClipKind
  readonly split: ClipSplit
  /** Number of the clip within its split, from 0. */
  readonly index: number
  readonly seconds: number
  /** Hertz, 8000 to 32000. */
  readonly sampleRate: number
}

/**
 * One clip, always the same for the same options: rendered in stereo, down-mixed and down-sampled.
 *
 * @throws RangeError for an index that is no whole number ≥ 0, a length outside 1 to 60 seconds and a rate outside 8 to 32 kHz
 *
 * @example
 * const { audio, annotations } = makeClip({ kind: 'chords', split: 'train', index: 1, seconds: 4, sampleRate: 8000 })
 * audio.length // 32000
 * annotations[0]!.start // 0
 */
export function makeClip({ kind, split, index, seconds, sampleRate }: ClipOptions): Clip {
  if (!Number.isSafeInteger(index) || index < 0) throw new RangeError(`makeClip: index ${index}; allowed are whole numbers from 0`)
  if (!(seconds >= 1 && seconds <= 60)) throw new RangeError(`makeClip: seconds ${seconds}; allowed are 1 to 60`)
  if (!(Number.isInteger(sampleRate) && sampleRate >= 8000 && sampleRate <= RENDER_RATE))
    throw new RangeError(`makeClip: sampleRate ${sampleRate}; allowed are whole numbers from 8000 to ${RENDER_RATE} (Hz)`)
  const random = createRandom(0x636c6970, clipKinds.indexOf(kind), split === 'train' ? 0 : 1, index)
  const { sound, annotations } = makers[kind](seconds, random, split)
  const level = random.uniform(0.1, 0.9) / Math.max(1e-6, peak(sound))
  const audio = Float32Array.from(toMono(sound, RENDER_RATE, sampleRate), (x) => level * x)
  return { audio, sampleRate, annotations }
}
