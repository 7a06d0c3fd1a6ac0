/**
 * Transformer layers (Vaswani et al. 2017, arXiv 1706.03762, 3.1) with PyTorch's parameters, so that its weights load; norms after each
 * sublayer, as in the paper, or before it (Xiong et al. 2020, arXiv 2002.04745). Batches come first (PyTorch: `batch_first=True`).
 */
import { add, relu, type Tensor } from '../tensor/index.ts'
import { checkExtent, checkProbability } from './check.ts'
import { Dropout } from './dropout.ts'
import { Linear } from './linear.ts'
import { Module } from './module.ts'
import { type AttentionCall, MultiheadAttention, type MultiheadAttentionOptions } from './multihead-attention.ts'
import { LayerNorm } from './norm.ts'
import { causalReach, type Reach, wholeReach } from './reach.ts'
import type { TensorFunction } from './sequential.ts'

export interface TransformerLayerOptions extends Pick<MultiheadAttentionOptions, 'causal' | 'rotary'> {
  /** Features between the two linear layers, 2048 by default. */
  readonly dimFeedforward?: number
  /** Probability with which training leaves out an attention weight or a feature, 0.1 by default. */
  readonly dropout?: number
  /** Between the two linear layers, relu by default; `gelu` is the other one that PyTorch names. */
  readonly activation?: TensorFunction
  /** Norms before sublayers, false by default: easier to train, and a stack of such layers wants a norm at its end. */
  readonly normFirst?: boolean
  /** 1e-5 by default. */
  readonly layerNormEps?: number
}

/** Masks of attention to the own sequence and to the memory; see `MultiheadAttention`. */
export interface DecoderCall extends AttentionCall {
  readonly memoryMask?: Tensor | undefined
  readonly memoryKeyPaddingMask?: Tensor | undefined
}

/** What encoder and decoder layers share: attention to the own sequence, feed-forward, and how a sublayer is put around its input. */
abstract class TransformerLayer extends Module {
  readonly self_attn: MultiheadAttention
  readonly linear1: Linear
  readonly dropout: Dropout
  readonly linear2: Linear
  readonly norm1: LayerNorm
  readonly norm2: LayerNorm
  readonly #activation: TensorFunction
  readonly #normFirst: boolean
  readonly #reach: Reach

  constructor(who: string, features: number, heads: number, options: TransformerLayerOptions) {
    super()
    const { dimFeedforward = 2048, dropout = 0.1, activation = relu, normFirst = false, layerNormEps: eps = 1e-5 } = options
    const { causal = false, rotary } = options
    checkExtent(who, { features, heads, dimFeedforward })
    checkProbability(who, { dropout })
    this.self_attn = new MultiheadAttention(features, heads, { dropout, causal, ...(rotary ? { rotary } : {}) })
    this.linear1 = new Linear(features, dimFeedforward)
    this.dropout = new Dropout(dropout)
    this.linear2 = new Linear(dimFeedforward, features)
    this.norm1 = new LayerNorm(features, { eps })
    this.norm2 = new LayerNorm(features, { eps })
    this.#activation = activation
    this.#normFirst = normFirst
    this.#reach = causal ? causalReach : wholeReach
  }

  /** x + sublayer(norm(x)), or norm(x + sublayer(x)). */
  protected around(x: Tensor, norm: LayerNorm, sublayer: (x: Tensor) => Tensor): Tensor {
    if (this.#normFirst) return add(x, this.dropout.forward(sublayer(norm.forward(x))))
    return norm.forward(add(x, this.dropout.forward(sublayer(x))))
  }

  protected feedForward(x: Tensor): Tensor {
    return this.linear2.forward(this.dropout.forward(this.#activation(this.linear1.forward(x))))
  }

  /** That of attention to the own sequence. */
  override reach(): Reach {
    return this.#reach
  }
}

/** Attention to the own sequence, then two linear layers for each step, each added to its input: (b, t, features) → (b, t, features). */
export class TransformerEncoderLayer extends TransformerLayer {
  /** @throws RangeError for sizes that are no whole numbers ≥ 1, features that the heads do not divide, and a dropout outside 0…1 */
  constructor(features: number, heads: number, options: TransformerLayerOptions = {}) {
    super('TransformerEncoderLayer', features, heads, options)
  }

  /**
   * @throws ShapeError where shapes do not fit each other or the layer
   *
   * @example
   * const layer = new TransformerEncoderLayer(8, 2, { activation: gelu, normFirst: true })
   * layer.forward(input('x', [1, 5, 8]), { keyPaddingMask: paddingMask([3], 5) }).shape // [1, 5, 8]
   */
  forward(x: Tensor, call: AttentionCall = {}): Tensor {
    const attended = this.around(x, this.norm1, (h) => this.self_attn.forward(h, h, h, call))
    return this.around(attended, this.norm2, (h) => this.feedForward(h))
  }
}

/**
 * Attention to the own sequence, to a memory, then two linear layers for each step, each added to its input: (b, t, features), memory
 * (b, m, features) → (b, t, features). Give `causal` where the sequence is what is to be predicted.
 */
export class TransformerDecoderLayer extends TransformerLayer {
  readonly multihead_attn: MultiheadAttention
  readonly norm3: LayerNorm

  /** @throws RangeError for sizes that are no whole numbers ≥ 1, features that the heads do not divide, and a dropout outside 0…1 */
  constructor(features: number, heads: number, options: TransformerLayerOptions = {}) {
    super('TransformerDecoderLayer', features, heads, options)
    const { dropout = 0.1, layerNormEps: eps = 1e-5 } = options
    this.multihead_attn = new MultiheadAttention(features, heads, { dropout })
    this.norm3 = new LayerNorm(features, { eps })
  }

  /**
   * @throws ShapeError where shapes do not fit each other or the layer
   *
   * @example
   * const layer = new TransformerDecoderLayer(8, 2, { causal: true })
   * layer.forward(input('x', [1, 3, 8]), input('memory', [1, 5, 8])).shape // [1, 3, 8]
   */
  forward(x: Tensor, memory: Tensor, { memoryMask, memoryKeyPaddingMask, ...own }: DecoderCall = {}): Tensor {
    const toMemory = { attnMask: memoryMask, keyPaddingMask: memoryKeyPaddingMask }
    const attended = this.around(x, this.norm1, (h) => this.self_attn.forward(h, h, h, own))
    const informed = this.around(attended, this.norm2, (h) => this.multihead_attn.forward(h, memory, memory, toMemory))
    return this.around(informed, this.norm3, (h) => this.feedForward(h))
  }
}
