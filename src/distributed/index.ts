/** Several processes as one: collectives, alone or through MPI. */
export { type Collective, type Json, RanksLostError, type Reduction, SharedFailure } from './collective.ts'
export { type Launch, launchOf, threadsPerRank } from './launch.ts'
export type { MpiOptions } from './mpi.ts'
export { openCollective } from './open-collective.ts'
export { createSolo } from './solo.ts'
export { onRoot, together } from './together.ts'
