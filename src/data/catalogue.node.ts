/**
 * The file list of a recipe: which recordings a training uses, by content (SHA-256), with their kind, their split and the group (singer
 * or artist) that must not stand in both splits. A CSV file (RFC 4180) beside the recipe.
 */
import { mkdir, mkdtemp, readdir, readFile, realpath, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, extname, join, relative, sep } from 'node:path'
import { writeWhole } from '../formats/write-whole.node.ts'
import { foldKey } from '../tensor/random.ts'
import { openHashMemory } from './hash.node.ts'
import { KINDS, type Kind, type Split } from './tracks.ts'

export interface CatalogueEntry {
  readonly sha256: string
  readonly bytes: number
  readonly kind: Kind
  readonly split: Split
  /** `source/singer-or-artist`. */
  readonly group: string
  /** File name, for messages only: the content is what counts. */
  readonly name: string
}

/** An entry whose file was found. */
export interface LocatedEntry extends CatalogueEntry {
  readonly path: string
}

const COLUMNS = ['sha256', 'bytes', 'kind', 'split', 'group', 'name'] as const
const AUDIO_ENDINGS = new Set(['.wav', '.flac', '.mp3', '.ogg', '.oga', '.opus', '.m4a', '.aac', '.aif', '.aiff', '.wma'])

/**
 * Reads a file list.
 *
 * @throws Error with every wrong line (at most 10 shown) and for a group that stands in both splits.
 */
export async function readCatalogue(file: string): Promise<CatalogueEntry[]> {
  const lines = (await readFile(file, 'utf8')).split(/\r?\n/)
  if (lines[0] !== COLUMNS.join(',')) throw new Error(`${file}: the first line must be "${COLUMNS.join(',')}", got "${lines[0]}"`)
  const problems: string[] = []
  const entries: CatalogueEntry[] = []
  for (const [index, line] of lines.entries()) {
    if (index === 0 || line === '') continue
    const [sha256 = '', bytes = '', kind = '', split = '', group = '', name = '', ...rest] = splitCsv(line)
    const at = `line ${index + 1}`
    if (rest.length > 0 || name === '') problems.push(`${at}: expected ${COLUMNS.length} fields (${COLUMNS.join(', ')})`)
    else if (!/^[0-9a-f]{64}$/.test(sha256)) problems.push(`${at}: sha256 must be 64 hexadecimal digits, got "${sha256}"`)
    else if (!/^[0-9]+$/.test(bytes)) problems.push(`${at}: bytes must be a whole number, got "${bytes}"`)
    else if (!KINDS.includes(kind as Kind)) problems.push(`${at}: kind must be one of ${KINDS.join(', ')}, got "${kind}"`)
    else if (split !== 'train' && split !== 'valid') problems.push(`${at}: split must be train or valid, got "${split}"`)
    else if (group === '') problems.push(`${at}: group must not be empty`)
    else entries.push({ sha256, bytes: Number(bytes), kind: kind as Kind, split, group, name })
  }
  const seen = new Set<string>()
  for (const { sha256, name } of entries) {
    if (seen.has(sha256)) problems.push(`${name} (sha256 ${sha256.slice(0, 12)}…) is listed twice`)
    seen.add(sha256)
  }
  problems.push(...sharedGroups(entries).map((group) => `group "${group}" stands in both splits: its singer would be known to the network`))
  if (problems.length > 0) throw new Error(`${file} is not a valid file list:\n${firstOf(problems)}`)
  return entries
}

/** Groups (singers, artists) with files in both splits. */
export function sharedGroups(entries: readonly CatalogueEntry[]): string[] {
  const splits = new Map<string, Split>()
  const shared = new Set<string>()
  for (const { group, split } of entries) {
    if ((splits.get(group) ?? split) !== split) shared.add(group)
    splits.set(group, split)
  }
  return [...shared]
}

/** Writes a file list, whole or not at all. */
export async function writeCatalogue(file: string, entries: readonly CatalogueEntry[]): Promise<void> {
  const rows = entries.map((entry) => COLUMNS.map((column) => quoteCsv(String(entry[column]))).join(','))
  await writeWhole(file, `${[COLUMNS.join(','), ...rows].join('\n')}\n`)
}

/** What is known of a file besides its content; without a split the group is assigned to one. */
export interface Description {
  readonly kind: Kind
  readonly group: string
  readonly split?: Split
}

export interface ListOptions {
  /** Where hashes are remembered (a file). */
  readonly hashes?: string
  readonly signal?: AbortSignal
  /** What the path relative to the folder says about a file; undefined leaves the file out. */
  readonly describe?: (path: string) => Description | undefined
  /** Share of the groups of each kind that is held out for validation where `describe` gives no split. */
  readonly validShare?: number
}

/**
 * Makes the file list of a folder. Unless `describe` says otherwise: `vocals/`, `speech/` and `instrumental/` hold the kinds; in
 * them `corpus/singer/` or just `artist/` are the groups (an artist's vocals and instrumentals are one), and a file in no sub-folder is a group of
 * its own.
 *
 * @throws Error when the folder has no audio file in those places.
 *
 * @example
 * await writeCatalogue('my.files.csv', await listFiles('/music/stems'))
 */
export async function listFiles(folder: string, options: ListOptions = {}): Promise<CatalogueEntry[]> {
  const { describe = describeByFolder, validShare = 0.07 } = options
  const hashes = await openHashMemory(options.hashes)
  const found: (Omit<CatalogueEntry, 'split'> & Pick<Description, 'split'>)[] = []
  for (const path of (await filesBelow(folder)).filter(isAudio)) {
    const told = describe(relative(folder, path).split(sep).join('/'))
    if (told === undefined) continue
    const { size } = await stat(path)
    found.push({ ...told, sha256: await hashes.sha256(path, options.signal), bytes: size, name: basename(path) })
  }
  await hashes.save()
  if (found.length === 0)
    throw new Error(`${folder}: no audio files to list; put recordings into the sub-folders vocals, instrumental and (optionally) speech`)
  const held = drawHeldOut(
    found.filter((f) => f.split === undefined),
    validShare,
  )
  return found.map(({ split, ...file }) => ({ ...file, split: split ?? (held.has(file.group) ? 'valid' : 'train') }))
}

