/** Strings of symbols with exact answers, made by the project: to copy, to reverse, to remember. */
export { type Part, partOf } from './held-out.ts'
export { drawRecall, type Recall, type RecallOptions, recallVersion } from './recall.ts'
export { drawSequence, type SequenceOptions, sequencesVersion, type TransductionKind, transduce } from './transduction.ts'
