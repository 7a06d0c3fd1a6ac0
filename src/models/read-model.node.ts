/** Model files from disk, for all that load them by path. */
import { readFile } from 'node:fs/promises'
import { type LoadedModel, readModel } from './model-file.ts'

/**
 * Reads the model file at a path.
 *
 * @throws Error for files that are not there, RangeError for files that hold no model; both name the path
 */
export async function readModelAt(path: string): Promise<LoadedModel> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new Error(`model "${path}": ${error.code === 'ENOENT' ? 'there is no such file' : error.message}; \`divisi train\` writes them`, {
      cause: error,
    })
  })
  try {
    return readModel(bytes)
  } catch (error) {
    throw new RangeError(`model "${path}": ${(error as Error).message}`, { cause: error })
  }
}
