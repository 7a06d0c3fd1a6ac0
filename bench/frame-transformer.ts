/**
 * FrameTransformer (carperbr 2023) with evolved blocks: forward pass and training step of 256 frames, and the snapshot's window of 2048. Its peer,
 * frame-transformer.py, restates the network in PyTorch; frame_transformer_network.py compares that with golden cases of the original. Dropout is
 * off on both sides, so that their numbers can be compared.
 *
 *     npx tsx bench/frame-transformer.ts [rounds] [part of a work's id]
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bodyConfig, FrameTransformer } from '../src/models/index.ts'
import { abs, mean, mul, sigmoid, sub, type Tensor } from '../src/tensor/index.ts'
import { infer, trainerOf, trainOn } from './network.ts'
import { type Bench, main, noise, readArray, readWeights, type Work, writeArray, writeWeights } from './support.ts'

/**
 * Of the losses of three steps. Many gradients are nothing but rounding (of biases of keys, which softmax does not see; behind norms of two bins with eps 1e-8), and
 * Adam's first steps are their signs: with losses that agree to 1e-6 before them, 6e-4 to 1.8e-3 were seen at the third.
 */
const trained = 3e-3

const undropped = { dropout: 0, decoderDropout: 0 }

const networks: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'small-et': { inputs: 2, outputs: 2, nFft: 512, heads: 2, width: 2, expansion: 256, bridgeLayers: 2 },
  'default-et': {},
  'snapshot-et': { variant: 'snap', inputs: 2, outputs: 2, expansion: 10240, bridgeLayers: 4 },
}

/** `default-et-train` → the network and its frames. */
function sizesOf({ id }: Work) {
  const name = Object.keys(networks).find((network) => id.startsWith(network))!
  const config = bodyConfig.parse({ ...networks[name], ...undropped })
  const frames = name === 'snapshot-et' ? 2048 : 256
  return { name, config, frames, shape: [1, config.inputs, frames, config.nFft / 2] }
}

export const frameTransformer: Bench = {
  url: import.meta.url,
  works: [
    { id: 'small-et-infer', label: 'FrameTransformer, 3.4 M: forward, 256 frames', goal: 0.3, tolerance: 1e-3 },
    { id: 'small-et-train', label: 'FrameTransformer, 3.4 M: training step, 256 frames', goal: 0.5, tolerance: trained },
    { id: 'default-et-infer', label: 'FrameTransformer, 91 M: forward, 256 frames', goal: 0.22, tolerance: 1e-3 },
    { id: 'default-et-train', label: 'FrameTransformer, 91 M: training step, 256 frames', goal: 0.5, repeats: 3, tolerance: trained },
    { id: 'snapshot-et-infer', label: 'FrameTransformer snapshot, 131 M: forward, 2048 frames', goal: 0.2, repeats: 1, tolerance: 1e-3 },
  ],
  prepare: (folder, works) => {
    for (const work of works) {
      const { name, config, shape } = sizesOf(work)
      writeWeights(folder, new FrameTransformer(config), name)
      for (const [i, array] of ['x', 'target'].entries())
        writeArray(
          folder,
          `${work.id}-${array}`,
          noise(
            shape.reduce((product, size) => product * size, 1),
            i + 1,
          ),
        )
      writeFileSync(join(folder, `${work.id}.json`), JSON.stringify({ ...config, name, shape }))
    }
  },
  run: async (work, folder, backend) => {
    const { name, config, shape } = sizesOf(work)
    const model = new FrameTransformer(config)
    const x = readArray(folder, `${work.id}-x`)
    if (work.id.includes('infer'))
      return infer({ work, backend, weights: readWeights(folder, model, name) }, { values: x, shape }, (h) => model.forward(h))
    const task = {
      batch: { x: shape, target: shape },
      // 2σ(z) − 1 is the spectrum that training compares.
      loss: (given: Record<'x' | 'target', Tensor>) => mean(abs(sub(sub(mul(sigmoid(model.forward(given.x)), 2), 1), given.target))),
    }
    return trainOn(work, await trainerOf(model, task, backend), { x, target: readArray(folder, `${work.id}-target`) })
  },
}

await main(frameTransformer)
