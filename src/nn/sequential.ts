/** Layers one after the other, named '0', '1', … as PyTorch's Sequential names them. */
import { leakyRelu, relu, sigmoid, softmax, softplus, type Tensor, tanh } from '../tensor/index.ts'
import { elu, gelu, identity, silu, squaredRelu } from './activations.ts'
import { Module } from './module.ts'
import { pointwiseReach, type Reach } from './reach.ts'

export type TensorFunction = (x: Tensor) => Tensor

const pointwise: ReadonlySet<unknown> = new Set([elu, gelu, identity, leakyRelu, relu, sigmoid, silu, softmax, softplus, squaredRelu, tanh])

/** A function as a layer without parameters. */
export class Apply extends Module {
  readonly #f: TensorFunction
  readonly #reach: Reach | undefined

  /** @param reach which input steps one output step depends on; known of activations */
  constructor(f: TensorFunction, reach?: Reach) {
    super()
    this.#f = f
    this.#reach = reach ?? (pointwise.has(f) ? pointwiseReach : undefined)
  }

  override get type(): string {
    return this.#f.name || 'function'
  }

  forward(x: Tensor): Tensor {
    return this.#f(x)
  }

  override reach(): Reach {
    if (!this.#reach) throw new Error(`${this.type}: which steps it reads is not known; give new Apply(f, reach) instead of f`)
    return this.#reach
  }
}

/**
 * Layers one after the other. Functions count as layers: in `new Sequential(new Linear(8, 4), relu, new Linear(4, 2))` the second linear
 * layer's weight is `2.weight`.
 *
 * @example
 * const model = new Sequential(new Linear(8, 4), relu, new Linear(4, 2))
 * layoutOf(model).parameters.map(({ name }) => name) // ['0.weight', '0.bias', '2.weight', '2.bias']
 */
export class Sequential extends Module {
  readonly [index: number]: Module
  readonly #layers: readonly Module[]

  /** @throws RangeError for no layers */
  constructor(...layers: readonly (Module | TensorFunction)[]) {
    super()
    if (layers.length === 0) throw new RangeError('Sequential: no layers; needs at least one')
    this.#layers = layers.map((layer) => (layer instanceof Module ? layer : new Apply(layer)))
    Object.assign(this, this.#layers)
  }

  forward(x: Tensor): Tensor {
    return this.#layers.reduce((y, layer) => layer.forward(y) as Tensor, x)
  }
}
