/**
 * Attention over the frames of each channel of a spectrogram (FrameTransformer, carperbr 2023): a frame's bins are its vector, heads are ranges of
 * bins. Queries, keys and values come from a matrix over the bins and a convolution over neighbours, as in Primer (So et al. 2021, arXiv
 * 2109.08668).
 */
import { checkExtent, checkWord } from '../../nn/check.ts'
import { Module, type Reach, wholeReach } from '../../nn/index.ts'
import { reshape, type Tensor, transpose } from '../../tensor/index.ts'
import { MultichannelLinear } from './multichannel-linear.ts'
import { PlaneConv } from './plane-conv.ts'
import { type ResidualAttended, residualAttention } from './residual-attention.ts'
import { RotaryEmbedding } from './rotary-embedding.ts'
import type { Scores } from './scores.ts'

/**
 * What comes first: 'conv-linear', a k×k convolution and then the matrix, as in the code of the original's main branch; 'linear-conv', the matrix and
 * then k frames wide convolution, as in its text and its published snapshot.
 */
export type Projection = 'conv-linear' | 'linear-conv'

export interface MultichannelAttentionOptions {
  /** 3 by default. */
  readonly kernel?: number
  /** 1 by default. */
  readonly padding?: number
  /** 'conv-linear' by default. */
  readonly projection?: Projection
  /** Scores that take more bytes are computed for some of the frames at a time; 32 MiB by default. */
  readonly scoreBytes?: number | undefined
}

export interface AttentionInputs {
  /** What keys and values are made of, (b, c, t', f); the input itself by default. */
  readonly memory?: Tensor | undefined
  /** Scores of the layer before. */
  readonly previous?: Scores | undefined
}

/** (b, c, t, f) → output (b, c, t, f), scores (b, c, heads, t, t'): `q_proj.0`, `q_proj.1`, `k_proj`, `v_proj`, `o_proj.weight_pw`. */
export class MultichannelAttention extends Module {
  readonly embedding: RotaryEmbedding
  readonly q_proj: readonly [PlaneConv | MultichannelLinear, PlaneConv | MultichannelLinear]
  readonly k_proj: readonly [PlaneConv | MultichannelLinear, PlaneConv | MultichannelLinear]
  readonly v_proj: readonly [PlaneConv | MultichannelLinear, PlaneConv | MultichannelLinear]
  readonly o_proj: MultichannelLinear
  readonly #heads: number
  readonly #scale: number
  readonly #scoreBytes: number | undefined

  /** @throws RangeError for sizes that are no whole numbers ≥ 1, and heads that do not divide the bins */
  constructor(
    channels: number,
    heads: number,
    bins: number,
    { kernel = 3, padding = 1, projection = 'conv-linear', scoreBytes }: MultichannelAttentionOptions = {},
  ) {
    super()
    checkExtent('MultichannelAttention', { channels, heads, bins, kernel })
    checkWord('MultichannelAttention', { projection }, ['conv-linear', 'linear-conv'])
    if (bins % heads !== 0)
      throw new RangeError(`MultichannelAttention: ${bins} bins for ${heads} heads; the heads have to divide the bins`)
    const linear = () => new MultichannelLinear({ inputs: channels, outputs: channels, inputBins: bins, outputBins: bins })
    const project = () =>
      projection === 'conv-linear'
        ? ([new PlaneConv(channels, channels, kernel, { padding }), linear()] as const)
        : ([linear(), new PlaneConv(channels, channels, [1, kernel], { padding: [0, padding] })] as const)
    this.embedding = new RotaryEmbedding(bins / heads)
    this.q_proj = project()
    this.k_proj = project()
    this.v_proj = project()
    this.o_proj = linear()
    this.#heads = heads
    // Of all bins and not of a head's, as in the original.
    this.#scale = 1 / Math.sqrt(bins)
    this.#scoreBytes = scoreBytes
  }

  /** @throws ShapeError for other channels or bins, and previous scores of another shape */
  forward(x: Tensor, { memory = x, previous }: AttentionInputs = {}): ResidualAttended {
    const heads = ([first, second]: typeof this.q_proj, from: Tensor) => this.#split(second.forward(first.forward(from)))
    const queries = this.embedding.forward(heads(this.q_proj, x))
    const keys = this.embedding.forward(heads(this.k_proj, memory))
    const options = { scale: this.#scale, previous, scoreBytes: this.#scoreBytes }
    const { output, scores } = residualAttention(queries, keys, heads(this.v_proj, memory), options)
    return { output: this.o_proj.forward(reshape(transpose(output, [0, 1, 3, 2, 4]), x.shape)), scores }
  }

  /** (b, c, t, f) → (b, c, heads, t, f/heads) */
  #split(x: Tensor): Tensor {
    const [b, c, t, f] = x.shape as [number, number, number, number]
    return transpose(reshape(x, [b, c, t, this.#heads, f / this.#heads]), [0, 1, 3, 2, 4])
  }

  override reach(): Reach {
    return wholeReach
  }
}
