/**
 * Separation of sound while it comes: samples in, in blocks of any length, and what can be known by then of the stems out. One step of a live network
 * is a program whose state goes from run to run; frames are cut and added up around it, so that the stems are those of `forward` over the whole signal,
 * however it was cut into blocks.
 */
import { addFrames, createWindow, stft } from '../dsp/index.ts'
import { heldPast, layoutOf, notedPast } from '../nn/index.ts'
import { type Backend, compile, type HostArray, type Program } from '../runtime/browser.ts'
import { input, mul, sizeOf, type Tensor } from '../tensor/index.ts'
import { type LiveNetwork, latencyOf } from './live-network.ts'
import type { SeparationStream, StereoWindow } from './separator.ts'
import { createTurns } from './turns.ts'

interface Step {
  readonly program: Program
  /** Of the state, by name; it is zeros at the start. */
  readonly shapes: Readonly<Record<string, readonly number[]>>
}

interface Sizes {
  readonly nFft: number
  readonly hopLength: number
  readonly framesPerStep: number
  readonly window: Float64Array
}

/** @throws Error for networks over other frames than centred ones with zeros around the signal */
function sizesOf({ type, transform, framesPerStep }: LiveNetwork): Sizes {
  const { nFft, hopLength, window = 'hann', center = true, padMode = 'constant' } = transform ?? { nFft: 0, hopLength: 0 }
  if (!transform || !center || padMode !== 'constant')
    throw new Error(`${type}: streams are of networks over centred frames with zeros around the signal; its transform has others`)
  return { nFft, hopLength, framesPerStep, window: createWindow(window, nFft) }
}

const spanOf = ({ nFft, hopLength, framesPerStep }: Omit<Sizes, 'window'>) => nFft + (framesPerStep - 1) * hopLength

/** One step: the samples of its frames to what these add to each stem, and the state. Frames that are not `there`, behind the end, are silent. */
async function compileStep(network: LiveNetwork, values: ReadonlyMap<string, Float32Array>, backend: Backend): Promise<Step> {
  const frames = { ...network.transform!, center: false }
  const shape = [2 / network.channels, network.channels, spanOf(sizesOf(network))]
  layoutOf(network)
  const { past, shapes } = notedPast()
  network.separateFrames(stft(input('samples', shape), frames), past)
  const states = Object.fromEntries(Object.entries(shapes).map(([name, each]) => [`past ${name}`, each]))
  const program = await compile(
    (given: Readonly<Record<string, Tensor>>) => {
      const { re, im } = stft(given.samples!, frames)
      const held = heldPast(Object.fromEntries(Object.keys(shapes).map((name) => [name, given[`past ${name}`]!])))
      const estimates = network.separateFrames({ re: mul(re, given.there!), im: mul(im, given.there!) }, held.past)
      return {
        ...Object.fromEntries(network.stems.map((stem) => [`stem ${stem}`, addFrames(estimates[stem]!, network.transform!)])),
        ...Object.fromEntries(Object.entries(held.next).map(([name, after]) => [`next ${name}`, after])),
      }
    },
    { samples: shape, there: [1, 1, network.framesPerStep, 1], ...states },
    { backend, constants: values },
  )
  return { program, shapes }
}

/** Moves all values `count` places to the front; zeros follow. */
function shift(values: Float32Array, count: number): void {
  values.copyWithin(0, count)
  values.fill(0, values.length - count)
}

