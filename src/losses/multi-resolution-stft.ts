/**
 * Multi-resolution STFT loss (Yamamoto, Song & Kim 2020, "Parallel WaveGAN", arXiv 1910.11480): spectral convergence ‖|S| − |Ŝ|‖_F / ‖|S|‖_F,
 * which large magnitudes decide, plus the mean |log|S| − log|Ŝ||, for which all count, averaged over several resolutions, so that no trade of
 * time against frequency escapes.
 */
import { hann, type StftOptions, stft } from '../dsp/index.ts'
import {
  abs,
  add,
  complex,
  div,
  log,
  maximum,
  mean,
  mul,
  reshape,
  ShapeError,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
} from '../tensor/index.ts'
import { checkSameShape, type LossOptions, reduceLoss } from './reduction.ts'

export interface StftResolution {
  readonly nFft: number
  readonly hopLength: number
  /** Samples of the Hann window, in the middle of the nFft; nFft by default. */
  readonly winLength?: number
  /** What frames see outside the signal, zeros ('constant') by default; the paper's code has its mirror image, which short signals have not. */
  readonly padMode?: StftOptions['padMode']
}

export interface MultiResolutionStftOptions extends LossOptions {
  /** Those of the paper by default: 512/50/240, 1024/120/600 and 2048/240/1200. */
  readonly resolutions?: readonly StftResolution[]
  /** Powers |S|² below it count as it, 1e-7 by default: the logarithm of silence. */
  readonly floor?: number
}

const paper: readonly StftResolution[] = [
  { nFft: 512, hopLength: 50, winLength: 240 },
  { nFft: 1024, hopLength: 120, winLength: 600 },
  { nFft: 2048, hopLength: 240, winLength: 1200 },
]

function optionsOf({ nFft, hopLength, winLength = nFft, padMode = 'constant' }: StftResolution): StftOptions {
  if (!Number.isInteger(winLength) || winLength < 1 || winLength > nFft)
    throw new RangeError(`multiResolutionStftLoss: winLength ${winLength}; allowed are whole numbers in 1…nFft (${nFft})`)
  const window = new Float64Array(nFft)
  window.set(hann(winLength), Math.floor((nFft - winLength) / 2))
  return { nFft, hopLength, window, padMode }
}

/**
 * The loss of each row, reduced. Norms are taken per row, where some implementations take them over the batch.
 *
 * @param estimate, target waveforms (…, n)
 * @returns a scalar, or (…) with the reduction 'none'
 * @throws ShapeError where the shapes differ; RangeError for sizes that `stft` refuses, for no resolutions and a floor that is not above 0
 *
 * @example
 * const wave = constant(Array.from({ length: 64 }, (_, i) => Math.sin(i)))
 * const resolutions = [{ nFft: 16, hopLength: 4 }]
 * const [same, half] = await evaluate(() => [
 *   multiResolutionStftLoss(wave, wave, { resolutions }),
 *   multiResolutionStftLoss(mul(wave, 0.5), wave, { resolutions }),
 * ])
 * same // [0.000]
 * half // [1.19]
 */
export function multiResolutionStftLoss(estimate: Tensor, target: Tensor, options: MultiResolutionStftOptions = {}): Tensor {
  const who = 'multiResolutionStftLoss'
  const { resolutions = paper, floor = 1e-7, reduction } = options
  checkSameShape(who, { estimate, target })
  if (target.shape.length === 0) throw new ShapeError(who, 'a scalar is no signal; needs (…, n)')
  if (resolutions.length === 0) throw new RangeError(`${who}: no resolutions; needs at least one`)
  if (!(floor > 0)) throw new RangeError(`${who}: floor ${floor}; allowed are numbers > 0`)
  const rows = (x: Tensor) => reshape(x, [-1, x.shape.at(-1)!])
  const norm = (x: Tensor) => sqrt(add(sum(square(x), { axes: [1, 2] }), 1e-20))
  const terms = resolutions.map((resolution) => {
    const stftOptions = optionsOf(resolution)
    const magnitude = (x: Tensor) => sqrt(maximum(complex.power(stft(rows(x), stftOptions)), floor))
    const [a, b] = [magnitude(estimate), magnitude(target)]
    const convergence = div(norm(sub(b, a)), norm(b))
    return add(convergence, mean(abs(sub(log(b), log(a))), { axes: [1, 2] }))
  })
  const values = mul(
    terms.reduce((total, term) => add(total, term)),
    1 / terms.length,
  )
  return reduceLoss(who, reshape(values, target.shape.slice(0, -1)), reduction)
}
