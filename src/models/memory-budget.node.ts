/**
 * The longest window with which the whole process keeps below a given peak of memory (RSS, as the system counts it). What a network takes is not
 * computed but tried, because it is the allocator's affair as much as the graph's: windows grow from the shortest, each at most twice the one before,
 * as long as the straight line through the last two says that the next one fits.
 */
import type { Backend } from '../runtime/index.ts'
import { type CreateSeparatorOptions, createSeparator, windowLengthOf } from './create-separator.ts'
import type { Separator } from './separator.ts'

const megabyte = 2 ** 20
/** Samples as 32-bit floats, two channels. */
const bytesPerSample = 8
/**
 * What decoding, resampling, crossfading, rounding and writing hold beside the network, in windows of stereo at the network's rate, and apart from their
 * length. Songs at 48 kHz in two stems held 40 MB more than the separator's own runs with windows of 3 s, and 43 MB more with 11.7 s; the rest is for
 * other rates, more stems, and what the garbage collector lets lie.
 */
const pipelineWindows = 24
const pipelineBytes = 40 * megabyte
/** By how much longer windows may take more than the straight line says. */
const caution = 1.25

/** A second of context at both ends and one between: what networks that hear everything can work with. */
const shortestSeconds = 3

/** The most that the process holds while something is done, in bytes. */
async function peakDuring<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly peak: number }> {
  let peak = process.memoryUsage.rss()
  const look = (): void => {
    peak = Math.max(peak, process.memoryUsage.rss())
  }
  const timer = setInterval(look, 4)
  try {
    const result = await work()
    look()
    return { result, peak }
  } finally {
    clearInterval(timer)
  }
}

/** A backend that outlives a separator: what that would dispose of is its programs. */
function lend(backend: Backend): Backend {
  const programs: { dispose(): Promise<void> }[] = []
  return {
    ...backend,
    load: async (...args) => {
      const program = await backend.load(...args)
      programs.push(program)
      return program
    },
    dispose: async () => {
      for (const program of programs) await program.dispose()
    },
  }
}

const inMb = (bytes: number): number => Math.ceil(bytes / megabyte)

/**
 * Makes a separator whose windows are as long as the budget allows, and no longer than asked for.
 *
 * @param memory MB (2²⁰ bytes) that the process may hold, all that it holds already included
 * @throws RangeError where the shortest windows take more; it names the least that is enough. The backend is disposed of then.
 */
export async function createSeparatorWithin(memory: number, options: CreateSeparatorOptions): Promise<Separator> {
  const { network, backend } = options
  const budget = memory * megabyte
  const { sampleRate } = network.config
  const most = windowLengthOf(network, options) / sampleRate
  const pipeline = (separator: Separator): number => pipelineBytes + pipelineWindows * bytesPerSample * separator.windowLength
  const attempt = async (seconds: number): Promise<{ separator: Separator; bytes: number }> => {
    const loading = await peakDuring(() => createSeparator({ ...options, frames: undefined, seconds, backend: lend(backend) }))
    const separator = loading.result
    const zeros = (): Float32Array => new Float32Array(separator.windowLength)
    const running = await peakDuring(async () => {
      // The first run fills ONNX Runtime's memory, the second shows whether it has its own again.
      for (let i = 0; i < 2; i++) await separator.predict([zeros(), zeros()])
    })
    return { separator, bytes: Math.max(loading.peak, running.peak + pipeline(separator)) }
  }

  try {
    let seconds = Math.min(most, shortestSeconds)
    let last = await attempt(seconds)
    if (last.bytes > budget) {
      throw new RangeError(
        `memory: ${memory} MB; the model "${options.name}" needs ${inMb(last.bytes)} MB, in the shortest windows that it can work with (${seconds.toFixed(1)} s)`,
      )
    }
    // Bytes per second of a window.
    let slope = Number.NaN
    while (seconds < most) {
      const next = Number.isNaN(slope)
        ? Math.min(most, 1.5 * seconds)
        : Math.min(most, 2 * seconds, seconds + (budget - last.bytes) / (caution * slope))
      // Less than an eighth more is not worth another program.
      if (next < most && next < 1.125 * seconds) break
      if (Number.isNaN(slope) && budget - last.bytes < last.bytes * 0.1) break
      await last.separator.dispose()
      const attempted = await attempt(next)
      if (attempted.bytes > budget) {
        await attempted.separator.dispose()
        last = await attempt(seconds)
        break
      }
      slope = Math.max(1, (attempted.bytes - last.bytes) / (next - seconds))
      seconds = next
      last = attempted
    }
    return { ...last.separator, dispose: () => backend.dispose() }
  } catch (error) {
    await backend.dispose()
    throw error
  }
}
