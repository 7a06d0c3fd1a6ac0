import {
  AttentionTimePool,
  AutoPool,
  AutoSplitTimePool,
  LastTimePool,
  MaxTimePool,
  MeanTimePool,
  SplitTimePool,
  type TimePool,
} from '../../../src/nn/index.ts'
import type { Block, BlockCase } from '../support.ts'

/** Pools of (b, t, 4), alone and with lengths that are fed: all steps, none, and more than there are. */
function rows(id: string, name: string, create: () => TimePool, channels = 4): Block[] {
  const cases = (...more: BlockCase['inputs']): [BlockCase, ...BlockCase[]] => [
    { inputs: [[3, 5, 4], ...more.map(() => ({ shape: [3], dtype: 'int64' }) as const)], outputs: [[3, channels]] },
    { inputs: [[1, 1, 4], ...more.map(() => ({ shape: [1], dtype: 'int64' }) as const)], outputs: [[1, channels]] },
  ]
  return [
    { ids: [id], name, create, cases: cases() },
    {
      ids: [id],
      name: `${name} of lengths`,
      create,
      call: (module, [x, lengths]) => [(module as TimePool).forward(x!, { lengths: lengths! })],
      cases: cases({ shape: [3], dtype: 'int64' }),
      below: 7,
    },
  ]
}

export const timePooling: readonly Block[] = [
  ...rows('0.5', 'MeanTimePool', () => new MeanTimePool()),
  ...rows('0.6', 'MaxTimePool', () => new MaxTimePool()),
  ...rows('0.7', 'AttentionTimePool', () => new AttentionTimePool(4, { hidden: 3 })),
  ...rows('0.8', 'SplitTimePool', () => new SplitTimePool(), 2),
  ...rows('0.9', 'AutoPool', () => new AutoPool()),
  ...rows('0.9', 'AutoPool per channel', () => new AutoPool({ channels: 4, init: 2 })),
  ...rows('0.10', 'AutoSplitTimePool', () => new AutoSplitTimePool({ channels: 2 }), 2),
  ...rows('0.11', 'LastTimePool', () => new LastTimePool()),
]
