/**
 * A transformer encoder (Vaswani et al. 2017) with norms before (Xiong et al. 2020): 4 layers, width 256, 8 heads, feed-forward 1024 with
 * ReLU, 512 frames; mean squared error, AdamW. Its peer, transformer.py, is PyTorch's own TransformerEncoder, whose inference is one fused
 * operator per layer.
 *
 *     npx tsx bench/transformer.ts [rounds] [part of a work's name]
 */
import { constantInit, initialValues, Linear, Module, type Parameter, parameter, uniformInit } from '../src/nn/index.ts'
import { compile } from '../src/runtime/index.ts'
import {
  add,
  layerNorm,
  matmul,
  mean,
  mul,
  narrow,
  relu,
  reshape,
  softmax,
  square,
  sub,
  type Tensor,
  transpose,
} from '../src/tensor/index.ts'
import { createTrainer } from '../src/training/index.ts'
import { adam, type Bench, main, noise, readArray, sampled, schedule, seed, timed, trainOn, writeArray, writeWeights } from './support.ts'

const [batch, frames, width, heads, hidden, depth] = [4, 512, 256, 8, 1024, 4]

class Norm extends Module {
  readonly weight: Parameter = parameter([width], constantInit(1))
  readonly bias: Parameter = parameter([width], constantInit(0))

  forward(x: Tensor): Tensor {
    return layerNorm(x, this.weight, this.bias)
  }
}

class Attention extends Module {
  readonly in_proj_weight: Parameter = parameter([3 * width, width], uniformInit(Math.sqrt(6 / (4 * width))))
  readonly in_proj_bias: Parameter = parameter([3 * width], constantInit(0))
  readonly out_proj = new Linear(width, width)

  /** (b, t, width) → (b, t, width) */
  forward(x: Tensor): Tensor {
    const [b, t] = x.shape as [number, number, number]
    const all = add(matmul(x, transpose(this.in_proj_weight, [1, 0])), this.in_proj_bias)
    const parts = transpose(reshape(all, [b, t, 3, heads, width / heads]), [2, 0, 3, 1, 4])
    const [q, k, v] = [0, 1, 2].map((i) => reshape(narrow(parts, 0, i, i + 1), [b, heads, t, width / heads])) as [Tensor, Tensor, Tensor]
    const weights = softmax(matmul(mul(q, Math.sqrt(heads / width)), transpose(k, [0, 1, 3, 2])))
    return this.out_proj.forward(reshape(transpose(matmul(weights, v), [0, 2, 1, 3]), [b, t, width]))
  }
}

class Layer extends Module {
  readonly norm1 = new Norm()
  readonly self_attn = new Attention()
  readonly norm2 = new Norm()
  readonly linear1 = new Linear(width, hidden)
  readonly linear2 = new Linear(hidden, width)

  forward(x: Tensor): Tensor {
    const h = add(x, this.self_attn.forward(this.norm1.forward(x)))
    return add(h, this.linear2.forward(relu(this.linear1.forward(this.norm2.forward(h)))))
  }
}

class Encoder extends Module {
  readonly layers = Array.from({ length: depth }, () => new Layer())
  readonly norm = new Norm()

  forward(x: Tensor): Tensor {
    return this.norm.forward(this.layers.reduce((h, layer) => layer.forward(h), x))
  }
}

const shape = [batch, frames, width]

export const transformer: Bench = {
  url: import.meta.url,
  works: [
    { id: 'transformer-train', label: `transformer encoder training step, batch ${batch}`, goal: 1, tolerance: 1e-5 },
    { id: 'transformer-infer', label: `transformer encoder inference, batch ${batch}`, goal: 0.7, tolerance: 1e-5 },
  ],
  prepare: (folder) => {
    writeWeights(folder, new Encoder())
    for (const [i, name] of ['x', 'target'].entries()) writeArray(folder, name, noise(batch * frames * width, i + 1))
  },
  run: async (work, folder, backend) => {
    const model = new Encoder()
    const x = readArray(folder, 'x')
    if (work.id.includes('infer')) {
      const program = await compile(
        (given) => ({ y: model.forward(given.x) }),
        { x: shape },
        { backend, constants: initialValues(model, seed) },
      )
      const infer = () => program.run({ x })
      return { numbers: sampled((await infer()).y as Float32Array), seconds: await timed(work, infer) }
    }
    const trainer = await createTrainer({
      model,
      task: { batch: { x: shape, target: shape }, loss: (given) => mean(square(sub(model.forward(given.x), given.target))) },
      backend,
      adam,
      schedule,
      seed,
    })
    return trainOn(work, trainer, { x, target: readArray(folder, 'target') })
  },
}

await main(transformer)
