/**
 * Songs in folders, a file per stem, as MUSDB18-HQ has them (Rafii et al. 2019, doi 10.5281/zenodo.3338373): train/<song>/vocals.wav, drums.wav,
 * bass.wav, other.wav and, to be checked, mixture.wav; the same below test/. The files' names are those of the stems, whatever these are.
 */
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join, parse } from 'node:path'
import { decodeTo } from './cache.node.ts'
import type { CachedStem } from './cached-stems.node.ts'
import { isAudio } from './catalogue.node.ts'
import { type HashMemory, openHashMemory, writeJson } from './hash.node.ts'
import { type Facts, readFacts, readPcm, removeAbandoned } from './pcm.node.ts'
import type { Song } from './songs.ts'
import type { Split } from './tracks.ts'

/** Changes whenever the bytes of the cache would. */
const VERSION = 1
const MIXTURE = 'mixture'
/** Frames that are compared at once. */
const BLOCK = 65536

export interface StemFoldersOptions {
  /** Samples per second in the cache. */
  readonly rate: number
  /** The sub-folder whose songs are held out, `test` by default. */
  readonly heldOut?: string
  /** Songs to leave out, by the names of their folders. */
  readonly exclude?: readonly string[]
  /** How much the sum of the stems may differ from the mixture, in dB of the mixture, −30 by default. */
  readonly tolerance?: number
  readonly signal?: AbortSignal
  readonly onProgress?: (done: number, total: number) => void
}

interface Folder {
  readonly name: string
  readonly split: Split
  /** Paths by the names of the stems. */
  readonly files: ReadonlyMap<string, string>
}

async function subFolders(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    const reason = error.code === 'ENOENT' ? 'there is no such folder' : error.message
    throw new Error(`${folder}: ${reason}; songs are expected as train/<song>/<stem>.wav and test/<song>/<stem>.wav`, { cause: error })
  })
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => name)
    .sort()
}

async function listStems(folder: string): Promise<Map<string, string>> {
  const files = new Map<string, string>()
  for (const name of (await readdir(folder)).filter((file) => isAudio(file) && !file.startsWith('.')).sort()) {
    const stem = parse(name).name.toLowerCase()
    if (files.has(stem))
      throw new Error(`${folder}: has the stem "${stem}" twice; leave one of ${parse(files.get(stem)!).base} and ${name} out`)
    files.set(stem, join(folder, name))
  }
  return files
}

/** All songs below the folder, whose stems must be the same ones. */
async function listSongs(folder: string, heldOut: string, exclude: readonly string[]): Promise<Folder[]> {
  const songs: Folder[] = []
  const splits: readonly (readonly [string, Split])[] = [
    ['train', 'train'],
    [heldOut, 'valid'],
  ]
  for (const [sub, split] of splits) {
    const names = await subFolders(join(folder, sub))
    for (const name of names.filter((one) => !exclude.includes(one)))
      songs.push({ name: `${sub}/${name}`, split, files: await listStems(join(folder, sub, name)) })
    if (!songs.some((song) => song.split === split)) throw new Error(`${join(folder, sub)}: holds no songs; needs one at least`)
  }
  const stems = [...new Set(songs.flatMap(({ files }) => [...files.keys()]))].filter((stem) => stem !== MIXTURE)
  const problems = songs.flatMap(({ name, files }) => {
    const missing = stems.filter((stem) => !files.has(stem))
    return missing.length > 0 ? [`  ${name} has no ${missing.join(', ')}`] : []
  })
  if (stems.length < 2) throw new Error(`${folder}: songs have the stems ${stems.join(', ') || 'none'}; needs two at least, a file each`)
  if (problems.length > 0)
    throw new Error(
      `${folder}: all songs need the stems ${stems.join(', ')}:\n${problems.join('\n')}\nAdd the files, or name the songs in \`exclude\`.`,
    )
  return songs
}

/** Energy of (mixture − Σ stems) over that of the mixture, in dB. */
function differenceDb(mixture: { readonly file: string } & Facts, stems: readonly CachedStem[]): number {
  let [energy, difference] = [0, 0]
  for (let start = 0; start < mixture.frames; start += BLOCK) {
    const frames = Math.min(BLOCK, mixture.frames - start)
    const whole = readPcm(mixture.file, mixture.channels, start, frames)
    const parts = stems.map(({ file, channels }) => readPcm(file, channels, start, frames))
    for (const [c, samples] of whole.entries()) {
      for (let i = 0; i < frames; i++) {
        const sum = parts.reduce((total, part) => total + (part[c] ?? part[0]!)[i]!, 0)
        energy += samples[i]! ** 2
        difference += (samples[i]! - sum) ** 2
      }
    }
  }
  return 10 * Math.log10(Math.max(difference, 1e-20) / Math.max(energy, 1e-20))
}

