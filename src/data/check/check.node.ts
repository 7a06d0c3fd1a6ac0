/**
 * The doctor of training data: reads every file once, several at a time and with bounded memory, and says what should not be trained on. What it learns
 * is cached by content.
 */
import { mkdir, stat } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { Separator } from '../../separation/index.ts'
import { openHashMemory } from '../hash.node.ts'
import { type KnownScan, openCheckCache } from './check-cache.node.ts'
import { type Finding, sortFindings } from './findings.ts'
import type { Landmarks } from './landmarks.ts'
import { matchLandmarks } from './match.ts'
import type { CheckedFile, Material } from './material.node.ts'
import { type CheckedRole, presenceFindings, scanFindings } from './rules.ts'
import type { Scan } from './scan.ts'
import { createScanPool, type ScanFault, type ScannedFile } from './scan-pool.node.ts'
import { measureSum, type ScannedStem, shapeFindings, sumFindings, summands } from './song-checks.node.ts'
import { measurePresence, type Presence } from './voice.ts'

export interface CheckOptions {
  /** Where measurements are kept. */
  readonly cacheFolder: string
  /** Samples per second of training, 44100 by default. */
  readonly rate?: number
  /** Length of an example, 4 by default. */
  readonly exampleSeconds?: number
  /** Listens for voices among accompaniments, and the other way round; called when it is first needed. Without it nothing of the kind is looked for. */
  readonly loadSeparator?: (() => Promise<Separator>) | undefined
  /** Name or digest of that separator's model, by which its judgements are kept; `vocals` by default. */
  readonly model?: string
  /** Files that are read at a time: all processors but one, by default. */
  readonly workers?: number
  readonly signal?: AbortSignal | undefined
  /** Megabytes of files done and of all. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined
}

export interface RoleTotal {
  readonly role: CheckedRole
  readonly files: number
  readonly seconds: number
}

export interface CheckReport {
  /** The most severe first. */
  readonly findings: readonly Finding[]
  /** What was read, by role. */
  readonly totals: readonly RoleTotal[]
  readonly files: readonly CheckedFile[]
  /** Seconds of each file that could be read, by path. */
  readonly lengths: ReadonlyMap<string, number>
  /** Files whose measurements were known from an earlier check. */
  readonly known: number
}

interface Examined {
  readonly file: CheckedFile
  readonly sha256: string
  readonly scan?: Scan
  readonly landmarks?: Landmarks
  readonly findings: readonly Finding[]
  readonly known: boolean
}

const isFault = (result: ScannedFile | ScanFault): result is ScanFault => 'fault' in result

/** What cannot be read, as a finding. */
function faultFinding(path: string, { fault, seconds }: ScanFault): Finding {
  return {
    kind: seconds === undefined ? 'unreadable' : 'damaged',
    severity: 'error',
    path,
    message: fault,
    ...(seconds !== undefined && { at: seconds }),
  }
}

/** Runs `work` on all items, so many at a time; the results in the items' order. */
async function mapLimited<T, R>(items: readonly T[], limit: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  let next = 0
  const run = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++
      results[index] = await work(items[index]!)
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, run))
  return results
}

/** One at a time, in the order of the calls. */
function createQueue(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const result = last.then(work, work)
    last = result.catch(() => {})
    return result
  }
}

/**
 * Checks the files of a set. Findings do not end it; what is not about the data does.
 *
 * @throws the signal's reason when it is aborted; Error for a cache that cannot be written, or a separator that cannot run
 *
 * @example
 * const material = await materialOfTree('/music/musdb18hq')
 * const { findings } = await checkData(material, { cacheFolder: 'cache' })
 */
