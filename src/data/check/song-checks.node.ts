/** Songs of aligned stems: equal lengths and rates, and stems that add up to the mixture. */
import { openAudio } from '../../audio/index.ts'
import type { Finding } from './findings.ts'
import type { CheckedFile } from './material.node.ts'
import type { Scan } from './scan.ts'
import { createSumMeter, type SumCheck } from './stem-sum.ts'

type Samples = Float32Array | Float64Array

export interface ScannedStem extends CheckedFile {
  readonly scan: Scan
}

/** How far the sum may be from the mixture (dB of the mixture): as `readStemFolders` has it; and from where on it is worth knowing. */
const SUM_TOLERANCE_DB = -30
const SUM_NOTE_DB = -45

/** Findings from lengths and rates alone; stems that differ there are not added up. */
export function shapeFindings(song: string, stems: readonly ScannedStem[]): Finding[] {
  const list = (text: (stem: ScannedStem) => string): string => stems.map((stem) => `${stem.stem} ${text(stem)}`).join(', ')
  const seconds = ({ scan }: ScannedStem): number => scan.frames / scan.sampleRate
  const lengths = stems.map(seconds)
  const uneven = Math.max(...lengths) - Math.min(...lengths) > 0.5 / Math.min(...stems.map(({ scan }) => scan.sampleRate))
  return [
    ...(new Set(stems.map(({ scan }) => scan.sampleRate)).size > 1
      ? [
          {
            kind: 'stem-rate',
            severity: 'warning',
            path: song,
            message: `sample rates differ: ${list(({ scan }) => `${scan.sampleRate} Hz`)}`,
          } as const,
        ]
      : []),
    ...(uneven
      ? [
          {
            kind: 'stem-length',
            severity: 'error',
            path: song,
            message: `its files are not equally long: ${list((stem) => `${seconds(stem).toFixed(3)} s`)}`,
          } as const,
        ]
      : []),
  ]
}

/** Which files add up to the mixture: of a ready accompaniment and its instruments the accompaniment alone. */
export function summands(
  stems: readonly ScannedStem[],
): { readonly mixture: ScannedStem; readonly parts: readonly ScannedStem[] } | undefined {
  const mixture = stems.find(({ role }) => role === 'mixture')
  const others = stems.filter(({ role }) => role !== 'mixture')
  const ready = others.find(({ stem }) => stem === 'accompaniment' || stem === 'instrumental')
  const parts = ready ? others.filter((one) => one === ready || one.role === 'vocals') : others
  return mixture && parts.length > 1 ? { mixture, parts } : undefined
}

/** Blocks of several streams, cut alike; ends with the shortest. */
async function* inStep(paths: readonly string[], signal: AbortSignal | undefined): AsyncGenerator<(readonly Samples[])[]> {
  const streams = await Promise.all(paths.map((path) => openAudio(path, signal ? { signal } : {})))
  try {
    const readers = streams.map(({ blocks }) => blocks[Symbol.asyncIterator]())
    const rests: (readonly Samples[])[] = paths.map(() => [])
    for (;;) {
      for (const [i, reader] of readers.entries()) {
        while ((rests[i]![0]?.length ?? 0) === 0) {
          const { value, done } = await reader.next()
          if (done) return
          rests[i] = value
        }
      }
      const count = Math.min(...rests.map((rest) => rest[0]!.length))
      yield rests.map((rest) => rest.map((samples) => samples.subarray(0, count)))
      for (const [i, rest] of rests.entries()) rests[i] = rest.map((samples) => samples.subarray(count))
    }
  } finally {
    await Promise.all(streams.map((stream) => stream.close()))
  }
}

/** Adds the stems up beside the mixture, in one pass. */
export async function measureSum(mixture: ScannedStem, parts: readonly ScannedStem[], signal?: AbortSignal): Promise<SumCheck> {
  const meter = createSumMeter(mixture.scan.sampleRate, SUM_TOLERANCE_DB)
  for await (const [whole, ...stems] of inStep([mixture.path, ...parts.map(({ path }) => path)], signal)) meter.push(whole!, stems)
  return meter.finish()
}

/** What the sum says, with the delay and the gain that would mend it. */
export function sumFindings(song: string, mixture: ScannedStem, { residualDb, at, aligned }: SumCheck): Finding[] {
  if (residualDb <= SUM_NOTE_DB) return []
  const { sampleRate } = mixture.scan
  const difference = `the stems do not add up to the mixture: the difference is at ${residualDb.toFixed(1)} dB`
  const repair = (): string => {
    if (!aligned || aligned.residualDb > residualDb - 6)
      return '; neither a delay nor a gain explains it: a stem is missing, or the mixture was processed as a whole'
    const { delay, gain } = aligned
    const late =
      delay === 0
        ? ''
        : `come ${Math.abs(delay)} samples (${((1000 * Math.abs(delay)) / sampleRate).toFixed(1)} ms) ${delay > 0 ? 'late' : 'early'}`
    const loud =
      Math.abs(20 * Math.log10(Math.abs(gain))) < 0.1 && gain > 0
        ? ''
        : gain < 0
          ? 'have the opposite sign'
          : `are ${Math.abs(20 * Math.log10(gain)).toFixed(1)} dB too ${gain < 1 ? 'loud' : 'quiet'}`
    return `; they ${[late, loud].filter(Boolean).join(' and ')}: put right, it would be at ${aligned.residualDb.toFixed(1)} dB`
  }
  const severity = residualDb > SUM_TOLERANCE_DB ? 'error' : 'note'
  return [
    {
      kind: 'sum',
      severity,
      path: song,
      message: severity === 'error' ? `${difference}, allowed are ${SUM_TOLERANCE_DB} dB${repair()}` : difference,
      at,
      other: mixture.path,
    },
  ]
}
