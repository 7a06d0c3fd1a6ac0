/** Training: recipes, the loop, checkpoints, runs. */
export { onSyntheticSongs, type Recipe, readRecipe, recipeSchema } from './recipe.node.ts'
export { type RunEvent, type RunOptions, type RunResult, runTraining } from './run.node.ts'
export { learningRate, type Schedule } from './schedule.ts'
export { createTrainer, type StepReport, type Task, type Trainer, type TrainerOptions } from './trainer.ts'
export type { Validation } from './validation.ts'
