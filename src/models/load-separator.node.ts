/** From the name of a model, or the path of a model file, to a separator that is ready to run. */
import { compile, createOnnxRuntimeBackend } from '../runtime/index.ts'
import type { Tensor } from '../tensor/index.ts'
import type { LoadedModel } from './model-file.ts'
import { readModelAt } from './read-model.node.ts'
import { SeparationNetwork } from './separation-network.ts'
import type { Separator, StereoWindow } from './separator.ts'
import { separatorStems } from './separator-stems.ts'

/** Models that ship with the package. */
export const shippedModels = ['vocals'] as const
export const devices = ['cpu'] as const

/** Length of a window where none is given: 512 frames of the shipped model. */
const windowSeconds = (511 * 1024) / 44100
/** What a network that hears everything is given beside what is used of its estimates. */
const contextSeconds = 1
/** Neighbouring windows share twice as much, by which outputs without an order are recognised. */
const sharedSeconds = 0.5

export interface LoadOptions {
  /** Where the network runs: `cpu`. */
  readonly device?: string | undefined
  /** Threads of the network, all processors by default. */
  readonly threads?: number | undefined
  /** Length of the windows that the network sees, 12 by default. */
  readonly seconds?: number | undefined
  /** The same as spectrogram frames, for networks that have such. */
  readonly frames?: number | undefined
}

function readNamedModel(name: string): Promise<LoadedModel> {
  const shipped = (shippedModels as readonly string[]).includes(name)
  const path = shipped ? new URL(`../../models/${name}/model.safetensors`, import.meta.url) : name
  return readModelAt(path, { name, wayOut: `shipped models are ${shippedModels.join(', ')}, anything else is the path of a model file` })
}

/** Samples of a window: whole hops of the network's transform. */
function windowLengthOf(network: SeparationNetwork, { seconds = windowSeconds, frames }: LoadOptions): number {
  const hop = network.transform?.hopLength
  if (frames !== undefined) {
    if (hop === undefined) throw new RangeError(`frames: ${network.type} computes on samples and has none; give \`seconds\` instead`)
    if (!Number.isInteger(frames) || frames < 2) throw new RangeError(`frames: ${frames}; allowed are whole numbers ≥ 2`)
    return (frames - 1) * hop
  }
  if (!(seconds > 0 && Number.isFinite(seconds))) throw new RangeError(`seconds: ${seconds}; allowed are numbers above 0`)
  const samples = seconds * network.config.sampleRate
  return hop === undefined ? Math.max(1, Math.round(samples)) : Math.max(1, Math.round(samples / hop)) * hop
}

/** Samples at a window's ends whose estimates would read what lies beyond: all of the network's reach, where that ends soon. */
function marginOf(network: SeparationNetwork, interchangeable: boolean): number {
  const { sampleRate } = network.config
  const { first, last } = network.reach()
  const reach = Math.ceil(Math.max(0, -first, last))
  const least = interchangeable ? sharedSeconds * sampleRate : 0
  return Math.round(Math.max(least, Math.min(contextSeconds * sampleRate, reach)))
}

/**
 * Loads a model and makes it ready: weights are embedded in the program, which the CPU runs with pre-packed convolutions. Networks of one channel
 * hear left and right one by one.
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
  if (network.channels > 2) throw new Error(`model "${name}": takes ${network.channels} channels; only networks of 1 and 2 can separate`)
  const { sampleRate } = network.config
  const windowLength = windowLengthOf(network, options)
  const { stems, interchangeable, convert } = separatorStems(network)
  const backend = await createOnnxRuntimeBackend(threads === undefined ? {} : { threads })
  const separateWindow = ({ mixture }: { mixture: Tensor }) => network.waveforms(mixture)
  // Left and right are two channels of one example, or two examples: the same array in either case.
  const shapes = { mixture: [2 / network.channels, network.channels, windowLength] }
  const program = await compile(separateWindow, shapes, { backend, constants: values }).catch(async (error: unknown) => {
    await backend.dispose()
    throw error
  })
  const joined = new Float32Array(2 * windowLength)
  return {
    name: title,
    device: backend.description,
    stems,
    interchangeable,
    sampleRate,
    channels: 2,
    windowLength,
    margin: marginOf(network, interchangeable),
    predict: async (window, { signal } = {}) => {
      signal?.throwIfAborted()
      joined.set(window[0])
      joined.set(window[1], windowLength)
      const estimates = (await program.run({ mixture: joined })) as Readonly<Record<string, Float32Array>>
      const stereo = network.stems.map((stem): [string, StereoWindow] => {
        const flat = estimates[stem]!
        return [stem, [flat.subarray(0, windowLength), flat.subarray(windowLength)]]
      })
      return convert(Object.fromEntries(stereo), window)
    },
    dispose: () => backend.dispose(),
  }
}
