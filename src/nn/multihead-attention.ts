/** Multi-head attention (Vaswani et al. 2017, arXiv 1706.03762, 3.2.2) with PyTorch's parameters, so that its weights load. */
import { formatShape, mean, narrow, reshape, ShapeError, type Tensor, transpose } from '../tensor/index.ts'
import { type Attended, attend, scaledScores } from './attention.ts'
import { checkExtent, checkProbability } from './check.ts'
import { constantInit, xavierUniform } from './init.ts'
import { Linear, linear } from './linear.ts'
import { Module, type Parameter, parameter } from './module.ts'
import { causalReach, type Reach, wholeReach } from './reach.ts'
import { type RotaryOptions, rotary } from './relative-positions.ts'

export interface MultiheadAttentionOptions {
  /** True by default. */
  readonly bias?: boolean
  /** Probability with which training leaves out an attention weight, 0 by default. */
  readonly dropout?: number
  /** Features of keys and of values, those of queries by default. Where one differs, each projection has a weight of its own, as in PyTorch. */
  readonly kdim?: number
  readonly vdim?: number
  /** Each step sees itself and what was before, false by default. It is the layer's, not the call's, so that `isCausal` is right. */
  readonly causal?: boolean
  /** Turns queries and keys by their positions: rotary position embedding, in every head alike. */
  readonly rotary?: RotaryOptions
}

export interface AttentionCall {
  /**
   * (queries, keys), (b·heads, queries, keys), or four axes broadcastable to (b, heads, queries, keys): bool, true where left out, or float32,
   * added to the scores; biases of positions come in here.
   */
  readonly attnMask?: Tensor | undefined
  /** Bool (b, keys), true at keys that are padding; see `paddingMask`. */
  readonly keyPaddingMask?: Tensor | undefined
}

export interface AttendCall extends AttentionCall {
  /** One map for all heads, their mean, which is the default; false: (b, heads, queries, keys). */
  readonly averageAttnWeights?: boolean
}

/** A linear layer whose bias starts at 0, as that of PyTorch's attention does. */
class OutputProjection extends Linear {
  override readonly bias: Parameter | undefined

  constructor(width: number, bias: boolean) {
    super(width, width, { bias })
    this.bias = bias ? parameter([width], constantInit(0)) : undefined
  }

  override get type(): string {
    return 'Linear'
  }
}

/**
 * Heads of attention side by side, each on its share of the features: queries (b, n, d), keys (b, m, d), values (b, m, d) → (b, n, d).
 * `in_proj_weight` (3d, d) and `in_proj_bias` (3d) make queries, keys and values, or `q_proj_weight`, `k_proj_weight` and `v_proj_weight`
 * where those differ in features; `out_proj` joins the heads. Batches come first (PyTorch: `batch_first=True`).
 */
export class MultiheadAttention extends Module {
  readonly in_proj_weight: Parameter | undefined
  readonly q_proj_weight: Parameter | undefined
  readonly k_proj_weight: Parameter | undefined
  readonly v_proj_weight: Parameter | undefined
  readonly in_proj_bias: Parameter | undefined
  readonly out_proj: Linear
  readonly #width: number
  readonly #heads: number
  readonly #options: MultiheadAttentionOptions

  /** @throws RangeError for sizes that are no whole numbers ≥ 1, features that the heads do not divide, and a dropout outside 0…1 */
  constructor(features: number, heads: number, options: MultiheadAttentionOptions = {}) {
    super()
    const { bias = true, dropout = 0, kdim = features, vdim = features } = options
    checkExtent('MultiheadAttention', { features, heads, kdim, vdim })
    checkProbability('MultiheadAttention', { dropout })
    if (features % heads !== 0)
      throw new RangeError(`MultiheadAttention: ${features} features for ${heads} heads; the heads have to divide the features`)
    const packed = kdim === features && vdim === features
    const weight = (inputs: number) => (packed ? undefined : parameter([features, inputs], xavierUniform()))
    this.in_proj_weight = packed ? parameter([3 * features, features], xavierUniform()) : undefined
    this.q_proj_weight = weight(features)
    this.k_proj_weight = weight(kdim)
    this.v_proj_weight = weight(vdim)
    this.in_proj_bias = bias ? parameter([3 * features], constantInit(0)) : undefined
    this.out_proj = new OutputProjection(features, bias)
    this.#width = features
    this.#heads = heads
    this.#options = options
  }

  /**
   * Attention of `query` to `key`, whose values are `value`; to itself where they are left out. A query whose keys are all left out gets the
   * bias of `out_proj` alone (PyTorch: NaN).
   *
   * @throws ShapeError where shapes do not fit each other or the layer
   *
   * @example
   * const attention = new MultiheadAttention(8, 2)
   * attention.forward(input('x', [1, 5, 8])).shape // [1, 5, 8]
   */
  forward(query: Tensor, key: Tensor = query, value: Tensor = key, call: AttentionCall = {}): Tensor {
    return this.attend(query, key, value, call).output
  }

