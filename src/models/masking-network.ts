/**
 * Separation networks that look at the mixture's magnitudes and give each stem a mask: its estimate is mask ⊙ mixture, with the mixture's phase.
 */
import { applyMask, magnitude, type Spectrum, type StftOptions, stft } from '../dsp/index.ts'
import { chainReach, type Reach, transposedWindowReach, windowReach } from '../nn/index.ts'
import { narrow, reshape, type Tensor } from '../tensor/index.ts'
import { SeparationNetwork } from './separation-network.ts'

/** Samples → frames → samples, with a network of that reach over frames between: what an output sample reads. */
function spectralReach({ nFft, hopLength }: StftOptions, frames: Reach): Reach {
  const half = nFft / 2
  return chainReach([windowReach(nFft, hopLength, half, 1), frames, transposedWindowReach(nFft, hopLength, half, 1)])
}

export abstract class MaskingNetwork extends SeparationNetwork {
  /** Magnitudes (b, channels, t, bins) → masks (b, stems, channels, t, bins). */
  abstract estimateMasks(magnitudes: Tensor): Tensor

  /** Which frames of the magnitudes a frame of the masks depends on. */
  protected abstract frameReach(): Reach

  /** The network's own transform of (b, channels, n): (b, channels, t, bins). */
  protected analyse(mixture: Tensor): Spectrum {
    this.samplesOf(mixture)
    return stft(mixture, this.transform!)
  }

  /** @throws ShapeError for other than (b, channels, n) */
  override forward(mixture: Tensor): Readonly<Record<string, Spectrum>> {
    const spectrum = this.analyse(mixture)
    return this.masked(spectrum, this.estimateMasks(magnitude(spectrum)))
  }

  /** The stems that masks (b, stems, channels, t, bins) leave of a mixture. */
  protected masked(spectrum: Spectrum, masks: Tensor): Readonly<Record<string, Spectrum>> {
    return Object.fromEntries(
      this.stems.map((stem, i) => [stem, applyMask(reshape(narrow(masks, 1, i, i + 1), spectrum.re.shape), spectrum)]),
    )
  }

  override reach(): Reach {
    return spectralReach(this.transform!, this.frameReach())
  }
}
