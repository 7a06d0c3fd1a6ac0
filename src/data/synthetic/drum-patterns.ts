/**
 * Drum parts on a grid of sixteenths: a groove per section, ghost notes and variations by chance, fills at the ends of sections, crashes at
 * their starts. A pattern is one string per piece and bar: X accent, x normal, o quiet, ? perhaps, . rest; bars in three use the first twelve.
 */
import type { Random } from '../../tensor/random.ts'
import type { DrumHit, DrumPiece, Section } from './score.ts'

type Groove = Partial<Record<DrumPiece, string>>

export interface DrumStyle {
  readonly name: string
  /** Range of tempo (beats per minute) the style is played at. */
  readonly tempo: readonly [number, number]
  readonly swing: readonly [number, number]
  readonly grooves: readonly Groove[]
}

export const DRUM_STYLES: readonly DrumStyle[] = [
  {
    name: 'rock',
    tempo: [88, 150],
    swing: [0, 0.02],
    grooves: [
      { kick: 'X.......X.?.....', snare: '....X.......X...', 'closed-hat': 'x.x.x.x.x.x.x.x.' },
      { kick: 'X.....x.X.....?.', snare: '....X..?....X..o', 'closed-hat': 'X.o.X.o.X.o.X.o.' },
      { kick: 'X..x....X.x.....', snare: '....X.......X...', ride: 'X.x.X.x.X.x.X.x.' },
      { kick: 'X.x.....x.x...?.', snare: '....X.......X...', 'open-hat': 'x...x...x...x...' },
    ],
  },
  {
    name: 'pop',
    tempo: [84, 132],
    swing: [0, 0.03],
    grooves: [
      {
        kick: 'X.....x...x.....',
        snare: '....X.......X...',
        clap: '....x.......x...',
        'closed-hat': 'x.x.x.x.x.x.x.x.',
        shaker: 'oxoxoxoxoxoxoxox',
      },
      { kick: 'X...x...X...x...', snare: '....X.......X...', 'closed-hat': '..x...x...x...x.', tambourine: '....x.......x...' },
      { kick: 'X......xX.......', clap: '....X.......X..?', 'closed-hat': 'x.xxx.x.x.xxx.x.' },
    ],
  },
  {
    name: 'dance',
    tempo: [112, 150],
    swing: [0, 0.04],
    grooves: [
      { kick: 'X...X...X...X...', clap: '....X.......X...', 'open-hat': '..X...X...X...X.', 'closed-hat': 'xoxoxoxoxoxoxoxo' },
      { kick: 'X...X...X...X..?', snare: '....X.......X...', 'open-hat': '..x...x...x...x.', shaker: 'xoXoxoXoxoXoxoXo' },
      { kick: 'X...X...X...X...', 'closed-hat': '..x...x...x...xx', cowbell: '..?..?....?..?..' },
    ],
  },
  {
    name: 'hip-hop',
    tempo: [70, 100],
    swing: [0.02, 0.14],
    grooves: [
      { kick: 'X..x......x..?..', snare: '....X.......X...', 'closed-hat': 'x.x.x.x.x.x.x.x.' },
      { kick: 'X......x.xx.....', snare: '....X..o....X...', 'closed-hat': 'xxx.x.x.xxx.x.?.', 'open-hat': '..............?.' },
      { kick: 'X.....x...X.....', clap: '........X.......', snare: '........x.......', 'closed-hat': 'x?x?x?x?x?xxx?x?' },
    ],
  },
  {
    name: 'funk',
    tempo: [88, 122],
    swing: [0.01, 0.08],
    grooves: [
      { kick: 'X.x....?..x..x..', snare: '..?oX..o.o.oX..o', 'closed-hat': 'x.x.x.x.x.x.x.x.' },
      { kick: 'X..x..x...x..?..', snare: '....X.o..o..X.o.', 'closed-hat': 'XoxoXoxoXoxoXoxo', 'open-hat': '......?.......?.' },
    ],
  },
  {
    name: 'ballad',
    tempo: [70, 92],
    swing: [0, 0.04],
    grooves: [
      { kick: 'X.........x.....', rim: '....x.......x...', 'closed-hat': 'x.o.x.o.x.o.x.o.' },
      { kick: 'X.......x.......', snare: '....X.......X...', ride: 'x.x.x.x.x.x.x.x.' },
      { kick: 'X......x........', snare: '........X.......', 'closed-hat': 'x...x...x...x...', shaker: 'o.x.o.x.o.x.o.x.' },
    ],
  },
  {
    name: 'swing',
    tempo: [96, 160],
    swing: [0.14, 0.17],
    grooves: [
      { kick: 'o...o...o...o...', ride: 'X...x.x.X...x.x.', 'pedal-hat': '....x.......x...', snare: '..?...?...o...?.' },
      { kick: 'X.......x...?...', snare: '....X.......X...', 'closed-hat': 'x.x.x.x.x.x.x.x.' },
    ],
  },
  {
    name: 'latin',
    tempo: [96, 140],
    swing: [0, 0.02],
    grooves: [
      { kick: 'x..xx..xx..xx..x', rim: 'x..x..x...x..x..', shaker: 'XoxoXoxoXoxoXoxo' },
      { kick: 'X...X...X...X...', snare: '...x..x....x..x.', 'closed-hat': 'x.x.x.x.x.x.x.x.', cowbell: 'x...x.x.x...x.x.' },
    ],
  },
  {
    name: 'breakbeat',
    tempo: [120, 160],
    swing: [0, 0.05],
    grooves: [
      { kick: 'X.x.......xx....', snare: '....X..o.o..X..o', ride: 'x.x.x.x.x.x.x.x.' },
      { kick: 'X.........x.....', snare: '....X.......X...', 'closed-hat': 'x.x.x.x.x.x.x.x.' },
    ],
  },
]

