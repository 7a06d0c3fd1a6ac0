/**
 * Chimera (Luo, Chen, Hershey, Le Roux & Mesgarani 2017, "Deep clustering and conventional networks for music separation: stronger together",
 * arXiv 1611.06265): one BLSTM with two heads. The head of embeddings is trained as deep clustering is and keeps the other from
 * overfitting; the head of masks separates.
 */
import { magnitude } from '../../dsp/index.ts'
import { chimeraLoss } from '../../losses/index.ts'
import { chainReach, EmbeddingHead, MaskHead, type Reach } from '../../nn/index.ts'
import { softmax, type Tensor } from '../../tensor/index.ts'
import { embeddingLoss } from '../clustering-loss.ts'
import { MaskingNetwork } from '../masking-network.ts'
import { featuresOf, RecurrentTrunk, sourcesFirst } from '../recurrent-trunk.ts'
import type { ChimeraConfig } from './config.ts'

/**
 * @example
 * const sizes = { nFft: 16, hopLength: 4, hidden: 5, layers: 2 }
 * const model = new Chimera(chimeraConfig.parse({ architecture: 'chimera', ...sizes }))
 * const { embeddings, masks } = model.heads(input('magnitudes', [1, 1, 11, 9]))
 * embeddings.shape // [1, 99, 20]
 * masks.shape // [1, 2, 1, 11, 9]
 */
export class Chimera extends MaskingNetwork {
  readonly config: ChimeraConfig
  readonly trunk: RecurrentTrunk
  readonly embedding: EmbeddingHead
  readonly mask: MaskHead

  constructor(config: ChimeraConfig) {
    const { stems, channels, nFft, hopLength, interchangeable } = config
    super({ stems, channels, transform: { nFft, hopLength }, interchangeable })
    const features = featuresOf(config)
    this.config = config
    this.trunk = new RecurrentTrunk(config)
    this.embedding = new EmbeddingHead(this.trunk.outputSize, features, config.embedding)
    this.mask = new MaskHead(this.trunk.outputSize, features, { sources: stems.length, activation: softmax })
  }

  /**
   * What both heads say of magnitudes (b, channels, t, bins): embeddings (b, t·channels·bins, D) and masks (b, stems, channels, t, bins).
   *
   * @throws ShapeError for other than (b, channels, t, bins)
   */
  heads(magnitudes: Tensor): { embeddings: Tensor; masks: Tensor } {
    const h = this.trunk.forward(magnitudes)
    return { embeddings: this.embedding.forward(h), masks: sourcesFirst(this.mask.forward(h), this.channels) }
  }

  /** @throws ShapeError for other than (b, channels, t, bins) */
  override estimateMasks(magnitudes: Tensor): Tensor {
    return sourcesFirst(this.mask.forward(this.trunk.forward(magnitudes)), this.channels)
  }

  /** α · clustering + (1 − α) · mask inference. */
  override loss(mixture: Tensor, sources: Readonly<Record<string, Tensor>>): Tensor {
    const targets = this.targetsOf(mixture, sources)
    const spectrum = this.analyse(mixture)
    const magnitudes = magnitude(spectrum)
    const { embeddings, masks } = this.heads(magnitudes)
    const { rangeDb, alpha } = this.config
    const clustering = embeddingLoss(embeddings, magnitudes, targets, { transform: this.transform!, rangeDb })
    return chimeraLoss(clustering, this.compare(this.masked(spectrum, masks), targets), alpha)
  }

  protected override frameReach(): Reach {
    return chainReach([this.trunk.reach(), this.mask.reach()])
  }
}
