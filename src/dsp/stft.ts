/**
 * Short-time Fourier transform and its inverse as tensor functions: they have derivatives and travel inside exported models.
 * Frames are centred (nFft/2 zeros before and after, as librosa's center=True, pad_mode='constant'); the inverse divides by the summed
 * squared window (Griffin & Lim 1984) and is exact for every length.
 */
import { adjoint, concat, constant, mul, narrow, pad, reshape, type Tensor } from '../tensor/index.ts'
import { rfft } from './dft.ts'
import { hann } from './windows.ts'

export interface StftOptions {
  /** Samples of a frame, even. */
  readonly nFft: number
  /** Samples between frames. */
  readonly hopLength: number
  /** nFft window values; periodic Hann by default. */
  readonly window?: Float64Array
}

/** Real and imaginary part, each (…, frames, nFft/2 + 1). */
export interface Spectrum {
  readonly re: Tensor
  readonly im: Tensor
}

export function frameCount(samples: number, hopLength: number): number {
  return Math.floor(samples / hopLength) + 1
}

function windowOf({ nFft, hopLength, window = hann(nFft) }: StftOptions): Float64Array {
  if (!Number.isInteger(nFft) || nFft < 4 || nFft % 2 !== 0) throw new RangeError(`nFft: ${nFft}; allowed are even whole numbers ≥ 4`)
  if (!Number.isInteger(hopLength) || hopLength < 1 || hopLength > nFft)
    throw new RangeError(`hopLength: ${hopLength}; allowed are whole numbers in 1…nFft (${nFft})`)
  if (window.length !== nFft) throw new RangeError(`window: ${window.length} values; needs nFft = ${nFft}`)
  return window
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b)
}

/** Overlapping frames of rows: (rows, n) → (rows, frames, nFft). Cut from blocks of the greatest common divisor, so any hop works without gathering. */
function frame(x: Tensor, frames: number, nFft: number, hopLength: number): Tensor {
  const block = gcd(nFft, hopLength)
  const step = hopLength / block
  const needed = (frames - 1) * hopLength + nFft
  const before = nFft / 2
  const padded = pad(x, [0, before], [0, needed - before - x.shape[1]!])
  const blocks = reshape(padded, [x.shape[0]!, needed / block, block])
  const parts = Array.from({ length: nFft / block }, (_, i) => narrow(blocks, 1, i, i + (frames - 1) * step + 1, step))
  return concat(parts, 2)
}

function analyse(x: Tensor, frames: number, options: StftOptions): readonly [Tensor, Tensor] {
  const window = windowOf(options)
  const framed = mul(frame(x, frames, options.nFft, options.hopLength), constant(window))
  const { re, im } = rfft(reshape(framed, [-1, options.nFft]))
  return [re, im]
}

/**
 * (…, n) → Spectrum of (…, ⌊n/hop⌋ + 1, nFft/2 + 1).
 *
 * @throws RangeError for sizes that are no even nFft ≥ 4, a hop in 1…nFft and nFft window values
 *
 * @example
 * stft(constant(new Float32Array(1000)), { nFft: 64, hopLength: 16 }).re.shape // [63, 33]
 */
export function stft(x: Tensor, options: StftOptions): Spectrum {
  windowOf(options)
  const samples = x.shape.at(-1)!
  const frames = frameCount(samples, options.hopLength)
  const [re, im] = analyse(reshape(x, [-1, samples]), frames, options)
  const shape = [...x.shape.slice(0, -1), frames, options.nFft / 2 + 1]
  return { re: reshape(re, shape), im: reshape(im, shape) }
}

/**
 * (…, frames, nFft/2 + 1) → (…, samples). The inverse transform is the adjoint of the forward one, weighted: every bin but the first and
 * the last stands for two, and each sample is divided by N and its summed squared window.
 *
 * @throws RangeError where the windows leave a sample uncovered (hop too large for this window), where the spectrum is not that of
 * `samples` samples, and for the sizes that stft refuses
 *
 * @example
 * const frames = { nFft: 4, hopLength: 1 }
 * const [back] = await evaluate(() => [istft(stft(constant([1, -2, 3]), frames), 3, frames)]) // [1.000, -2.000, 3.000]
 */
export function istft({ re, im }: Spectrum, samples: number, options: StftOptions): Tensor {
  const window = windowOf(options)
  const { nFft, hopLength } = options
  const bins = nFft / 2 + 1
  const [frames, given] = re.shape.slice(-2) as [number, number]
  if (given !== bins || frames !== frameCount(samples, hopLength)) {
    throw new RangeError(
      `istft: spectrum (${re.shape.join(', ')}); ${samples} samples at hop ${hopLength} need (…, ${frameCount(samples, hopLength)}, ${bins})`,
    )
  }
  const covered = new Float64Array(samples)
  for (let t = 0; t < frames; t++) {
    for (let i = 0; i < nFft; i++) {
      const n = t * hopLength + i - nFft / 2
      if (n >= 0 && n < samples) covered[n]! += window[i]! ** 2
    }
  }
  const scale = covered.map((weight, n) => {
    if (weight < 1e-10)
      throw new RangeError(
        `istft: hopLength ${hopLength} leaves sample ${n} outside every window; use a hop of at most nFft/2 (${nFft / 2})`,
      )
    return 1 / (nFft * weight)
  })
  const twice = constant(Float64Array.from({ length: bins }, (_, k) => (k === 0 || k === bins - 1 ? 1 : 2)))
  const lead = re.shape.slice(0, -2)
  const rows = lead.reduce((n, extent) => n * extent, 1)
  const flat = (part: Tensor) => mul(reshape(part, [rows * frames, bins]), twice)
  const summed = adjoint((x) => analyse(x, frames, options), [rows, samples], [flat(re), flat(im)])
  return reshape(mul(summed, constant(scale)), [...lead, samples])
}
