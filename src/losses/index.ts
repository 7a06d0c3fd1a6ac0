/** Losses: functions of tensors to a scalar tensor. */
export { type ComplexPair, relativeError } from './spectral.ts'
