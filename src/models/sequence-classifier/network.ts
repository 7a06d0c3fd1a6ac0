/** What a sequence of symbols is: embeddings, a recurrent layer from many to one, a dense layer. */
import {
  createTokeniser,
  dropout,
  Embedding,
  Linear,
  Module,
  type Reach,
  type RecurrentLayer,
  specialTokens,
  type Tokeniser,
  topState,
  wholeReach,
} from '../../nn/index.ts'
import { formatShape, ShapeError, type Tensor } from '../../tensor/index.ts'
import { createRecurrent } from '../recurrent-cell.ts'
import type { SequenceClassifierConfig } from './config.ts'

export class SequenceClassifier extends Module {
  readonly config: SequenceClassifierConfig
  readonly tokeniser: Tokeniser
  readonly embedding: Embedding
  readonly recurrent: RecurrentLayer
  readonly head: Linear

  /**
   * @example
   * const vocabulary = { kind: 'characters', symbols: ['a', 'b'] } as const
   * const sizes = { vocabulary, labels: ['even', 'odd'], cell: 'lstm' } as const
   * const network = new SequenceClassifier(sequenceClassifierConfig.parse({ architecture: 'sequence-classifier', ...sizes }))
   * const { ids, shape, lengths } = network.tokeniser.encodeBatch(['abba', 'bb'])
   * network.forward(constant(ids, shape, 'int32'), constant(lengths, [2], 'int32')).shape // [2, 2]
   */
  constructor(config: SequenceClassifierConfig) {
    super()
    const { vocabulary, labels, cell, memorySteps, embedding, hidden, layers: numLayers, bidirectional } = config
    this.config = config
    this.tokeniser = createTokeniser(vocabulary)
    this.embedding = new Embedding(this.tokeniser.size, embedding, { paddingIndex: specialTokens.pad })
    this.recurrent = createRecurrent(cell, embedding, hidden, { numLayers, bidirectional, memorySteps })
    this.head = new Linear(this.recurrent.outputSize, labels.length)
  }

  /**
   * @param ids (b, t)
   * @param lengths how many of them each sequence has, (b); all where left out
   * @returns logits (b, labels)
   */
  override forward(ids: Tensor, lengths?: Tensor): Tensor {
    if (ids.shape.length !== 2) throw new ShapeError(this.type, `ids ${formatShape(ids.shape)}; needs (b, t)`)
    const { h } = this.recurrent.forward(this.embedding.forward(ids), { lengths })
    return this.head.forward(dropout(topState(h, this.recurrent), this.config.dropout))
  }

  override reach(): Reach {
    return wholeReach
  }
}
