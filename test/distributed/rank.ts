/** One rank of the conformance suite, started by mpirun: a line of JSON per case. With the name of a fault: what happens then. */

import { hostname } from 'node:os'
import { openCollective } from '../../src/distributed/index.ts'
import { cases } from './conformance.ts'

const fault = process.argv[2]
const collective = await openCollective(fault === 'silence' ? { limitSeconds: 1 } : {})
if (fault === undefined) {
  for (const [name, run] of Object.entries(cases)) {
    const error = await run(collective).then(
      () => null,
      (reason: unknown) => String(reason),
    )
    // By one write: those of several ranks share a pipe.
    process.stdout.write(`${JSON.stringify({ name, rank: collective.rank, size: collective.size, host: hostname(), error })}\n`)
  }
  await collective.dispose()
} else if (fault === 'abort') {
  if (collective.rank === 1) collective.abort(7)
  await collective.barrier()
} else if (collective.rank === 0) {
  const error = await collective.barrier().catch((reason: unknown) => String(reason))
  process.stdout.write(`${String(error)}\n`)
  collective.abort(3)
} else {
  // Alive, and silent for longer than the others wait; aborted by rank 0.
  setInterval(() => {}, 1000)
}
