/**
 * A folder for one process at a time: a file in it names the process that works there, and that of a process which is no more is taken over.
 *
 * The file comes into being whole, by a second name (link), of which only one can be first. Taking over is guarded by a file of its own, so that two
 * that find the same dead process do not remove each other's locks.
 */

import { randomUUID } from 'node:crypto'
import { link, open, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { SeparationError } from '../errors.ts'

interface Holder {
  readonly pid: number
  readonly host: string
  /** When the process was started, in ticks since the computer was; '' where the system does not tell. Numbers of processes are used again. */
  readonly started: string
}

/** Holder of a lock that cannot be read: a power failure may leave a file without what was written into it. */
const nobody: Holder = { pid: 0, host: '', started: '' }

/** Who takes over needs microseconds; one that was killed meanwhile is not waited for. */
const takeoverMs = 5_000

/** Locks that this process holds, by path: without `started` it could not know its own from those of a process of the same number. */
const held = new Set<string>()

/** Fields 3 (state) and 22 (start) of /proc/<pid>/stat, which follow a name in brackets; undefined where there is no such process or no /proc. */
async function processOf(pid: number): Promise<{ readonly state: string; readonly started: string } | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ')
  return fields && { state: fields[0]!, started: fields[19]! }
}

async function isAlive({ pid, host, started }: Holder, path: string): Promise<boolean> {
  if (pid === nobody.pid) return false
  if (host !== hostname()) return true // nobody here can tell
  if (pid === process.pid) return held.has(path)
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  const found = await processOf(pid)
  return found === undefined || (found.state !== 'Z' && (started === '' || found.started === started))
}

async function readHolder(path: string): Promise<Holder | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  try {
    return JSON.parse(text) as Holder
  } catch {
    return nobody
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

/** Removes the lock if its holder is still the dead one. */
async function takeOver(path: string): Promise<void> {
  const guard = `${path}.takeover`
  try {
    await (await open(guard, 'wx')).close()
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error
    const age = Date.now() - (await stat(guard).catch(() => ({ mtimeMs: Date.now() }))).mtimeMs
    if (age > takeoverMs) await rm(guard, { force: true })
    await setTimeout(10)
    return
  }
  try {
    const holder = await readHolder(path)
    if (holder && !(await isAlive(holder, path))) await rm(path, { force: true })
  } finally {
    await rm(guard, { force: true })
  }
}

/**
 * Locks a folder.
 *
 * @returns what gives it free
 * @throws SeparationError while another process works there, ENOENT when the folder is gone
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, 'lock')
  const own = join(folder, `lock.${randomUUID()}`)
  const holder: Holder = { pid: process.pid, host: hostname(), started: (await processOf(process.pid))?.started ?? '' }
  await writeFile(own, JSON.stringify(holder))
  try {
    for (;;) {
      try {
        await link(own, path)
        break
      } catch (error) {
        if (!hasCode(error, 'EEXIST')) throw error
      }
      const other = await readHolder(path)
      if (other && (await isAlive(other, path))) {
        const where = other.host === hostname() ? '' : ` on ${other.host}; if it is not running any more, remove ${folder}`
        throw new SeparationError(`is being separated by another process, ${other.pid}${where}`)
      }
      if (other) await takeOver(path)
    }
  } finally {
    await rm(own, { force: true })
  }
  held.add(path)
  return async () => {
    held.delete(path)
    await rm(path, { force: true })
  }
}

/** Whether a process that still runs works in the folder. */
export async function isLocked(folder: string): Promise<boolean> {
  const path = join(folder, 'lock')
  const holder = await readHolder(path)
  return holder !== undefined && (await isAlive(holder, path))
}
