/** Transformer layers one after the other, their parameters named as in PyTorch's TransformerEncoder and TransformerDecoder: `layers.0.…`. */
import type { Tensor } from '../tensor/index.ts'
import { checkExtent } from './check.ts'
import { Module } from './module.ts'
import type { AttentionCall } from './multihead-attention.ts'
import { chainReach, type Reach } from './reach.ts'
import type { DecoderCall, TransformerDecoderLayer, TransformerEncoderLayer } from './transformer.ts'

/** Makes a layer; called once for each, for two layers do not share parameters. PyTorch copies one instead. */
type Make<Layer extends Module> = () => Layer

abstract class Stack<Layer extends Module> extends Module {
  readonly layers: readonly Layer[]
  readonly norm: Module | undefined

  constructor(who: string, make: Make<Layer>, count: number, norm: Module | undefined) {
    super()
    checkExtent(who, { layers: count })
    this.layers = Array.from({ length: count }, make)
    this.norm = norm
  }

  protected through(x: Tensor, call: (layer: Layer, x: Tensor) => Tensor): Tensor {
    const y = this.layers.reduce((h, layer) => call(layer, h), x)
    return this.norm ? (this.norm.forward(y) as Tensor) : y
  }

  override reach(): Reach {
    return chainReach([...this.layers, ...(this.norm ? [this.norm] : [])].map((module) => module.reach()))
  }
}

/** Encoder layers, and a norm after the last where one is given: (b, t, features) → (b, t, features). */
export class TransformerEncoder extends Stack<TransformerEncoderLayer> {
  /**
   * @throws RangeError for a number of layers that is no whole number ≥ 1
   *
   * @example
   * const layer = () => new TransformerEncoderLayer(8, 2, { normFirst: true })
   * const encoder = new TransformerEncoder(layer, 3, new LayerNorm(8))
   * encoder.forward(input('x', [1, 5, 8])).shape // [1, 5, 8]
   */
  constructor(make: Make<TransformerEncoderLayer>, layers: number, norm?: Module) {
    super('TransformerEncoder', make, layers, norm)
  }

  /** The masks are those of every layer. */
  forward(x: Tensor, call: AttentionCall = {}): Tensor {
    return this.through(x, (layer, h) => layer.forward(h, call))
  }
}

/** Decoder layers, and a norm after the last where one is given: (b, t, features), memory (b, m, features) → (b, t, features). */
export class TransformerDecoder extends Stack<TransformerDecoderLayer> {
  /** @throws RangeError for a number of layers that is no whole number ≥ 1 */
  constructor(make: Make<TransformerDecoderLayer>, layers: number, norm?: Module) {
    super('TransformerDecoder', make, layers, norm)
  }

  /** The masks are those of every layer. */
  forward(x: Tensor, memory: Tensor, call: DecoderCall = {}): Tensor {
    return this.through(x, (layer, h) => layer.forward(h, memory, call))
  }
}
