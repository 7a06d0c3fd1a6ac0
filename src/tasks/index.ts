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
export {
  type Arrays,
  type Drawing,
  defineTask,
  type Judgement,
  type JudgeOptions,
  type ScoreKind,
  type Surroundings,
  type Task,
  type TaskKind,
} from './task.ts'
export { taskKinds } from './task-kinds.node.ts'
