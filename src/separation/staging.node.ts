/** A hidden folder beside the outputs in which they are made, so that they appear whole and together, or not at all. */

import { rmSync } from 'node:fs'
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { SeparationError } from './errors.ts'

export interface Staging {
  /** The path under which to make a file that will be called `name`. */
  path(name: string): string
  /**
   * Moves files of these names to the folder outside, all of them or none.
   *
   * @throws SeparationError when one exists there and `overwrite` is false.
   */
  publish(names: readonly string[], overwrite: boolean): Promise<void>
  /** Removes the hidden folder and all that is left in it. */
  discard(): Promise<void>
}

const live = new Set<string>()

/** The way out when the process ends without waiting: a second Ctrl-C, an error nobody caught. */
function discardAll(): void {
  for (const folder of live) rmSync(folder, { recursive: true, force: true })
}

export function fileExists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

/** Makes the folder (and those above it) where missing, and the hidden one in it. */
export async function createStaging(folder: string): Promise<Staging> {
  await mkdir(folder, { recursive: true })
  const hidden = await mkdtemp(join(folder, '.divisi-'))
  if (live.size === 0) process.once('exit', discardAll)
  live.add(hidden)
  return {
    path: (name) => join(hidden, name),
    async publish(names, overwrite) {
      const fresh: string[] = []
      try {
        for (const name of names) {
          const target = join(folder, name)
          const existed = await fileExists(target)
          if (existed && !overwrite) throw new SeparationError(`${target} exists and is not replaced unless overwriting is asked for`)
          await rename(join(hidden, name), target)
          if (!existed) fresh.push(target)
        }
      } catch (error) {
        await Promise.all(fresh.map((target) => rm(target, { force: true })))
        throw error
      }
    },
    async discard() {
      await rm(hidden, { recursive: true, force: true })
      live.delete(hidden)
      if (live.size === 0) process.off('exit', discardAll)
    },
  }
}