function describeByFolder(path: string): Description | undefined {
  const parts = path.split('/')
  const at = parts.findIndex((part) => KINDS.includes(part as Kind))
  if (at === -1 || at === parts.length - 1) return undefined
  const [source = '', singer = source] = parts.slice(at + 1, -1)
  const kind = parts[at] as Kind
  return { kind, group: source === '' ? `${kind}/${parts.at(-1)!.replace(/\.[^.]*$/, '')}` : `${source}/${singer}` }
}

/**
 * Groups to hold out: the same ones whatever else the folder holds, and at least one with vocals and one with an instrumental where there
 * are two of the kind.
 */
function drawHeldOut(files: readonly { kind: Kind; group: string }[], validShare: number): Set<string> {
  const lot = (group: string): number => foldKey(...Array.from(group, (c) => c.codePointAt(0)!)) / 0x100000000
  const held = new Set(files.map((f) => f.group).filter((group) => lot(group) < validShare))
  for (const kind of ['vocals', 'instrumental'] as const) {
    const groups = [...new Set(files.filter((f) => f.kind === kind).map((f) => f.group))].sort((a, b) => lot(a) - lot(b))
    if (validShare > 0 && groups.length > 1 && !groups.some((group) => held.has(group))) held.add(groups[0]!)
  }
  return held
}

/** Paths of all files below the folder, sorted; links are followed, each folder is entered once. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entered = new Set<string>()
  const walk = async (path: string): Promise<string[]> => {
    const real = await realpath(path)
    if (entered.has(real)) return []
    entered.add(real)
    const found: string[] = []
    for (const item of await readdir(path, { withFileTypes: true })) {
      const below = join(path, item.name)
      const target = item.isSymbolicLink() ? await stat(below).catch(() => undefined) : item
      if (target?.isDirectory()) found.push(...(await walk(below)))
      else if (target?.isFile()) found.push(below)
    }
    return found
  }
  try {
    return (await walk(folder)).sort()
  } catch (error) {
    throw new Error(`the data folder ${folder} cannot be read: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}

/** By its ending. */
export const isAudio = (path: string): boolean => AUDIO_ENDINGS.has(extname(path).toLowerCase())

export interface LocateOptions {
  /** Where hashes are remembered (a file). */
  readonly hashes?: string
  readonly signal?: AbortSignal
  readonly onProgress?: (done: number, total: number) => void
  /** Where the list of missing files goes when the error cannot name all of them; by default a new folder of the system's temporary one. */
  readonly missingList?: string
}

/**
 * Finds the files of a list anywhere below a folder, by content.
 *
 * @throws Error that says how many are missing and what to do, and names them. Of more than 10 it names the first 10, and the file that
 * has them all: itself a file list, which `readCatalogue` reads.
 */
export async function locateFiles(
  entries: readonly CatalogueEntry[],
  folder: string,
  options: LocateOptions = {},
): Promise<LocatedEntry[]> {
  const sizes = new Set(entries.map((e) => e.bytes))
  const hashes = await openHashMemory(options.hashes)
  const paths = new Map<string, string>()
  // Only files of a listed size can be listed files: the rest of a large folder is not read.
  const candidates: string[] = []
  for (const path of await filesBelow(folder)) if (sizes.has((await stat(path)).size)) candidates.push(path)
  for (const [done, path] of candidates.entries()) {
    paths.set(await hashes.sha256(path, options.signal), path)
    options.onProgress?.(done + 1, candidates.length)
  }
  await hashes.save()
  const missing = entries.filter((e) => !paths.has(e.sha256))
  if (missing.length > 0)
    throw new Error(
      `${missing.length} of the ${entries.length} files of the recipe are not below ${folder}:\n` +
        `${firstOf(missing.map((e) => `${e.name} (${e.kind}, ${e.bytes} bytes, sha256 ${e.sha256.slice(0, 12)}…)`))}\n` +
        (missing.length > SHOWN ? `${await writeMissing(missing, options.missingList)}\n` : '') +
        'Put them there under any name, point --data to the folder that has them, or train without them by a file list of your own.',
    )
  return entries.map((e) => ({ ...e, path: paths.get(e.sha256)! }))
}

/** What to tell of the written list; that it could not be written must not hide that files are missing. */
async function writeMissing(missing: readonly CatalogueEntry[], wanted: string | undefined): Promise<string> {
  try {
    const file = wanted ?? join(await mkdtemp(join(tmpdir(), 'divisi-')), 'missing-files.csv')
    await mkdir(dirname(file), { recursive: true })
    await writeCatalogue(file, missing)
    return `All of them are listed in ${file}.`
  } catch (error) {
    return `The list of all of them could not be written: ${error instanceof Error ? error.message : String(error)}.`
  }
}

/** Lines that a message shows at most. */
const SHOWN = 10

function firstOf(lines: readonly string[], count = SHOWN): string {
  const shown = lines.slice(0, count).map((line) => `  ${line}`)
  if (lines.length > count) shown.push(`  … and ${lines.length - count} more`)
  return shown.join('\n')
}

function splitCsv(line: string): string[] {
  const fields: string[] = []
  for (const match of line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)) fields.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '')
  return fields
}

function quoteCsv(field: string): string {
  return /[",\n\r]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field
}
