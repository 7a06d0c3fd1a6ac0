/**
 * Short-time Fourier transform and its inverse as tensor functions: they have derivatives and travel inside exported models.
 * Frames are centred (nFft/2 zeros before and after, as librosa's center=True, pad_mode='constant') unless told otherwise; the inverse divides
 * by the summed squared window (Griffin & Lim 1984) and is exact for every length.
 */
import { adjoint, type Complex, constant, mul, pad, reshape, ShapeError, type Tensor } from '../tensor/index.ts'
import { binCounts, rfft } from './dft.ts'
import { frame } from './frame.ts'
import { LEAST_COVERAGE, overlapOf } from './overlap.ts'
import { createWindow, type Window } from './windows.ts'

export interface StftOptions {
  /** Samples of a frame, even. */
  readonly nFft: number
  /** Samples between frames. */
  readonly hopLength: number
  /** A name, or nFft values; periodic Hann by default. */
  readonly window?: Window
  /** Whether frame t is centred on sample t·hopLength, as it is by default, or begins there and reads no sample that is not there. */
  readonly center?: boolean
  /** What centred frames see outside the signal: zeros, or its mirror image (librosa before version 0.10, PyTorch). */
  readonly padMode?: 'constant' | 'reflect'
}

/** Real and imaginary part, each (…, frames, nFft/2 + 1). */
export type Spectrum = Complex

/** Frames of a signal: centred ones are ⌊samples/hop⌋ + 1. */
export function frameCount(samples: number, hopLength: number): number {
  return Math.floor(samples / hopLength) + 1
}

/** What an option stands for, checked. */
interface Frames {
  readonly nFft: number
  readonly hopLength: number
  readonly window: Float64Array
  readonly padMode: 'constant' | 'reflect'
  readonly before: number
  readonly frames: number
}

/** @throws RangeError for options that no signal fits */
export function checkStft({ nFft, hopLength, window = 'hann', padMode = 'constant' }: StftOptions): void {
  if (!Number.isInteger(nFft) || nFft < 4 || nFft % 2 !== 0) throw new RangeError(`nFft: ${nFft}; allowed are even whole numbers ≥ 4`)
  if (!Number.isInteger(hopLength) || hopLength < 1 || hopLength > nFft)
    throw new RangeError(`hopLength: ${hopLength}; allowed are whole numbers in 1…nFft (${nFft})`)
  createWindow(window, nFft)
  if (padMode !== 'constant' && padMode !== 'reflect') throw new RangeError(`padMode: ${padMode}; allowed are 'constant' and 'reflect'`)
}

function framesOf(options: StftOptions, samples: number): Frames {
  checkStft(options)
  const { nFft, hopLength, window = 'hann', center = true, padMode = 'constant' } = options
  if (!center && samples < nFft)
    throw new RangeError(`center: false, ${samples} samples; frames of nFft ${nFft} need as many, or leave center true to pad them`)
  if (center && padMode === 'reflect' && samples <= nFft / 2)
    throw new RangeError(`padMode: reflect around ${samples} samples; nFft ${nFft} needs more than ${nFft / 2}, or padMode 'constant'`)
  const before = center ? nFft / 2 : 0
  const frames = frameCount(center ? samples : samples - nFft, hopLength)
  return { nFft, hopLength, window: createWindow(window, nFft), padMode, before, frames }
}

/** What the frames cover of rows: (rows, samples) → (rows, (frames − 1)·hop + nFft). */
function surround(x: Tensor, { nFft, hopLength, frames, before, padMode }: Frames): Tensor {
  const after = (frames - 1) * hopLength + nFft - before - x.shape[1]!
  if (padMode === 'constant' || before === 0) return pad(x, [0, before], [0, after])
  const mirrored = pad(x, [0, before], [0, Math.max(0, after)], { mode: 'reflect' })
  return pad(mirrored, [0, 0], [0, Math.min(0, after)])
}

/** (rows, samples) → re and im (rows·frames, bins). */
function analyse(x: Tensor, frames: Frames): Complex {
  const framed = mul(frame(surround(x, frames), frames.nFft, frames.hopLength), constant(frames.window))
  return rfft(reshape(framed, [-1, frames.nFft]))
}

/**
 * (…, n) → Spectrum of (…, ⌊n/hop⌋ + 1, nFft/2 + 1); without centring, of (…, ⌊(n − nFft)/hop⌋ + 1, nFft/2 + 1).
 *
 * @throws RangeError for sizes that are no even nFft ≥ 4, a hop in 1…nFft and nFft window values, for a signal too short to be mirrored, or,
 * without centring, shorter than a frame
 *
 * @example
 * stft(constant(new Float32Array(1000)), { nFft: 64, hopLength: 16 }).re.shape // [63, 33]
 */
export function stft(x: Tensor, options: StftOptions): Spectrum {
  const samples = x.shape.at(-1)
  if (samples === undefined) throw new ShapeError('stft', 'a scalar is no signal; needs (…, n)')
  const frames = framesOf(options, samples)
  const { re, im } = analyse(reshape(x, [-1, samples]), frames)
  const shape = [...x.shape.slice(0, -1), frames.frames, options.nFft / 2 + 1]
  return { re: reshape(re, shape), im: reshape(im, shape) }
}

