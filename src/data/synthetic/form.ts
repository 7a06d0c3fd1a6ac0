/** Song form: which sections follow each other, how long they are, and who plays in them. */
import type { Random } from '../../tensor/random.ts'
import type { Section, SectionKind } from './score.ts'

/** Who has phrases: everybody in turn, the singer nearly always (a solo line), or no singer at all. */
export type Casting = 'song' | 'solo-voice' | 'instrumental'

const FORMS: readonly (readonly SectionKind[])[] = [
  ['intro', 'verse', 'chorus', 'verse', 'chorus', 'bridge', 'chorus', 'outro'],
  ['intro', 'verse', 'pre-chorus', 'chorus', 'break', 'verse', 'pre-chorus', 'chorus', 'solo', 'chorus', 'outro'],
  ['intro', 'verse', 'verse', 'chorus', 'verse', 'chorus', 'solo', 'chorus', 'chorus'],
  ['chorus', 'verse', 'chorus', 'solo', 'verse', 'chorus', 'bridge', 'chorus'],
  ['intro', 'verse', 'verse', 'bridge', 'verse', 'solo', 'bridge', 'verse', 'outro'],
  ['verse', 'chorus', 'break', 'verse', 'chorus', 'chorus', 'outro'],
]
/** Songs too short for a form are an excerpt: a short lead-in, then singing. */
const EXCERPTS: readonly (readonly SectionKind[])[] = [
  ['intro', 'verse', 'chorus'],
  ['verse', 'chorus'],
  ['chorus', 'verse'],
  ['break', 'chorus'],
  ['verse', 'break', 'verse'],
]
const DENSITY: Record<SectionKind, readonly [number, number]> = {
  intro: [0.1, 0.7],
  verse: [0.25, 0.75],
  'pre-chorus': [0.4, 0.85],
  chorus: [0.75, 1],
  bridge: [0.15, 0.8],
  solo: [0.6, 1],
  break: [0.1, 0.6],
  outro: [0.2, 0.9],
}
const SINGS: Record<SectionKind, number> = {
  intro: 0.05,
  verse: 1,
  'pre-chorus': 1,
  chorus: 1,
  bridge: 0.85,
  solo: 0,
  break: 0,
  outro: 0.35,
}
const LEADS: Record<SectionKind, number> = {
  intro: 0.5,
  verse: 0.25,
  'pre-chorus': 0.2,
  chorus: 0.4,
  bridge: 0.3,
  solo: 1,
  break: 0.6,
  outro: 0.6,
}

function drawBars(kind: SectionKind, short: boolean, random: Random): number {
  if (short) return kind === 'intro' || kind === 'break' ? random.pick([1, 2]) : random.pick([4, 4, 8])
  if (kind === 'intro' || kind === 'break' || kind === 'outro') return random.pick([2, 4, 4, 8])
  return kind === 'pre-chorus' ? random.pick([2, 4]) : random.pick([8, 8, 8, 4, 16])
}

/**
 * Sections that cover `seconds`; the last one may end after it. Sections of one kind share their length, as verses do.
 *
 * @param barSeconds length of a bar in seconds
 */
export function drawForm(seconds: number, barSeconds: number, casting: Casting, random: Random): readonly Section[] {
  const total = Math.max(1, Math.ceil(seconds / barSeconds))
  const short = total < 20
  const barsOf = new Map<SectionKind, number>()
  const sections: Section[] = []
  const [harmonyChance, leadChance] = [random.uniform(0.1, 0.9), random.uniform(0.5, 1)]
  let bar = 0
  while (bar < total) {
    // In a few bars there is no time for an introduction.
    const forms = total <= 4 ? ([['verse'], ['chorus']] as const) : short ? EXCERPTS : FORMS
    for (const kind of random.pick<readonly SectionKind[]>(forms)) {
      if (bar >= total) break
      if (casting === 'solo-voice' && SINGS[kind] < 0.5) continue
      const bars = barsOf.get(kind) ?? drawBars(kind, short, random)
      barsOf.set(kind, bars)
      const vocals = casting === 'solo-voice' || (casting === 'song' && random.chance(SINGS[kind]))
      const lead = random.chance(LEADS[kind] * (casting === 'instrumental' ? 1.6 : 1) * leadChance)
      const [low, high] = DENSITY[kind]
      sections.push({
        kind,
        vocals,
        lead,
        bars,
        firstBar: bar,
        start: bar * barSeconds,
        end: Math.min(seconds, (bar + bars) * barSeconds),
        density: random.uniform(low, high),
        harmonies: vocals && random.chance(kind === 'chorus' ? harmonyChance : harmonyChance * 0.25),
      })
      bar += bars
    }
  }
  return sections
}
