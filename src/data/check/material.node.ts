/** Which files a check looks at, and what each is to training. Problems of the set as a whole become findings, not the end of the check. */
import { basename, dirname, join, parse, relative, resolve, sep } from 'node:path'
import { filesBelow, isAudio, type LocatedEntry } from '../catalogue.node.ts'
import { type Folders, listFolders } from '../folders.node.ts'
import type { Split } from '../tracks.ts'
import type { Finding } from './findings.ts'
import type { CheckedRole } from './rules.ts'

export interface CheckedFile {
  readonly path: string
  /** For reports: the path, relative to the folder that was named where that is shorter. */
  readonly name: string
  readonly role: CheckedRole
  /** Unknown where nothing tells. */
  readonly split?: Split
  /** The folder of the song that it belongs to. */
  readonly song?: string
  /** The stem's name in its song. */
  readonly stem?: string
}

export interface Material {
  readonly files: readonly CheckedFile[]
  /** What is wrong with the set as a whole. */
  readonly findings: readonly Finding[]
}

const stemNames = new Set(['vocals', 'accompaniment', 'instrumental', 'drums', 'bass', 'other', 'mixture', 'mix'])
const trainFolder = 'train'
const heldOutFolders = ['test', 'valid', 'validation']

const setFinding = (path: string, error: unknown): Finding => ({
  kind: 'set',
  severity: 'error',
  path,
  message: (error instanceof Error ? error.message : String(error)).replace(`${path}: `, ''),
})

/** The sound files below a folder. */
async function soundsBelow(folder: string): Promise<string[]> {
  return (await filesBelow(folder)).filter((path) => isAudio(path) && !basename(path).startsWith('.'))
}

/** What a stem of that name is to training. */
function roleOfStem(stem: string): CheckedRole {
  if (stem === 'mixture' || stem === 'mix') return 'mixture'
  return stem === 'vocals' ? 'vocals' : 'stem'
}

function stemFile(path: string, folder: string, split?: Split): CheckedFile {
  const stem = parse(path).name.toLowerCase()
  return { path, name: nameOf(path, folder), role: roleOfStem(stem), song: dirname(path), stem, ...(split && { split }) }
}

const nameOf = (path: string, folder: string): string => join(basename(folder), relative(folder, path)).split(sep).join('/')

/** Folders by role, as a recipe or the command line names them; what `listFolders` says of them is a finding. */
export async function materialOfFolders(
  folders: Folders,
  options: { readonly base?: string; readonly hashes?: string; readonly signal?: AbortSignal } = {},
): Promise<Material> {
  const { base = '.' } = options
  const { validation, validShare: _, ...train } = folders
  const files: CheckedFile[] = []
  const findings: Finding[] = []
  const sections: readonly (readonly [Split | undefined, Omit<Folders, 'validation' | 'validShare'>])[] = [
    [validation ? 'train' : undefined, train],
    ...(validation ? [['valid', validation] as const] : []),
  ]
  for (const [split, section] of sections) {
    for (const [kind, list] of Object.entries(section) as [keyof typeof section, string[]][]) {
      for (const named of list) {
        const folder = resolve(base, named)
        try {
          const paths = await soundsBelow(folder)
          const role = kind === 'mixtures' ? 'mixture' : (kind as CheckedRole)
          for (const path of paths)
            files.push(
              kind === 'stems' ? stemFile(path, folder, split) : { path, name: nameOf(path, folder), role, ...(split && { split }) },
            )
        } catch (error) {
          findings.push(setFinding(named, error))
        }
      }
    }
  }
  if (findings.length > 0) return { files, findings }
  try {
    // The set as training sees it: it says what is missing, and which song stands on which side.
    const listed = await listFolders(folders, options)
    const splits = new Map(listed.map((file) => [file.path, file.split]))
    const songs = new Map(listed.flatMap((file): [string, Split][] => (file.song === undefined ? [] : [[file.song, file.split]])))
    return {
      files: files.map((file) => {
        const split = splits.get(file.path) ?? (file.song === undefined ? undefined : songs.get(file.song)) ?? file.split
        return { ...file, ...(split && { split }) }
      }),
      findings,
    }
  } catch (error) {
    options.signal?.throwIfAborted()
    return { files, findings: [...findings, setFinding(base === '.' ? 'the set' : base, error)] }
  }
}

/** The files of a recipe's list. */
export function materialOfList(entries: readonly LocatedEntry[]): Material {
  return {
    files: entries.map(({ path, name, kind, split }) => ({ path, name, role: kind, split })),
    findings: [],
  }
}

/** What the sub-folders of a folder say: train/<song>/<stem>, <song>/<stem>, or vocals/, instrumental/, speech/, mixtures/, stems/. */
export async function materialOfTree(folder: string): Promise<Material> {
  const paths = await soundsBelow(resolve(folder))
  const files: CheckedFile[] = []
  const unknown: string[] = []
  const byFolder = new Map<string, string[]>()
  for (const path of paths) byFolder.set(dirname(path), [...(byFolder.get(dirname(path)) ?? []), path])
  for (const [place, members] of byFolder) {
    const parts = relative(resolve(folder), place).split(sep)
    const split: Split | undefined = parts.includes(trainFolder)
      ? 'train'
      : parts.some((part) => heldOutFolders.includes(part))
        ? 'valid'
        : undefined
    const names = members.map((path) => parse(path).name.toLowerCase())
    const role = parts.flatMap((part): CheckedRole[] =>
      part === 'vocals' || part === 'instrumental' || part === 'speech' ? [part] : part === 'mixtures' ? ['mixture'] : [],
    )[0]
    const song = role === undefined && (names.includes('vocals') || parts.includes('stems')) && names.some((name) => name !== 'vocals')
    if (song) files.push(...members.map((path) => stemFile(path, folder, split)))
    else if (role) files.push(...members.map((path) => ({ path, name: nameOf(path, folder), role, ...(split && { split }) })))
    else unknown.push(...members)
  }
  if (files.length === 0)
    throw new Error(
      `${folder}: holds ${paths.length === 0 ? 'no sound files' : `${paths.length} sound files, and nothing tells what they are`}; expected are songs as <song>/{vocals,…}.wav, or the sub-folders vocals and instrumental; or name folders by --vocals, --instrumental, --stems, --mixtures`,
    )
  return {
    files,
    findings: unknown.map((path) => ({
      kind: 'set',
      severity: 'note',
      path,
      message: `is neither a stem (${[...stemNames].join(', ')} …) of a song nor in a folder that says what it is: left out`,
    })),
  }
}
