/** Separation by spectrogram U-Nets as in Jansson et al. 2017: one for each stem, with the paper's transform (1024 samples every 768 at 8192 Hz). */
import { joinReach, type Reach } from '../../nn/index.ts'
import { stack, type Tensor } from '../../tensor/index.ts'
import { MaskingNetwork } from '../masking-network.ts'
import { UNet } from './network.ts'
import type { SpectrogramUNetConfig } from './separation-config.ts'

/**
 * @example
 * const sizes = { nFft: 32, hopLength: 16, network: { channels: [2, 3] } }
 * const model = new SpectrogramUNet(spectrogramUNetConfig.parse({ architecture: 'spectrogram-u-net', ...sizes }))
 * model.forward(input('mixture', [1, 1, 100])).vocals!.re.shape // [1, 1, 7, 17]
 */
export class SpectrogramUNet extends MaskingNetwork {
  readonly config: SpectrogramUNetConfig
  /** In the order of the stems. */
  readonly networks: readonly UNet[]

  constructor(config: SpectrogramUNetConfig) {
    const { stems, channels, nFft, hopLength, network } = config
    super({ stems, channels, transform: { nFft, hopLength } })
    this.config = config
    this.networks = stems.map(() => new UNet({ architecture: 'u-net', inputs: channels, ...network }))
  }

  /**
   * Masks in 0…1.
   *
   * @throws ShapeError for other than (b, channels, t, f)
   */
  override estimateMasks(magnitudes: Tensor): Tensor {
    return stack(
      this.networks.map((network) => network.estimateMask(magnitudes)),
      1,
    )
  }

  protected override frameReach(): Reach {
    return joinReach(this.networks.map((network) => network.reach()))
  }
}
