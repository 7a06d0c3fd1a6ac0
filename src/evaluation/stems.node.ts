/** Which files belong together: true stems and estimates, by name, and a mixture. */
import { readdir, stat } from 'node:fs/promises'
import { join, parse } from 'node:path'

export interface StemFiles {
  /** Names of the true stems. */
  readonly stems: readonly string[]
  /** One file per stem. */
  readonly references: readonly string[]
  readonly estimates: readonly string[]
  /** For each estimate the index of its stem. */
  readonly estimated: readonly number[]
  readonly mixture: string | undefined
}

export interface FindStemsOptions {
  /** Only these stems count; default: all in the folder of references. */
  readonly stems?: readonly string[] | undefined
  /** File of the mixture; default: the one named mix or mixture among the references. */
  readonly mixture?: string | undefined
}

/** Files whose names end otherwise lie beside stems without being sound. */
const soundEndings = /\.(wav|wave|flac|mp3|ogg|oga|opus|m4a|mp4|aac|aif|aiff|caf|wv|ape|w64|rf64)$/i
const mixtureNames = ['mix', 'mixture']
/** What this project and data sets call the same stem. */
const sameStem: Readonly<Record<string, string>> = { instrumental: 'accompaniment', instruments: 'accompaniment', voice: 'vocals' }

/**
 * Pairs a file with a file, or the stems of two folders. Names are those of the files without ending; `song.vocals.wav`, as `divisi separate`
 * writes it, is also vocals, and the instrumental is the accompaniment.
 *
 * @throws Error, one line, for what is missing, ambiguous, or a file against a folder
 */
export async function findStems(reference: string, estimate: string, options: FindStemsOptions = {}): Promise<StemFiles> {
  const [referenceIsFolder, estimateIsFolder] = [await isFolder(reference), await isFolder(estimate)]
  if (options.mixture !== undefined && (await isFolder(options.mixture)))
    throw new Error(`${options.mixture}: is a folder; the mixture is a sound file`)
  if (referenceIsFolder !== estimateIsFolder) {
    const [folder, file] = referenceIsFolder ? [reference, estimate] : [estimate, reference]
    throw new Error(`${folder} is a folder and ${file} a file; give two files, or two folders of stems`)
  }
  if (!referenceIsFolder) {
    if (options.stems !== undefined) throw new Error(`${reference}: stems are chosen in folders, and this is a file`)
    return { stems: [parse(reference).name], references: [reference], estimates: [estimate], estimated: [0], mixture: options.mixture }
  }
  const [found, made] = [await listSounds(reference), await listSounds(estimate)]
  const isMixture = (name: string): boolean => mixtureNames.includes(name.toLowerCase())
  const mixture = options.mixture ?? [...found].find(([name]) => isMixture(name))?.[1]
  const all = [...found].filter(([name, path]) => !isMixture(name) && path !== mixture)
  const chosen = options.stems?.map((stem) => {
    const match = all.find(([name]) => sameName(name, stem))
    if (match === undefined) throw new Error(`${reference}: no stem ${stem}; it has ${namesOf(all)}`)
    return match
  })
  const stems = chosen ?? all
  if (stems.length === 0) throw new Error(`${reference}: no stems; give the folder of one song, with a sound file per stem`)
  const candidates = [...made].filter(([name]) => !isMixture(name) && !isMixture(lastPart(name)))
  const matches = stems.map(([stem]) => {
    const exact = candidates.filter(([name]) => sameName(name, stem))
    const fitting = exact.length > 0 ? exact : candidates.filter(([name]) => sameName(lastPart(name), stem))
    if (fitting.length > 1)
      throw new Error(`${estimate}: ${fitting.map(([, path]) => parse(path).base).join(' and ')} could both be ${stem}; leave one`)
    return fitting[0]
  })
  if (chosen === undefined) {
    const alone = candidates.find((candidate) => !matches.includes(candidate))
    if (alone) throw new Error(`${alone[1]}: no reference of this name in ${reference}; it has ${namesOf(all)}`)
  }
  const estimated = [...matches.keys()].filter((i) => matches[i] !== undefined)
  if (estimated.length === 0) throw new Error(`${estimate}: no estimate of ${namesOf(stems)}; files are paired by name`)
  return {
    stems: stems.map(([name]) => name),
    references: stems.map(([, path]) => path),
    estimates: estimated.map((i) => matches[i]![1]),
    estimated,
    mixture,
  }
}

function namesOf(files: readonly (readonly [string, string])[]): string {
  return files.length === 0 ? 'none' : files.map(([name]) => name).join(', ')
}

async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) throw new Error(`${path}: no such file or folder`)
  return found.isDirectory()
}

/** Name without ending → path, by name. */
async function listSounds(folder: string): Promise<Map<string, string>> {
  const sounds = new Map<string, string>()
  const items = (await readdir(folder, { withFileTypes: true })).filter((item) => !item.isDirectory() && !item.name.startsWith('.'))
  for (const item of items.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (!soundEndings.test(item.name)) continue
    const { name } = parse(item.name)
    const before = sounds.get(name)
    if (before !== undefined) throw new Error(`${folder}: ${parse(before).base} and ${item.name} are one stem twice; leave one`)
    sounds.set(name, join(folder, item.name))
  }
  if (sounds.size === 0) throw new Error(`${folder}: no sound files; give the folder of one song, with a file per stem`)
  return sounds
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1)
}

function sameName(a: string, b: string): boolean {
  const [left, right] = [a.toLowerCase(), b.toLowerCase()]
  return left === right || (sameStem[left] ?? left) === (sameStem[right] ?? right)
}