  /**
   * As `forward`, and where each query looks: weights (b, queries, keys), before dropout. Maps that nothing reads are not computed.
   *
   * @throws ShapeError where shapes do not fit each other or the layer
   *
   * @example
   * const x = input('x', [1, 5, 8])
   * new MultiheadAttention(8, 2).attend(x, x, x, { averageAttnWeights: false }).weights.shape // [1, 2, 5, 5]
   */
  attend(query: Tensor, key: Tensor = query, value: Tensor = key, call: AttendCall = {}): Attended {
    const { averageAttnWeights = true, attnMask, keyPaddingMask } = call
    const { causal, dropout } = this.#options
    const [q, k, v] = this.#project(query, key, value).map((x, i) => this.#turn(x, i)) as [Tensor, Tensor, Tensor]
    const [b, , n] = q.shape as [number, number, number]
    const mask = attnMask?.shape.length === 3 ? this.#byHeads(attnMask, b) : attnMask
    const { output, weights } = attend(scaledScores(q, k), v, { mask, keyPaddingMask, causal, dropout })
    const joined = reshape(transpose(output, [0, 2, 1, 3]), [b, n, this.#width])
    return { output: this.out_proj.forward(joined), weights: averageAttnWeights ? mean(weights, { axes: [1] }) : weights }
  }

  /** A mask of three axes as PyTorch has it; one per example or per head is refused, for where they are equally many it could be either. */
  #byHeads(mask: Tensor, b: number): Tensor {
    const [all, queries, keys] = mask.shape as [number, number, number]
    if (all === b * this.#heads) return reshape(mask, [b, this.#heads, queries, keys])
    throw new ShapeError(
      'MultiheadAttention',
      `attnMask ${formatShape(mask.shape)} for ${b} example(s) and ${this.#heads} head(s); three axes are (${b * this.#heads}, queries, keys), ` +
        `a mask per example is (${b}, 1, queries, keys), one per head (1, ${this.#heads}, queries, keys)`,
    )
  }

  /** Queries, keys and values of all heads: (b, heads, t, features of a head) each. What comes from one tensor is one product. */
  #project(query: Tensor, key: Tensor, value: Tensor): readonly Tensor[] {
    const d = this.#width
    const sizes = [d, this.k_proj_weight?.shape[1] ?? d, this.v_proj_weight?.shape[1] ?? d]
    for (const [i, x] of [query, key, value].entries()) {
      if (x.shape.length !== 3 || x.shape[0] !== query.shape[0] || x.shape[2] !== sizes[i] || (i === 2 && x.shape[1] !== key.shape[1])) {
        const t = ['queries', 'keys', key.shape[1]][i]
        const got = `${['query', 'key', 'value'][i]} ${formatShape(x.shape)}`
        throw new ShapeError('MultiheadAttention', `${got}; needs (${i === 0 ? 'b' : query.shape[0]}, ${t}, ${sizes[i]})`)
      }
    }
    /** The parts `from` to `to` of queries, keys, values. */
    const packed = (x: Tensor, from: number, to: number) => {
      const part = (all: Tensor) => narrow(all, 0, from * d, to * d)
      const made = linear(x, part(this.in_proj_weight!), this.in_proj_bias && part(this.in_proj_bias))
      return this.#splitHeads(made, to - from)
    }
    if (this.in_proj_weight) {
      if (query === key && key === value) return packed(query, 0, 3)
      if (key === value) return [...packed(query, 0, 1), ...packed(key, 1, 3)]
      return [...packed(query, 0, 1), ...packed(key, 1, 2), ...packed(value, 2, 3)]
    }
    const own = [this.q_proj_weight!, this.k_proj_weight!, this.v_proj_weight!]
    return [query, key, value].flatMap((x, i) =>
      this.#splitHeads(linear(x, own[i]!, this.in_proj_bias && narrow(this.in_proj_bias, 0, i * d, (i + 1) * d)), 1),
    )
  }

  /** (b, t, parts·d) → (b, heads, t, d/heads) for each part. */
  #splitHeads(x: Tensor, parts: number): readonly Tensor[] {
    const [b, t] = x.shape as [number, number]
    const [heads, width] = [this.#heads, this.#width / this.#heads]
    const all = transpose(reshape(x, [b, t, parts, heads, width]), [2, 0, 3, 1, 4])
    return Array.from({ length: parts }, (_, i) => reshape(narrow(all, 0, i, i + 1), [b, heads, t, width]))
  }

  /** Queries and keys turned by their positions, where the layer does that. */
  #turn(x: Tensor, part: number): Tensor {
    return this.#options.rotary && part < 2 ? rotary(x, this.#options.rotary) : x
  }

  override reach(): Reach {
    return this.#options.causal ? causalReach : wholeReach
  }
}