/** N Σ w·y over the frames y that a sample is in: (…, frames, bins) → (rows, samples). */
function addUp({ re, im }: Spectrum, samples: number, frames: Frames): Tensor {
  const { nFft } = frames
  const counts = constant(binCounts(nFft))
  const rows = re.shape.slice(0, -2).reduce((n, extent) => n * extent, 1)
  const flat = (part: Tensor) => mul(reshape(part, [rows * frames.frames, nFft / 2 + 1]), counts)
  return adjoint((x) => Object.values(analyse(x, frames)), [rows, samples], [flat(re), flat(im)])
}

/** 1 / (N Σ w²) for each sample. */
function synthesisScale({ nFft, hopLength, window, before, frames }: Frames, samples: number): Float64Array {
  const covered = new Float64Array(samples)
  for (let t = 0; t < frames; t++) {
    for (let i = 0; i < nFft; i++) {
      const n = t * hopLength + i - before
      if (n >= 0 && n < samples) covered[n]! += window[i]! ** 2
    }
  }
  const hole = covered.findIndex((weight) => weight < LEAST_COVERAGE)
  const pair = overlapOf(window, hopLength)
  if (!pair.nola || hole >= 0) {
    const where = hole >= 0 ? ` leaves sample ${hole} outside every window` : ` leaves samples of longer signals outside every window`
    const wayOut = !pair.nola
      ? pair.reason
      : before > 0
        ? `use a hop of at most nFft/2 (${nFft / 2})`
        : 'leave center true, or pad the signal'
    throw new RangeError(`istft: hopLength ${hopLength}${where}; ${wayOut}`)
  }
  return covered.map((weight) => 1 / (nFft * weight))
}

/**
 * (…, frames, nFft/2 + 1) → (…, samples). The inverse transform is the adjoint of the forward one, weighted: every bin but the first and
 * the last stands for two, and each sample is divided by N and its summed squared window. Of a spectrum that no signal has, it gives the signal
 * whose spectrum is nearest (Griffin & Lim 1984).
 *
 * @throws RangeError where the windows leave samples uncovered (hop too large for this window; without centring, at the ends), where the
 * spectrum is not that of `samples` samples, and for the sizes that stft refuses
 *
 * @example
 * const frames = { nFft: 4, hopLength: 1 }
 * const [back] = await evaluate(() => [istft(stft(constant([1, -2, 3]), frames), 3, frames)]) // [1.000, -2.000, 3.000]
 */
export function istft({ re, im }: Spectrum, samples: number, options: StftOptions): Tensor {
  if (!Number.isInteger(samples) || samples < 1) throw new RangeError(`istft: ${samples} samples; allowed are whole numbers ≥ 1`)
  if (re.shape.join() !== im.shape.join())
    throw new RangeError(`istft: re (${re.shape.join(', ')}), im (${im.shape.join(', ')}); needs two of one shape (…, frames, nFft/2 + 1)`)
  // What frames saw outside the signal is not asked back: zeros are as good as the mirror image.
  const frames = framesOf({ ...options, padMode: 'constant' }, samples)
  const { nFft, hopLength } = frames
  const bins = nFft / 2 + 1
  const [given, width] = re.shape.slice(-2)
  if (width !== bins || given !== frames.frames) {
    throw new RangeError(
      `istft: spectrum (${re.shape.join(', ')}); ${samples} samples at hop ${hopLength} need (…, ${frames.frames}, ${bins})`,
    )
  }
  const scale = constant(synthesisScale(frames, samples))
  return reshape(mul(addUp({ re, im }, samples, frames), scale), [...re.shape.slice(0, -2), samples])
}

/**
 * Frames back in time, windowed once more and added up, as the inverse has them before it divides by the summed squared window:
 * (…, frames, nFft/2 + 1) → (…, (frames − 1)·hop + nFft). What the frames of a signal that goes on add to what is there of it.
 *
 * @throws RangeError for sizes that stft refuses, and spectra of other bins
 *
 * @example
 * const frames = { nFft: 4, hopLength: 2, window: 'rectangular' } as const
 * const z = stft(constant([1, 2, 3, 4, 5, 6]), { ...frames, center: false })
 * const [sum] = await evaluate(() => [addFrames(z, frames)]) // [1.000, 2.000, 6.000, 8.000, 5.000, 6.000]
 */
export function addFrames({ re, im }: Spectrum, options: Omit<StftOptions, 'center' | 'padMode'>): Tensor {
  const [given, width] = re.shape.slice(-2) as [number, number]
  const samples = (given - 1) * options.hopLength + options.nFft
  const frames = framesOf({ ...options, center: false }, samples)
  if (width !== options.nFft / 2 + 1 || re.shape.join() !== im.shape.join())
    throw new RangeError(
      `addFrames: parts (${re.shape.join(', ')}) and (${im.shape.join(', ')}); needs two of (…, frames, ${options.nFft / 2 + 1})`,
    )
  return reshape(mul(addUp({ re, im }, samples, frames), 1 / options.nFft), [...re.shape.slice(0, -2), samples])
}
