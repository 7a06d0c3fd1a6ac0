/** All kinds of golden cases: what checks each. To add kinds, write their runners in a file beside this one and spread its table here. */
import { blockCases } from './blocks.ts'
import { networkCases } from './networks.ts'
import { numericCases } from './numeric.ts'
import { spectrogramCases } from './spectrograms.ts'
import type { Runner } from './support.ts'

export const runners: Readonly<Record<string, Runner>> = { ...blockCases, ...networkCases, ...numericCases, ...spectrogramCases }
