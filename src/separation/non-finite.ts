/** The guard against NaN and infinity, one of which would spread over every window that holds it. */

import type { Samples } from '../audio/types.ts'

/** Index of the first value that is not finite, or −1. */
export function findNonFinite(samples: Samples): number {
  for (let i = 0; i < samples.length; i++) if (!Number.isFinite(samples[i]!)) return i
  return -1
}