export async function checkData(material: Material, options: CheckOptions): Promise<CheckReport> {
  const { cacheFolder, rate = 44100, exampleSeconds = 4, loadSeparator, model = 'vocals', signal, onProgress } = options
  const workers = options.workers ?? Math.max(1, availableParallelism() - 1)
  const folder = join(cacheFolder, 'check')
  await mkdir(folder, { recursive: true })
  const cache = openCheckCache(folder)
  const hashes = await openHashMemory(join(cacheFolder, 'hashes.json'))
  const pool = createScanPool(Math.max(1, Math.min(workers, material.files.length)))
  const closePool = (): void => void pool.close()
  signal?.addEventListener('abort', closePool, { once: true })
  const inTurn = createQueue()
  let separator: Promise<Separator> | undefined
  try {
    const sizes = await Promise.all(
      material.files.map(({ path }) =>
        stat(path).then(
          ({ size }) => size / 1e6,
          () => 0,
        ),
      ),
    )
    const total = sizes.reduce((sum, size) => sum + size, 0)
    let done = 0

    const listen = async (sha256: string, { excerpts }: ScannedFile): Promise<readonly Presence[]> => {
      const heard = await inTurn(async () => {
        separator ??= loadSeparator!()
        const found: Presence[] = []
        for (const excerpt of excerpts) {
          signal?.throwIfAborted()
          const presence = await measurePresence(await separator, excerpt, signal)
          if (presence) found.push(presence)
        }
        return found
      })
      await cache.writePresence(sha256, model, heard)
      return heard
    }
    const wanted = ({ role }: CheckedFile): boolean => loadSeparator !== undefined && role !== 'mixture' && role !== 'speech'

    const examine = async (file: CheckedFile): Promise<Examined> => {
      signal?.throwIfAborted()
      let sha256: string
      try {
        sha256 = await hashes.sha256(file.path, signal)
      } catch (error) {
        signal?.throwIfAborted()
        return {
          file,
          sha256: '',
          findings: [faultFinding(file.path, { fault: `cannot be read (${(error as Error).message})` })],
          known: false,
        }
      }
      const scanned = await cache.readScan(sha256)
      const heard = wanted(file) ? await cache.readPresence(sha256, model) : undefined
      const judge = ({ scan }: KnownScan): Finding[] => scanFindings(file.path, file.role, scan, { rate, exampleSeconds })
      // What cannot be trained on anyway is not listened to.
      const listens = (found: readonly Finding[]): boolean => wanted(file) && !found.some(({ severity }) => severity === 'error')
      if (scanned) {
        const findings = judge(scanned)
        if (heard) findings.push(...presenceFindings(file.path, file.role, heard))
        if (heard || !listens(findings)) return { file, sha256, ...scanned, findings, known: true }
      }
      const result = await pool.scan(file.path)
      if (isFault(result)) return { file, sha256, findings: [faultFinding(file.path, result)], known: false }
      await cache.writeScan(sha256, result)
      const { scan, landmarks } = result
      const findings = judge(result)
      if (listens(findings)) findings.push(...presenceFindings(file.path, file.role, heard ?? (await listen(sha256, result))))
      return { file, sha256, scan, landmarks, findings, known: false }
    }
    const indexed = material.files.map((file, i) => ({ file, size: sizes[i]! }))
    // One more than there are threads: while the separator listens to a file, the next ones are read.
    const examined = await mapLimited(indexed, workers + 1, async ({ file, size }) => {
      const result = await examine(file)
      done += size
      onProgress?.(done, total)
      return result
    }).finally(() => hashes.save())

    const songs = await checkSongs(examined, cache, signal)
    const findings = [...material.findings, ...examined.flatMap((one) => one.findings), ...songs, ...duplicates(examined)]
    if (material.files.length === 0 && findings.length === 0)
      findings.push({ kind: 'set', severity: 'error', path: 'the set', message: 'holds no sound files' })
    return {
      findings: sortFindings(findings),
      totals: totalsOf(examined),
      files: material.files,
      lengths: new Map(examined.flatMap(({ file, scan }) => (scan ? [[file.path, scan.frames / scan.sampleRate]] : []))),
      known: examined.filter(({ known }) => known).length,
    }
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  } finally {
    signal?.removeEventListener('abort', closePool)
    await pool.close()
    await separator?.then(
      (loaded) => loaded.dispose(),
      () => {},
    )
  }
}

