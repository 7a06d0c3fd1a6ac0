/**
 * Where in a song the voice is loudest. A network hears the song once, in windows without overlap, or only some of them; between those the voice's share of
 * the sound is taken to change evenly, and is multiplied with the energy of the sound itself, which is known everywhere: vocals(t) ≈ share(t)·|mixture(t)|².
 */

import type { AudioBlock, AudioStream } from '../audio/types.ts'
import type { Separator, StereoWindow } from '../models/index.ts'
import { SeparationError } from './errors.ts'
import type { SeparationProgress } from './progress.ts'
import { planWindows } from './window-plan.ts'
import { createWindowReader, type SourceWindow } from './window-reader.ts'

export interface VocalPassageOptions {
  /** What hears the song: one that is fast, of those that know vocals. */
  readonly separator: Separator
  /** Length of the passage. */
  readonly seconds: number
  /** One of so many windows is heard by the network: the search is as many times faster, and misses more; default 1. */
  readonly every?: number | undefined
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: SeparationProgress) => void) | undefined
}

export interface VocalPassage {
  readonly startSeconds: number
  /** What was asked for, or the whole song where that is shorter. */
  readonly seconds: number
  /** The part of the song's vocal energy that is in it, 0…1; 0 where no voice was heard at all, and the passage is the song's beginning. */
  readonly share: number
}

/** Seconds of a step: starts of passages are this exact, and ten hours are 360 000 of them. */
const STEP = 0.1

/** Energy by steps of time, from pieces of any length. */
function createEnergy() {
  const sums: number[] = []
  return {
    sums,
    /** @param start position of the piece at `rate`, in samples */
    add(piece: AudioBlock, start: number, rate: number): void {
      const length = piece[0]?.length ?? 0
      for (let from = 0; from < length; ) {
        const step = Math.floor((start + from) / rate / STEP + 1e-9)
        const to = Math.min(length, Math.max(from + 1, Math.ceil((step + 1) * STEP * rate - start - 1e-6)))
        let sum = 0
        for (const samples of piece) for (let i = from; i < to; i++) sum += samples[i]! ** 2
        while (sums.length <= step) sums.push(0)
        sums[step]! += sum / rate
        from = to
      }
    },
  }
}

/** A stretch of steps that the network heard, and its vocals' share of the sound there. */
interface Heard {
  readonly from: number
  readonly to: number
  readonly share: number
}

/** Energy of the vocals in each step: as heard, or by the shares of the windows before and after. */
function vocalsOf(heard: readonly Heard[], vocals: readonly number[], mixture: readonly number[]): Float64Array {
  const energy = Float64Array.from(mixture, (_, step) => vocals[step] ?? 0)
  for (let i = 0; i + 1 < heard.length; i++) {
    const [before, after] = [heard[i]!, heard[i + 1]!]
    const gap = after.from - before.to
    for (let step = before.to; step < after.from; step++) {
      const way = (step - before.to + 0.5) / gap
      energy[step] = (before.share + way * (after.share - before.share)) * mixture[step]!
    }
  }
  return energy
}

/** The first of the stretches of `length` steps with the greatest sum. */
function loudest(energy: Float64Array, length: number): { readonly start: number; readonly sum: number } {
  let sum = 0
  let best = { start: 0, sum: Number.NEGATIVE_INFINITY }
  for (let step = 0; step < energy.length; step++) {
    sum += energy[step]!
    if (step >= length) sum -= energy[step - length]!
    // Rounding of the sums must not make a later stretch of the same sound the louder one.
    if (step >= length - 1 && sum > best.sum * (1 + 1e-9)) best = { start: step - length + 1, sum }
  }
  return best.sum > 0 ? best : { start: 0, sum: 0 }
}

/**
 * Finds the passage of a song with the most vocal energy, in one reading of it. `source` itself is not read: it is opened once more, and can be cut by
 * `slice` afterwards.
 *
 * @throws SeparationError for a source that can be heard only once; RangeError for seconds or windows that are not above 0, and a separator that does not
 * know vocals; the signal's reason
 * @example
 * const song = await openAudio('song.mp3')
 * const { startSeconds } = await findVocalPassage(song, { separator, seconds: 15 })
 * console.log(`The voice is loudest from ${startSeconds} s on.`)
 */