function createStream(names: readonly string[], sizes: Sizes, latencySamples: number, ready: () => Promise<Step>): SeparationStream {
  const { nFft, hopLength, framesPerStep } = sizes
  const [span, advance, before] = [spanOf(sizes), framesPerStep * hopLength, nFft / 2]
  const squares = sizes.window.map((weight) => weight ** 2)
  const turns = createTurns()
  /** Both channels' samples of the next step, one behind the other. */
  const heard = new Float32Array(2 * span)
  /** What frames have added so far to the stems' samples from the first of the next step on, and their squared windows. */
  const sums = new Map(names.map((name) => [name, [new Float32Array(span), new Float32Array(span)] as const]))
  const weights = new Float32Array(span)
  let [filled, taken, given, steps] = [before, 0, 0, 0]
  let state: Record<string, HostArray> | undefined

  const restart = (): void => {
    for (const values of [heard, weights, ...[...sums.values()].flat()]) values.fill(0)
    ;[filled, taken, given, steps] = [before, 0, 0, 0]
    state = undefined
  }

  /** What the next step's frames add to each stem. */
  const run = async (there: Float32Array): Promise<Readonly<Record<string, HostArray>>> => {
    const { program, shapes } = await ready()
    const names = Object.keys(shapes)
    state ??= Object.fromEntries(names.map((name) => [`past ${name}`, new Float32Array(sizeOf(shapes[name]!))]))
    const results = await program.run({ samples: heard, there, ...state })
    state = Object.fromEntries(names.map((name) => [`past ${name}`, results[`next ${name}`]!]))
    return results
  }

  /** Goes on by one step and gives the samples that no later frame is in, those before the signal left out. Of the signal's frames there are `frames`. */
  const step = async (frames: number): Promise<StereoWindow[]> => {
    const there = Float32Array.from({ length: framesPerStep }, (_, i) => (steps * framesPerStep + i < frames ? 1 : 0))
    const added = there[0] === 1 ? await run(there) : undefined
    for (const [i, is] of there.entries()) if (is) for (let n = 0; n < nFft; n++) weights[i * hopLength + n]! += squares[n]!
    const from = Math.min(advance, Math.max(0, before - steps * advance))
    const stems = names.map((name): StereoWindow => {
      const add = added?.[`stem ${name}`] as Float32Array | undefined
      const [left, right] = sums.get(name)!.map((sum, c) => {
        if (add) for (let n = 0; n < span; n++) sum[n]! += add[c * span + n]!
        const out = sum.slice(from, advance)
        for (let n = 0; n < out.length; n++) out[n]! /= weights[from + n]!
        shift(sum, advance)
        return out
      }) as [Float32Array, Float32Array]
      return [left, right]
    })
    shift(weights, advance)
    for (const channel of [heard.subarray(0, span), heard.subarray(span)]) shift(channel, advance)
    filled -= advance
    steps++
    return stems
  }

  /** The pieces of each stem in one, not more than `most` samples of them. */
  const join = (pieces: readonly StereoWindow[][], most: number): Record<string, StereoWindow> => {
    const length = Math.min(
      most,
      pieces.reduce((sum, piece) => sum + piece[0]![0].length, 0),
    )
    given += length
    return Object.fromEntries(
      names.map((name, s) => {
        const whole: StereoWindow = [new Float32Array(length), new Float32Array(length)]
        let at = 0
        for (const piece of pieces) {
          for (const [c, channel] of whole.entries()) channel.set(piece[s]![c]!.subarray(0, length - at), at)
          at = Math.min(length, at + piece[s]![0].length)
        }
        return [name, whole]
      }),
    )
  }

  const process = async (block: StereoWindow): Promise<Record<string, StereoWindow>> => {
    const pieces: StereoWindow[][] = []
    for (let from = 0; from < block[0].length; ) {
      const to = from + Math.min(block[0].length - from, span - filled)
      for (const [c, samples] of block.entries()) heard.set(samples.subarray(from, to), c * span + filled)
      filled += to - from
      taken += to - from
      from = to
      if (filled === span) pieces.push(await step(Infinity))
    }
    return join(pieces, Infinity)
  }

  const flush = async (): Promise<Record<string, StereoWindow>> => {
    // Frames are centred on every hop of the signal, its end among them.
    const frames = Math.floor(taken / hopLength) + 1
    const pieces: StereoWindow[][] = []
    while (taken > 0 && steps * advance - before < taken) pieces.push(await step(frames))
    const rest = join(pieces, taken - given)
    restart()
    return rest
  }

  return {
    latencySamples,
    process: (block) => {
      const own: StereoWindow = [block[0].slice(), block[1].slice()]
      if (own[0].length !== own[1].length)
        throw new RangeError(`process: ${own[0].length} samples left, ${own[1].length} right; both channels have one length`)
      return turns(() => process(own))
    },
    flush: () => turns(flush),
    reset: () => turns(async () => restart()),
  }
}

/**
 * Makes a live network ready for streams; each call of what is returned begins one of its own, and any number may be under way. The program is made
 * when the first of them begins.
 */
export function createSeparationStreams(
  network: LiveNetwork,
  { values, backend }: { readonly values: ReadonlyMap<string, Float32Array>; readonly backend: Backend },
): () => SeparationStream {
  let step: Promise<Step> | undefined
  const ready = (): Promise<Step> => {
    step ??= compileStep(network, values, backend)
    return step
  }
  return () => {
    ready().catch(() => {}) // told by the first step
    return createStream(network.stems, sizesOf(network), latencyOf(network), ready)
  }
}
