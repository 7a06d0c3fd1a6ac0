/** Recurrent layers where one tensor is wanted, in `Sequential` for example: an output for every step, or one for the whole sequence. */
import type { Tensor } from '../tensor/index.ts'
import { Module } from './module.ts'
import { type Reach, wholeReach } from './reach.ts'
import { type LstmCall, type RecurrentLayer, topState } from './recurrent.ts'

/**
 * Many to many: the outputs after every step, (b, t, d) → (b, t, directions · hidden).
 *
 * @example
 * const chords = new Sequential(new ManyToMany(new GRU(12, 32)), new Linear(32, 25))
 * const y = chords.forward(input('chroma', [1, 100, 12]))
 * y.shape // [1, 100, 25]
 */
export class ManyToMany extends Module {
  readonly layer: RecurrentLayer

  constructor(layer: RecurrentLayer) {
    super()
    this.layer = layer
  }

  forward(x: Tensor, call: LstmCall = {}): Tensor {
    return this.layer.forward(x, call).outputs
  }
}

/**
 * Many to one: the top layer's state after each example's last step, (b, t, d) → (b, directions · hidden).
 *
 * @example
 * const key = new Sequential(new ManyToOne(new LSTM(12, 32, { bidirectional: true })), new Linear(64, 24))
 * const y = key.forward(input('chroma', [1, 100, 12]))
 * y.shape // [1, 24]
 */
export class ManyToOne extends Module {
  readonly layer: RecurrentLayer

  constructor(layer: RecurrentLayer) {
    super()
    this.layer = layer
  }

  forward(x: Tensor, call: LstmCall = {}): Tensor {
    return topState(this.layer.forward(x, call).h, this.layer)
  }

  /** As pooling over time. */
  override reach(): Reach {
    return wholeReach
  }
}
