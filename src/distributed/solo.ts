/** One process alone: every collective is done at once. */
import { type Collective, checkRoot } from './collective.ts'

/**
 * The collective of a run of one process.
 *
 * @example
 * const alone = createSolo()
 * const values = Float32Array.of(1, 2)
 * await alone.allReduce(values, 'mean')
 * values[1] // 2
 * await alone.allGather('here') // ['here']
 */
export function createSolo(): Collective {
  return {
    rank: 0,
    size: 1,
    description: 'one process',
    allReduce: async () => {},
    broadcast: async (_, root = 0) => checkRoot(root, 1),
    allGather: async (value) => [value],
    barrier: async () => {},
    dispose: async () => {},
    abort: (exitCode) => process.exit(exitCode),
  }
}
