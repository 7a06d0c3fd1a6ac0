/** Training: recipes, the loop, checkpoints, runs. */

export type { GroupOptions } from './group.ts'
export { createOptimizer, type OptimizerOptions, optimizerSchema } from './optimizers/create-optimizer.ts'
export type { Optimizer } from './optimizers/optimizer.ts'
export { onSyntheticData, openTask, type Recipe, readRecipe, recipeSchema, type Stage } from './recipe.node.ts'
export {
  type Comparison,
  compareRuns,
  type NamedRun,
  type RunSummary,
  readRuns,
  type SeedGroup,
} from './report/comparison.node.ts'
export { comparisonPage, comparisonText } from './report/comparison-page.ts'
export { runTraining } from './run.node.ts'
export type { RunEvent, RunOptions, RunResult } from './run-options.ts'
export { createSchedule, learningRate, type Schedule, type ScheduleOptions } from './schedule.ts'
export { flatReport, type NetworkReport, type StepReport } from './step-report.ts'
export {
  type Batch,
  type BatchSpecs,
  createTrainer,
  type Part,
  type RivalOptions,
  type Task,
  type Trainer,
  type TrainerOptions,
} from './trainer.ts'
