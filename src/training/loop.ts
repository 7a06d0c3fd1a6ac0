/** The trainer of a recipe's task: its optimisers and schedules as the training section says. */
import type { Collective } from '../distributed/index.ts'
import type { Backend } from '../runtime/index.ts'
import type { HandOver, Task } from '../tasks/index.ts'
import type { OptimizerOptions } from './optimizers/create-optimizer.ts'
import type { Recipe } from './recipe.node.ts'
import type { Schedule } from './schedule.ts'
import { createTrainer, type RivalOptions } from './trainer.ts'

type Pace = Pick<Recipe['training'], 'learningRate' | 'warmup' | 'decay' | 'steps' | 'schedule'>

export const scheduleOf = ({ learningRate: peak, warmup, decay, steps, schedule }: Pace): Schedule => ({
  peak,
  warmup,
  ...(schedule ?? { decay, steps }),
})

/** Those that are given, in place of those of the task's network. */
function rivalOf(
  { rival }: Task,
  { training }: Recipe,
  optimizer: OptimizerOptions,
  initial: HandOver['rival'],
): RivalOptions<string> | undefined {
  if (!rival) {
    if (training.rival) throw new RangeError('training.rival: the task has no second network; leave it out')
    return undefined
  }
  const { learningRate, warmup, schedule, ...own } = training.rival ?? {}
  return {
    model: rival.network,
    loss: (batch) => rival.loss(batch),
    everyPart: rival.everyPart,
    optimizer: own.optimizer ?? optimizer,
    schedule: scheduleOf({
      ...training,
      learningRate: learningRate ?? training.learningRate,
      warmup: warmup ?? training.warmup,
      schedule: schedule ?? training.schedule,
    }),
    clipNorm: own.clipNorm ?? training.clipNorm,
    initial,
  }
}

/**
 * @param first number of the first batch to come
 * @param initial what it starts from, where that is not fresh
 * @param collective the other processes of the run
 */
export function createLoop(
  recipe: Recipe,
  task: Task,
  backend: Backend,
  { first, initial, collective }: { first: number; initial: HandOver | undefined; collective: Collective | undefined },
) {
  const { optimizer, betas, eps, weightDecay, clipNorm, averageDecay, seed } = recipe.training
  const rule: OptimizerOptions = optimizer ?? { name: 'adamw', betas, eps, weightDecay }
  return createTrainer<string>({
    model: task.network,
    task: { batch: task.specsAt?.(first) ?? task.batch, loss: (batch) => task.loss(batch) },
    backend,
    optimizer: rule,
    schedule: scheduleOf(recipe.training),
    clipNorm,
    averageDecay,
    initial: initial?.network,
    rival: rivalOf(task, recipe, rule, initial?.rival),
    collective,
    seed,
  })
}
