/** From the name of a model, or the path of a model file, to a separator that is ready to run. */
import { readFile } from 'node:fs/promises'
import { compile, createOnnxRuntimeBackend } from '../runtime/index.ts'
import type { Tensor } from '../tensor/index.ts'
import { type LoadedModel, readModel } from './model-file.ts'
import { SeparationNetwork } from './separation-network.ts'
import type { Separator } from './separator.ts'

/** Models that ship with the package. */
export const shippedModels = ['vocals'] as const
export const devices = ['cpu'] as const

export interface LoadOptions {
  /** Where the network runs: `cpu`. */
  readonly device?: string | undefined
  /** Threads of the network, all processors by default. */
  readonly threads?: number | undefined
  /** Spectrogram frames that the network sees at once. */
  readonly frames?: number | undefined
}

async function readModelFile(name: string): Promise<Uint8Array> {
  const shipped = (shippedModels as readonly string[]).includes(name)
  const path = shipped ? new URL(`../../models/${name}/model.safetensors`, import.meta.url) : name
  try {
    return await readFile(path)
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : (error as Error).message
    throw new Error(`model "${name}": ${reason}; shipped models are ${shippedModels.join(', ')}, anything else is the path of a model file`)
  }
}

async function readNamedModel(name: string): Promise<LoadedModel> {
  const bytes = await readModelFile(name)
  try {
    return readModel(bytes)
  } catch (error) {
    throw new RangeError(`model "${name}": ${(error as Error).message}`, { cause: error })
  }
}

/**
 * Loads a model and makes it ready: weights are embedded in the program, which the CPU runs with pre-packed convolutions.
 *
 * @param name `vocals`, or the path of a `.safetensors` file that `divisi train` wrote
 * @throws Error for unknown models and devices, RangeError for files that hold no model
 */
export async function loadSeparator(name = 'vocals', options: LoadOptions = {}): Promise<Separator> {
  const { device = 'cpu', frames = 512, threads } = options
  if (!(devices as readonly string[]).includes(device))
    throw new Error(`device "${device}": not available; this version runs on ${devices.join(', ')}`)
  if (!Number.isInteger(frames) || frames < 2) throw new RangeError(`frames: ${frames}; allowed are whole numbers ≥ 2`)
  const { network, values, name: title } = await readNamedModel(name)
  if (!(network instanceof SeparationNetwork))
    throw new Error(`model "${name}": is a network of the kind "${network.config.architecture}", which does not separate`)
  const { sampleRate } = network.config
  const hopLength = network.transform?.hopLength ?? 1024
  const windowLength = (frames - 1) * hopLength
  const backend = await createOnnxRuntimeBackend(threads === undefined ? {} : { threads })
  const separateWindow = ({ mixture }: { mixture: Tensor }) => network.waveforms(mixture)
  const shapes = { mixture: [1, 2, windowLength] }
  const program = await compile(separateWindow, shapes, { backend, constants: values }).catch(async (error: unknown) => {
    await backend.dispose()
    throw error
  })
  const joined = new Float32Array(2 * windowLength)
  return {
    name: title,
    device: backend.description,
    stems: ['vocals'],
    sampleRate,
    channels: 2,
    windowLength,
    margin: sampleRate,
    predict: async ([left, right], { signal } = {}) => {
      signal?.throwIfAborted()
      joined.set(left)
      joined.set(right, windowLength)
      const { vocals } = (await program.run({ mixture: joined })) as { vocals: Float32Array }
      return { vocals: [vocals.subarray(0, windowLength), vocals.subarray(windowLength)] }
    },
    dispose: () => backend.dispose(),
  }
}
