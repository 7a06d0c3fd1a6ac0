/**
 * Writes models/manifest.json, which every load of a model that ships is checked against: size, SHA-256, and the answer to the test sound. To be run when a
 * model is added or changed; test/models/trust/manifest.test.ts tells when it was not.
 *
 *     npx tsx scripts/model-manifest.ts
 */
import { readFile, writeFile } from 'node:fs/promises'
import { createSeparator, readModel, SeparationNetwork, shippedModels } from '../src/models/index.ts'
import { answerOf } from '../src/models/trust/answer.ts'
import { manifestUrl, type ShippedModel, sha256, shippedUrl } from '../src/models/trust/manifest.node.ts'
import { createOnnxRuntimeBackend } from '../src/runtime/index.ts'

const manifest: Record<string, ShippedModel> = {}
for (const name of shippedModels) {
  const bytes = await readFile(shippedUrl(name))
  const { network, values } = readModel(bytes)
  if (!(network instanceof SeparationNetwork)) throw new Error(`${name}: separates nothing`)
  const separator = await createSeparator({ name, network, values, backend: await createOnnxRuntimeBackend({ threads: 1 }) })
  const { windowLength, stems } = await answerOf(separator)
  await separator.dispose()
  const short = Object.entries(stems).map(([stem, list]) => [stem, list.map((value) => Number(value.toPrecision(6)))])
  manifest[name] = { bytes: bytes.length, sha256: sha256(bytes), answer: { windowLength, stems: Object.fromEntries(short) } }
}
await writeFile(manifestUrl, `${JSON.stringify(manifest, null, 2).replace(/\[[^\]]*\]/g, (list) => list.replace(/\s+/g, ' '))}\n`)
