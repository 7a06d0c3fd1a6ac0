/**
 * Where a decoder looks: scores of its state with every state of the encoder, by a dot product, by one with a matrix between ("general", Luong et al.
 * 2015, arXiv 1508.04025) or by a small network ("additive", Bahdanau et al. 2015, arXiv 1409.0473).
 */
import {
  type Attended,
  additiveScores,
  attend,
  BahdanauAttention,
  dotScores,
  generalScores,
  Linear,
  Module,
  type Reach,
  wholeReach,
} from '../../nn/index.ts'
import type { Tensor } from '../../tensor/index.ts'

export type ScoreName = 'dot' | 'general' | 'additive'

/** What the encoder leaves for the decoder. */
export interface Memory {
  /** States after every symbol, (b, t, hidden). */
  readonly states: Tensor
  /** What states are compared by, computed once for all steps; see `keysOf`. */
  readonly keys: Tensor
  /** Bool (b, t), true at padding. */
  readonly padding: Tensor
}

/** Scores of states, and the mean of the encoder's states by the softmax of the scores. */
export class StateAttention extends Module {
  readonly general: Linear | undefined
  readonly additive: BahdanauAttention | undefined

  constructor(score: ScoreName, hidden: number) {
    super()
    this.general = score === 'general' ? new Linear(hidden, hidden, { bias: false }) : undefined
    this.additive = score === 'additive' ? new BahdanauAttention(hidden, hidden) : undefined
  }

  /** What of the encoder's states (b, t, hidden) no step of the decoder changes: U a where scores are additive. */
  keysOf(states: Tensor): Tensor {
    return this.additive ? this.additive.U.forward(states) : states
  }

  /**
   * @param queries the decoder's states, (b, k, hidden)
   * @returns context (b, k, hidden) and weights (b, k, t)
   * @throws ShapeError where shapes do not fit each other or the layer
   */
  override forward(queries: Tensor, { states, keys, padding }: Memory): Attended {
    return attend(this.#scores(queries, keys), states, { keyPaddingMask: padding })
  }

  #scores(queries: Tensor, keys: Tensor): Tensor {
    if (this.additive) return additiveScores(this.additive.W.forward(queries), keys, this.additive.v)
    return this.general ? generalScores(queries, keys, this.general.weight) : dotScores(queries, keys)
  }

  override reach(): Reach {
    return wholeReach
  }
}
