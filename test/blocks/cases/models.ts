/** Separation networks of tiny sizes, from waveform to waveforms. */

import { chimeraConfig } from '../../../src/models/chimera/config.ts'
import { Chimera } from '../../../src/models/chimera/network.ts'
import { convTasNetConfig } from '../../../src/models/conv-tasnet/config.ts'
import { ConvTasNet } from '../../../src/models/conv-tasnet/network.ts'
import { deepClusteringConfig } from '../../../src/models/deep-clustering/config.ts'
import { DeepClustering } from '../../../src/models/deep-clustering/network.ts'
import { maskInferenceConfig } from '../../../src/models/mask-inference/config.ts'
import { MaskInference } from '../../../src/models/mask-inference/network.ts'
import { mmDenseConfig } from '../../../src/models/mm-dense/config.ts'
import { MMDense } from '../../../src/models/mm-dense/network.ts'
import { openUnmixConfig } from '../../../src/models/open-unmix/config.ts'
import { OpenUnmix } from '../../../src/models/open-unmix/network.ts'
import type { SeparationNetwork } from '../../../src/models/separation-network.ts'
import { waveUNetConfig } from '../../../src/models/wave-u-net/config.ts'
import { WaveUNet } from '../../../src/models/wave-u-net/network.ts'
import type { Module } from '../../../src/nn/index.ts'
import type { Tensor } from '../../../src/tensor/index.ts'
import type { Block, BlockCase } from '../support.ts'

/** All estimates as waveforms. */
const waveforms = (module: Module, [mixture]: readonly Tensor[]) => Object.values((module as SeparationNetwork).waveforms(mixture!))

/** Mixtures (b, c, n), each with as many estimates. */
function lengths(stems: number, ...shapes: readonly (readonly number[])[]): [BlockCase, ...BlockCase[]] {
  return shapes.map((shape) => ({ inputs: [shape], outputs: Array(stems).fill(shape) })) as unknown as [BlockCase, ...BlockCase[]]
}

const openUnmix = openUnmixConfig.parse({
  architecture: 'open-unmix',
  sampleRate: 1000,
  bandwidth: 400,
  nFft: 8,
  hopLength: 4,
  hidden: 4,
  layers: 2,
})
const tasNet = (causal: boolean) =>
  convTasNetConfig.parse({
    architecture: 'conv-tasnet',
    filters: 4,
    filterLength: 4,
    bottleneck: 3,
    hidden: 6,
    skip: 2,
    blocks: 2,
    repeats: 1,
    causal,
  })

const trunk = { nFft: 4, hopLength: 2, hidden: 2, layers: 2, dropout: 0.3, embedding: 3 }
const { embedding: _, ...inference } = trunk

export const models: readonly Block[] = [
  {
    ids: ['3.38'],
    name: 'OpenUnmix',
    create: () => new OpenUnmix(openUnmix),
    call: waveforms,
    // The mirror image around the signal asks for more than half a frame of it.
    cases: lengths(1, [2, 2, 12], [1, 2, 5]),
    training: 'both',
  },
  ...[false, true].map((causal) => ({
    ids: ['3.39'],
    name: causal ? 'ConvTasNet (causal)' : 'ConvTasNet',
    create: () => new ConvTasNet(tasNet(causal)),
    call: waveforms,
    cases: lengths(2, [2, 1, 9], [1, 1, 1]),
  })),
  {
    ids: ['3.36'],
    name: 'MaskInference',
    create: () => new MaskInference(maskInferenceConfig.parse({ architecture: 'mask-inference', ...inference })),
    call: waveforms,
    cases: lengths(2, [2, 1, 7], [1, 1, 1]),
    training: 'both',
  },
  {
    ids: ['3.37'],
    name: 'DeepClustering',
    create: () => new DeepClustering(deepClusteringConfig.parse({ architecture: 'deep-clustering', ...trunk })),
    call: (module, [magnitudes]) => [(module as DeepClustering).embed(magnitudes!)],
    cases: [
      { inputs: [[2, 1, 3, 3]], outputs: [[2, 9, 3]] },
      { inputs: [[1, 1, 1, 3]], outputs: [[1, 3, 3]] },
    ],
    range: [0.1, 1],
    training: 'both',
  },
  {
    ids: ['3.31'],
    name: 'Chimera',
    create: () => new Chimera(chimeraConfig.parse({ architecture: 'chimera', ...trunk })),
    call: (module, [magnitudes]) => Object.values((module as Chimera).heads(magnitudes!)),
    cases: [
      {
        inputs: [[2, 1, 3, 3]],
        outputs: [
          [2, 9, 3],
          [2, 2, 1, 3, 3],
        ],
      },
      {
        inputs: [[1, 1, 1, 3]],
        outputs: [
          [1, 3, 3],
          [1, 2, 1, 1, 3],
        ],
      },
    ],
    range: [0.1, 1],
    training: 'both',
  },
  ...(
    [
      ['valid', 'linear'],
      ['same', 'learned'],
    ] as const
  ).map(([context, upsampling]) => ({
    ids: ['3.40'],
    name: `WaveUNet (${context}, ${upsampling})`,
    create: () =>
      new WaveUNet(
        waveUNetConfig.parse({ architecture: 'wave-u-net', levels: 2, filters: 2, kernelDown: 3, kernelUp: 3, context, upsampling }),
      ),
    call: waveforms,
    cases: lengths(2, [2, 2, 6], [1, 2, 1]),
  })),
  ...(['mm-dense-net', 'mm-dense-lstm'] as const).map((architecture) => ({
    ids: ['3.40'],
    name: architecture === 'mm-dense-net' ? 'MMDense' : 'MMDense (LSTM)',
    create: () =>
      new MMDense(
        mmDenseConfig.parse({
          architecture,
          stems: ['vocals'],
          channels: 1,
          sampleRate: 8000,
          nFft: 8,
          hopLength: 4,
          splits: [1500],
          // Sizes at which no rectifier is so near 0 that the differences of G1 step over its bend.
          first: 3,
          growth: 3,
          fullGrowth: 3,
          compression: 1,
          layers: 2,
          levels: 1,
          finalGrowth: 2,
          units: 2,
          estimate: 'mask',
        }),
      ),
    call: waveforms,
    cases: lengths(1, [1, 1, 4], [2, 1, 1]),
    training: 'statistics' as const,
  })),
]