async function checkSongs(
  examined: readonly Examined[],
  cache: ReturnType<typeof openCheckCache>,
  signal: AbortSignal | undefined,
): Promise<Finding[]> {
  const songs = new Map<string, (ScannedStem & { readonly sha256: string })[]>()
  const broken = new Set<string>()
  for (const { file, scan, sha256 } of examined) {
    if (file.song === undefined) continue
    if (scan) songs.set(file.song, [...(songs.get(file.song) ?? []), { ...file, scan, sha256 }])
    else broken.add(file.song)
  }
  const findings: Finding[] = []
  for (const [song, stems] of songs) {
    const shape = shapeFindings(song, stems)
    findings.push(...shape)
    const whole = summands(stems)
    if (!whole || shape.length > 0 || broken.has(song)) continue
    const { mixture, parts } = whole
    const contents = [mixture, ...parts].map((stem) => (stem as (typeof stems)[number]).sha256)
    let sum = await cache.readSum(contents)
    if (!sum) {
      sum = await measureSum(mixture, parts, signal)
      await cache.writeSum(contents, sum)
    }
    findings.push(...sumFindings(song, mixture, sum))
  }
  return findings
}

function totalsOf(examined: readonly Examined[]): RoleTotal[] {
  const totals = new Map<CheckedRole, { files: number; seconds: number }>()
  for (const { file, scan } of examined) {
    const total = totals.get(file.role) ?? { files: 0, seconds: 0 }
    totals.set(file.role, { files: total.files + 1, seconds: total.seconds + (scan ? scan.frames / scan.sampleRate : 0) })
  }
  return Array.from(totals, ([role, total]) => ({ role, ...total }))
}

/** Files of one content, and files of one sound. */
function duplicates(examined: readonly Examined[]): Finding[] {
  const findings: Finding[] = []
  const bySha = new Map<string, Examined>()
  const distinct: Examined[] = []
  for (const one of examined) {
    if (!one.scan || !(one.scan.peak > 0)) continue
    const first = bySha.get(one.sha256)
    if (!first) {
      bySha.set(one.sha256, one)
      distinct.push(one)
    } else if (!sameSong(first, one)) findings.push(duplicateFinding(first, one, 'is the same file as', {}))
  }
  const seconds = distinct.map(({ scan }) => scan!.frames / scan!.sampleRate)
  const matches = matchLandmarks(
    distinct.map(({ landmarks }) => landmarks!),
    seconds,
    (a, b) => !sameSong(distinct[a]!, distinct[b]!),
  )
  for (const { a, b, seconds: common, share, delay, at } of matches) {
    const words = share >= 0.5 ? 'has the same sound as' : `has ${common.toFixed(0)} s in common with`
    findings.push(
      duplicateFinding(distinct[a]!, distinct[b]!, words, { at: Math.max(0, at + delay), until: Math.max(0, at + delay) + common }, share),
    )
  }
  return findings
}

/** Stems of a song share sound with its mixture, and with each other where microphones do. */
const sameSong = (a: Examined, b: Examined): boolean => a.file.song !== undefined && a.file.song === b.file.song

const sideOf = ({ role }: CheckedFile): 'voice' | 'accompaniment' | 'both' =>
  role === 'vocals' || role === 'speech' ? 'voice' : role === 'mixture' ? 'both' : 'accompaniment'

function duplicateFinding(first: Examined, second: Examined, words: string, place: Pick<Finding, 'at' | 'until'>, share = 1): Finding {
  const [a, b] = [first.file, second.file]
  const splits = a.split !== undefined && b.split !== undefined && a.split !== b.split
  const contrary = [a, b].every((file) => sideOf(file) !== 'both') && sideOf(a) !== sideOf(b)
  const base = { path: b.path, other: a.path, ...place }
  if (splits) return { ...base, kind: 'both-splits', severity: 'error', message: `(${b.split}) ${words} ${a.name} (${a.split})` }
  if (contrary)
    return {
      ...base,
      kind: 'both-roles',
      severity: share >= 0.5 ? 'error' : 'warning',
      message: `(${b.role}) ${words} ${a.name} (${a.role})`,
    }
  return { ...base, kind: 'duplicate', severity: 'warning', message: `${words} ${a.name}` }
}
