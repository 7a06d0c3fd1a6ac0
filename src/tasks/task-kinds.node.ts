/** All kinds of tasks that a recipe may name. */
import { separationTask } from './separation/task.node.ts'
import type { TaskKind } from './task.ts'

export const taskKinds: readonly TaskKind[] = [separationTask]
