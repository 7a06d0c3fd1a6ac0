/** How good a separation is: distortion ratios, the ideal mask as upper reference, scores of folders of clips. */
export { LIMIT_DB, type Signal, sdr, siSdr, subtract } from './metrics.ts'
export { type OracleOptions, oracleRatioMask } from './oracle.ts'
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