interface Reading extends Required<Pick<StemFoldersOptions, 'rate' | 'tolerance'>> {
  readonly cacheFolder: string
  readonly hashes: HashMemory
  readonly signal: AbortSignal | undefined
}

function checkLengths(name: string, lengths: ReadonlyMap<string, number>, rate: number): void {
  if (new Set(lengths.values()).size === 1) return
  const seconds = Array.from(lengths, ([stem, frames]) => `${stem} ${(frames / rate).toFixed(3)} s`).join(', ')
  throw new Error(`${name}: its files are not equally long: ${seconds}; cut them alike, or name the song in \`exclude\``)
}

/** Whether the stems add up: looked at once, the mixture itself does not stay in the cache. */
async function checkSum(
  { name, files }: Folder,
  stems: readonly (readonly [string, CachedStem])[],
  { cacheFolder, hashes, rate, tolerance, signal }: Reading,
): Promise<void> {
  const path = files.get(MIXTURE)
  if (path === undefined) return
  const sha256 = await hashes.sha256(path, signal)
  const key = createHash('sha256')
    .update(JSON.stringify([sha256, rate, ...stems.map(([, { id }]) => id)]))
    .digest('hex')
  const memo = join(cacheFolder, `${key}-sum-v${VERSION}.json`)
  let found: unknown = await readFile(memo, 'utf8').then(JSON.parse, () => undefined)
  if (typeof found !== 'number') {
    const base = join(cacheFolder, `${key}-mixture-v${VERSION}`)
    try {
      const mixture = { file: `${base}.pcm`, ...(await decodeTo(base, path, rate, { signal })) }
      checkLengths(name, new Map([[MIXTURE, mixture.frames], ...stems.map(([stem, { frames }]): [string, number] => [stem, frames])]), rate)
      found = differenceDb(
        mixture,
        stems.map(([, stem]) => stem),
      )
    } finally {
      for (const ending of ['pcm', 'json']) await rm(`${base}.${ending}`, { force: true })
    }
    await writeJson(memo, found)
  }
  if (!((found as number) <= tolerance))
    throw new Error(
      `${name}: the stems do not add up to ${parse(path).base}: the difference is at ${(found as number).toFixed(1)} dB, allowed are ${tolerance} dB; repair it, raise \`tolerance\`, or name the song in \`exclude\``,
    )
}

async function readSong(folder: Folder, reading: Reading): Promise<Song<CachedStem>> {
  const { cacheFolder, hashes, rate, signal } = reading
  const stems: [string, CachedStem][] = []
  for (const [stem, path] of folder.files) {
    if (stem === MIXTURE) continue
    const id = await hashes.sha256(path, signal)
    const base = join(cacheFolder, `${id}-${rate}-stem-v${VERSION}`)
    // A song may do without a drummer.
    const { frames, channels, rms } = (await readFacts(base, rate)) ?? (await decodeTo(base, path, rate, { signal, silent: true }))
    stems.push([stem, { id, file: `${base}.pcm`, frames, channels, rms }])
  }
  checkLengths(folder.name, new Map(stems.map(([stem, { frames }]) => [stem, frames])), rate)
  await checkSum(folder, stems, reading)
  return { name: folder.name, split: folder.split, stems: Object.fromEntries(stems) }
}

/**
 * Decodes the songs of a folder into the cache, at that rate, and checks them: each has the same stems, all of equal length, which add up to the
 * mixture where there is one. Interrupted, it goes on with the next file at the next call.
 *
 * @throws Error that names every song that cannot be used, and why
 *
 * @example
 * const songs = await readStemFolders('/music/musdb18hq', 'cache', { rate: 44100, exclude: ['PR - Oh No'] })
 */
export async function readStemFolders(folder: string, cacheFolder: string, options: StemFoldersOptions): Promise<Song<CachedStem>[]> {
  const { rate, heldOut = 'test', exclude = [], tolerance = -30, signal, onProgress } = options
  const folders = await listSongs(folder, heldOut, exclude)
  await mkdir(cacheFolder, { recursive: true })
  await removeAbandoned(cacheFolder)
  const hashes = await openHashMemory(join(cacheFolder, 'hashes.json'))
  const songs: Song<CachedStem>[] = []
  const problems: string[] = []
  for (const [index, one] of folders.entries()) {
    signal?.throwIfAborted()
    try {
      songs.push(await readSong(one, { cacheFolder, hashes, rate, tolerance, signal }))
    } catch (error) {
      signal?.throwIfAborted()
      problems.push(`  ${(error as Error).message}`)
    }
    await hashes.save()
    onProgress?.(index + 1, folders.length)
  }
  if (problems.length > 0) throw new Error(`${problems.length} of ${folders.length} songs cannot be used:\n${problems.join('\n')}`)
  return songs
}
