/**
 * Encoder and decoder (Sutskever, Vinyals & Le 2014, arXiv 1409.3215; Cho et al. 2014, arXiv 1406.1078), with or without attention (Bahdanau et al. 2015;
 * Luong et al. 2015): one recurrent network reads a sequence, another says one, symbol by symbol, from the first one's last state.
 *
 *     h₀ = encoder's last state    y₀ = END
 *     hτ = RNN(hτ₋₁, yτ₋₁)         its own output is not used
 *     cτ = Σₜ softmax(score(hτ, aₜ))ₜ aₜ
 *     yτ = softmax(V tanh(W [cτ; hτ])), until it is END
 *
 * Without attention there is no c, and all that the decoder knows of the sequence is h₀.
 */
import { crossEntropy } from '../../losses/index.ts'
import {
  createTokeniser,
  dropout,
  Embedding,
  isTraining,
  Linear,
  Module,
  paddingMask,
  type Reach,
  type RecurrentLayer,
  specialTokens,
  type Tokeniser,
  trainingKey,
  wholeReach,
} from '../../nn/index.ts'
import {
  argmax,
  bernoulli,
  concat,
  constant,
  formatShape,
  narrow,
  reshape,
  ShapeError,
  scan,
  stack,
  type Tensor,
  tanh,
  transpose,
  where,
} from '../../tensor/index.ts'
import { type CarriedState, createRecurrent, recurrentStep } from '../recurrent-cell.ts'
import { type Memory, StateAttention } from './attention.ts'
import type { Seq2SeqConfig } from './config.ts'

/** Vectors of symbols that were trained elsewhere: a row per id, special ones included, in C order. */
export interface EmbeddingTables {
  readonly source?: ArrayLike<number>
  readonly target?: ArrayLike<number>
}

/** A sequence as the decoder finds it. */
export interface Encoded {
  readonly memory: Memory
  /** The decoder's state before its first step, (layers, b, hidden). */
  readonly state: CarriedState
}

export interface DecoderStep {
  /** (b, k, symbols) */
  readonly logits: Tensor
  /** Where it looked, (b, k, t); without attention undefined. */
  readonly weights: Tensor | undefined
  readonly state: CarriedState
}

/** A batch: ids filled up with the pad symbol, and how many of the source's there are. */
export interface Seq2SeqBatch {
  /** (b, t), int32 or int64 */
  readonly source: Tensor
  /** (b) */
  readonly lengths: Tensor
  /** (b, u), each sequence with the end symbol behind it */
  readonly target: Tensor
}

export class Seq2Seq extends Module {
  readonly config: Seq2SeqConfig
  readonly sourceTokeniser: Tokeniser
  readonly targetTokeniser: Tokeniser
  readonly sourceEmbedding: Embedding
  readonly targetEmbedding: Embedding
  readonly encoder: RecurrentLayer
  readonly decoder: RecurrentLayer
  readonly attention: StateAttention | undefined
  /** W */
  readonly combine: Linear
  /** V */
  readonly head: Linear

  /**
   * @param tables vectors to start from, or, with `freezeEmbeddings`, to stay with
   * @throws RangeError for tables of another size
   *
   * @example
   * const notes = { kind: 'symbols', symbols: ['C', 'D', 'E'] } as const
   * const network = new Seq2Seq(seq2seqConfig.parse({ architecture: 'seq2seq', source: notes, hidden: 8 }))
   * const ids = (steps: number) => input('ids', [2, steps], 'int32')
   * network.forward(ids(5), { lengths: input('lengths', [2], 'int32'), target: ids(6) }).shape // [2, 6, 7]
   */
  constructor(config: Seq2SeqConfig, tables: EmbeddingTables = {}) {
    super()
    const { source, target = source, cell, memorySteps, embedding, hidden, layers, bidirectional, attention } = config
    this.config = config
    this.sourceTokeniser = createTokeniser(source)
    this.targetTokeniser = createTokeniser(target)
    const embed = (symbols: number, table: ArrayLike<number> | undefined) =>
      new Embedding(symbols, embedding, {
        paddingIndex: specialTokens.pad,
        freeze: config.freezeEmbeddings,
        ...(table && { table }),
      })
    this.sourceEmbedding = embed(this.sourceTokeniser.size, tables.source)
    this.targetEmbedding = embed(this.targetTokeniser.size, tables.target)
    const options = { numLayers: layers, memorySteps }
    this.encoder = createRecurrent(cell, embedding, bidirectional ? hidden / 2 : hidden, { ...options, bidirectional })
    this.decoder = createRecurrent(cell, embedding, hidden, options)
    this.attention = attention === 'none' ? undefined : new StateAttention(attention, hidden)
    this.combine = new Linear(this.attention ? 2 * hidden : hidden, hidden)
    this.head = new Linear(hidden, this.targetTokeniser.size)
  }

