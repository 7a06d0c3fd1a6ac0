/**
 * What networks that listen for keys, chords or onsets are given: one channel at 8 to 16 kHz. Less to compute, and hardly less to hear: the notes of
 * most instruments lie below 4 kHz. (A widely read tutorial says "8–16 Hz", where nothing would be left to hear; rates here are in hertz.)
 */
import { createResampler, type ResamplerOptions } from './resample.ts'
import type { AudioBlock, Samples } from './types.ts'

/** Below this a rate was meant in kilohertz. */
const LOWEST_RATE = 1000

/** A change of channels and rate for one stream; cuts into blocks do not change a bit of the result. */
export interface MonoResampler {
  /** Takes the next block of all channels and gives what can be known by now. */
  process(block: AudioBlock): Samples
  /** Ends the stream and gives the rest, so that all outputs together have ceil(total_in · to / from) samples. */
  flush(): Samples
}

/** The mean of the channels; what is in all of them keeps its level, and full scale is not exceeded. */
function meanOfChannels(block: AudioBlock): Samples {
  const [first, ...others] = block
  const mono = first!.slice()
  for (const channel of others) for (let i = 0; i < mono.length; i++) mono[i]! += channel[i]!
  for (let i = 0; i < mono.length; i++) mono[i]! /= block.length
  return mono
}

/**
 * Down-mixes to the mean of the channels, then resamples: flat within 0.01 dB up to 90 % of the new Nyquist frequency, with everything above it 120 dB down.
 *
 * @throws RangeError for rates that are not whole numbers, a `to` below 1000 Hz, and blocks of another channel count
 *
 * @example
 * const mono = createMonoResampler({ from: 44100, to: 16000, channels: 2 })
 * const second = [new Float32Array(44100), new Float32Array(44100)]
 * mono.process(second).length + mono.flush().length // 16000
 */
export function createMonoResampler({ from, to, channels }: ResamplerOptions): MonoResampler {
  if (to < LOWEST_RATE)
    throw new RangeError(
      `createMonoResampler: to ${to} Hz; allowed are whole numbers from ${LOWEST_RATE}, 8000 to 16000 for analysis: rates are in Hz, 16 kHz is 16000`,
    )
  if (!Number.isSafeInteger(channels) || channels <= 0)
    throw new RangeError(`createMonoResampler: channels ${channels}; allowed are whole numbers from 1`)
  const resampler = createResampler({ from, to, channels: 1 })
  return {
    process: (block) => {
      if (block.length !== channels)
        throw new RangeError(`createMonoResampler: made for ${channels} channels, got a block of ${block.length}`)
      if (block.some((samples) => samples.length !== block[0]!.length))
        throw new RangeError('createMonoResampler: the channels of a block have different lengths')
      return resampler.process([meanOfChannels(block)])[0]!
    },
    flush: () => resampler.flush()[0]!,
  }
}

/**
 * A whole block as one channel at another rate: ceil(frames · to / from) samples. See `createMonoResampler`.
 *
 * @throws RangeError for no channels and what createMonoResampler refuses
 *
 * @example
 * const stereo = [Float32Array.of(1, 0, 0, 0), Float32Array.of(0, 1, 0, 0)]
 * toMono(stereo, 16000, 16000) // [0.5, 0.5, 0, 0]
 */
export function toMono(block: AudioBlock, from: number, to: number): Samples {
  const mono = createMonoResampler({ from, to, channels: block.length })
  const [most, rest] = [mono.process(block), mono.flush()]
  const joined = most instanceof Float64Array ? new Float64Array(most.length + rest.length) : new Float32Array(most.length + rest.length)
  joined.set(most)
  joined.set(rest, most.length)
  return joined
}
