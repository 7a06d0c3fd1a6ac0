/** The stretches of a recording in which a voice would most likely be: those with the most energy where voices are. Three are kept while it passes by. */

type Samples = Float32Array | Float64Array

export interface Excerpt {
  /** Seconds from the start of the recording. */
  readonly at: number
  readonly sampleRate: number
  /** One array per channel. */
  readonly channels: readonly Float32Array[]
}

/** Length of a stretch; a shorter recording is one stretch. */
export const EXCERPT_SECONDS = 5
/** Stretches per recording. */
const EXCERPTS = 3

export interface ExcerptKeeper {
  /** @param energy what the recording has had so far in the band of voices, after this block */
  push(block: readonly Samples[], energy: number): void
  finish(): Excerpt[]
}

/** Starts a keeper of the best stretches on a grid of their length. */
export function createExcerptKeeper(sampleRate: number, channels: number, count = EXCERPTS): ExcerptKeeper {
  const size = Math.round(EXCERPT_SECONDS * sampleRate)
  const best: { excerpt: Excerpt; energy: number }[] = []
  const used = Math.min(2, channels)
  const fresh = (): Float32Array[] => Array.from({ length: used }, () => new Float32Array(size))
  let tile = fresh()
  let [filled, start, before, now] = [0, 0, 0, 0]

  const endTile = (): void => {
    const excerpt = { at: start / sampleRate, sampleRate, channels: tile.map((samples) => samples.subarray(0, filled)) }
    best.push({ excerpt, energy: now - before })
    best.sort((a, b) => b.energy - a.energy)
    const dropped = best.length > count ? best.pop()!.excerpt : undefined
    // The place of what is dropped is used again.
    tile = dropped?.channels[0]?.length === size ? dropped.channels.map((samples) => samples) : fresh()
    start += filled
    filled = 0
    before = now
  }

  return {
    push(block, energy) {
      const length = block[0]?.length ?? 0
      for (let at = 0; at < length; ) {
        const part = Math.min(size - filled, length - at)
        for (let c = 0; c < used; c++) tile[c]!.set(block[c]!.subarray(at, at + part), filled)
        filled += part
        at += part
        now = energy
        if (filled === size) endTile()
      }
    },
    finish() {
      // A rest of less than half a stretch counts only where there is nothing else.
      if (filled >= size / 2 || (best.length === 0 && filled > 0)) endTile()
      return best.map(({ excerpt }) => excerpt).sort((a, b) => a.at - b.at)
    },
  }
}
