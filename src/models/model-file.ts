/** A model as a file: safetensors with the parameters' names, the architecture and its configuration in the metadata. */
import { z } from 'zod'
import { readSafetensors, writeSafetensors } from '../formats/index.ts'
import { loadStateDict, stateDict } from '../nn/index.ts'
import { createNetwork, type Network, networkConfig } from './architectures.ts'

/** Version of this layout; readers refuse newer ones. */
const formatVersion = 1

const description = z.object({ format: z.literal(formatVersion), name: z.string(), model: networkConfig })

export interface LoadedModel {
  readonly name: string
  readonly network: Network
  readonly values: ReadonlyMap<string, Float32Array>
  /** Further facts of the file: training steps, scores. */
  readonly metadata: Readonly<Record<string, string>>
}

export function writeModel(
  name: string,
  network: Network,
  values: ReadonlyMap<string, Float32Array>,
  facts: Readonly<Record<string, string>> = {},
): Uint8Array {
  return writeSafetensors({
    tensors: stateDict(network, values),
    metadata: { ...facts, divisi: JSON.stringify({ format: formatVersion, name, model: network.config }) },
  })
}

/**
 * Reads a model file; every parameter must be there in its shape.
 *
 * @throws RangeError for damaged files, other formats, and weights that do not fit their network
 */
export function readModel(bytes: Uint8Array): LoadedModel {
  const { tensors, metadata } = readSafetensors(bytes)
  let about: z.output<typeof description>
  try {
    about = description.parse(JSON.parse(metadata.divisi ?? 'null'))
  } catch {
    throw new RangeError(
      `model file: its metadata describe no model of format ${formatVersion}; it was written by a newer divisi or by another program`,
    )
  }
  const network = createNetwork(about.model)
  const values = loadStateDict(network, tensors, { who: 'model file' })
  return { name: about.name, network, values, metadata }
}
