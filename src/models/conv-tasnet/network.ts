/**
 * Conv-TasNet (Luo & Mesgarani 2019, "Conv-TasNet: surpassing ideal time-frequency magnitude masking for speech separation", IEEE/ACM TASLP,
 * arXiv 1809.07454): short learned filters in place of a Fourier transform, masks over their responses by a temporal convolutional network,
 * and learned filters back.
 */
import { siSdrLoss, snrLoss } from '../../losses/index.ts'
import { Conv1d, ConvTranspose1d, chainReach, type Reach, windowReach } from '../../nn/index.ts'
import { mul, narrow, pad, relu, reshape, sigmoid, softmax, type Tensor } from '../../tensor/index.ts'
import { SeparationNetwork } from '../separation-network.ts'
import type { ConvTasNetConfig } from './config.ts'
import { TcnSeparator } from './separator.ts'

const maskActivations = { sigmoid, relu, softmax: (x: Tensor) => softmax(x, 1) }

/**
 * Each sample is in filterLength/hop = 2 frames, also at the ends, which zeros surround.
 *
 * @example
 * const sizes = { filters: 8, bottleneck: 4, hidden: 6, skip: 4, blocks: 2, repeats: 1, causal: true }
 * const model = new ConvTasNet(convTasNetConfig.parse({ architecture: 'conv-tasnet', ...sizes }))
 * const estimates = model.forward(input('mixture', [1, 1, 101]))
 * Object.keys(estimates) // ['source-1', 'source-2']
 * estimates['source-1']!.shape // [1, 1, 101]
 * model.separator.isCausal // true
 * model.reach().last // 15
 */
export class ConvTasNet extends SeparationNetwork {
  readonly config: ConvTasNetConfig
  readonly encoder: Conv1d
  readonly separator: TcnSeparator
  readonly decoder: ConvTranspose1d

  constructor(config: ConvTasNetConfig) {
    const { stems, channels, interchangeable, filters, filterLength, maskActivation, objective } = config
    super({ stems, channels, interchangeable, levelsOpen: objective === 'si-sdr' })
    const options = { stride: filterLength / 2, bias: false }
    this.config = config
    this.encoder = new Conv1d(channels, filters, filterLength, options)
    this.separator = new TcnSeparator(config, maskActivations[maskActivation])
    this.decoder = new ConvTranspose1d(filters, channels, filterLength, options)
  }

  /** Samples of the first frame before the signal, as many as it shares with the next one. */
  get #before(): number {
    return this.config.filterLength / 2
  }

  /**
   * What the encoder's filters respond, (b, filters, frames), of a mixture (b, channels, n).
   *
   * @throws ShapeError for other than (b, channels, n)
   */
  encode(mixture: Tensor): Tensor {
    const samples = this.samplesOf(mixture)
    const hop = this.config.filterLength / 2
    const frames = Math.ceil((samples + this.#before) / hop)
    const after = (frames - 1) * hop + this.config.filterLength - this.#before - samples
    const responses = this.encoder.forward(pad(mixture, [0, 0, this.#before], [0, 0, after]))
    return this.config.encoderActivation === 'relu' ? relu(responses) : responses
  }

  /** @throws ShapeError for other than (b, channels, n) */
  override forward(mixture: Tensor): Readonly<Record<string, Tensor>> {
    const [batch, , samples] = mixture.shape as [number, number, number]
    const responses = this.encode(mixture)
    const masks = this.separator.forward(responses)
    // All stems are decoded at once: as many examples.
    const masked = mul(masks, reshape(responses, [batch, 1, ...responses.shape.slice(1)]))
    const sounds = this.decoder.forward(reshape(masked, [batch * this.stems.length, ...responses.shape.slice(1)]))
    const inside = narrow(sounds, 2, this.#before, this.#before + samples)
    const byStem = reshape(inside, [batch, this.stems.length, this.channels, samples])
    return Object.fromEntries(this.stems.map((stem, i) => [stem, reshape(narrow(byStem, 1, i, i + 1), mixture.shape)]))
  }

  /** The negative scale-invariant SDR without means (dB), as in the paper, or the negative SNR. */
  protected override distance(estimate: Tensor, target: Tensor): Tensor {
    return this.config.objective === 'snr'
      ? snrLoss(estimate, target, { reduction: 'none' })
      : siSdrLoss(estimate, target, { zeroMean: true, reduction: 'none' })
  }

  /**
   * A causal network, too, reads filterLength − 1 samples ahead of a sample: it is done when the last filter that it is in has ended. On a live
   * signal that is the delay; the separator, which counts frames, reads nothing ahead.
   */
  override reach(): Reach {
    const { filterLength } = this.config
    const encoded = windowReach(filterLength, filterLength / 2, this.#before, 1)
    const [hop, before] = [filterLength / 2, this.#before]
    return chainReach([encoded, this.separator.reach(), { stride: 1 / hop, first: (before - filterLength + 1) / hop, last: before / hop }])
  }
}
