import { mul, sigmoid, split, type Tensor } from '../../tensor/index.ts'
import type { Projection } from './multichannel-attention.ts'
import { PlaneConv } from './plane-conv.ts'
import { defaultScoreBytes } from './scores.ts'

export interface FrameBlockOptions {
  /** Maps that a transformer adds, 1 by default. */
  readonly maps?: number
  /** 8 by default. */
  readonly heads?: number
  /** Width of the feed-forward layer: a number of features, not a factor. 4 by default. */
  readonly expansion?: number
  /** Of single values, after each sublayer; 0.1 by default. */
  readonly dropout?: number
  /** Of attention, 'conv-linear' by default. */
  readonly projection?: Projection
  /** Of the norms, 1e-8 by default. */
  readonly eps?: number
  /** Scores of attention that take more bytes are computed for some of the frames at a time; 32 MiB by default. */
  readonly scoreBytes?: number | undefined
}

/** `options` without what is left out. */
export function blockOptions({
  scoreBytes = defaultScoreBytes,
  ...options
}: FrameBlockOptions): Required<FrameBlockOptions> & { readonly scoreBytes: number } {
  return { maps: 1, heads: 8, expansion: 4, dropout: 0.1, projection: 'conv-linear', eps: 1e-8, scoreBytes, ...options }
}

/** 1×1 convolution to the maps of a transformer, or nothing where there are as many channels. */
export function embedding(channels: number, maps: number): PlaneConv | undefined {
  return channels === maps ? undefined : new PlaneConv(channels, maps, 1)
}

/** One half times the sigmoid of the other (Dauphin et al. 2017, arXiv 1612.08083). */
export function glu(x: Tensor, axis: number): Tensor {
  const [values, gates] = split(x, 2, axis) as [Tensor, Tensor]
  return mul(values, sigmoid(gates))
}
