/**
 * Signals of magnitudes: phases that fit each other are found by going to and fro between waveform and spectrum (Griffin & Lim 1984), faster
 * with momentum (Perraudin, Balazs & Søndergaard 2013, "A fast Griffin–Lim algorithm"), and for several sources so that they sum to a mixture
 * (MISI: Gunawan & Sen 2010, "Iterative phase estimation for the synthesis of separated sources from single-channel mixtures").
 */
import {
  add,
  type Complex,
  complex,
  concat,
  constant,
  div,
  expand,
  formatShape,
  greater,
  maximum,
  mul,
  ShapeError,
  scan,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  uniform,
  unsqueeze,
  where,
  zerosLike,
} from '../tensor/index.ts'
import { binCounts } from './dft.ts'
import { silentMagnitude } from './masks.ts'
import { istft, type Spectrum, type StftOptions, stft } from './stft.ts'

/** z / |z|, 1 where z is 0. */
function unit(z: Complex): Complex {
  const magnitude = complex.abs(z)
  const heard = greater(magnitude, silentMagnitude)
  const divisor = maximum(magnitude, silentMagnitude)
  return { re: where(heard, div(z.re, divisor), 1), im: where(heard, div(z.im, divisor), 0) }
}

/**
 * A magnitude with the phase of a mixture, 0 where that is silent: the plainest of estimates.
 *
 * @param magnitude, mixture of shapes that broadcast
 * @throws ShapeError where they do not
 *
 * @example
 * const [im] = await evaluate(() => [mixturePhase(constant([10]), { re: constant([3]), im: constant([-4]) }).im]) // [-8]
 */
export function mixturePhase(magnitude: Tensor, mixture: Complex): Spectrum {
  return complex.scale(unit(mixture), magnitude)
}

function checkSizes(who: string, iterations: number, momentum: number): void {
  if (!Number.isInteger(iterations) || iterations < 1)
    throw new RangeError(`${who}: iterations ${iterations}; allowed are whole numbers ≥ 1`)
  if (!(momentum >= 0 && momentum <= 1)) throw new RangeError(`${who}: momentum ${momentum}; allowed are numbers in 0…1`)
}

/** Squared sums over frames and bins of the whole spectrum, of which the bins that are computed stand for one or two. */
function energy(x: Tensor): Tensor {
  return sum(mul(square(x), constant(binCounts(2 * (x.shape.at(-1)! - 1)))), { axes: [-2, -1] })
}

/** √x with the derivative 0 at 0, where nothing is wrong: in silence, say. */
function root(x: Tensor): Tensor {
  const some = greater(x, 0)
  return where(some, sqrt(where(some, x, 1)), 0)
}

export interface GriffinLimOptions extends StftOptions {
  /** 32 by default. */
  readonly iterations?: number
  /** 0 is the method of Griffin & Lim, whose error never rises; the default 0.99 is the fast one. */
  readonly momentum?: number
  /** A spectrum whose phases to start from, that of the mixture for example. */
  readonly start?: Complex
  /** A random key: start from random phases. Without `start` and `key` all phases are 0 at first. */
  readonly key?: Tensor
}

export interface Reconstruction {
  /** (…, samples) */
  readonly signal: Tensor
  /** After each iteration ‖|STFT(signal)| − magnitude‖ / ‖magnitude‖ over all bins of the full spectrum: (iterations, …). */
  readonly errors: Tensor
}

/**
 * A signal whose spectrum has about the given magnitudes.
 *
 * @param magnitude (…, frames, nFft/2 + 1)
 * @param samples of the signal, as for `istft`
 * @throws RangeError for iterations and a momentum that are none, for start and key together, and for what `istft` refuses
 *
 * @example
 * const options = { nFft: 8, hopLength: 2, momentum: 0 }
 * const [errors] = await evaluate(() => {
 *   const magnitude = complex.abs(stft(constant([0, 1, 0, -1, 0, 1, 0, -1]), options))
 *   return [griffinLim(magnitude, 8, options).errors]
 * })
 * Number(errors![31]) <= Number(errors![0]) // true
 */
