/** Model files from disk, for all that load them by path. */
import { readFile } from 'node:fs/promises'
import { type LoadedModel, readModel } from './model-file.ts'

/** How a model is spoken of. */
interface Named {
  /** As it was asked for; the path by default. */
  readonly name?: string
  /** What to do where it is not there. */
  readonly wayOut?: string
  /** Looks at the bytes before they are read, and throws where they are not what they should be. */
  readonly check?: (bytes: Uint8Array) => void
}

/**
 * Reads the model file at a path.
 *
 * @throws Error for files that are not there, RangeError for files that hold no model; both name the model
 */
export async function readModelAt(
  path: string | URL,
  { name = String(path), wayOut = '`divisi train` writes them', check }: Named = {},
): Promise<LoadedModel> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    const reason = error.code === 'ENOENT' ? 'there is no such file' : error.message
    throw new Error(`model "${name}": ${reason}; ${wayOut}`, { cause: error })
  })
  try {
    check?.(bytes)
    return readModel(bytes)
  } catch (error) {
    throw new RangeError(`model "${name}": ${(error as Error).message}`, { cause: error })
  }
}