export async function findVocalPassage(source: AudioStream, options: VocalPassageOptions): Promise<VocalPassage> {
  const { separator, seconds, every = 1, signal, onProgress } = options
  if (!(seconds > 0 && Number.isFinite(seconds))) throw new RangeError(`findVocalPassage: seconds ${seconds}; allowed are numbers above 0`)
  if (!Number.isSafeInteger(every) || every < 1) throw new RangeError(`findVocalPassage: every ${every}; allowed are whole numbers from 1`)
  if (!separator.stems.includes('vocals'))
    throw new RangeError(`findVocalPassage: the model ${separator.name} knows ${separator.stems.join(', ')}; needs one that knows vocals`)
  if (!source.reopen)
    throw new SeparationError(
      'can be heard only once, and a preview needs to hear it through before it is cut: save it as a file first, or separate all of it',
    )
  const { frames, sampleRate } = source.info
  if (frames !== undefined && frames <= seconds * sampleRate) return { startSeconds: 0, seconds: frames / sampleRate, share: 1 }

  const song = await source.reopen()
  const close = (): void => void song.close().catch(() => {})
  signal?.addEventListener('abort', close, { once: true }) // also ends a read that hangs
  try {
    const plan = planWindows(separator)
    const reader = createWindowReader(song, separator, { ...plan, hop: every * (plan.length - 2 * plan.margin) })
    const [mixture, vocals] = [createEnergy(), createEnergy()]
    const heard: Heard[] = []
    let done = 0 // samples of the song whose energy is known

    const hear = async (window: SourceWindow, estimate: Promise<Record<string, StereoWindow>>, last: boolean): Promise<void> => {
      const found = (await estimate).vocals
      if (!found) throw new SeparationError(`the model ${separator.name} gave no estimate of the stem "vocals"`)
      const rate = separator.sampleRate
      // Whole steps, and none twice: the last window may begin inside the one before.
      const first = window.start === 0 ? 0 : (window.start + plan.margin) / rate
      const end = (window.start + window.length - (last ? 0 : plan.margin)) / rate
      const from = Math.max(heard.at(-1)?.to ?? 0, Math.ceil(first / STEP))
      const to = last ? Math.ceil(end / STEP) : Math.floor(end / STEP)
      if (to <= from) return
      const start = Math.round(from * STEP * rate)
      const cut = (samples: Float32Array) =>
        samples.subarray(Math.max(0, start - window.start), Math.round(Math.min(end, to * STEP) * rate) - window.start)
      vocals.add(found.map(cut), start, rate)
      const sum = (sums: readonly number[]) => sums.slice(from, to).reduce((total, value) => total + value, 0)
      const whole = sum(mixture.sums)
      heard.push({ from, to, share: whole > 0 ? sum(vocals.sums) / whole : 0 })
    }
    const measure = (): void => {
      const { mixture: queue } = reader
      const block = queue.read(done, queue.end)
      mixture.add(song.info.channels === 1 ? [block[0]!, block[0]!] : block, done, song.info.sampleRate)
      done = queue.end
      queue.drop(done)
    }

    let window = await reader.next()
    while (window) {
      signal?.throwIfAborted()
      const estimate = separator.predict(window.samples, signal ? { signal } : {})
      estimate.catch(() => {}) // awaited after the next window is read
      const following = await reader.next()
      measure()
      await hear(window, estimate, !following)
      const doneSeconds = done / song.info.sampleRate
      onProgress?.({ doneSeconds, totalSeconds: following ? frames && Math.max(frames / sampleRate, doneSeconds) : doneSeconds })
      window = following
    }
    signal?.throwIfAborted() // a source closed by the abort may look as if it had ended
    const total = done / song.info.sampleRate
    const energy = vocalsOf(heard, vocals.sums, mixture.sums)
    const { start, sum } = loudest(energy, Math.max(1, Math.min(energy.length, Math.round(seconds / STEP))))
    const all = energy.reduce((whole, value) => whole + value, 0)
    const startSeconds = Math.max(0, Math.min(start * STEP, total - seconds))
    return { startSeconds, seconds: Math.min(seconds, total), share: all > 0 ? Math.min(1, sum / all) : 0 }
  } catch (error) {
    throw signal?.aborted ? signal.reason : error
  } finally {
    signal?.removeEventListener('abort', close)
    await song.close()
  }
}
