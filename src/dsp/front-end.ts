/**
 * The front-end of a network as plain options: transform, mel bands, compression, cepstrum. Listing several values of an option makes a grid of
 * front-ends to compare (Choi et al. 2018, arXiv 1709.01922, compare such choices for music tagging).
 */
import { Module, type Reach, wholeReach, windowReach } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import { amplitudeToDb, flooredLog, logCompress, powerToDb } from './levels.ts'
import { type MelScale, melFilterBank } from './mel.ts'
import { dct, spectrogram, toMel } from './spectrogram.ts'
import { checkStft, type StftOptions } from './stft.ts'

/** `decibels` goes down to 1e-10 of power (1e-5 of magnitude), `log` is the natural logarithm with the same floor, a number C is log(1 + Cx). */
export type Compression = 'none' | 'log' | 'decibels' | number

export interface FrontEndOptions extends StftOptions, MelScale {
  readonly sampleRate: number
  /** Bands; without it the bins are given as they are. */
  readonly melBands?: number
  readonly fMin?: number
  readonly fMax?: number
  readonly norm?: 'slaney' | 'none'
  /** Of the magnitude: 2 by default. */
  readonly power?: 1 | 2
  /** 'none' by default. */
  readonly compression?: Compression
  /** Levels further below the loudest of a recording are raised; only with `decibels`. Not done by default. */
  readonly topDb?: number
  /** That many cepstral coefficients instead of bands. */
  readonly coefficients?: number
}

/** Those that are not numbers. */
const compressions: readonly unknown[] = [undefined, 'none', 'log', 'decibels']

function check(options: FrontEndOptions): void {
  const { sampleRate, melBands, coefficients, power, compression, topDb, nFft } = options
  checkStft(options)
  if (!(sampleRate > 0 && sampleRate < Infinity)) throw new RangeError(`sampleRate: ${sampleRate}; allowed are finite numbers > 0`)
  if (power !== undefined && power !== 1 && power !== 2) throw new RangeError(`power: ${power}; allowed are 1 (magnitude) and 2 (power)`)
  if (melBands !== undefined) melFilterBank({ ...options, melBands })
  else {
    const idle = (['fMin', 'fMax', 'htk', 'norm'] as const).find((name) => options[name] !== undefined)
    if (idle) throw new RangeError(`${idle}: ${options[idle]} without melBands; give melBands or leave it away`)
  }
  const known = typeof compression === 'number' ? compression > 0 && compression < Infinity : compressions.includes(compression)
  if (!known) throw new RangeError(`compression: ${compression}; allowed are finite numbers > 0, 'none', 'log' and 'decibels'`)
  if (topDb !== undefined && (compression !== 'decibels' || !(topDb >= 0)))
    throw new RangeError(`topDb: ${topDb} with compression ${compression ?? 'none'}; allowed are numbers ≥ 0 with 'decibels'`)
  const bands = melBands ?? nFft / 2 + 1
  if (coefficients !== undefined && !(Number.isInteger(coefficients) && coefficients >= 1 && coefficients <= bands))
    throw new RangeError(`coefficients: ${coefficients}; allowed are whole numbers in 1…${bands}, the number of bands`)
}

/** Signals to features, (…, n) → (…, frames, features), without parameters. */
export class FrontEnd extends Module {
  readonly #options: FrontEndOptions

  /** @throws RangeError for options that one of its parts refuses, or that nothing reads */
  constructor(options: FrontEndOptions) {
    super()
    check(options)
    this.#options = options
  }

  /** What it was made of. */
  get options(): FrontEndOptions {
    return this.#options
  }

  /** Bins, mel bands or coefficients: the extent of the last axis of what it gives. */
  get features(): number {
    const { coefficients, melBands, nFft } = this.#options
    return coefficients ?? melBands ?? nFft / 2 + 1
  }

  /** Frames per second. */
  get frameRate(): number {
    return this.#options.sampleRate / this.#options.hopLength
  }

