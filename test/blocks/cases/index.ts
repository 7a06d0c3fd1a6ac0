/** All building blocks that exist. A block that is missing here is not tested: test/blocks/coverage.test.ts compares with the list of them. */
import type { Block } from '../support.ts'
import { activations } from './activations.ts'
import { analysis } from './analysis.ts'
import { attention } from './attention.ts'
import { classifiers } from './classifiers.ts'
import { convolution } from './convolution.ts'
import { dsp } from './dsp.ts'
import { frameTransformer } from './frame-transformer.ts'
import { layers } from './layers.ts'
import { losses } from './losses.ts'
import { models } from './models.ts'
import { recurrence } from './recurrence.ts'
import { resampling } from './resampling.ts'
import { separation } from './separation.ts'
import { sequences } from './sequences.ts'
import { timePooling } from './time-pooling.ts'
import { uNet } from './u-net.ts'

export const blocks: readonly Block[] = [
  ...activations,
  ...layers,
  ...convolution,
  ...resampling,
  ...analysis,
  ...attention,
  ...timePooling,
  ...uNet,
  ...models,
  ...frameTransformer,
  ...classifiers,
  ...recurrence,
  ...dsp,
  ...losses,
  ...separation,
  ...sequences,
]
