/** Separation networks of tiny sizes, from waveform to waveforms. */

import { convTasNetConfig } from '../../../src/models/conv-tasnet/config.ts'
import { ConvTasNet } from '../../../src/models/conv-tasnet/network.ts'
import { openUnmixConfig } from '../../../src/models/open-unmix/config.ts'
import { OpenUnmix } from '../../../src/models/open-unmix/network.ts'
import type { SeparationNetwork } from '../../../src/models/separation-network.ts'
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
]
