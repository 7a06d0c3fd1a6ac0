/**
 * Which songs a command line means: files as they are named, the songs of folders, and those that patterns match which no shell has expanded.
 *
 * A file that is named is taken whatever it is called. Folders and open patterns (`music/*`) give the files with endings of sound; what Divisi wrote
 * itself, told by its name, is not among them.
 */

import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, extname, join, relative, resolve } from 'node:path'
import { glob, isDynamicPattern } from 'tinyglobby'
import { oneLine, UsageError } from '../errors.ts'

/** Endings of files that hold a song and nothing else; films are named one by one, or by a pattern with their ending. */
const songEndings = new Set(
  (
    '.wav .wave .w64 .rf64 .bwf .flac .mp3 .mp2 .ogg .oga .opus .m4a .m4b .aac .alac .aif .aiff .aifc .caf .wma .wv .ape .tta ' +
    '.au .snd .mka .weba .ac3 .dts .dsf'
  ).split(' '),
)

/** Stems that models have; those of a network without names for them are numbered. */
const stemNames = new Set(['vocals', 'instrumental', 'drums', 'bass', 'other', 'guitar', 'piano'])
const numberedStem = /^source-\d+$/

export interface SongInput {
  readonly path: string
  /** Where its stems go, below --out: '' unless a tree is kept. */
  readonly branch: string
  /** Named on the command line, not found in a folder or by a pattern. */
  readonly named: boolean
}

export interface FoundSongs {
  readonly songs: readonly SongInput[]
  /** What was passed over or not found, in words. */
  readonly notes: readonly string[]
}

export interface FindOptions {
  readonly recursive: boolean
  readonly out: string
  /** Names of stems beside the usual ones. */
  readonly stems: readonly string[]
}

interface Search {
  readonly base: string
  readonly pattern: string
  /** Whether the pattern says itself what its files end in. */
  readonly closed: boolean
}

/** Names with numbers in the order of the numbers, the same everywhere. */
const inOrder = new Intl.Collator('en', { numeric: true }).compare

/** A pattern's leading folders without wildcards, and the rest. */
function searchOf(input: string): Search {
  const parts = input.split('/')
  const first = parts.findIndex((part) => isDynamicPattern(part))
  const base = parts.slice(0, first).join('/')
  return {
    base: base === '' ? (input.startsWith('/') ? '/' : '.') : base,
    pattern: parts.slice(first).join('/'),
    closed: /[.][^*?/]+$/.test(parts.at(-1)!),
  }
}

function isStem(path: string, stems: readonly string[]): boolean {
  const stem = extname(basename(path, extname(path))).slice(1)
  return stemNames.has(stem) || stems.includes(stem) || numberedStem.test(stem)
}

/** Whether `path` lies in `folder`, not being it. */
function isWithin(path: string, folder: string): boolean {
  const way = relative(resolve(folder), resolve(path))
  return way !== '' && !way.startsWith('..') && resolve(folder, way) === resolve(path)
}

async function search(input: string, { base, pattern, closed }: Search, options: FindOptions): Promise<FoundSongs> {
  const found = await glob(pattern, { cwd: base, onlyFiles: true, expandDirectories: false, caseSensitiveMatch: false })
  const paths = found.map((path) => join(base, path)).sort(inOrder)
  const { out, recursive, stems } = options
  // Stems below the folder that is searched are no songs, whatever they are called.
  const wanted = paths.filter((path) => closed || songEndings.has(extname(path).toLowerCase()))
  const songs = wanted.filter((path) => !isStem(path, stems) && !(isWithin(out, base) && isWithin(path, out)))
  const own = wanted.length - songs.length
  const notes = own === 0 ? [] : [`${input}: passed over ${own === 1 ? 'a file that is a stem' : `${own} files that are stems`} already`]
  if (wanted.length === 0) notes.push(`${input}: ${nothing(paths.length)}`)
  return {
    songs: songs.map((path) => ({ path, branch: recursive ? relative(base, dirname(path)) : '', named: false })),
    notes,
  }
}

function nothing(others: number): string {
  if (others === 0) return 'there is no file'
  return `there is no song, going by the endings; ${others === 1 ? 'a file of another kind' : `${others} files of other kinds`} can be named one by one`
}

async function findIn(input: string, options: FindOptions): Promise<FoundSongs> {
  const there = await stat(input).catch(() => undefined)
  if (there?.isDirectory()) {
    await readdir(input).catch((error: unknown) => {
      throw new UsageError(`${input}: cannot be read (${oneLine(error)})`, { cause: error })
    })
    const { recursive } = options
    const found = await search(input, { base: input, pattern: recursive ? '**/*' : '*', closed: false }, options)
    const hint = !recursive && found.songs.length === 0 ? '; --recursive looks into the folders below' : ''
    return { songs: found.songs, notes: found.notes.map((note) => note + hint) }
  }
  if (there || !isDynamicPattern(input)) return { songs: [{ path: input, branch: '', named: true }], notes: [] }
  return search(input, searchOf(input), options)
}

/**
 * The songs of a command line in the order of its arguments, those of a folder or a pattern sorted. A file that is found more than once counts once.
 *
 * @throws UsageError where there is none at all
 */
export async function findSongs(inputs: readonly string[], options: FindOptions): Promise<FoundSongs> {
  const found: FoundSongs[] = []
  for (const input of inputs) found.push(await findIn(input, options))
  const all = found.flatMap(({ songs }) => songs)
  const notes = found.flatMap((each) => each.notes)
  if (all.length === 0) throw new UsageError(notes.join('; '))
  const named = new Set(all.filter((song) => song.named).map(({ path }) => resolve(path)))
  const seen = new Set<string>()
  const songs = all.filter((song) => {
    const key = resolve(song.path)
    if (song.named) return true
    if (named.has(key) || seen.has(key)) return false
    seen.add(key)
    return true
  })
  return { songs, notes }
}
