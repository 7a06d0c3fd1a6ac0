/** Where examples of mixtures and their stems come from. */

/** Waveforms by name, each (b, channels, samples) in C order: `mixture`, and every stem of the source. */
export type Waveforms = Readonly<Record<string, Float32Array>>

export interface MixtureSource {
  /** Stems, in their order. */
  readonly stems: readonly string[]
  readonly channels: number
  /** Samples per channel of an example. */
  readonly samples: number
  /** The batch of a step: a pure function of the seed and the step. */
  batch(step: number): Promise<Waveforms>
  /** Held-out examples `first` to `first + count`, always the same ones. */
  heldOut(first: number, count: number): Promise<Waveforms>
  /** What decides the examples beside the recipe. */
  readonly identity: unknown
  close(): Promise<void>
}
