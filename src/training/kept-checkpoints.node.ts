/** Checkpoints that stay beside the last one, `checkpoints/step-00001200.safetensors`: the latest few, every so many steps, or both. */
import { copyFile, link, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'

export interface Keeping {
  /** How many of the latest. */
  readonly keep?: number | undefined
  /** Those of multiples of so many steps stay for good. */
  readonly keepEvery?: number | undefined
}

const pattern = /^step-(\d+)\.safetensors$/

/** On disk are then the names of a folder's files, not only what is in them. Windows has no such thing, and does not let folders be opened. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** The file under a second name, which costs nothing; a copy where the file system has no such names. */
export async function secondName(file: string, name: string): Promise<void> {
  const temporary = `${name}.${process.pid}.tmp`
  await rm(temporary, { force: true })
  try {
    await link(file, temporary).catch(() => copyFile(file, temporary))
    await rename(temporary, name)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

/**
 * Keeps the checkpoint that was just written, and removes those that need not stay. Nothing is removed before the new one is safely on disk, and nothing
 * of later steps: who goes on from an earlier checkpoint loses only what the run writes anew.
 *
 * @param file the last checkpoint
 * @param step its steps
 */
export async function keepCheckpoint(runFolder: string, file: string, step: number, { keep = 0, keepEvery }: Keeping): Promise<void> {
  if (keep === 0 && keepEvery === undefined) return
  const folder = join(runFolder, 'checkpoints')
  const stays = (at: number) => keepEvery !== undefined && at % keepEvery === 0
  await mkdir(folder, { recursive: true })
  if (keep > 0 || stays(step)) await secondName(file, join(folder, `step-${String(step).padStart(8, '0')}.safetensors`))
  await syncFolder(runFolder)
  await syncFolder(folder)
  const found = (await readdir(folder)).flatMap((name) => {
    const at = Number(pattern.exec(name)?.[1] ?? Number.NaN)
    return at <= step ? [{ name, at }] : []
  })
  found.sort((a, b) => b.at - a.at)
  for (const { name, at } of found.slice(keep)) if (!stays(at)) await rm(join(folder, name), { force: true })
}
