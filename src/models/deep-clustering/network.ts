/**
 * Deep clustering (Hershey, Chen, Le Roux & Watanabe 2016, arXiv 1508.04306): a BLSTM gives each bin a vector of length 1, bins of one source vectors
 * that lie together. k-means of the vectors gives the masks; which cluster is which source is not known, how many there are may be chosen.
 */
import { clusterMasks, magnitude } from '../../dsp/index.ts'
import { silenceWeights } from '../../losses/index.ts'
import { chainReach, EmbeddingHead, type Reach, wholeReach } from '../../nn/index.ts'
import { randomKey, reshape, type Tensor } from '../../tensor/index.ts'
import { embeddingLoss } from '../clustering-loss.ts'
import { MaskingNetwork } from '../masking-network.ts'
import { featuresOf, framesFirst, RecurrentTrunk, sourcesFirst } from '../recurrent-trunk.ts'
import type { DeepClusteringConfig } from './config.ts'

/**
 * @example
 * const sizes = { nFft: 16, hopLength: 4, hidden: 5, layers: 2 }
 * const model = new DeepClustering(deepClusteringConfig.parse({ architecture: 'deep-clustering', ...sizes }))
 * model.embed(input('magnitudes', [1, 1, 11, 9])).shape // [1, 99, 20]
 * model.forward(input('mixture', [1, 1, 41]))['source-2']!.re.shape // [1, 1, 11, 9]
 */
export class DeepClustering extends MaskingNetwork {
  readonly config: DeepClusteringConfig
  readonly trunk: RecurrentTrunk
  readonly head: EmbeddingHead

  constructor(config: DeepClusteringConfig) {
    const { stems, channels, nFft, hopLength, embedding } = config
    super({ stems, channels, transform: { nFft, hopLength }, interchangeable: true })
    this.config = config
    this.trunk = new RecurrentTrunk(config)
    this.head = new EmbeddingHead(this.trunk.outputSize, featuresOf(config), embedding)
  }

  /**
   * Vectors of length 1 of all bins: (b, channels, t, bins) → (b, t·channels·bins, D).
   *
   * @throws ShapeError for other than (b, channels, t, bins)
   */
  embed(magnitudes: Tensor): Tensor {
    return this.head.forward(this.trunk.forward(magnitudes))
  }

  /**
   * Masks by k-means of embeddings, which sum to 1 in each bin: (b, stems, channels, t, bins).
   *
   * @param embeddings of `embed`
   * @param magnitudes of the mixture: what is silent does not move the centres
   */
  cluster(embeddings: Tensor, magnitudes: Tensor): Tensor {
    const { stems, embedding, iterations, restarts, hardness, seed, rangeDb } = this.config
    const weights = framesFirst(silenceWeights(magnitudes, { rangeDb })) // (b, t, c·f)
    const masks = clusterMasks(reshape(embeddings, [...weights.shape, embedding]), {
      clusters: stems.length,
      key: randomKey(seed),
      weights,
      iterations,
      restarts,
      ...(hardness === undefined ? {} : { hardness }),
    })
    return sourcesFirst(masks, this.channels)
  }

  /** @throws ShapeError for other than (b, channels, t, bins) */
  override estimateMasks(magnitudes: Tensor): Tensor {
    return this.cluster(this.embed(magnitudes), magnitudes)
  }

  /** How far affinities of embeddings are from those of the stems; clustering has no part in it. */
  override loss(mixture: Tensor, sources: Readonly<Record<string, Tensor>>): Tensor {
    const targets = this.targetsOf(mixture, sources)
    const magnitudes = magnitude(this.analyse(mixture))
    return embeddingLoss(this.embed(magnitudes), magnitudes, targets, { transform: this.transform!, rangeDb: this.config.rangeDb })
  }

  /** Clusters are those of the whole signal. */
  protected override frameReach(): Reach {
    return chainReach([this.trunk.reach(), this.head.reach(), wholeReach])
  }
}
