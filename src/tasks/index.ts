/** Tasks: what networks are trained to do, with the data for it and the scores of it. */
export {
  type Analyser,
  type Analysis,
  createAnalyser,
  type LabelledEvent,
  type LabelledSpan,
  type LabelProbability,
  type Sound,
} from './analysis/analyser.ts'
export { loadAnalyser } from './analysis/load-analyser.node.ts'
export { type CommonValues, commonValues, type HandOver, type Learned } from './hand-over.ts'
export { type Crop, type Drawing, firstPartOf, type PartOfUpdate, partAt } from './parts.ts'
export {
  type Arrays,
  defineTask,
  type ExamplePreview,
  type Excerpt,
  type Judgement,
  type JudgeOptions,
  type Rival,
  type ScoreKind,
  type Surroundings,
  type Task,
  type TaskKind,
} from './task.ts'
export { taskKinds } from './task-kinds.node.ts'
