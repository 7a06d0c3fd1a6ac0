/**
 * Folders of recordings as a training set: voices, accompaniments, songs of aligned stems (a folder each), mixtures. No list has to be written: what lies
 * below the folders is the set, every file is known by its content, and so is the side of the split on which it stands.
 */
import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { basename, dirname, parse, relative, resolve, sep } from 'node:path'
import { z } from 'zod'
import { type CachedTrack, prepareCache } from './cache.node.ts'
import { filesBelow, isAudio } from './catalogue.node.ts'
import { openHashMemory } from './hash.node.ts'
import { readPcm } from './pcm.node.ts'
import type { Split } from './tracks.ts'

const list = z.array(z.string().min(1)).default([])
const folderLists = { vocals: list, instrumental: list, stems: list, mixtures: list }

/** Which folders hold what; everything below them counts. */
export const foldersSchema = z.strictObject({
  ...folderLists,
  /** Folders whose songs are held out. Without them, `validShare` of the songs of the others are, chosen by their content. */
  validation: z.strictObject(folderLists).optional(),
  validShare: z.number().min(0).lt(1).default(0.07),
})
export type Folders = z.output<typeof foldersSchema>
export type FoldersInput = z.input<typeof foldersSchema>

export type FolderRole = 'vocals' | 'instrumental' | 'mixture'

/** A file of a set, before it is decoded. */
export interface FolderFile {
  readonly path: string
  /** Relative to the folder that was named, for messages. */
  readonly name: string
  readonly sha256: string
  readonly bytes: number
  readonly role: FolderRole
  /** The folder of the song whose stem or mixture it is; none where it stands for itself. */
  readonly song?: string
  readonly split: Split
}

export interface ListFoldersOptions {
  /** What relative folders are relative to: the working directory by default. */
  readonly base?: string
  /** Where hashes are remembered (a file). */
  readonly hashes?: string
  readonly signal?: AbortSignal
  readonly onProgress?: (done: number, total: number) => void
}

type Found = Omit<FolderFile, 'split'>
type Unhashed = Omit<Found, 'sha256' | 'bytes'>

/** What a stem of that name is part of; an accompaniment that is there ready stands for the instruments beside it. */
function roleOf(stem: string, all: readonly string[]): FolderRole | undefined {
  if (stem === 'mix' || stem === 'mixture') return 'mixture'
  if (stem === 'vocals') return 'vocals'
  const ready = all.find((one) => one === 'accompaniment' || one === 'instrumental')
  return ready === undefined || ready === stem ? 'instrumental' : undefined
}

/** The stems of all songs below a folder: each folder with sound files is a song. */
function stemsOf(folder: string, paths: readonly string[]): Unhashed[] {
  const songs = new Map<string, string[]>()
  for (const path of paths) songs.set(dirname(path), [...(songs.get(dirname(path)) ?? []), path])
  return [...songs].flatMap(([song, files]) => {
    const names = files.map((path) => parse(path).name.toLowerCase())
    const roles = names.map((name) => roleOf(name, names))
    for (const role of ['vocals', 'instrumental'] as const) {
      if (!roles.includes(role))
        throw new Error(
          `${song}: has ${names.join(', ')}, no ${role === 'vocals' ? 'vocals' : 'stem beside the vocals'}; a song needs the file vocals and one more stem at least`,
        )
    }
    if (roles.filter((role) => role === 'vocals').length > 1) throw new Error(`${song}: has two files named vocals; leave one`)
    return files.flatMap((path, i) => {
      const role = roles[i]
      return role === undefined ? [] : [{ path, name: relative(folder, path).split(sep).join('/'), role, song }]
    })
  })
}

async function filesOf(folder: string, kind: keyof typeof folderLists): Promise<Unhashed[]> {
  const paths = (await filesBelow(folder)).filter((path) => isAudio(path) && !basename(path).startsWith('.'))
  if (paths.length === 0) throw new Error(`${folder}: holds no sound files; name a folder that does under \`${kind}\`, or leave it out`)
  if (kind === 'stems') return stemsOf(folder, paths)
  const role = kind === 'mixtures' ? 'mixture' : kind
  return paths.map((path) => ({ path, name: relative(folder, path).split(sep).join('/'), role }))
}

