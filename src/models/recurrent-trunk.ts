/**
 * What mask inference, deep clustering and Chimera have in common (Hershey et al. 2016; Luo et al. 2017; nussl's building blocks): levels of all bins of a
 * frame, normalised over examples and frames, and BLSTM layers over the frames.
 */
import { z } from 'zod'
import { flooredLog } from '../dsp/index.ts'
import { BatchNorm, chainReach, LSTM, Module, type Reach } from '../nn/index.ts'
import { formatShape, reshape, ShapeError, type Tensor, transpose } from '../tensor/index.ts'
import { count, spectralFields } from './separation-config.ts'

/** Fields of a configuration. The defaults are those of nussl's recipes; 600 units are the other common size. */
export const trunkFields = {
  ...spectralFields,
  sampleRate: spectralFields.sampleRate.default(16000),
  channels: spectralFields.channels.default(1),
  nFft: spectralFields.nFft.default(512),
  hopLength: spectralFields.hopLength.default(128),
  /** Units per layer and direction. */
  hidden: count.default(300),
  layers: count.default(4),
  bidirectional: z.boolean().default(true),
  /** Between layers. */
  dropout: z.number().min(0).max(1).default(0.3),
}

export interface TrunkConfig {
  readonly channels: number
  readonly nFft: number
  readonly hidden: number
  readonly layers: number
  readonly bidirectional: boolean
  readonly dropout: number
}

/** Bins of all channels of a frame. */
export function featuresOf({ channels, nFft }: TrunkConfig): number {
  return channels * (nFft / 2 + 1)
}

/** (b, c, t, f) → (b, t, c·f) */
export function framesFirst(x: Tensor): Tensor {
  const [b, , t] = x.shape as [number, number, number]
  return reshape(transpose(x, [0, 2, 1, 3]), [b, t, -1])
}

/** Masks of all bins of a frame (b, t, c·f, s) → (b, s, c, t, f). */
export function sourcesFirst(masks: Tensor, channels: number): Tensor {
  const [b, t, features, sources] = masks.shape as [number, number, number, number]
  return transpose(reshape(masks, [b, t, channels, features / channels, sources]), [0, 4, 2, 1, 3])
}

/** Magnitudes (b, c, t, f) → features of frames (b, t, directions · hidden). */
export class RecurrentTrunk extends Module {
  readonly norm: BatchNorm
  readonly lstm: LSTM
  readonly #channels: number

  constructor(config: TrunkConfig) {
    super()
    const { channels, hidden, layers, bidirectional, dropout } = config
    const features = featuresOf(config)
    this.norm = new BatchNorm(features)
    this.lstm = new LSTM(features, hidden, { numLayers: layers, bidirectional, dropout: layers > 1 ? dropout : 0 })
    this.#channels = channels
  }

  get outputSize(): number {
    return this.lstm.outputSize
  }

  /** @throws ShapeError for other than (b, channels, t, bins) */
  forward(magnitudes: Tensor): Tensor {
    const bins = this.lstm.inputSize / this.#channels
    const { shape } = magnitudes
    if (shape.length !== 4 || shape[1] !== this.#channels || shape[3] !== bins)
      throw new ShapeError(this.type, `magnitudes ${formatShape(shape)}; needs (b, ${this.#channels}, t, ${bins})`)
    // Levels down to −80 dB of full scale; the unit of the logarithm is the norm's affair.
    const levels = transpose(framesFirst(flooredLog(magnitudes, 1e-4)), [0, 2, 1])
    return this.lstm.forward(transpose(this.norm.forward(levels), [0, 2, 1])).outputs
  }

  override reach(): Reach {
    return chainReach([this.norm.reach(), this.lstm.reach()])
  }
}
