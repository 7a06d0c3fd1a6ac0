/**
 * The list of models that ship, `models/manifest.json`: size and SHA-256 of each file, and its answer to the test sound. A file that was cut short by a
 * broken download, or changed, is refused before it computes anything. `npx tsx scripts/model-manifest.ts` writes the list.
 */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { answerSchema } from './answer.ts'

const shippedSchema = z.strictObject({
  bytes: z.number().int().positive(),
  sha256: z.string().regex(/^[\da-f]{64}$/),
  /** Of windows of the default length; networks that are not asked have none. */
  answer: answerSchema.optional(),
})
export type ShippedModel = z.output<typeof shippedSchema>

/** Where the files are. */
const folder = new URL('../../../models/', import.meta.url)

export const manifestUrl = new URL('manifest.json', folder)

/** The file of a model that ships. */
export function shippedUrl(name: string): URL {
  return new URL(`${name}/model.safetensors`, folder)
}

/**
 * What the list says of a model.
 *
 * @throws Error where the list is not there, is damaged, or does not have the model
 */
export async function shippedModel(name: string): Promise<ShippedModel> {
  const wayOut = 'the installation is damaged: install divisi again'
  const text = await readFile(manifestUrl, 'utf8').catch((error: Error) => {
    throw new Error(`model "${name}": the list of models cannot be read (${error.message}); ${wayOut}`, { cause: error })
  })
  try {
    const found = z.record(z.string(), shippedSchema).parse(JSON.parse(text))[name]
    if (found) return found
  } catch (error) {
    throw new Error(`model "${name}": models/manifest.json is no list of models; ${wayOut}`, { cause: error })
  }
  throw new Error(`model "${name}": models/manifest.json does not have it; ${wayOut} (in a clone: npx tsx scripts/model-manifest.ts)`)
}

/** The checksum of a file's bytes, as `sha256sum` prints it. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/**
 * Compares a file with the list.
 *
 * @throws RangeError for another size or checksum
 */
export function checkShipped(bytes: Uint8Array, known: ShippedModel): void {
  const wayOut = 'the file is damaged or was changed: install divisi again'
  if (bytes.length !== known.bytes) throw new RangeError(`${bytes.length} bytes where ${known.bytes} were shipped; ${wayOut}`)
  const found = sha256(bytes)
  if (found !== known.sha256) throw new RangeError(`its SHA-256 is ${found}, shipped was ${known.sha256}; ${wayOut}`)
}