/** What makes a song the one that it is: its file, or all of its stems. */
function keyOf(file: Found, songs: ReadonlyMap<string, readonly string[]>): string {
  if (file.song === undefined) return file.sha256
  return createHash('sha256')
    .update([...songs.get(file.song)!].sort().join())
    .digest('hex')
}

/** A number in 0…1 by which a song is held out or not, the same whatever else is in the set. */
const lotOf = (key: string): number => Number.parseInt(key.slice(0, 8), 16) / 2 ** 32

/** Keys of the songs that are held out: of each role at least one where there are two. */
function heldOutOf(files: readonly Found[], songs: ReadonlyMap<string, readonly string[]>, share: number): Set<string> {
  const held = new Set<string>()
  if (share === 0) return held
  for (const role of ['vocals', 'instrumental', 'mixture'] as const) {
    const keys = [...new Set(files.filter((file) => file.role === role).map((file) => keyOf(file, songs)))]
    keys.sort((a, b) => (a < b ? -1 : 1))
    const drawn = keys.filter((key) => lotOf(key) < share)
    if (keys.length > 1) for (const key of drawn.length > 0 ? drawn.slice(0, keys.length - 1) : keys.slice(0, 1)) held.add(key)
  }
  return held
}

/**
 * All files of a set, each once: what is there twice with the same role counts as one.
 *
 * @throws Error for folders that cannot be read or hold no sound, songs without vocals or without another stem, and sounds that are given to train
 * on and to validate with
 */
export async function listFolders(folders: Folders, options: ListFoldersOptions = {}): Promise<FolderFile[]> {
  const { base = '.', signal, onProgress } = options
  const { validation, validShare, ...train } = folders
  const hashes = await openHashMemory(options.hashes)
  const sections = await Promise.all(
    [train, validation ?? { vocals: [], instrumental: [], stems: [], mixtures: [] }].map(async (section) => {
      const kinds = Object.keys(folderLists) as (keyof typeof folderLists)[]
      const named = kinds.flatMap((kind) => section[kind].map((folder) => filesOf(resolve(base, folder), kind)))
      return (await Promise.all(named)).flat()
    }),
  )
  const total = sections.flat().length
  if (total === 0) throw new Error('folders: none is named; give vocals and instrumental, or stems, or mixtures')
  let done = 0
  const found: Found[][] = []
  for (const section of sections) {
    const files = new Map<string, Found>()
    for (const file of section) {
      const sha256 = await hashes.sha256(file.path, signal)
      const { size } = await stat(file.path)
      const key = `${file.role} ${file.song ?? ''} ${sha256}`
      if (!files.has(key)) files.set(key, { ...file, sha256, bytes: size })
      onProgress?.(++done, total)
    }
    found.push([...files.values()])
  }
  await hashes.save()
  const [mine, given] = found as [Found[], Found[]]
  const known = new Map(mine.map((file) => [file.sha256, file.path]))
  const both = given.filter(({ sha256 }) => known.has(sha256))
  if (both.length > 0)
    throw new Error(
      `folders: ${both.length} sounds are given to train on and to validate with:\n${both.map((file) => `  ${file.path} is ${known.get(file.sha256)}`).join('\n')}\nTake them out of one of both.`,
    )
  const songs = new Map<string, string[]>()
  for (const { song, sha256 } of mine) if (song !== undefined) songs.set(song, [...(songs.get(song) ?? []), sha256])
  const held = validation ? new Set<string>() : heldOutOf(mine, songs, validShare)
  return [
    ...mine.map((file): FolderFile => ({ ...file, split: held.has(keyOf(file, songs)) ? 'valid' : 'train' })),
    ...given.map((file): FolderFile => ({ ...file, split: 'valid' })),
  ]
}

