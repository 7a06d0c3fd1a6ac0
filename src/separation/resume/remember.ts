/** A separator that answers from memory where it can: what an interrupted run estimated is not estimated again. */

import type { Separator, SongFacts, StereoWindow } from '../../models/index.ts'

/** Estimates of earlier runs, and a place for those of this one. Windows are numbered in the order in which a song is cut. */
export interface WindowMemory {
  /** Windows before this one are of no use any more: all that they went into is written. */
  readonly first: number
  /** What an earlier run found out about the song. */
  readonly facts: SongFacts | undefined
  recall(index: number): Promise<Record<string, StereoWindow> | undefined>
  keep(index: number, estimates: Record<string, StereoWindow>): Promise<void>
  keepFacts(facts: SongFacts): Promise<void>
}

/** The separator for the one song, to be read from its start, that `memory` is about. */
export function rememberWindows(separator: Separator, memory: WindowMemory): Separator {
  const { stems, windowLength, prepass } = separator
  const { facts } = memory
  const silence = (): StereoWindow => [new Float32Array(windowLength), new Float32Array(windowLength)]
  const listen = (): ReturnType<NonNullable<typeof prepass>> => {
    const listener = prepass!.call(separator)
    return {
      hear: (samples) => listener.hear(samples),
      facts: async () => {
        const found = await listener.facts()
        await memory.keepFacts(found)
        return found
      },
    }
  }
  let next = 0
  const { prepass: _, ...rest } = separator
  return {
    ...rest,
    ...(prepass && !facts && { prepass: listen }),
    predict: async (window, options) => {
      const index = next++
      if (index < memory.first) return Object.fromEntries(stems.map((stem) => [stem, silence()]))
      const known = await memory.recall(index)
      if (known) return known
      const estimates = await separator.predict(window, facts ? { ...options, facts } : options)
      await memory.keep(index, estimates)
      return estimates
    },
    dispose: () => separator.dispose(),
  }
}
