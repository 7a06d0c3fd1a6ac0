/** Training: recipes, the loop, checkpoints, runs. */
export { createOptimizer, type OptimizerOptions, optimizerSchema } from './optimizers/create-optimizer.ts'
export type { Optimizer } from './optimizers/optimizer.ts'
export { onSyntheticData, type Recipe, readRecipe, recipeSchema } from './recipe.node.ts'
export { type RunEvent, type RunOptions, type RunResult, runTraining } from './run.node.ts'
export { createSchedule, learningRate, type Schedule, type ScheduleOptions } from './schedule.ts'
export { type Batch, createTrainer, type StepReport, type Task, type Trainer, type TrainerOptions } from './trainer.ts'
