/**
 * Whether this process was started as one of several, by what the launchers leave in the environment: Open MPI's `mpirun` (OMPI_COMM_WORLD_*),
 * Slurm's `srun` (SLURM_STEP_NUM_TASKS; a batch script itself has none), and PMI of other launchers (PMI_*).
 */

export interface Launch {
  /** `mpirun`, `srun`: for messages. */
  readonly launcher: string
  /** Processes in all. */
  readonly size: number
  /** Processes on this host, this one included. */
  readonly localSize: number
}

type Environment = Readonly<Record<string, string | undefined>>

function count(text: string | undefined): number | undefined {
  const value = Number(text)
  return text !== undefined && Number.isInteger(value) && value >= 1 ? value : undefined
}

/** Of Slurm's `2(x3),1`, tasks per node: those of the node with this number. */
function tasksOnNode(list: string | undefined, node: number): number | undefined {
  const counts = list?.split(',').flatMap((part) => {
    const [, tasks, nodes = '1'] = /^(\d+)(?:\(x(\d+)\))?$/.exec(part) ?? []
    return tasks === undefined ? [] : new Array<number>(Number(nodes)).fill(Number(tasks))
  })
  return counts?.[node]
}

/**
 * How this process was launched; undefined where it is alone.
 *
 * @example
 * launchOf({ OMPI_COMM_WORLD_SIZE: '4', OMPI_COMM_WORLD_LOCAL_SIZE: '2' }) // { launcher: 'mpirun', size: 4, localSize: 2 }
 * launchOf({}) // undefined
 */
export function launchOf(environment: Environment): Launch | undefined {
  const { SLURM_STEP_TASKS_PER_NODE: tasks, SLURM_NODEID: node } = environment
  const candidates: readonly [launcher: string, size: number | undefined, localSize: number | undefined][] = [
    ['mpirun', count(environment.OMPI_COMM_WORLD_SIZE), count(environment.OMPI_COMM_WORLD_LOCAL_SIZE)],
    ['srun', count(environment.SLURM_STEP_NUM_TASKS), tasksOnNode(tasks, Number(node ?? 0))],
    ['the launcher', count(environment.PMI_SIZE), count(environment.MPI_LOCALNRANKS)],
  ]
  for (const [launcher, size, localSize] of candidates)
    if (size !== undefined && size > 1) return { launcher, size, localSize: localSize ?? size }
  return undefined
}

/**
 * Threads for each of the ranks of a host, so that together they fill it. A launcher that binds its processes to cores has divided them already.
 *
 * @param available what this process may use (`availableParallelism`)
 * @param present what the host has (`cpus().length`)
 *
 * @example
 * threadsPerRank({ available: 8, present: 8, localSize: 4 }) // 2
 * threadsPerRank({ available: 2, present: 8, localSize: 4 }) // 2
 */
export function threadsPerRank({ available, present, localSize }: { available: number; present: number; localSize: number }): number {
  return available < present ? available : Math.max(1, Math.floor(available / localSize))
}
