/** Launchers are known by the environment that they leave. */
import { expect, it } from 'vitest'
import { launchOf } from '../../src/distributed/index.ts'

it.each([
  ['mpirun', { OMPI_COMM_WORLD_SIZE: '8', OMPI_COMM_WORLD_LOCAL_SIZE: '4' }, { launcher: 'mpirun', size: 8, localSize: 4 }],
  [
    'mpirun inside a Slurm job',
    { OMPI_COMM_WORLD_SIZE: '2', SLURM_NTASKS: '4', SLURM_STEP_NUM_TASKS: '1' },
    { launcher: 'mpirun', size: 2, localSize: 2 },
  ],
  [
    'srun on unequal nodes',
    { SLURM_STEP_NUM_TASKS: '7', SLURM_STEP_TASKS_PER_NODE: '2(x3),1', SLURM_NODEID: '3' },
    { launcher: 'srun', size: 7, localSize: 1 },
  ],
  ['PMI', { PMI_SIZE: '4', PMI_RANK: '0', MPI_LOCALNRANKS: '2' }, { launcher: 'the launcher', size: 4, localSize: 2 }],
  ['nobody', {}, undefined],
  ["a Slurm batch script, which is no step's task", { SLURM_NTASKS: '4', SLURM_PROCID: '0' }, undefined],
  ['one process under mpirun', { OMPI_COMM_WORLD_SIZE: '1' }, undefined],
])('%s', (_, environment, launch) => {
  expect(launchOf(environment as Record<string, string>)).toEqual(launch)
})
