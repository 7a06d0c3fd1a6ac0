/**
 * Attention over all positions of a small map (FrameTransformer's bridge, carperbr 2023): each bin of each frame is a token, its channels are the vector,
 * queries, keys, values and what comes out are convolutions.
 */
import { checkExtent } from '../../nn/check.ts'
import { Module, type Reach, wholeReach } from '../../nn/index.ts'
import { formatShape, reshape, ShapeError, type Tensor, transpose } from '../../tensor/index.ts'
import type { AttentionInputs } from './multichannel-attention.ts'
import { PlaneConv } from './plane-conv.ts'
import { type ResidualAttended, residualAttention } from './residual-attention.ts'
import { RotaryEmbedding } from './rotary-embedding.ts'

export interface ConvolutionalAttentionOptions {
  /** 3 by default. */
  readonly kernel?: number
  /** 1 by default. */
  readonly padding?: number
  /** Scores that take more bytes are computed for some of the tokens at a time; 32 MiB by default. */
  readonly scoreBytes?: number | undefined
}

/**
 * (b, c, t, f) → output (b, c, t, f), scores (b, heads, t·f, t'·f), whose tokens are those of (t, f) in row-major order: `q_proj`, `k_proj`,
 * `v_proj`, `o_proj`. Rotary positions count the other way, bin by bin (f·T + t), as in the original.
 */
export class ConvolutionalAttention extends Module {
  readonly embedding: RotaryEmbedding
  readonly q_proj: PlaneConv
  readonly k_proj: PlaneConv
  readonly v_proj: PlaneConv
  readonly o_proj: PlaneConv
  readonly #heads: number
  readonly #scale: number
  readonly #scoreBytes: number | undefined

  /** @throws RangeError for sizes that are no whole numbers ≥ 1, and heads that do not divide the channels */
  constructor(channels: number, heads: number, { kernel = 3, padding = 1, scoreBytes }: ConvolutionalAttentionOptions = {}) {
    super()
    checkExtent('ConvolutionalAttention', { channels, heads, kernel })
    if (channels % heads !== 0)
      throw new RangeError(`ConvolutionalAttention: ${channels} channels for ${heads} heads; the heads have to divide the channels`)
    const project = () => new PlaneConv(channels, channels, kernel, { padding })
    this.embedding = new RotaryEmbedding(channels / heads)
    this.q_proj = project()
    this.k_proj = project()
    this.v_proj = project()
    this.o_proj = project()
    this.#heads = heads
    // Of all channels and not of a head's, as in the original.
    this.#scale = 1 / Math.sqrt(channels)
    this.#scoreBytes = scoreBytes
  }

  /** @throws ShapeError for other channels, and previous scores of another shape */
  forward(x: Tensor, { memory = x, previous }: AttentionInputs = {}): ResidualAttended {
    if (x.shape.length !== 4 || memory.shape.length !== 4)
      throw new ShapeError(
        'ConvolutionalAttention',
        `input ${formatShape(x.shape)}, memory ${formatShape(memory.shape)}; needs (b, c, t, f)`,
      )
    const queries = this.embedding.forward(this.#split(this.q_proj.forward(x)), positionsOf(x))
    const keys = this.embedding.forward(this.#split(this.k_proj.forward(memory)), positionsOf(memory))
    const values = this.#split(this.v_proj.forward(memory))
    const { output, scores } = residualAttention(queries, keys, values, { scale: this.#scale, previous, scoreBytes: this.#scoreBytes })
    return { output: this.o_proj.forward(reshape(transpose(output, [0, 1, 3, 2]), x.shape)), scores }
  }

  /** (b, c, t, f) → (b, heads, t·f, c/heads) */
  #split(x: Tensor): Tensor {
    const [b, c, t, f] = x.shape as [number, number, number, number]
    return transpose(reshape(x, [b, this.#heads, c / this.#heads, t * f]), [0, 1, 3, 2])
  }

  override reach(): Reach {
    return wholeReach
  }
}

/** f·T + t of each position in the order of (t, f). */
function positionsOf({ shape }: Tensor): number[] {
  const [frames, bins] = shape.slice(2) as [number, number]
  return Array.from({ length: frames * bins }, (_, i) => (i % bins) * frames + Math.floor(i / bins))
}
