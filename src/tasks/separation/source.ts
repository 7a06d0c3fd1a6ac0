/** Where examples of mixtures and their stems come from. */

/** Waveforms by name, each (b, channels, samples) in C order: `mixture`, and every stem of the source. */
export type Waveforms = Readonly<Record<string, Float32Array>>

/** What was drawn for an example: names with numbers or words. */
export type Facts = Readonly<Record<string, number | string>>

export interface MixtureSource {
  /** Stems, in their order. */
  readonly stems: readonly string[]
  readonly channels: number
  /** Samples per channel of an example. */
  readonly samples: number
  /** The batch of a step: a pure function of the seed and the step. */
  batch(step: number): Promise<Waveforms>
  /** What was drawn for each example of a step's batch, in words; where it is known. */
  drawn?(step: number): readonly Facts[]
  /** Held-out examples `first` to `first + count`, always the same ones. */
  heldOut(first: number, count: number): Promise<Waveforms>
  /** What decides the examples beside the recipe. */
  readonly identity: unknown
  close(): Promise<void>
}

/** The source for a network of so many channels: a stereo one is folded down to the mean of both for a network of one. */
export function folded(source: MixtureSource, channels: 1 | 2): MixtureSource {
  if (source.channels === channels) return source
  if (channels === 2) throw new RangeError('model: takes 2 channels, the data have 1; set model.channels to 1')
  const { samples } = source
  const mean = (waveforms: Waveforms): Waveforms =>
    Object.fromEntries(
      Object.entries(waveforms).map(([name, stereo]) => {
        const mono = new Float32Array(stereo.length / 2)
        for (let i = 0; i < mono.length; i++) {
          const left = i + Math.floor(i / samples) * samples
          mono[i] = 0.5 * (stereo[left]! + stereo[left + samples]!)
        }
        return [name, mono]
      }),
    )
  return {
    ...source,
    channels,
    batch: async (step) => mean(await source.batch(step)),
    heldOut: async (first, count) => mean(await source.heldOut(first, count)),
  }
}
