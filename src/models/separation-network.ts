/**
 * What all separation networks have in common, so that one loop trains them and one `separate` runs them: a mixture (b, channels, n) goes in, for
 * each stem an estimate comes out, as a waveform (b, channels, n) or as a spectrum (b, channels, t, bins) of the network's own transform.
 *
 * | member | says |
 * | --- | --- |
 * | `config.architecture`, `config.sampleRate` | which network it is, and the rate of what it hears |
 * | `stems`, `channels` | the names of its estimates, and how many channels mixture and estimates have |
 * | `transform` | the transform of its spectra; none where estimates are waveforms |
 * | `interchangeable` | whether its outputs have no order of their own, so that a loss has to find the best one |
 * | `levelsOpen` | whether training leaves the level of its estimates open, so that whoever writes them has to fit it to the mixture |
 * | `prepass` | what it wants to know of the whole song with each window; none where a window is enough |
 * | `forward(mixture, facts)` | the estimates by stem |
 * | `waveforms(mixture, facts)` | the same as waveforms, whatever it estimates |
 * | `loss(mixture, sources)` | what training minimises: the paper's loss, of the true stems' waveforms |
 *
 * To add one: extend `MaskingNetwork` where masks of the mixture's spectrum are estimated (masking-network.ts), else this class.
 */
import { istft, magnitude, type Spectrum, type StftOptions, stft } from '../dsp/index.ts'
import { l1Loss, pairwiseLosses, permutationInvariantLoss } from '../losses/index.ts'
import { Module } from '../nn/index.ts'
import { formatShape, mean, ShapeError, stack, type Tensor } from '../tensor/index.ts'
import type { Prepass, SongTensors } from './prepass.ts'

/** A stem as a waveform (b, channels, n), or as a spectrum (b, channels, t, bins). */
export type StemEstimate = Tensor | Spectrum

/** Estimates by the name of the stem. */
export type StemEstimates = Readonly<Record<string, StemEstimate>>

/** What a network tells the base about itself. */
export interface Separates {
  readonly stems: readonly string[]
  readonly channels: number
  /** Of spectra that it estimates. */
  readonly transform?: StftOptions
  /** False by default. */
  readonly interchangeable?: boolean
  /** False by default. */
  readonly levelsOpen?: boolean
  /** Measured on spectra of `transform`. */
  readonly prepass?: Prepass
}

export abstract class SeparationNetwork extends Module {
  abstract readonly config: { readonly architecture: string; readonly sampleRate: number }
  readonly stems: readonly string[]
  readonly channels: number
  readonly transform: StftOptions | undefined
  readonly interchangeable: boolean
  readonly levelsOpen: boolean
  readonly prepass: Prepass | undefined

  constructor({ stems, channels, transform, interchangeable = false, levelsOpen = false, prepass }: Separates) {
    super()
    this.stems = stems
    this.channels = channels
    this.transform = transform
    this.interchangeable = interchangeable
    this.levelsOpen = levelsOpen
    this.prepass = prepass
  }

  /** Highest frequency (Hz) that estimates have: half the sampling rate, unless the network says that it ends below. */
  get bandwidth(): number {
    return this.config.sampleRate / 2
  }

  /**
   * (b, channels, n) → at least one entry for each of `stems`.
   *
   * @param facts of the song, where the network has a `prepass`; those of the mixture by default
   */
  abstract override forward(mixture: Tensor, facts?: SongTensors): StemEstimates

  /**
   * The estimates as waveforms (b, channels, n).
   *
   * @param facts of the song, where the network has a `prepass`; those of the mixture by default
   * @throws ShapeError for other than (b, channels, n)
   */
  waveforms(mixture: Tensor, facts?: SongTensors): Readonly<Record<string, Tensor>> {
    const samples = this.samplesOf(mixture)
    const estimates = this.forward(mixture, facts)
    return Object.fromEntries(
      this.stems.map((stem) => {
        const estimate = estimates[stem]!
        return [stem, 're' in estimate ? istft(estimate, samples, this.transformOf(stem)) : estimate]
      }),
    )
  }

  /**
   * What training minimises, a scalar: the distance of estimates and true stems, as magnitudes of spectra or as waveforms; where outputs have no
   * order, that of the best one.
   *
   * @param sources waveforms (b, channels, n) of all stems
   * @throws ShapeError for a mixture or sources of another shape, RangeError for a stem that is missing
   */
  loss(mixture: Tensor, sources: Readonly<Record<string, Tensor>>): Tensor {
    const targets = this.targetsOf(mixture, sources)
    return this.compare(this.forward(mixture), targets)
  }

  /** Values per example, (b, …), whose mean is the loss of a stem; absolute differences by default. */
  protected distance(estimate: Tensor, target: Tensor): Tensor {
    return l1Loss(estimate, target, { reduction: 'none' })
  }

  /** The loss of estimates, once computed. */
  protected compare(estimates: StemEstimates, targets: readonly Tensor[]): Tensor {
    const comparable = (stem: string) => {
      const estimate = estimates[stem]!
      return 're' in estimate
        ? [magnitude(estimate), magnitude(stft(targets[this.stems.indexOf(stem)]!, this.transformOf(stem)))]
        : undefined
    }
    const pairs = this.stems.map((stem, i) => comparable(stem) ?? [estimates[stem] as Tensor, targets[i]!])
    const [all, wanted] = [0, 1].map((side) =>
      stack(
        pairs.map((pair) => pair[side]!),
        1,
      ),
    ) as [Tensor, Tensor]
    if (!this.interchangeable) return mean(this.distance(all, wanted))
    return permutationInvariantLoss(pairwiseLosses(all, wanted, (estimate, target) => this.distance(estimate, target)))
  }

  /**
   * The waveforms of the stems in their order.
   *
   * @throws ShapeError and RangeError where they are not those of the mixture
   */
  protected targetsOf(mixture: Tensor, sources: Readonly<Record<string, Tensor>>): readonly Tensor[] {
    this.samplesOf(mixture)
    return this.stems.map((stem) => {
      const source = sources[stem]
      if (!source) {
        const given = Object.keys(sources).join(', ') || 'none'
        throw new RangeError(`${this.type}: sources have no "${stem}"; given are ${given}, needed are ${this.stems.join(', ')}`)
      }
      if (formatShape(source.shape) !== formatShape(mixture.shape))
        throw new ShapeError(
          this.type,
          `source "${stem}" ${formatShape(source.shape)} of a mixture ${formatShape(mixture.shape)}; needs its shape`,
        )
      return source
    })
  }

  /** @throws ShapeError for other than (b, channels, n) */
  protected samplesOf({ shape }: Tensor): number {
    if (shape.length !== 3 || shape[1] !== this.channels)
      throw new ShapeError(this.type, `mixture ${formatShape(shape)}; needs (b, ${this.channels}, n)`)
    return shape[2]!
  }

  private transformOf(stem: string): StftOptions {
    if (!this.transform) throw new Error(`${this.type}: estimates a spectrum of "${stem}" and has no transform; give it to its base`)
    return this.transform
  }
}
