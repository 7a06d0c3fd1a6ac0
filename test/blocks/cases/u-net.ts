import { uNetConfig } from '../../../src/models/u-net/config.ts'
import { UNet } from '../../../src/models/u-net/network.ts'
import type { Block } from '../support.ts'

const config = uNetConfig.parse({ architecture: 'u-net', channels: [2, 3], kernel: 3 })
const interpolating = uNetConfig.parse({ ...config, upsampling: 'interpolation' })

export const uNet: readonly Block[] = [
  {
    ids: ['0.1', '0.2'],
    name: 'UNet',
    create: () => new UNet(config),
    cases: [
      { inputs: [[2, 1, 8, 4]], outputs: [[2, 1, 8, 4]] },
      { inputs: [[1, 1, 1, 1]], outputs: [[1, 1, 1, 1]] },
    ],
    range: [0, 1],
    training: 'both',
  },
  {
    ids: ['3.42', '0.4'],
    name: 'UNet (interpolation)',
    create: () => new UNet(interpolating),
    cases: [
      { inputs: [[2, 1, 8, 4]], outputs: [[2, 1, 8, 4]] },
      { inputs: [[1, 1, 1, 1]], outputs: [[1, 1, 1, 1]] },
    ],
    range: [0, 1],
    training: 'both',
  },
]
