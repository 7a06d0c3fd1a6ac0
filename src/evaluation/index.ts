/** How good a separation is: distortion ratios, BSS Eval, ideal masks as upper reference, scores of folders of clips, evaluation of songs. */
export { type Baseline, baselines, type MixedBlock, type MixedMaterial } from './baselines.ts'
export { type BssEval, type BssEvalOptions, bssEval } from './bss-eval.ts'
export { accuracyOf, type ConfusionCounts, countConfusions, largestOf } from './classification.ts'
export type { BssKind } from './energies.ts'
export {
  type EvaluatedSet,
  type EvaluateOptions,
  type Evaluation,
  evaluateStems,
  type FrameRatios,
  type StemEvaluation,
} from './evaluate.ts'
export { evaluationPage } from './evaluation-page.ts'
export { evaluationJson, evaluationTable } from './evaluation-text.ts'
export {
  type DetectionScores,
  detectionScores,
  type EventCounts,
  matchEvents,
  onsetTolerance,
  type PeakOptions,
  pickPeaks,
} from './events.ts'
export { keyScore } from './key-score.ts'
export { LIMIT_DB, type Signal, sdr, siSdr, subtract } from './metrics.ts'
export { type IdealMask, type OracleOptions, oracleMasks, oracleRatioMask } from './oracle.ts'
export { type ScaleInvariantRatios, scaleInvariantRatios } from './scale-invariant.ts'
export { type ScoreOptions, type SeparateClip, scoreFolder } from './score-folder.node.ts'
export {
  type ClipScore,
  type Compared,
  type GroupScore,
  type Groups,
  groupOf,
  type Ratios,
  type Scores,
  type StemRatios,
  scoreTable,
  summarise,
} from './scores.ts'
export { openStems, type StemMaterial, type StemMaterialOptions } from './stem-material.node.ts'
export { type FindStemsOptions, findStems, type StemFiles } from './stems.node.ts'
