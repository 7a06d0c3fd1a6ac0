/** From the name of a model, or the path of a model file, to a separator that is ready to run. */
import { createOnnxRuntimeBackend, type NodeDevice, nodeDevices, shred } from '../runtime/index.ts'
import { createSeparator, type WindowOptions, windowLengthOf } from './create-separator.ts'
import { createSeparatorWithin } from './memory-budget.node.ts'
import type { LoadedModel } from './model-file.ts'
import { readModelAt } from './read-model.node.ts'
import { SeparationNetwork } from './separation-network.ts'
import type { Separator } from './separator.ts'
import { checkAnswer } from './trust/answer.ts'
import { checkShipped, shippedModel, shippedUrl } from './trust/manifest.node.ts'
import { probeSound } from './trust/probe-sound.ts'

/** Models that ship with the package. */
export const shippedModels = ['vocals', 'causal'] as const
/** Where networks may run; whether a machine can is found out by trying, and told. */
export const devices = nodeDevices

export interface LoadOptions extends WindowOptions {
  /** Where the network runs: `cpu`, the default, `webgpu` or `cuda`. It runs there or not at all. */
  readonly device?: string | undefined
  /** Threads of the network, all processors by default. */
  readonly threads?: number | undefined
  /**
   * MB (2²⁰ bytes) that the whole process may hold while it separates a song, at most: windows are as long as that allows, and no longer than without it.
   * Loading tries two or three lengths and takes so much longer.
   */
  readonly memory?: number | undefined
}

const isShipped = (name: string): boolean => (shippedModels as readonly string[]).includes(name)

/**
 * Reads a model that ships with the package, by its name, or the model file at a path. Shipped ones must be the files that were shipped, to the bit
 * (models/manifest.json); others must have the checksum that they carry.
 *
 * @throws Error for names and paths where there is none, RangeError for files that hold no model or are damaged
 */
export async function readNamedModel(name: string): Promise<LoadedModel> {
  const wayOut = `shipped models are ${shippedModels.join(', ')}, anything else is the path of a model file`
  if (!isShipped(name)) return readModelAt(name, { name, wayOut })
  const known = await shippedModel(name)
  return readModelAt(shippedUrl(name), { name, wayOut, check: (bytes) => checkShipped(bytes, known) })
}

/**
 * Reads a model that ships and compares it with the list of what was shipped.
 *
 * @returns size and SHA-256 of its file
 * @throws Error for other names, RangeError for a file that is damaged
 */
export async function verifyShippedModel(name: string): Promise<{ readonly bytes: number; readonly sha256: string }> {
  const { bytes, sha256 } = await shippedModel(name)
  await readNamedModel(name)
  return { bytes, sha256 }
}

/**
 * Loads a model and makes it ready (`createSeparator`). The device proves first that it computes right: its kernels against the float64 reference, and a model
 * that ships by its answer to a test sound (in windows of the default length), which takes the time of one window.
 *
 * @param name `vocals`, `causal` (for sound that still comes), or the path of a `.safetensors` file that `divisi train` wrote
 * @throws RangeError for a `memory` that is not enough, which names the least that is; Error for unknown models, models that do not separate, and devices that are unknown, not there, or compute wrong; RangeError for files that hold no
 * model or are damaged
 */
export async function loadSeparator(name = 'vocals', options: LoadOptions = {}): Promise<Separator> {
  const { device = 'cpu', threads, memory } = options
  if (!(devices as readonly string[]).includes(device))
    throw new Error(`device "${device}": not available; this version runs on ${devices.join(', ')}`)
  const { network, values, name: title } = await readNamedModel(name)
  if (!(network instanceof SeparationNetwork))
    throw new Error(`model "${name}": is a network of the kind "${network.config.architecture}", which does not separate`)
  if (memory !== undefined && !(memory > 0)) throw new RangeError(`memory: ${memory} MB; allowed are numbers above 0`)
  windowLengthOf(network, options) // before any thread is started
  const backend = await createOnnxRuntimeBackend({ device: device as NodeDevice, ...(threads === undefined ? {} : { threads }) })
  const made = { name: title, network, values, backend, seconds: options.seconds, frames: options.frames }
  const separator = memory === undefined ? await createSeparator(made) : await createSeparatorWithin(memory, made)
  const answer = isShipped(name) ? (await shippedModel(name)).answer : undefined
  try {
    // The program has its own; streams make theirs when they are opened.
    if (!separator.stream) shred(values.values())
    if (answer?.windowLength === separator.windowLength) await checkAnswer(separator, answer)
    // What plays is not looked at window by window: its network shows now that it does something, or `predict` refuses it.
    else if (separator.stream) await separator.predict(probeSound(separator.sampleRate, separator.windowLength))
    return separator
  } catch (error) {
    await separator.dispose()
    throw error
  }
}