const LEVEL: Record<string, number> = { X: 1, x: 0.75, o: 0.32, '?': 0.6 }
const OPTIONAL: readonly DrumPiece[] = ['shaker', 'tambourine', 'cowbell', 'ride', 'open-hat', 'clap']

function addFill(hits: DrumHit[], from: number, steps: number, timeOf: (step: number) => number, random: Random): void {
  const kind = random.pick(['toms', 'snare', 'mixed', 'sparse'])
  for (let s = 0; s < steps; s++) {
    if (random.chance(kind === 'sparse' ? 0.6 : 0.15)) continue
    const place = s / steps
    const tom: DrumPiece = place < 0.4 ? 'high-tom' : place < 0.7 ? 'mid-tom' : 'low-tom'
    const piece: DrumPiece = kind === 'toms' ? tom : kind === 'snare' ? 'snare' : random.pick<DrumPiece>(['snare', tom, tom, 'kick'])
    hits.push({ onset: timeOf(from + s), piece, velocity: Math.min(1, 0.5 + 0.45 * place + random.uniform(-0.1, 0.1)) })
  }
}

export interface DrumOptions {
  readonly style: DrumStyle
  readonly sections: readonly Section[]
  readonly beatsPerBar: number
  readonly seconds: number
  /** Deviation of onsets in seconds: 0 is a machine, 0.012 a loose player. */
  readonly looseness: number
  /** Seconds of a place in sixteenths from the start of the song, with swing. */
  timeOf(step: number): number
}

/** All hits of a song in order of onset. */
export function drawDrums(options: DrumOptions, random: Random): DrumHit[] {
  const { style, sections, beatsPerBar, timeOf, looseness, seconds } = options
  const steps = beatsPerBar * 4
  const hits: DrumHit[] = []
  const grooveOf = new Map<string, Groove>()
  for (const section of sections) {
    const groove = grooveOf.get(section.kind) ?? random.pick(style.grooves)
    grooveOf.set(section.kind, groove)
    if (section.density < 0.2 && random.chance(0.7)) continue
    const silent = new Set(OPTIONAL.filter(() => random.chance(0.9 - section.density)))
    const sparse = section.density < 0.35
    if (section.density > 0.5 && section.firstBar > 0 && random.chance(0.8))
      hits.push({ onset: timeOf(section.firstBar * steps), piece: 'crash', velocity: random.uniform(0.6, 1) })
    for (let bar = section.firstBar; bar < section.firstBar + section.bars; bar++) {
      const last = bar === section.firstBar + section.bars - 1
      const fillSteps = last && random.chance(0.7) ? random.pick([2, 4, 4, 8]) : bar % 4 === 3 && random.chance(0.15) ? 2 : 0
      for (const [name, pattern] of Object.entries(groove)) {
        const piece = name as DrumPiece
        if (silent.has(piece) || (sparse && (piece === 'snare' || piece === 'clap'))) continue
        for (let s = 0; s < steps - fillSteps; s++) {
          const mark = pattern[s % 16]!
          const level = LEVEL[mark]
          if (level === undefined || (mark === '?' && random.chance(0.6))) continue
          hits.push({ onset: timeOf(bar * steps + s), piece, velocity: level * random.uniform(0.82, 1) })
        }
      }
      // Rolls of the closed hat, twice or three times as fast as the grid.
      if (style.name === 'hip-hop' && random.chance(0.3)) {
        const at = bar * steps + random.pick([6, 10, 14])
        const parts = random.pick([4, 6])
        for (let r = 1; r < parts; r++) {
          const onset = timeOf(at) + ((timeOf(at + 2) - timeOf(at)) * r) / parts
          hits.push({ onset, piece: 'closed-hat', velocity: 0.35 + (0.35 * r) / parts })
        }
      }
      if (fillSteps > 0) addFill(hits, (bar + 1) * steps - fillSteps, fillSteps, timeOf, random)
    }
  }
  return hits
    .map((hit) => ({ ...hit, onset: Math.max(0, hit.onset + looseness * Math.max(-2, Math.min(2, random.normal()))) }))
    .filter((hit) => hit.onset < seconds - 0.01)
    .sort((a, b) => a.onset - b.onset)
}