  forward(x: Tensor): Tensor {
    const { melBands, power = 2, coefficients } = this.#options
    const bins = spectrogram(x, { ...this.#options, power })
    const bands = melBands === undefined ? bins : toMel(bins, { ...this.#options, melBands })
    const compressed = this.#compress(bands)
    return coefficients === undefined ? compressed : dct(compressed, coefficients)
  }

  #compress(bands: Tensor): Tensor {
    const { power = 2, compression = 'none', topDb = Infinity } = this.#options
    if (compression === 'none') return bands
    if (compression === 'log') return flooredLog(bands, power === 2 ? 1e-10 : 1e-5)
    if (typeof compression === 'number') return logCompress(bands, compression)
    return (power === 2 ? powerToDb : amplitudeToDb)(bands, { topDb, axes: [-2, -1] })
  }

  /** A step before it is a sample, a step after it is a frame. */
  override reach(): Reach {
    const { nFft, hopLength, center = true, topDb = Infinity } = this.#options
    return topDb === Infinity ? windowReach(nFft, hopLength, center ? nFft / 2 : 0, 1) : { ...wholeReach, stride: hopLength }
  }
}

/**
 * A front-end of these options.
 *
 * @throws RangeError for options that one of its parts refuses, or that nothing reads
 *
 * @example
 * const frontEnd = createFrontEnd({ sampleRate: 16000, nFft: 512, hopLength: 160, melBands: 40, compression: 'decibels' })
 * frontEnd.forward(constant(new Float32Array(16000))).shape // [101, 40]
 * frontEnd.frameRate // 100
 */
export function createFrontEnd(options: FrontEndOptions): FrontEnd {
  return new FrontEnd(options)
}

/** Options of which each may be a list of values to try. */
export type FrontEndChoices = { readonly [Name in keyof FrontEndOptions]: FrontEndOptions[Name] | readonly FrontEndOptions[Name][] }

export interface FrontEndGrid {
  readonly frontEnds: readonly FrontEnd[]
  /** Combinations that are no front-end, a hop above its nFft for example, with the reason. */
  readonly refused: readonly { readonly options: FrontEndOptions; readonly reason: string }[]
}

/**
 * All combinations of the listed values, the last option changing fastest.
 *
 * @example
 * const grid = frontEndGrid({ sampleRate: 8000, nFft: [256, 512], hopLength: [128, 512], compression: ['none', 10] })
 * grid.frontEnds.length // 6
 * grid.refused[0]!.reason // 'hopLength: 512; allowed are whole numbers in 1…nFft (256)'
 */
export function frontEndGrid(choices: FrontEndChoices): FrontEndGrid {
  let combinations: Record<string, unknown>[] = [{}]
  for (const [name, choice] of Object.entries(choices)) {
    const values: readonly unknown[] = Array.isArray(choice) ? choice : [choice]
    combinations = combinations.flatMap((options) => values.map((value) => (value === undefined ? options : { ...options, [name]: value })))
  }
  const frontEnds: FrontEnd[] = []
  const refused: { options: FrontEndOptions; reason: string }[] = []
  for (const combination of combinations) {
    const options = combination as unknown as FrontEndOptions
    try {
      frontEnds.push(new FrontEnd(options))
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      refused.push({ options, reason: error.message })
    }
  }
  return { frontEnds, refused }
}

export interface RankedFrontEnd {
  readonly frontEnd: FrontEnd
  readonly score: number
}

/**
 * Tries every front-end of a grid, one after the other.
 *
 * @param score what a front-end is worth, the more the better: a model's accuracy on validation data, say
 * @returns all of them, best first
 * @throws RangeError where the grid has no front-end or a score is not a number
 */
export async function searchFrontEnds(
  choices: FrontEndChoices,
  score: (frontEnd: FrontEnd) => number | Promise<number>,
): Promise<RankedFrontEnd[]> {
  const { frontEnds, refused } = frontEndGrid(choices)
  if (frontEnds.length === 0) throw new RangeError(`front-ends: none of ${refused.length} is possible: ${refused[0]?.reason}`)
  const ranked: RankedFrontEnd[] = []
  for (const frontEnd of frontEnds) {
    const value = await score(frontEnd)
    if (Number.isNaN(value)) throw new RangeError(`front-ends: the score of ${JSON.stringify(frontEnd.options)} is not a number`)
    ranked.push({ frontEnd, score: value })
  }
  return ranked.sort((a, b) => b.score - a.score)
}
