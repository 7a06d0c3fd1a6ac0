/**
 * A layer of a transformer encoder (Vaswani et al. 2017) with norms before (Xiong et al. 2020) and ReLU, its parameters named as those of
 * PyTorch's TransformerEncoderLayer.
 */
import { constantInit, Linear, Module, type Parameter, parameter, uniformInit } from '../src/nn/index.ts'
import { add, layerNorm, matmul, mul, narrow, relu, reshape, softmax, type Tensor, transpose } from '../src/tensor/index.ts'

export class Norm extends Module {
  readonly weight: Parameter
  readonly bias: Parameter

  constructor(width: number) {
    super()
    this.weight = parameter([width], constantInit(1))
    this.bias = parameter([width], constantInit(0))
  }

  forward(x: Tensor): Tensor {
    return layerNorm(x, this.weight, this.bias)
  }
}

class Attention extends Module {
  readonly in_proj_weight: Parameter
  readonly in_proj_bias: Parameter
  readonly out_proj: Linear
  readonly #heads: number

  constructor(width: number, heads: number) {
    super()
    this.in_proj_weight = parameter([3 * width, width], uniformInit(Math.sqrt(6 / (4 * width))))
    this.in_proj_bias = parameter([3 * width], constantInit(0))
    this.out_proj = new Linear(width, width)
    this.#heads = heads
  }

  /** (b, t, width) → (b, t, width) */
  forward(x: Tensor): Tensor {
    const heads = this.#heads
    const [b, t, width] = x.shape as [number, number, number]
    const all = add(matmul(x, transpose(this.in_proj_weight, [1, 0])), this.in_proj_bias)
    const parts = transpose(reshape(all, [b, t, 3, heads, width / heads]), [2, 0, 3, 1, 4])
    const [q, k, v] = [0, 1, 2].map((i) => reshape(narrow(parts, 0, i, i + 1), [b, heads, t, width / heads])) as [Tensor, Tensor, Tensor]
    const weights = softmax(matmul(mul(q, Math.sqrt(heads / width)), transpose(k, [0, 1, 3, 2])))
    return this.out_proj.forward(reshape(transpose(matmul(weights, v), [0, 2, 1, 3]), [b, t, width]))
  }
}

export class EncoderLayer extends Module {
  readonly norm1: Norm
  readonly self_attn: Attention
  readonly norm2: Norm
  readonly linear1: Linear
  readonly linear2: Linear

  constructor(width: number, heads: number, hidden: number) {
    super()
    this.norm1 = new Norm(width)
    this.self_attn = new Attention(width, heads)
    this.norm2 = new Norm(width)
    this.linear1 = new Linear(width, hidden)
    this.linear2 = new Linear(hidden, width)
  }

  forward(x: Tensor): Tensor {
    const h = add(x, this.self_attn.forward(this.norm1.forward(x)))
    return add(h, this.linear2.forward(relu(this.linear1.forward(this.norm2.forward(h)))))
  }
}
