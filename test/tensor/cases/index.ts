/** For every primitive: functions of drawn tensors that exercise it. The generic tests run all of them on every backend. */
import { controlCases } from './control.ts'
import { convCases } from './conv.ts'
import { coreCases } from './core.ts'
import { elementwiseCases } from './elementwise.ts'
import { indexingCases } from './indexing.ts'
import { interpolateCases } from './interpolate.ts'
import { linearCases } from './linear.ts'
import { normCases } from './norm.ts'
import { randomCases } from './random.ts'
import { reduceCases } from './reduce.ts'
import { slicingCases } from './slicing.ts'
import type { Case } from './support.ts'
import { windowCases } from './windows.ts'

export const cases: readonly Case[] = [
  ...controlCases,
  ...convCases,
  ...coreCases,
  ...interpolateCases,
  ...linearCases,
  ...normCases,
  ...randomCases,
  ...elementwiseCases,
  ...indexingCases,
  ...reduceCases,
  ...slicingCases,
  ...windowCases,
]
