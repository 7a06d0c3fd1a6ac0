/** Better estimates for more time: wrappers of separators, each of which is a separator again. */
export { type EnsembleOptions, type EnsembleRule, ensembleOf, ensembleRules } from './ensemble.ts'
export { countWindows, type Effort, type MeasuredEfforts, songTime } from './predicted-time.ts'
export { type QualityName, type QualitySteps, qualities, qualityNames, withQuality } from './quality.ts'
export { type QuietPassageOptions, withQuietPassages } from './quiet-passages.ts'
export { type RefineOptions, refined } from './refined.ts'
export { type ShiftOptions, withShifts } from './shifts.ts'
export { withChannelSwap, withPolarity } from './symmetries.ts'
export { createTimePredictor, type TimePredictor } from './time-predictor.node.ts'
