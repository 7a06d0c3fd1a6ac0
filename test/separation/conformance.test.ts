/** Networks of every kind as separators, at sizes of a few weights: masks of magnitudes and of complex spectra, spectra themselves, waveforms, clusters. */
import { afterAll, describe, expect, it } from 'vitest'
import { architectureNames, createNetwork, createSeparator, SeparationNetwork, separationConfig } from '../../src/models/index.ts'
import { initialValues } from '../../src/nn/index.ts'
import { type Backend, createOnnxRuntimeBackend, type Program } from '../../src/runtime/index.ts'
import { describeSeparator, type Subject } from './conformance.ts'

/** Low, for what a network hears at the ends of a window is counted in seconds. */
const rate = 1000
const frames = { nFft: 64, hopLength: 16 }
const recurrent = { ...frames, hidden: 4, layers: 1 }
const frameTransformer = {
  ...frames,
  width: 2,
  multipliers: [1, 2],
  heads: 2,
  expansion: 3,
  bridgeLayers: 1,
  bridgeExpansion: 1,
  embeddingDepth: 1,
}

/** Sizes, stems, and for networks that hear a bounded stretch the samples between places at which they compute the same. */
const kinds: readonly (readonly [architecture: string, sizes: object, stems: readonly string[], period?: number])[] = [
  ['band-unet', { nFft: 64, hopLength: 16, bands: 8, sampleRate: 8000, highest: 3900, channels: [2, 3], bottleneck: 1 }, ['vocals']],
  ['chimera', recurrent, ['vocals']],
  ['conv-tasnet', { filters: 4, bottleneck: 3, hidden: 4, skip: 2, blocks: 1, repeats: 1 }, ['source-1', 'source-2']],
  ['deep-clustering', recurrent, ['source-1', 'source-2']],
  ['frame-transformer', { ...frameTransformer, estimate: 'mask' }, ['vocals']],
  ['frame-transformer', { ...frameTransformer, estimate: 'complex' }, ['vocals']],
  ['mask-inference', recurrent, ['vocals']],
  ['mm-dense-net', { ...frames, splits: [120, 300], first: 2, growth: 1, levels: 1 }, ['vocals'], 64],
  ['open-unmix', recurrent, ['vocals']],
  ['spectrogram-u-net', { ...frames, network: { channels: [2, 2] } }, ['vocals'], 64],
  ['wave-u-net', { levels: 2, filters: 2 }, ['vocals'], 64],
]

/** One thread for all; a separator that is disposed of ends its own programs. */
const shared = createOnnxRuntimeBackend({ threads: 1 })
afterAll(async () => (await shared).dispose())

async function lend(): Promise<Backend> {
  const backend = await shared
  const programs: Program[] = []
  const load: Backend['load'] = async (...given) => {
    const program = await backend.load(...given)
    programs.push(program)
    return program
  }
  return { ...backend, load, dispose: async () => void (await Promise.all(programs.map((program) => program.dispose()))) }
}

describe('this table', () => {
  it('has every architecture that separates', () => {
    const separates = (architecture: string) => {
      const sizes = kinds.find(([name]) => name === architecture)?.[1]
      return separationConfig.safeParse({ architecture, sampleRate: rate, ...sizes }).success
    }
    const missing = architectureNames.filter((name) => !kinds.some(([known]) => known === name) && separates(name))
    expect(missing).toEqual([])
  })
})

for (const [architecture, sizes, stems, period] of kinds) {
  const network = createNetwork(separationConfig.parse({ architecture, sampleRate: rate, ...sizes }))
  if (!(network instanceof SeparationNetwork)) throw new Error(architecture)
  const { first, last } = network.reach()
  const bounded = Number.isFinite(first) && Number.isFinite(last)
  const subject: Subject = {
    open: async (seconds) => {
      const values = initialValues(network, 1)
      return createSeparator({ name: architecture, network, values, backend: await lend(), seconds })
    },
    seconds: bounded ? 1.2 : 2.2,
    stems,
    ...(bounded && period !== undefined ? { period } : {}),
  }
  describeSeparator(`${architecture}${'estimate' in sizes ? `, ${sizes.estimate}` : ''}`, subject)
}
