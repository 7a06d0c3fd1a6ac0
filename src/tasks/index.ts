/** Tasks: what networks are trained to do, with the data for it and the scores of it. */
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
