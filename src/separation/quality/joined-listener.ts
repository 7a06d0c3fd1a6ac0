/** One listener for several separators, or for several ways to ask one: each hears the song as it gets its windows, and keeps its own facts. */

import type { SongFacts, SongListener, StereoWindow } from '../../models/index.ts'

/** Who listens, and how it hears what the song is. */
export interface Ear {
  readonly prepass?: (() => SongListener) | undefined
  readonly hears?: (samples: StereoWindow) => StereoWindow
}

const prefix = (ear: number): string => `${ear} `

/** The prepass of all that have one, undefined where none has. */
export function joinedPrepass(ears: readonly Ear[]): (() => SongListener) | undefined {
  if (ears.every(({ prepass }) => !prepass)) return undefined
  return () => {
    const listeners = ears.map(({ prepass, hears = (samples) => samples }) => ({ listener: prepass?.(), hears }))
    return {
      async hear(samples) {
        for (const { listener, hears } of listeners) await listener?.hear(hears(samples))
      },
      async facts() {
        const all: Record<string, Float32Array> = {}
        for (const [e, { listener }] of listeners.entries())
          for (const [name, fact] of Object.entries((await listener?.facts()) ?? {})) all[prefix(e) + name] = fact
        return all
      },
    }
  }
}

/** The facts that one of the ears found, under its own names. */
export function factsOf(ear: number, facts: SongFacts | undefined): { readonly facts?: SongFacts } {
  const own = Object.entries(facts ?? {}).filter(([name]) => name.startsWith(prefix(ear)))
  return own.length === 0 ? {} : { facts: Object.fromEntries(own.map(([name, fact]) => [name.slice(prefix(ear).length), fact])) }
}
