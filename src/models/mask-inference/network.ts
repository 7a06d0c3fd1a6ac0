/**
 * Mask inference: a batch norm, BLSTM layers over the frames' levels and a dense layer with a sigmoid, one mask per stem (Weninger et al. 2014,
 * "Discriminatively trained recurrent neural networks for single-channel speech separation"; the network of the tutorial "Open source tools &
 * data for music source separation", Manilow, Seetharaman & Salamon 2020).
 */
import { chainReach, MaskHead, type Reach } from '../../nn/index.ts'
import { relu, sigmoid, softmax, type Tensor } from '../../tensor/index.ts'
import { MaskingNetwork } from '../masking-network.ts'
import { featuresOf, RecurrentTrunk, sourcesFirst } from '../recurrent-trunk.ts'
import type { MaskInferenceConfig } from './config.ts'

const activations = { sigmoid, softmax, relu }

/**
 * @example
 * const sizes = { nFft: 16, hopLength: 4, hidden: 5, layers: 2 }
 * const model = new MaskInference(maskInferenceConfig.parse({ architecture: 'mask-inference', ...sizes }))
 * const { vocals } = model.waveforms(input('mixture', [1, 1, 41]))
 * vocals!.shape // [1, 1, 41]
 */
export class MaskInference extends MaskingNetwork {
  readonly config: MaskInferenceConfig
  readonly trunk: RecurrentTrunk
  readonly head: MaskHead

  constructor(config: MaskInferenceConfig) {
    const { stems, channels, nFft, hopLength, interchangeable, activation } = config
    super({ stems, channels, transform: { nFft, hopLength }, interchangeable })
    this.config = config
    this.trunk = new RecurrentTrunk(config)
    this.head = new MaskHead(this.trunk.outputSize, featuresOf(config), { sources: stems.length, activation: activations[activation] })
  }

  /** @throws ShapeError for other than (b, channels, t, bins) */
  override estimateMasks(magnitudes: Tensor): Tensor {
    return sourcesFirst(this.head.forward(this.trunk.forward(magnitudes)), this.channels)
  }

  protected override frameReach(): Reach {
    return chainReach([this.trunk.reach(), this.head.reach()])
  }
}
