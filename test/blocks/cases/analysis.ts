/** The analysis network of tiny sizes with each of its heads, from waveform to logits. */
import { crnnConfig, headNames } from '../../../src/models/crnn/config.ts'
import { Crnn } from '../../../src/models/crnn/network.ts'
import type { Block } from '../support.ts'

const sizes = {
  architecture: 'crnn',
  labels: ['a', 'b', 'c'],
  sampleRate: 8000,
  nFft: 16,
  hopLength: 4,
  bands: 4,
  lowest: 300,
  channels: [2, 2],
  poolBands: [1, 2],
  poolFrames: [1, 1],
  features: 3,
  hidden: 2,
  dropout: 0.2,
} as const

export const analysis: readonly Block[] = headNames.map((head) => ({
  ids: head === 'frames' ? ['1.14', '1.17'] : ['1.15'],
  name: `Crnn (${head})`,
  create: () => new Crnn(crnnConfig.parse({ ...sizes, head })),
  cases: [
    { inputs: [[2, 12]], outputs: [head === 'frames' ? [2, 4, 3] : [2, 3]] },
    { inputs: [[1, 1]], outputs: [head === 'frames' ? [1, 1, 3] : [1, 3]] },
  ],
  training: 'both',
}))
