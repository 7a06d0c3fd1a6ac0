/** Sources and separators without files and networks, for the tests of separation and of the command. */

import type { AudioBlock, AudioInfo, AudioStream, SampleFormat } from '../../src/audio/index.ts'
import type { SeparationStream } from '../../src/models/index.ts'
import type { Separator, StereoWindow } from '../../src/separation/index.ts'
import { createRandom } from '../../src/tensor/random.ts'

export interface FakeSource extends AudioStream {
  readonly closed: boolean
  /** Samples handed out so far. */
  readonly given: number
}

export interface SourceOptions {
  readonly sampleRate?: number
  readonly blockLength?: number
  /** Whether info knows the length; default true. */
  readonly lengthKnown?: boolean
  readonly sampleFormat?: SampleFormat | undefined
  /** Breaks off with this error at the end of the sound. */
  readonly failure?: Error
}

/** A stream of the given channels, cut into blocks. */
export function sourceOf(channels: AudioBlock, options: SourceOptions = {}): FakeSource {
  const { sampleRate = 44100, blockLength = 1000, lengthKnown = true, sampleFormat, failure } = options
  const frames = channels[0]?.length ?? 0
  let closed = false
  let given = 0
  async function* blocks(): AsyncGenerator<AudioBlock> {
    for (let from = 0; from < frames && !closed; from += blockLength) {
      const block = channels.map((samples) => samples.slice(from, from + blockLength))
      given += block[0]!.length
      yield block
    }
    if (failure) throw failure
  }
  const info: AudioInfo = { sampleRate, channels: channels.length, frames: lengthKnown ? frames : undefined, format: 'test', sampleFormat }
  return {
    info,
    blocks: { [Symbol.asyncIterator]: blocks },
    close: async () => {
      closed = true
    },
    get closed() {
      return closed
    },
    get given() {
      return given
    },
  }
}

/** White noise of the given level, rounded to `bits` if given: full-band sound that any misplaced sample shows up in. */
export function noise(channels: number, length: number, options: { level?: number; bits?: number; seed?: number } = {}): Float32Array[] {
  const { level = 0.5, bits, seed = 1 } = options
  return Array.from({ length: channels }, (_, c) => {
    const random = createRandom(seed, c)
    const scale = 2 ** ((bits ?? 1) - 1)
    return Float32Array.from({ length }, () => {
      const value = random.uniform(-level, level)
      return bits === undefined ? value : Math.round(value * scale) / scale
    })
  })
}

export interface FakeOptions {
  readonly windowLength?: number
  readonly margin?: number
  readonly sampleRate?: number
  readonly stems?: readonly string[]
}

export interface FakeSeparator extends Separator {
  /** Calls of predict that have ended, well or badly. */
  readonly calls: number
  readonly running: number
  readonly disposed: boolean
}

/** A separator whose every stem is a function of the window. */
export function separatorOf(
  estimate: (window: StereoWindow, signal: AbortSignal | undefined) => StereoWindow | Promise<StereoWindow>,
  options: FakeOptions = {},
): FakeSeparator {
  const { windowLength = 512, margin = 64, sampleRate = 44100, stems = ['vocals'] } = options
  let calls = 0
  let running = 0
  let disposed = false
  return {
    name: 'fake',
    device: 'test',
    stems,
    sampleRate,
    channels: 2,
    windowLength,
    margin,
    async predict(window, { signal } = {}) {
      running++
      if (running > 1) throw new Error('predict was called while it ran')
      try {
        const result = await estimate(window, signal)
        return Object.fromEntries(stems.map((stem) => [stem, result]))
      } finally {
        running--
        calls++
      }
    },
    dispose: async () => {
      disposed = true
    },
    get calls() {
      return calls
    },
    get running() {
      return running
    },
    get disposed() {
      return disposed
    },
  }
}

/** Both channels through one function of a channel. */
export function perChannel(f: (samples: Float32Array) => Float32Array): (window: StereoWindow) => StereoWindow {
  return ([left, right]) => [f(left), f(right)]
}

export const identity = perChannel((samples) => samples.slice())
export const silence = perChannel((samples) => new Float32Array(samples.length))

/** y[n] = x[n]/2 + x[n − 1]/4 + x[n + 1]/4, wrong by design at both edges of a window. */
export const smoothing = perChannel((samples) =>
  samples.map((sample, i) => 0.5 * sample + 0.25 * (samples[i - 1] ?? 0.9) + 0.25 * (samples[i + 1] ?? 0.9)),
)

/** vocals[n] = x[n]/2 + x[n + latency]/4, which needs all of its latency; as a function of a whole signal, which is silent behind its end. */
export function lookingAhead(latency: number): (samples: Float32Array) => Float32Array {
  return (samples) => samples.map((sample, n) => 0.5 * sample + 0.25 * (samples[n + latency] ?? 0))
}

/** A separator that can work on sound while it comes, by `lookingAhead`; its windows are not to be asked for. */
export function liveSeparatorOf(latency: number, sampleRate = 44100): Separator & { readonly disposed: boolean } {
  const estimate = lookingAhead(latency)
  const stream = (): SeparationStream => {
    let heard: StereoWindow = [new Float32Array(0), new Float32Array(0)]
    /** What is left of the estimates after all but the last `kept` samples of what was heard are given; the past does not count. */
    const give = (kept: number): Record<string, StereoWindow> => {
      const count = Math.max(0, heard[0].length - kept)
      const [left, right] = heard.map((samples) => estimate(samples).subarray(0, count)) as [Float32Array, Float32Array]
      heard = [heard[0].slice(count), heard[1].slice(count)]
      return { vocals: [left, right] }
    }
    const joined = (before: Float32Array, after: Float32Array): Float32Array => {
      const both = new Float32Array(before.length + after.length)
      both.set(before)
      both.set(after, before.length)
      return both
    }
    return {
      latencySamples: latency,
      process: async (block) => {
        heard = [joined(heard[0], block[0]), joined(heard[1], block[1])]
        return give(latency)
      },
      flush: async () => give(0),
      reset: async () => {
        heard = [new Float32Array(0), new Float32Array(0)]
      },
    }
  }
  const windows = separatorOf(
    () => {
      throw new Error('a live separator is asked for a window')
    },
    { sampleRate },
  )
  return Object.assign(windows, { stream })
}
