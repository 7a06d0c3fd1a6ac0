/** Pairs of encoder and decoder by the kind of their filters. */
import { identity, type TensorFunction } from '../nn/index.ts'
import { relu } from '../tensor/index.ts'
import { AnalyticEncoder } from './analytic-encoder.ts'
import { FilterDecoder, type FilterEncoder, Frames, type Framing, FreeEncoder } from './filter-bank.ts'
import { adjointFilters, type GammatoneOptions, gammatoneFilters, stftFilters } from './filter-shapes.ts'
import { SincEncoder, type SincOptions } from './sinc-encoder.ts'
import type { Window } from './windows.ts'

interface Common extends Framing {
  /** What is applied to the responses: the rectifier for `free` and `gammatone`, nothing for the others. */
  readonly activation?: TensorFunction
}

export type FilterBankOptions =
  /** Every tap learned from drawn values. */
  | (Common & { readonly kind: 'free'; readonly filters: number })
  /** Every tap learned, beginning as the short-time Fourier transform and its inverse: length + 2 filters, real parts, then imaginary ones. */
  | (Common & { readonly kind: 'stft'; readonly window?: Window })
  /** Hilbert pairs; the decoder takes real parts, then imaginary ones. */
  | (Common & { readonly kind: 'analytic'; readonly filters: number })
  /** Band-passes whose cut-off frequencies are learned. */
  | (Common & { readonly kind: 'sinc' } & SincOptions)
  /** Every tap learned, beginning as gammatones whose frequencies are equally far apart in ERB or mel. */
  | (Common & { readonly kind: 'gammatone' } & GammatoneOptions)

export interface FilterBank {
  /** (b, 1, n) → (b, N, frames). */
  readonly encoder: FilterEncoder
  /** (b, N, frames) → (b, 1, n); of `analytic` (b, 2N, frames). */
  readonly decoder: FilterDecoder
}

/**
 * An encoder and a decoder that belong together.
 *
 * @throws RangeError for sizes that are no whole numbers ≥ 1, a hop above the length, and what the kinds refuse: an odd length of `stft`, a window
 * and hop that do not reconstruct, an even length of `sinc`, frequencies above half the sample rate
 *
 * @example
 * const { encoder, decoder } = createFilterBank({ kind: 'free', filters: 64, length: 20 })
 * const y = encoder.forward(constant(new Float32Array(2000), [1, 1, 2000]))
 * y.shape // [1, 64, 201]
 * decoder.forward(y).shape // [1, 1, 2000]
 */
export function createFilterBank(
  options: FilterBankOptions & { readonly kind: 'analytic' },
): FilterBank & { readonly encoder: AnalyticEncoder }
export function createFilterBank(options: FilterBankOptions): FilterBank
export function createFilterBank(options: FilterBankOptions): FilterBank {
  const { kind, length, activation } = options
  const { hop } = new Frames(options)
  switch (kind) {
    case 'free':
      return { encoder: new FreeEncoder(options, activation ?? relu), decoder: new FilterDecoder(options) }
    case 'stft': {
      const { analysis, synthesis } = stftFilters({ ...options, hop })
      const sizes = { ...options, filters: length + 2 }
      return {
        encoder: new FreeEncoder({ ...sizes, initial: analysis }, activation ?? identity),
        decoder: new FilterDecoder({ ...sizes, initial: synthesis }),
      }
    }
    case 'analytic':
      return {
        encoder: new AnalyticEncoder(options, activation ?? identity),
        decoder: new FilterDecoder({ ...options, filters: 2 * options.filters }),
      }
    case 'sinc':
      return { encoder: new SincEncoder(options, activation ?? identity), decoder: new FilterDecoder(options) }
    case 'gammatone': {
      const initial = gammatoneFilters(options)
      return {
        encoder: new FreeEncoder({ ...options, initial }, activation ?? relu),
        decoder: new FilterDecoder({ ...options, initial: adjointFilters(initial, hop) }),
      }
    }
    default:
      throw new RangeError(`filter bank kind: ${kind satisfies never}; allowed are free, stft, analytic, sinc and gammatone`)
  }
}
