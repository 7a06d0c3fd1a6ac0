/** All kinds of tasks that a recipe may name. */
import { clipsTask, framesTask } from './analysis/task.node.ts'
import { frameTransformerTask } from './frame-transformer/task.node.ts'
import { imagesTask } from './images/task.node.ts'
import { recallTask } from './recall/task.ts'
import { separationTask } from './separation/task.node.ts'
import { sequencesTask } from './sequences/task.ts'
import type { TaskKind } from './task.ts'

export const taskKinds: readonly TaskKind[] = [
  clipsTask,
  framesTask,
  frameTransformerTask,
  imagesTask,
  recallTask,
  separationTask,
  sequencesTask,
]
