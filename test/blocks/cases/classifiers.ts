/** Networks that classify pictures, of tiny sizes. */
import { lenetConfig } from '../../../src/models/lenet/config.ts'
import { LeNet } from '../../../src/models/lenet/network.ts'
import type { Block } from '../support.ts'

export const classifiers: readonly Block[] = [
  {
    ids: ['2.13'],
    name: 'LeNet',
    create: () => new LeNet(lenetConfig.parse({ architecture: 'lenet', channels: 2, size: [16, 21], classes: ['cat', 'dog', 'eel'] })),
    cases: [
      { inputs: [[1, 2, 16, 21]], outputs: [[1, 3]] },
      { inputs: [[2, 2, 16, 21]], outputs: [[2, 3]] },
    ],
  },
]
