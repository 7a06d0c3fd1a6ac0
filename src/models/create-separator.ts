/** From a network and its weights to a separator that is ready to run, on any backend: in Node (`loadSeparator`) as in a browser. */
import { type Backend, compile } from '../runtime/browser.ts'
import type { Tensor } from '../tensor/index.ts'
import { isLive } from './live-network.ts'
import type { SeparationNetwork } from './separation-network.ts'
import { createSeparationStreams } from './separation-stream.ts'
import type { Separator, SongFacts, SongListener, StereoWindow } from './separator.ts'
import { separatorStems } from './separator-stems.ts'
import { createSongListeners } from './song-listener.ts'
import { createAlarm } from './trust/alarm.ts'
import { createTurns } from './turns.ts'

/** Length of a window where none is given: 512 frames of the shipped model. */
const windowSeconds = (511 * 1024) / 44100
/** What a network that hears everything is given beside what is used of its estimates. */
const contextSeconds = 1
/** Neighbouring windows share twice as much, by which outputs without an order are recognised. */
const sharedSeconds = 0.5

export interface WindowOptions {
  /** Length of the windows that the network sees, 12 by default. */
  readonly seconds?: number | undefined
  /** The same as spectrogram frames, for networks that have such. */
  readonly frames?: number | undefined
}

export interface CreateSeparatorOptions extends WindowOptions {
  readonly name: string
  readonly network: SeparationNetwork
  readonly values: ReadonlyMap<string, Float32Array>
  /** The separator owns it from then on, and disposes of it. */
  readonly backend: Backend
}

/**
 * Samples of a window: whole hops of the network's transform.
 *
 * @throws RangeError for lengths that are none
 */
export function windowLengthOf(network: SeparationNetwork, { seconds = windowSeconds, frames }: WindowOptions): number {
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

/** What a network wants to know of songs: how it is found, and inputs for it. */
async function openPrepass(network: SeparationNetwork, backend: Backend) {
  if (!network.prepass) return undefined
  const listen = await createSongListeners(network, backend)
  const names = Object.keys(await listen().facts())
  return { listen, inputs: Object.fromEntries(names.map((name) => [`fact ${name}`, [2 / network.channels, 1, 1, 1]])), names }
}

async function factsOf(window: StereoWindow, listen: () => SongListener): Promise<SongFacts> {
  const listener = listen()
  await listener.hear(window)
  return listener.facts()
}

/**
 * Makes a network ready: weights are embedded in the program, which the CPU runs with pre-packed convolutions. Networks of one channel hear left
 * and right one by one. `predict` throws a SeparationError for a network that takes nothing apart, not even a sound made for that (trust/alarm.ts).
 *
 * @throws RangeError for windows that are none; Error for networks of more than two channels. The backend is disposed of then.
 *
 * @example
 * const file = await fetch('model.safetensors')
 * const { network, values, name } = readModel(new Uint8Array(await file.arrayBuffer()))
 * const backend = await createOnnxRuntimeWebBackend({ device: 'wasm' })
 * const separator = await createSeparator({ name, network: network as SeparationNetwork, values, backend })
 */
export async function createSeparator(options: CreateSeparatorOptions): Promise<Separator> {
  const { name, network, values, backend } = options
  try {
    if (network.channels > 2) throw new Error(`model "${name}": takes ${network.channels} channels; only networks of 1 and 2 can separate`)
    const windowLength = windowLengthOf(network, options)
    const { stems, interchangeable, convert } = separatorStems(network)
    const prepass = await openPrepass(network, backend)
    // Left and right are two channels of one example, or two examples: the same array in either case.
    const specs = { mixture: [2 / network.channels, network.channels, windowLength], ...prepass?.inputs }
    const separateWindow = ({ mixture, ...facts }: { mixture: Tensor } & Readonly<Record<string, Tensor>>) =>
      network.waveforms(mixture, prepass && Object.fromEntries(prepass.names.map((fact) => [fact, facts[`fact ${fact}`]!])))
    const program = await compile(separateWindow, specs, { backend, constants: values })
    const joined = new Float32Array(2 * windowLength)
    const turns = createTurns()

    const estimate = async (window: StereoWindow, given: SongFacts | undefined): Promise<Record<string, StereoWindow>> => {
      const known = prepass ? (given ?? (await factsOf(window, prepass.listen))) : {}
      const told = Object.fromEntries(Object.entries(known).map(([fact, each]) => [`fact ${fact}`, each]))
      joined.set(window[0])
      joined.set(window[1], windowLength)
      const estimates = (await program.run({ mixture: joined, ...told })) as Readonly<Record<string, Float32Array>>
      const stereo = network.stems.map((stem): [string, StereoWindow] => {
        const flat = estimates[stem]!
        return [stem, [flat.subarray(0, windowLength), flat.subarray(windowLength)]]
      })
      return convert(Object.fromEntries(stereo), window)
    }
    const { sampleRate } = network.config
    const place = { name, device: backend.description, sampleRate, windowLength }
    const alarm = createAlarm({ ...place, estimate: (window) => estimate(window, undefined) })
    const watched = async (window: StereoWindow, facts: SongFacts | undefined): Promise<Record<string, StereoWindow>> => {
      const estimates = await estimate(window, facts)
      await alarm(window, estimates)
      return estimates
    }

    return {
      name,
      device: backend.description,
      stems,
      interchangeable,
      sampleRate,
      channels: 2,
      windowLength,
      bandwidth: network.bandwidth,
      margin: marginOf(network, interchangeable),
      ...(prepass && { prepass: prepass.listen }),
      ...(isLive(network) && { stream: createSeparationStreams(network, { values, backend }) }),
      predict: (window, { signal, facts } = {}) => turns(() => watched(window, facts), signal),
      dispose: () => backend.dispose(),
    }
  } catch (error) {
    await backend.dispose()
    throw error
  }
}
