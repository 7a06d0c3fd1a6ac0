/** A hidden folder beside the outputs in which they are made, so that they appear whole and together, or not at all. */

import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { copyFile, link, lstat, mkdir, mkdtemp, rename, rm, rmdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { SeparationError } from './errors.ts'

export interface Staging {
  /** The path of the hidden folder. */
  readonly hidden: string
  /** The path under which to make a file that will be called `name`. */
  path(name: string): string
  /**
   * Moves files to the folder outside, all of them or none: after an error the files that were there before are there again. Each has its name
   * there, or another one as `staged`.
   *
   * @throws SeparationError when one exists there and `overwrite` is false, or is a folder.
   */
  publish(files: readonly { readonly name: string; readonly staged?: string | undefined }[], overwrite: boolean): Promise<void>
  /** Removes the hidden folder with all that is left in it, and the folder outside if it was made for this and nothing has come into it. */
  discard(): Promise<void>
}

/** Files whose names begin so are Divisi's own, and of no use to anybody else. */
export const hiddenPrefix = '.divisi-'

const live = new Set<string>()

/** The way out when the process ends without waiting: a second Ctrl-C, an error nobody caught. */
function discardAll(): void {
  for (const folder of live) rmSync(folder, { recursive: true, force: true })
}

export function fileExists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  )
}

/** Removes a folder and those above it up to `highest`, as far as they are empty. */
async function removeEmpty(folder: string, highest: string): Promise<void> {
  for (let at = resolve(folder); ; at = dirname(at)) {
    const removed = await rmdir(at).then(
      () => true,
      () => false,
    )
    if (!removed || at === resolve(highest)) return
  }
}

/**
 * Makes the folder (and those above it) where missing, and the hidden one in it.
 *
 * @param name of the hidden folder, which may be there already, and then stays when the process ends; by default one that nobody else has, and that
 *   goes with the process
 */
export async function createStaging(folder: string, name?: string): Promise<Staging> {
  const highestMade = await mkdir(folder, { recursive: true })
  const hidden = name === undefined ? await mkdtemp(join(folder, hiddenPrefix)) : join(folder, name)
  if (name === undefined) {
    if (live.size === 0) process.once('exit', discardAll)
    live.add(hidden)
  } else await mkdir(hidden, { recursive: true })
  return {
    hidden,
    path: (name) => join(hidden, name),
    async publish(files, overwrite) {
      const undo: (() => Promise<void>)[] = []
      try {
        for (const { name, staged = name } of files) {
          const target = join(folder, name)
          const found = await lstat(target).catch(() => undefined)
          if (found && !overwrite) throw new SeparationError(`${target} exists and is not replaced unless overwriting is asked for`)
          if (found?.isDirectory()) throw new SeparationError(`${target} is a folder, which is not replaced`)
          const former = join(hidden, `${name}.former`)
          // A second name and not another place, so that the file is there all the time; not all file systems have second names.
          if (found) await link(target, former).catch(() => copyFile(target, former))
          await rename(join(hidden, staged), target)
          undo.push(() => (found ? rename(former, target) : rm(target, { force: true })))
        }
      } catch (error) {
        for (const step of undo) await step()
        throw error
      }
    },
    async discard() {
      // First out of the way of whoever begins with the same name meanwhile.
      const gone = name === undefined ? hidden : `${hidden}.${randomUUID()}`
      if (name !== undefined) await rename(hidden, gone).catch(() => {})
      await rm(gone, { recursive: true, force: true })
      if (highestMade !== undefined) await removeEmpty(folder, highestMade)
      live.delete(hidden)
      if (live.size === 0) process.off('exit', discardAll)
    },
  }
}
