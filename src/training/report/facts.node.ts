/** What a run's folder says of the run itself, `run.json`: the recipe as it was written and as it was read, the data, and each process that worked on it. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { cpus, hostname, totalmem } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { writeWhole } from '../../data/index.ts'
import type { ScoreKind } from '../../tasks/index.ts'
import type { Recipe } from '../recipe.node.ts'

/** One process that worked on a run. */
export interface Session {
  /** ISO 8601. */
  readonly started: string
  /** Last sign of life. */
  readonly seen: string
  /** How it is, or ended: a process that was killed stays `running`, seen no more. */
  readonly state: 'running' | 'stopped' | 'finished' | 'failed'
  /** Steps done before it, and by its last sign of life. */
  readonly from: number
  readonly to: number
  readonly command: string
  readonly host: string
  readonly device: string
  readonly processor: string
  readonly versions: Readonly<Record<string, string>>
  /** Of the working folder. */
  readonly git?: { readonly revision: string; readonly dirty: boolean } | undefined
}

export interface RunFile {
  readonly name: string
  /** The YAML text, where the recipe came of a file. */
  readonly written?: string | undefined
  /** With all defaults. */
  readonly recipe: Recipe
  readonly parameters: number
  /** The digest by which checkpoints know the run. */
  readonly identity: string
  readonly data: DataFacts
  readonly scores: readonly ScoreKind[]
  readonly sessions: readonly Session[]
}

export interface DataFacts {
  /** SHA-256 of what decides the examples. */
  readonly digest: string
  /** Its parts in words. */
  readonly parts: Readonly<Record<string, string>>
}

/** In words what a task says decides its examples; the lists of recordings are long. */
export function describeData(identity: unknown): DataFacts {
  const text = JSON.stringify(identity) ?? 'null'
  const words = (value: unknown): string => (Array.isArray(value) ? `${value.length} entries` : JSON.stringify(value).slice(0, 200))
  const parts = typeof identity === 'object' && identity !== null && !Array.isArray(identity) ? Object.entries(identity) : []
  return {
    digest: createHash('sha256').update(text).digest('hex'),
    parts: Object.fromEntries(parts.map(([name, value]) => [name, words(value)])),
  }
}

const quoted = (word: string) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)

function versions(): Record<string, string> {
  const own = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string }
  const engine = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string }
  return { divisi: own.version, 'Node.js': process.versions.node, 'ONNX Runtime': engine.version }
}

/** Of the working folder; undefined where there is no git or no repository. */
async function gitOf(): Promise<Session['git']> {
  const git = async (...args: string[]) =>
    (await promisify(execFile)('git', ['--no-optional-locks', ...args], { timeout: 10_000 })).stdout.trim()
  try {
    return { revision: await git('rev-parse', 'HEAD'), dirty: (await git('status', '--porcelain', '--untracked-files=no')) !== '' }
  } catch {
    return undefined
  }
}

/** The session of this process. */
export async function thisSession(device: string, from: number): Promise<Session> {
  const now = new Date().toISOString()
  const [processor] = cpus()
  return {
    started: now,
    seen: now,
    state: 'running',
    from,
    to: from,
    command: process.argv.map(quoted).join(' '),
    host: hostname(),
    device,
    processor: `${processor?.model ?? 'unknown processor'}, ${cpus().length} threads, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    versions: versions(),
    git: await gitOf(),
  }
}

const nameOf = (runFolder: string) => join(runFolder, 'run.json')

/** Undefined where a folder has none, or none that can be read. */
export async function readRunFile(runFolder: string): Promise<RunFile | undefined> {
  try {
    return JSON.parse(await readFile(nameOf(runFolder), 'utf8')) as RunFile
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

export function writeRunFile(runFolder: string, facts: RunFile): Promise<void> {
  return writeWhole(nameOf(runFolder), `${JSON.stringify(facts, undefined, 1)}\n`)
}
