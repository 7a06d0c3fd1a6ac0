/**
 * Networks that can work on sound while it plays: estimates of a frame of the mixture's spectrum need no frame after those of its own step, and what
 * they need of earlier ones goes from step to step (src/nn/past.ts).
 */
import type { Spectrum } from '../dsp/index.ts'
import type { Past } from '../nn/index.ts'
import type { SeparationNetwork } from './separation-network.ts'

/** A network over frames of its `transform`, which are centred and have zeros around the signal. */
export interface LiveNetwork extends SeparationNetwork {
  /** Frames that are estimated together, 1 or more. */
  readonly framesPerStep: number
  /**
   * Frames of the mixture to those of each stem, parts of (b, channels, t, bins). `forward` of a whole signal is this with a silent past.
   *
   * @param mixture t is a multiple of `framesPerStep`
   * @param past what was before the first frame
   */
  separateFrames(mixture: Spectrum, past: Past): Readonly<Record<string, Spectrum>>
}

export function isLive(network: SeparationNetwork): network is LiveNetwork {
  return 'separateFrames' in network
}

/**
 * How many samples after it an estimated sample needs: the length of a frame less one, and a hop for every further frame of a step.
 *
 * @example
 * latencyOf({ transform: { nFft: 2048, hopLength: 1024 }, framesPerStep: 2 }) // 3071
 */
export function latencyOf({ transform, framesPerStep }: Pick<LiveNetwork, 'transform' | 'framesPerStep'>): number {
  const { nFft, hopLength } = transform!
  return nFft - 1 + (framesPerStep - 1) * hopLength
}
