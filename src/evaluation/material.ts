/** What is scored: true stems and estimates of them, side by side, as often as needed from the start, so that nothing has to be held whole. */
import type { Breath } from './breath.ts'
import type { Signal } from './metrics.ts'

/** A stretch of all signals, all of one length. */
export interface MaterialBlock {
  readonly references: readonly Signal[]
  readonly estimates: readonly Signal[]
}

export interface Material {
  readonly references: number
  readonly estimates: number
  /** Of every signal. */
  readonly channels: number
  /** Samples, as far as that is known before reading: for telling progress. */
  readonly expectedLength: number | undefined
  /** From the start, in blocks of any lengths. */
  blocks(): AsyncIterable<MaterialBlock>
}

/**
 * Signals in memory as material.
 *
 * @throws RangeError where they differ in channels or length, or are empty
 */
export function materialOf(who: string, references: readonly Signal[], estimates: readonly Signal[]): Material {
  const [channels, frames] = [references[0]?.length ?? 0, references[0]?.[0]?.length ?? 0]
  for (const [kind, signals] of [['reference', references] as const, ['estimate', estimates] as const]) {
    if (signals.length === 0) throw new RangeError(`${who}: no ${kind}; needs one or more`)
    for (const [index, signal] of signals.entries()) {
      const shape = `${signal.length} channel(s) of ${signal[0]?.length ?? 0} samples`
      if (signal.length !== channels || signal.some((x) => x.length !== frames))
        throw new RangeError(`${who}: ${kind} ${index} has ${shape}, reference 0 ${channels} of ${frames}; all must have one shape`)
    }
  }
  if (frames === 0) throw new RangeError(`${who}: the signals are empty; needs one sample or more`)
  return {
    references: references.length,
    estimates: estimates.length,
    channels,
    expectedLength: frames,
    async *blocks() {
      yield { references, estimates }
    },
  }
}

/** The next samples of every channel of every signal, in arrays that the next segment writes over: reference i's channel c at [i·channels + c]. */
export interface Segment {
  /** Samples from the start to the first of these. */
  readonly start: number
  readonly length: number
  readonly references: readonly Float64Array[]
  readonly estimates: readonly Float64Array[]
}

/**
 * Cuts material into segments.
 *
 * @param longest no segment is longer
 * @param cutAfter the place after `start` where a segment that starts there has to end at the latest
 * @returns how many samples there were
 */
export async function eachSegment(
  material: Material,
  longest: number,
  cutAfter: (start: number) => number,
  take: (segment: Segment) => void,
  breath: Breath,
): Promise<number> {
  const rows = (signals: number): Float64Array[] => Array.from({ length: signals * material.channels }, () => new Float64Array(longest))
  const references = rows(material.references)
  const estimates = rows(material.estimates)
  let start = 0
  let filled = 0
  let target = Math.min(longest, cutAfter(0))
  const finish = async (): Promise<void> => {
    const part = (row: Float64Array): Float64Array => row.subarray(0, filled)
    take({ start, length: filled, references: references.map(part), estimates: estimates.map(part) })
    start += filled
    filled = 0
    target = Math.min(longest, cutAfter(start) - start)
    await breath()
  }
  for await (const block of material.blocks()) {
    const frames = block.references[0]![0]!.length
    for (let from = 0; from < frames; ) {
      const count = Math.min(target - filled, frames - from)
      for (const [signals, store] of [[block.references, references] as const, [block.estimates, estimates] as const])
        for (const [i, signal] of signals.entries())
          for (const [c, samples] of signal.entries()) store[i * material.channels + c]!.set(samples.subarray(from, from + count), filled)
      filled += count
      from += count
      if (filled === target) await finish()
    }
  }
  if (filled > 0) await finish()
  return start
}
