/** Scores of a set of clips, their means and medians by group, and the table that goes into a model card. */

export interface Ratios {
  /** dB */
  readonly sdr: number
  /** dB */
  readonly siSdr: number
}

export interface StemRatios {
  readonly vocals: Ratios
  readonly accompaniment: Ratios
}

/** The three things compared: the separator, the untouched mixture in place of each stem, and the ideal ratio mask. */
export interface Compared<T> {
  readonly model: T
  readonly mixture: T
  readonly oracle: T
}

export interface ClipScore extends Compared<StemRatios> {
  readonly clip: string
  readonly group: string
  readonly seconds: number
}

export interface GroupScore {
  readonly group: string
  readonly clips: number
  readonly mean: Compared<StemRatios>
  readonly median: Compared<StemRatios>
}

export interface Scores {
  readonly clips: readonly ClipScore[]
  readonly groups: readonly GroupScore[]
}

/** Name of a group → prefixes of its clips' names. */
export type Groups = Readonly<Record<string, readonly string[]>>

/** The first group with a prefix of the clip's name; "other" where there is none. */
export function groupOf(clip: string, groups: Groups): string {
  return Object.entries(groups).find(([, prefixes]) => prefixes.some((prefix) => clip.startsWith(prefix)))?.[0] ?? 'other'
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length
}

/** NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const half = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2
}

function reduceScores(clips: readonly ClipScore[], reduce: (values: readonly number[]) => number): Compared<StemRatios> {
  const ratios = (of: keyof Compared<unknown>, stem: keyof StemRatios): Ratios => ({
    sdr: reduce(clips.map((clip) => clip[of][stem].sdr)),
    siSdr: reduce(clips.map((clip) => clip[of][stem].siSdr)),
  })
  const stems = (of: keyof Compared<unknown>): StemRatios => ({ vocals: ratios(of, 'vocals'), accompaniment: ratios(of, 'accompaniment') })
  return { model: stems('model'), mixture: stems('mixture'), oracle: stems('oracle') }
}

/** Mean and median over the clips of each group, in the order given (groups not named follow), and over "all". */
export function summarise(clips: readonly ClipScore[], order: readonly string[] = []): GroupScore[] {
  const names = [...new Set([...order, ...clips.map((c) => c.group)])].filter((name) => clips.some((c) => c.group === name))
  const score = (group: string, members: readonly ClipScore[]): GroupScore => ({
    group,
    clips: members.length,
    mean: reduceScores(members, mean),
    median: reduceScores(members, median),
  })
  const groups = names.map((name) =>
    score(
      name,
      clips.filter((c) => c.group === name),
    ),
  )
  return names.length > 1 ? [...groups, score('all', clips)] : groups
}

/** A Markdown table, one row per group and stem: mean (median) over clips in dB. */
export function scoreTable(groups: readonly GroupScore[]): string {
  const cell = (g: GroupScore, of: keyof Compared<unknown>, stem: keyof StemRatios, ratio: keyof Ratios): string =>
    `${g.mean[of][stem][ratio].toFixed(2)} (${g.median[of][stem][ratio].toFixed(2)})`
  const header = [
    'group',
    'clips',
    'stem',
    'SI-SDR',
    'SI-SDR of mixture',
    'SI-SDR of ideal mask',
    'SDR',
    'SDR of mixture',
    'SDR of ideal mask',
  ]
  const rows = groups.flatMap((g) =>
    (['vocals', 'accompaniment'] as const).map((stem) => [
      g.group,
      String(g.clips),
      stem,
      ...(['siSdr', 'sdr'] as const).flatMap((ratio) => (['model', 'mixture', 'oracle'] as const).map((of) => cell(g, of, stem, ratio))),
    ]),
  )
  return [header, header.map((_, i) => (i === 0 || i === 2 ? '---' : '---:')), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
}
