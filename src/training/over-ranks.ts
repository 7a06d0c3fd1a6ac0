/** Device arrays over ranks: gradients that are summed. They pass through the host in chunks, the next one on its way while one is with the ranks. */
import type { Collective, Reduction } from '../distributed/collective.ts'
import type { DeviceArray } from '../runtime/index.ts'

/** Values that are in the host's memory at a time, twice: 4 MiB. */
const chunk = 1 << 20

/** Replaces the first `length` values of every rank's array by their sum or mean. */
export async function overRanks(ranks: Collective, array: DeviceArray, length: number, reduction: Reduction): Promise<void> {
  const read = (offset: number) => array.read(offset, Math.min(chunk, length - offset))
  let next = length > 0 ? read(0) : undefined
  let written: Promise<void> | undefined
  for (let offset = 0; offset < length; offset += chunk) {
    const values = await next!
    next = offset + chunk < length ? read(offset + chunk) : undefined
    await ranks.allReduce(values, reduction)
    await written
    written = array.write(values, offset)
  }
  await written
}
