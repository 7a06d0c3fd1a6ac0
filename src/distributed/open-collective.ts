/** The collective that this process belongs to, as its launcher has set it up. */
import type { Collective } from './collective.ts'
import { launchOf } from './launch.ts'
import { createMpi, type MpiOptions } from './mpi.ts'
import { createSolo } from './solo.ts'

/**
 * Joins the processes that a launcher started beside this one (`mpirun -n 4 …`, `srun --mpi=pmix …`); alone, without MPI, where there is none.
 *
 * @throws Error that says what is missing and the way out: no Open MPI, or a launcher that does not connect its processes
 *
 * @example
 * const collective = await openCollective()
 * await collective.dispose()
 */
export async function openCollective(options: MpiOptions = {}): Promise<Collective> {
  const launch = launchOf(process.env)
  if (!launch) return createSolo()
  const collective = createMpi(options)
  if (collective.size === launch.size) return collective
  throw new Error(
    `several processes: ${launch.launcher} started ${launch.size}, but Open MPI connects ${collective.size}; use the mpirun of the same Open MPI as the library, or under Slurm \`srun --mpi=pmix\``,
  )
}
