/**
 * Separation by FrameTransformer (carperbr 2023): the spectrogram without its highest bin, over the largest of its values, goes in; the stem's comes out,
 * as real and imaginary parts 2σ(x) − 1 or as a mask σ(x) of the mixture.
 *
 * The original divides by the largest value of the song. A window does not know it, and gets it as `scales`, which `prepass` tells how to find, or is
 * divided by its own.
 */
import { applyMask, packMagnitude, packSpectrum, type Spectrum, spectrumPeaks, stft, unpackSpectrum } from '../../dsp/index.ts'
import { signedSigmoid } from '../../losses/index.ts'
import { chainReach, type Reach, transposedWindowReach, windowReach } from '../../nn/index.ts'
import { abs, concat, mean, mul, narrow, sigmoid, sub, type Tensor } from '../../tensor/index.ts'
import { SeparationNetwork } from '../separation-network.ts'
import type { FrameTransformerConfig } from './config.ts'
import { FrameTransformer } from './generator.ts'

/** The largest |Re|, |Im| and magnitude: (b, 1, 1, 1) each, as `spectrumPeaks` gives them. */
export type FrameScales = ReturnType<typeof spectrumPeaks>

/**
 * @example
 * const sizes = { nFft: 32, hopLength: 16, multipliers: [1, 2, 3], width: 2, heads: 2, expansion: 8, bridgeLayers: 1 }
 * const model = new FrameTransformerSeparation(frameTransformerConfig.parse({ architecture: 'frame-transformer', ...sizes }))
 * model.forward(input('mixture', [1, 2, 100])).instrumental!.re.shape // [1, 2, 7, 17]
 */
export class FrameTransformerSeparation extends SeparationNetwork {
  readonly config: FrameTransformerConfig
  readonly network: FrameTransformer

  constructor(config: FrameTransformerConfig) {
    const { architecture: _, sampleRate: __, stems, channels, hopLength, estimate, ...body } = config
    const prepass = { measure: (frames: Spectrum) => spectrumPeaks(frames, { of: 'frame' }), join: Math.max }
    super({ stems, channels, transform: { nFft: body.nFft, hopLength }, prepass })
    const inputs = estimate === 'complex' ? 2 * channels : channels
    this.config = config
    this.network = new FrameTransformer({ ...body, inputs, outputs: inputs * stems.length })
  }

  /**
   * @param scales of the song, those of the window by default
   * @throws ShapeError for other than (b, channels, n) and for more frames than maxFrames
   */
  override forward(mixture: Tensor, scales?: FrameScales): Readonly<Record<string, Spectrum>> {
    const spectrum = this.#analyse(mixture)
    const known = scales ?? spectrumPeaks(spectrum)
    const estimates = this.#estimate(spectrum, known)
    const spectra = estimates.map((estimate) =>
      this.config.estimate === 'complex' ? unpackSpectrum(estimate, known) : applyMask(withHighest(estimate), spectrum),
    )
    return Object.fromEntries(this.stems.map((stem, i) => [stem, spectra[i]!]))
  }

  /**
   * Mean absolute difference of scaled spectra, as in the original: of their parts, or of magnitudes.
   *
   * @throws ShapeError for a mixture or sources of another shape, RangeError for a stem that is missing
   */
  override loss(mixture: Tensor, sources: Readonly<Record<string, Tensor>>): Tensor {
    const targets = this.targetsOf(mixture, sources)
    const spectrum = this.#analyse(mixture)
    const scales = spectrumPeaks(spectrum)
    const complex = this.config.estimate === 'complex'
    const seen = complex ? undefined : packMagnitude(spectrum, scales.magnitude)
    const distances = this.#estimate(spectrum, scales).map((estimate, i) => {
      const target = stft(targets[i]!, this.transform!)
      return seen ? sub(mul(estimate, seen), packMagnitude(target, scales.magnitude)) : sub(estimate, packSpectrum(target, scales))
    })
    return mean(abs(concat(distances, 1)))
  }

  #analyse(mixture: Tensor): Spectrum {
    this.samplesOf(mixture)
    return stft(mixture, this.transform!)
  }

  /** For each stem scaled parts (b, 2·channels, t, bins − 1) in ±1, or masks (b, channels, t, bins − 1) in 0…1. */
  #estimate(spectrum: Spectrum, scales: FrameScales): readonly Tensor[] {
    const complex = this.config.estimate === 'complex'
    const logits = this.network.forward(complex ? packSpectrum(spectrum, scales) : packMagnitude(spectrum, scales.magnitude))
    const all = complex ? signedSigmoid(logits) : sigmoid(logits)
    const each = complex ? 2 * this.channels : this.channels
    return this.stems.map((_, i) => narrow(all, 1, i * each, (i + 1) * each))
  }

  override reach(): Reach {
    const { nFft, hopLength } = this.config
    const half = nFft / 2
    return chainReach([windowReach(nFft, hopLength, half, 1), this.network.reach(), transposedWindowReach(nFft, hopLength, half, 1)])
  }
}

/** The mask of the highest bin, which the network does not see, is that of the bin below it. */
function withHighest(mask: Tensor): Tensor {
  const bins = mask.shape[3]!
  return concat([mask, narrow(mask, 3, bins - 1, bins)], 3)
}