/** A sound to train with: one recording, or the instruments of a song, which are added up when they are read. */
export interface FolderSound {
  readonly role: FolderRole
  readonly name: string
  /** That whose stem it is: sounds of one song belong together. */
  readonly song?: string
  readonly split: Split
  readonly frames: number
  readonly channels: 1 | 2
  readonly parts: readonly CachedTrack[]
}

export interface PrepareFoldersOptions {
  /** Samples per second in the cache. */
  readonly rate: number
  readonly signal?: AbortSignal
  readonly onProgress?: (done: number, total: number) => void
}

/**
 * Decodes a set into the cache folder, each file once. Interrupted, it goes on with the next file at the next call.
 *
 * @throws Error that names every file that cannot be used and why: broken, silent, of more than two channels, stems of a song that are not equally long
 *
 * @example
 * const files = await listFolders(foldersSchema.parse({ vocals: ['/music/vocals'], instrumental: ['/music/karaoke'] }))
 * const sounds = await prepareFolders(files, 'cache', { rate: 16000 })
 */
export async function prepareFolders(
  files: readonly FolderFile[],
  cacheFolder: string,
  { rate, signal, onProgress }: PrepareFoldersOptions,
): Promise<FolderSound[]> {
  const [alone, stems] = [files.filter(({ song }) => song === undefined), files.filter(({ song }) => song !== undefined)]
  const decode = (some: readonly FolderFile[], silent: boolean, before: number) =>
    prepareCache(
      some.map((file) => ({ ...file, kind: file.role === 'vocals' ? 'vocals' : 'instrumental', group: file.song ?? file.name })),
      cacheFolder,
      { rate, silent, ...(signal ? { signal } : {}), onProgress: (done) => onProgress?.(before + done, files.length) },
    )
  const recordings = await decode(alone, false, 0)
  // A song may do without a drummer.
  const parts = await decode(stems, true, alone.length)
  const soundOf = (name: string, { role, song, split }: FolderFile, tracks: readonly CachedTrack[]): FolderSound => {
    const channels = tracks.some((track) => track.channels === 2) ? 2 : 1
    return { role, name, ...(song === undefined ? {} : { song }), split, frames: tracks[0]!.frames, channels, parts: tracks }
  }
  const songs = new Map<string, { file: FolderFile; tracks: CachedTrack[] }>()
  for (const [i, file] of stems.entries()) {
    const key = `${file.song} ${file.role}`
    songs.set(key, { file, tracks: [...(songs.get(key)?.tracks ?? []), parts[i]!] })
  }
  checkLengths(stems, parts, rate)
  return [
    ...alone.map((file, i) => soundOf(file.name, file, [recordings[i]!])),
    ...Array.from(songs.values(), ({ file, tracks }) => soundOf(`${basename(file.song!)} (${file.role})`, file, tracks)),
  ]
}

/** @throws Error for songs whose stems end at different times */
function checkLengths(files: readonly FolderFile[], tracks: readonly CachedTrack[], rate: number): void {
  const lengths = new Map<string, number[]>()
  for (const [i, { song }] of files.entries()) lengths.set(song!, [...(lengths.get(song!) ?? []), tracks[i]!.frames])
  const problems = [...lengths].flatMap(([song, frames]) =>
    new Set(frames).size > 1 ? [`  ${song}: ${frames.map((n) => `${(n / rate).toFixed(3)} s`).join(', ')}`] : [],
  )
  if (problems.length > 0)
    throw new Error(`stems of a song that are not equally long:\n${problems.join('\n')}\nCut them alike, or take the song out.`)
}

/** `frames` samples of a sound from `start`, of its own channels; the stretch lies inside the sound. */
export function readSound({ parts, channels }: FolderSound, start: number, frames: number): readonly Float32Array[] {
  const read = parts.map(({ file, channels: own }) => readPcm(file, own, start, frames))
  if (read.length === 1) return read[0]!
  return Array.from({ length: channels }, (_, c) => {
    const sum = new Float32Array(frames)
    for (const part of read) for (const [i, x] of (part[c] ?? part[0]!).entries()) sum[i]! += x
    return sum
  })
}
