/** For every primitive: functions of drawn tensors that exercise it. The generic tests run all of them on every backend. */
import { controlCases } from './control.ts'
import { coreCases } from './core.ts'
import type { Case } from './support.ts'

export const cases: readonly Case[] = [...controlCases, ...coreCases]