  /**
   * Reads sequences.
   *
   * @param source ids (b, t)
   * @param lengths how many of them each sequence has, (b)
   */
  encode(source: Tensor, lengths: Tensor): Encoded {
    if (source.shape.length !== 2) throw new ShapeError(this.type, `source ${formatShape(source.shape)}; needs ids (b, t)`)
    const embedded = dropout(this.sourceEmbedding.forward(source), this.config.dropout)
    const { outputs, h, c } = this.encoder.forward(embedded, { lengths })
    return {
      memory: {
        states: outputs,
        keys: this.attention?.keysOf(outputs) ?? outputs,
        padding: paddingMask(lengths, source.shape[1]!),
      },
      state: { h: this.#joined(h), c: c && this.#joined(c) },
    }
  }

  /**
   * Says the next symbol of k hypotheses of every sequence.
   *
   * @param tokens the symbols before, (b, k): the end symbol at the start
   * @param state (layers, b · k, hidden), hypotheses of one sequence side by side
   */
  step(tokens: Tensor, state: CarriedState, memory: Memory): DecoderStep {
    const [b, k] = tokens.shape as [number, number]
    return this.#stepFrom(this.targetEmbedding.forward(reshape(tokens, [b * k])), state, memory, k)
  }

  /**
   * Logits (b, u, symbols) of the symbols of a target when those before are given ("teacher forcing"); while it is trained, sometimes its own choices
   * in their place where the configuration says so (scheduled sampling, Bengio et al. 2015, arXiv 1506.03099).
   */
  override forward(source: Tensor, { lengths, target }: Omit<Seq2SeqBatch, 'source'>): Tensor {
    const { memory, state } = this.encode(source, lengths)
    const [b, u] = target.shape as [number, number]
    const start = constant(new Array<number>(b).fill(specialTokens.end), [b, 1], target.dtype)
    const before = u === 1 ? start : concat([start, narrow(target, 1, 0, u - 1)], 1)
    const embedded = dropout(this.targetEmbedding.forward(before), this.config.dropout)
    if (isTraining() && this.config.teacherForcing < 1) return this.#sampled(embedded, state, memory)
    const { outputs } = this.decoder.forward(embedded, { h0: state.h, ...(state.c && { c0: state.c }) })
    return this.#say(outputs, memory).logits
  }

  /** Mean cross-entropy of the symbols of the targets, the end symbol among them and padding not. */
  loss({ source, ...batch }: Seq2SeqBatch): Tensor {
    const logits = this.forward(source, batch)
    return crossEntropy(transpose(logits, [0, 2, 1]), batch.target, { ignoreIndex: specialTokens.pad })
  }

  /** Any symbol may depend on all of the sequence. */
  override reach(): Reach {
    return wholeReach
  }

  /** Both directions of a layer side by side, as the decoder's layer has them: (layers · directions, b, n) → (layers, b, hidden). */
  #joined(state: Tensor): Tensor {
    const { layers, hidden, bidirectional } = this.config
    if (!bidirectional) return state
    const [, b, n] = state.shape as [number, number, number]
    return reshape(transpose(reshape(state, [layers, 2, b, n]), [0, 2, 1, 3]), [layers, b, hidden])
  }

  /** One step from features of symbols (b · k, embedding). */
  #stepFrom(embedded: Tensor, before: CarriedState, memory: Memory, k: number): DecoderStep {
    const { h, c } = recurrentStep(this.decoder, embedded, before)
    const said = this.#say(reshape(h.at(-1)!, [-1, k, this.config.hidden]), memory)
    return { ...said, state: { h: stack(h, 0), c: c.length > 0 ? stack(c, 0) : undefined } }
  }

  /** From the decoder's states (b, k, hidden) to symbols. */
  #say(states: Tensor, memory: Memory): { logits: Tensor; weights: Tensor | undefined } {
    const attended = this.attention?.forward(states, memory)
    const joint = attended ? concat([attended.output, states], 2) : states
    const features = dropout(tanh(this.combine.forward(joint)), this.config.dropout)
    return { logits: this.head.forward(features), weights: attended?.weights }
  }

  /** Step by step, so that it may see its own choices. Gradients do not pass through a choice. */
  #sampled(embedded: Tensor, { h, c }: CarriedState, memory: Memory): Tensor {
    const [b, u] = embedded.shape as [number, number, number]
    const given = bernoulli(trainingKey('Seq2Seq'), this.config.teacherForcing, [u, b, 1])
    const truth = transpose(embedded, [1, 0, 2])
    const { outputs } = scan(
      ([own, h, c], [features, isGiven]) => {
        const { logits, state } = this.#stepFrom(where(isGiven!, features!, own!), { h: h!, c }, memory, 1)
        const symbols = reshape(logits, [b, -1])
        const next = this.targetEmbedding.forward(argmax(symbols, { axis: 1 }))
        return { carry: [next, state.h, ...(state.c ? [state.c] : [])], outputs: [symbols] }
      },
      // The first symbol is the end symbol, whatever was drawn.
      { carry: [reshape(narrow(truth, 0, 0, 1), [b, -1]), h, ...(c ? [c] : [])], sequences: [truth, given] },
    )
    return transpose(outputs[0]!, [1, 0, 2])
  }
}
