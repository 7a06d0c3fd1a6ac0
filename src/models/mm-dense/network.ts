/**
 * MMDenseNet (Takahashi & Mitsufuji 2017, "Multi-scale multi-band DenseNets for audio source separation", arXiv 1706.09588) and MMDenseLSTM (Takahashi,
 * Goswami & Mitsufuji 2018, arXiv 1805.02410): each frequency band has a network of its own, since what is worth finding differs between them, one
 * sees all bands, and a last dense block joins them.
 */
import { mseLoss } from '../../losses/index.ts'
import { BatchNorm, Conv2d, chainReach, joinReach, type Reach } from '../../nn/index.ts'
import {
  concat,
  div,
  formatShape,
  maximum,
  narrow,
  relu,
  reshape,
  ShapeError,
  sigmoid,
  type Tensor,
  unsqueeze,
} from '../../tensor/index.ts'
import { MaskingNetwork } from '../masking-network.ts'
import { DenseBand } from './band.ts'
import { edgesOf, type MMDenseConfig } from './config.ts'
import { DenseBlock } from './dense-block.ts'

/**
 * @example
 * const sizes = { nFft: 32, hopLength: 8, first: 3, growth: 2, fullGrowth: 2, layers: 2, levels: 1 }
 * const model = new MMDense(mmDenseConfig.parse({ architecture: 'mm-dense-lstm', ...sizes }))
 * model.bands.length // 3
 * model.forward(input('mixture', [1, 2, 81])).vocals!.re.shape // [1, 2, 11, 17]
 */
export class MMDense extends MaskingNetwork {
  readonly config: MMDenseConfig
  readonly bands: readonly DenseBand[]
  readonly full: DenseBand
  readonly join: DenseBlock
  readonly norm: BatchNorm
  readonly output: Conv2d

  constructor(config: MMDenseConfig) {
    const { architecture, stems, channels, nFft, hopLength, growth, fullGrowth, levels, finalGrowth, finalLayers } = config
    super({ stems, channels, transform: { nFft, hopLength } })
    const lstmLevels = architecture === 'mm-dense-lstm' ? (config.lstmLevels ?? [levels]) : []
    const edges = edgesOf(config)
    const band = (bins: number, rate: number) => new DenseBand({ ...config, inputs: channels, bins, growth: rate, lstmLevels })
    this.config = config
    this.bands = edges.slice(1).map((edge, i) => band(edge - edges[i]!, growth))
    this.full = band(nFft / 2 + 1, fullGrowth)
    this.join = new DenseBlock(this.bands[0]!.outputs + this.full.outputs, finalGrowth, finalLayers)
    this.norm = new BatchNorm(this.join.outputs)
    this.output = new Conv2d(this.join.outputs, stems.length * channels, [1, 1])
  }

  /**
   * Masks ≥ 0: the ratio of estimated magnitudes to those given, or masks in 0…1, as configured.
   *
   * @throws ShapeError for other than (b, channels, t, bins)
   */
  override estimateMasks(magnitudes: Tensor): Tensor {
    const edges = edgesOf(this.config)
    const { shape } = magnitudes
    if (shape.length !== 4 || shape[1] !== this.channels || shape[3] !== edges.at(-1))
      throw new ShapeError('MMDense', `magnitudes ${formatShape(shape)}; needs (b, ${this.channels}, t, ${edges.at(-1)})`)
    const inBands = this.bands.map((band, i) => band.forward(narrow(magnitudes, 3, edges[i]!, edges[i + 1]!)))
    const joined = this.join.forward(concat([concat(inBands, 3), this.full.forward(magnitudes)], 1))
    const output = this.output.forward(relu(this.norm.forward(joined)))
    const perStem = reshape(output, [shape[0]!, this.stems.length, ...shape.slice(1)])
    if (this.config.estimate === 'mask') return sigmoid(perStem)
    // A bin that is silent in the mixture stays so whatever is estimated.
    return div(relu(perStem), unsqueeze(maximum(magnitudes, 1e-8), 1))
  }

  /** Squared differences of magnitudes, as in the paper. */
  protected override distance(estimate: Tensor, target: Tensor): Tensor {
    return mseLoss(estimate, target, { reduction: 'none' })
  }

  protected override frameReach(): Reach {
    const parts = joinReach([...this.bands, this.full].map((band) => band.reach()))
    return chainReach([parts, this.join.reach()])
  }
}
