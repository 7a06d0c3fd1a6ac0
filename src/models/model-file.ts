/**
 * A model as a file: safetensors with the parameters' names, the architecture and its configuration in the metadata, and a checksum of both, because
 * a network computes with damaged weights as readily as with whole ones.
 */
import { z } from 'zod'
import { crc32, readSafetensors, type StoredTensor, writeSafetensors } from '../formats/index.ts'
import { loadStateDict, stateDict } from '../nn/index.ts'
import { createNetwork, type Network, networkConfig } from './architectures.ts'

/** Version of this layout; readers refuse newer ones. */
const formatVersion = 2

const fields = { name: z.string(), model: networkConfig }
const description = z.discriminatedUnion('format', [
  /** Without a checksum: the first files, and those that another program has changed. */
  z.strictObject({ format: z.literal(1), ...fields }),
  z.strictObject({ format: z.literal(formatVersion), crc32: z.string(), ...fields }),
])

export interface LoadedModel {
  readonly name: string
  readonly network: Network
  readonly values: ReadonlyMap<string, Float32Array>
  /** Further facts of the file: training steps, scores. */
  readonly metadata: Readonly<Record<string, string>>
}

/**
 * CRC-32 of name, configuration and every tensor, as eight hexadecimal digits. Of the content and not of the bytes: programs that write the same
 * content with other spaces or in another order damage nothing. Any one changed byte changes it for certain, more of them but for 1 case in 2³².
 */
function checksumOf(about: { readonly name: unknown; readonly model: unknown }, tensors: ReadonlyMap<string, StoredTensor>): string {
  const text = new TextEncoder()
  let sum = crc32(text.encode(JSON.stringify([about.name, about.model])))
  for (const [name, { shape, data }] of [...tensors].sort(([a], [b]) => (a < b ? -1 : 1))) {
    sum = crc32(text.encode(JSON.stringify([name, shape])), sum)
    sum = crc32(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), sum)
  }
  return sum.toString(16).padStart(8, '0')
}

/** The bytes of a model file, with its checksum. */
export function writeModel(
  name: string,
  network: Network,
  values: ReadonlyMap<string, Float32Array>,
  facts: Readonly<Record<string, string>> = {},
): Uint8Array {
  const tensors = stateDict(network, values)
  const about = { name, model: network.config }
  const divisi = JSON.stringify({ format: formatVersion, crc32: checksumOf(about, tensors), ...about })
  return writeSafetensors({ tensors, metadata: { ...facts, divisi } })
}

/** What the metadata say, as it stands there: a checksum is of that, whatever defaults this version adds to it. */
function parseText(text: string | undefined): { readonly crc32?: unknown; readonly name?: unknown; readonly model?: unknown } {
  try {
    const about: unknown = JSON.parse(text ?? 'null')
    return typeof about === 'object' && about !== null ? about : {}
  } catch {
    return {}
  }
}

/**
 * Reads a model file; every parameter must be there in its shape, and the checksum must be that of the content, where the file has one.
 *
 * @throws RangeError for damaged files, other formats, and weights that do not fit their network
 */
export function readModel(bytes: Uint8Array): LoadedModel {
  const { tensors, metadata } = readSafetensors(bytes)
  const stored = parseText(metadata.divisi)
  const parsed = description.safeParse(stored)
  // First, because what is damaged may also look like something else.
  if (stored.crc32 !== undefined) {
    const found = checksumOf({ name: stored.name, model: stored.model }, tensors)
    if (found !== stored.crc32)
      throw new RangeError(
        `model file: it is damaged, its content has the checksum ${found}, written was ${String(stored.crc32)}; copy it again from where it is whole. ` +
          '(Where a program changed it on purpose: in the metadata, take out "crc32" and write "format":1)',
      )
  }
  if (!parsed.success)
    throw new RangeError(
      `model file: its metadata describe no model of a format up to ${formatVersion}; it was written by a newer divisi or by another program, or it is damaged`,
    )
  const { name, model } = parsed.data
  const network = createNetwork(model)
  const values = loadStateDict(network, tensors, { who: 'model file' })
  return { name, network, values, metadata }
}
