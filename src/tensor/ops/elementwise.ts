/** All element-wise functions by one name, for the files that are built on them. */
export * from './arithmetic.ts'
export * from './choice.ts'
export type { Operand } from './elementwise-rules.ts'
export * from './rectify.ts'
export * from './trigonometry.ts'
