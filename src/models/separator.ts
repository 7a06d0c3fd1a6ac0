/** What separation asks of a network: estimates of the stems of one window of sound. Everything around it (rates, windows, crossfades) is separate.ts. */

/** The two channels of a window or of an estimate, of equal length. */
export type StereoWindow = readonly [Float32Array, Float32Array]

/** What a separator found out about a song; for whoever carries them they are only numbers. */
export type SongFacts = Readonly<Record<string, Float32Array>>

/** Hears a song in order, in pieces of any length. */
export interface SongListener {
  /** Hears what comes next, samples that it copies before it returns. One call at a time. */
  hear(samples: StereoWindow): Promise<void>
  /** What is known of the song, as if it ended here; it may go on afterwards. */
  facts(): Promise<SongFacts>
}

/**
 * Sound that is separated while it comes. Blocks of any length go in; of each stem come the samples that can be known by then, those of all blocks in
 * one row: as many as went in when the stream is flushed, whatever the blocks were.
 */
export interface SeparationStream {
  /** Samples at the separator's rate: no estimated sample needs more than this many after it. */
  readonly latencySamples: number
  /**
   * Hears the next samples of both channels, which it copies before it returns, and gives the estimates that follow those given before. Calls may
   * overlap; they are answered in order.
   */
  process(block: StereoWindow): Promise<Record<string, StereoWindow>>
  /** The signal is over: the rest of the estimates. What comes afterwards is another signal. */
  flush(): Promise<Record<string, StereoWindow>>
  /** Forgets what it has heard, after the calls before. What comes afterwards is another signal. */
  reset(): Promise<void>
}

/** A network that estimates stems in fixed windows of stereo sound at its own rate. */
export interface Separator {
  readonly name: string
  /** Where it runs, in words to print: `cpu (onnxruntime-node 1.30, 2 threads)`. */
  readonly device: string
  /** The estimated stems. `instrumental` is never among them: it is the mixture minus the vocals. */
  readonly stems: readonly string[]
  /**
   * True where the stems have no order: which of them is which may change from window to window, within one it holds for both channels. `separate`
   * orders them by what windows have in common.
   */
  readonly interchangeable?: boolean
  /** Samples per second of windows and estimates. */
  readonly sampleRate: number
  readonly channels: 2
  /** Highest frequency (Hz) of which the separator knows anything: above it a stem holds nothing, and what is derived by subtraction all. */
  readonly bandwidth?: number
  /** Samples per channel of one window. */
  readonly windowLength: number
  /** Samples at each end of a window whose estimates are poor for want of context: not used, except at the ends of the song. */
  readonly margin: number
  /**
   * Begins to listen to a song; only there where estimates depend on facts of the whole song. `separate` hears a song that can be read twice through
   * before its first window, and every other one as far as the window's end.
   */
  readonly prepass?: () => SongListener
  /**
   * Estimates the stems of one window: (2, windowLength) in, per stem (2, windowLength) out.
   *
   * The window belongs to the separator from then on (it may transfer the buffers to a worker), the estimates to the caller.
   * `facts` are what a listener of `prepass` found; without them the window is taken for a song.
   *
   * Calls may overlap, for several songs share a separator: one that can compute only one window at a time takes them in the order in which they came.
   * An aborted signal should end the call by a rejection; who asked does not wait for a separator that cannot stop, and the next call may come while
   * it finishes.
   */
  predict(
    window: StereoWindow,
    options?: { readonly signal?: AbortSignal; readonly facts?: SongFacts },
  ): Promise<Record<string, StereoWindow>>
  /** Begins to separate a sound that still comes, only of networks that need not hear what follows; any number of streams may be open. */
  readonly stream?: () => SeparationStream
  /** Ends the worker and frees the memory; no call after it. */
  dispose(): Promise<void>
}
