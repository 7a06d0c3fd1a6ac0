/** From the name of a model, or the path of a model file, to a separator that is ready to run. */
import { createOnnxRuntimeBackend } from '../runtime/index.ts'
import { createSeparator, type WindowOptions, windowLengthOf } from './create-separator.ts'
import type { LoadedModel } from './model-file.ts'
import { readModelAt } from './read-model.node.ts'
import { SeparationNetwork } from './separation-network.ts'
import type { Separator } from './separator.ts'

/** Models that ship with the package. */
export const shippedModels = ['vocals'] as const
export const devices = ['cpu'] as const

export interface LoadOptions extends WindowOptions {
  /** Where the network runs: `cpu`. */
  readonly device?: string | undefined
  /** Threads of the network, all processors by default. */
  readonly threads?: number | undefined
}

/**
 * Reads a model that ships with the package, by its name, or the model file at a path.
 *
 * @throws Error for names and paths where there is none, RangeError for files that hold no model
 */
export function readNamedModel(name: string): Promise<LoadedModel> {
  const shipped = (shippedModels as readonly string[]).includes(name)
  const path = shipped ? new URL(`../../models/${name}/model.safetensors`, import.meta.url) : name
  return readModelAt(path, { name, wayOut: `shipped models are ${shippedModels.join(', ')}, anything else is the path of a model file` })
}

/**
 * Loads a model and makes it ready (`createSeparator`), on the processor.
 *
 * @param name `vocals`, or the path of a `.safetensors` file that `divisi train` wrote
 * @throws Error for unknown models and devices, and models that do not separate; RangeError for files that hold no model
 */
export async function loadSeparator(name = 'vocals', options: LoadOptions = {}): Promise<Separator> {
  const { device = 'cpu', threads } = options
  if (!(devices as readonly string[]).includes(device))
    throw new Error(`device "${device}": not available; this version runs on ${devices.join(', ')}`)
  const { network, values, name: title } = await readNamedModel(name)
  if (!(network instanceof SeparationNetwork))
    throw new Error(`model "${name}": is a network of the kind "${network.config.architecture}", which does not separate`)
  windowLengthOf(network, options) // before any thread is started
  const backend = await createOnnxRuntimeBackend(threads === undefined ? {} : { threads })
  return createSeparator({ name: title, network, values, backend, seconds: options.seconds, frames: options.frames })
}