export function griffinLim(magnitude: Tensor, samples: number, options: GriffinLimOptions): Reconstruction {
  const { iterations = 32, momentum = 0.99, start, key, ...stftOptions } = options
  checkSizes('griffinLim', iterations, momentum)
  if (start && key) throw new RangeError('griffinLim: start and key are given; phases start from one of them')
  const zero = zerosLike(magnitude)
  let phase: Complex = { re: add(zero, 1), im: zero }
  if (start) phase = unit(start)
  if (key) phase = complex.polar(add(zero, 1), mul(uniform(key, magnitude.shape), 2 * Math.PI))
  const size = maximum(energy(magnitude), silentMagnitude)
  const signalOf = (re: Tensor, im: Tensor) => istft(complex.scale({ re, im }, magnitude), samples, stftOptions)
  const { carry, outputs } = scan(
    ([re, im, beforeRe, beforeIm]) => {
      const now = stft(signalOf(re!, im!), stftOptions)
      const ahead = complex.sub(now, complex.scale({ re: beforeRe!, im: beforeIm! }, momentum / (1 + momentum)))
      const next = unit(momentum === 0 ? now : ahead)
      const error = root(div(energy(sub(complex.abs(now), magnitude)), size))
      return { carry: [next.re, next.im, now.re, now.im], outputs: [error] }
    },
    { carry: [expand(phase.re, magnitude.shape), expand(phase.im, magnitude.shape), zero, zero], length: iterations },
  )
  return { signal: signalOf(carry[0]!, carry[1]!), errors: outputs[0]! }
}

export interface MisiOptions extends StftOptions {
  /** 5 by default: most of the gain comes in the first few. */
  readonly iterations?: number
}

/**
 * Signals of several sources with about the given magnitudes that sum to the mixture: from the mixture's phase on, what the sources lack of the
 * mixture is shared among them, and each takes the phase that this gives it.
 *
 * @param magnitudes (s, …, frames, nFft/2 + 1), s sources
 * @param mixture waveform (…, n)
 * @returns (s, …, n); their sum over s is the mixture, to rounding
 * @throws ShapeError where magnitudes and mixture do not fit; RangeError for iterations that are none, and for what `stft` refuses
 *
 * @example
 * const mixture = constant([1, -2, 3, 0, 2, 1])
 * const frames = { nFft: 4, hopLength: 1 }
 * const [total] = await evaluate(() => [sum(misi(constant(Array.from({ length: 42 }, () => 1), [2, 7, 3]), mixture, frames), { axes: [0] })])
 * total // [1.000, -2.000, 3.000, 0.000, 2.000, 1.000]
 */
export function misi(magnitudes: Tensor, mixture: Tensor, { iterations = 5, ...stftOptions }: MisiOptions): Tensor {
  checkSizes('misi', iterations, 0)
  const samples = mixture.shape.at(-1)!
  const sources = magnitudes.shape[0]!
  const whole = unsqueeze(mixture, 0)
  const spectrum = stft(whole, stftOptions)
  const needed = spectrum.re.shape.slice(1)
  if (formatShape(magnitudes.shape.slice(1)) !== formatShape(needed))
    throw new ShapeError(
      'misi',
      `magnitudes ${formatShape(magnitudes.shape)} for a mixture ${formatShape(mixture.shape)}; needs (s, ${needed.join(', ')})`,
    )
  /** The sources of these phases, and the mixture's rest shared among them. */
  const complete = (phase: Complex): Tensor => {
    const signals = istft(complex.scale(phase, magnitudes), samples, stftOptions)
    return add(signals, mul(sub(whole, sum(signals, { axes: [0], keepDims: true })), 1 / sources))
  }
  const first = complex.map(unit(spectrum), (x) => concat(new Array<Tensor>(sources).fill(x), 0))
  const { carry } = scan(
    ([re, im]) => {
      const next = unit(stft(complete({ re: re!, im: im! }), stftOptions))
      return { carry: [next.re, next.im] }
    },
    { carry: [first.re, first.im], length: iterations },
  )
  return complete({ re: carry[0]!, im: carry[1]! })
}
