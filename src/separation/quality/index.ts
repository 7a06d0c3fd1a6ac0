/** Better estimates for more time: wrappers of separators, each of which is a separator again. */
export { type EnsembleOptions, type EnsembleRule, ensembleOf, ensembleRules } from './ensemble.ts'
export { type QualityName, type QualitySteps, qualities, qualityNames, withQuality } from './quality.ts'
export { type QuietPassageOptions, withQuietPassages } from './quiet-passages.ts'
export { type RefineOptions, refined } from './refined.ts'
export { type ShiftOptions, withShifts } from './shifts.ts'
export { withChannelSwap, withPolarity } from './symmetries.ts'
