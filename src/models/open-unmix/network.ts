/**
 * Open-Unmix (Stöter, Uhlich, Liutkus & Mitsufuji 2019, "Open-Unmix - A reference implementation for music source separation", JOSS 4(41) 1667): dense
 * layers and three BLSTMs over frames of magnitudes, a skip around the recurrent part, and a mask that may be above 1. Parameters have the names
 * and shapes of the public `umxhq` and `umx`, whose files load by `loadStateDict(…, { ignoreUnexpected: true })`: beside the weights they hold the
 * transform's window and the sample rate.
 */
import { mseLoss } from '../../losses/index.ts'
import {
  BatchNorm,
  causalReach,
  constantInit,
  Linear,
  LSTM,
  onesInit,
  type Parameter,
  parameter,
  type Reach,
  wholeReach,
} from '../../nn/index.ts'
import {
  add,
  concat,
  formatShape,
  mul,
  narrow,
  relu,
  reshape,
  ShapeError,
  type Tensor,
  tanh,
  transpose,
  unsqueeze,
} from '../../tensor/index.ts'
import { MaskingNetwork } from '../masking-network.ts'
import type { OpenUnmixConfig } from './config.ts'

/** Bins up to a frequency, as Open-Unmix counts them: those at or below it. */
function binsBelow({ nFft, sampleRate, bandwidth }: Pick<OpenUnmixConfig, 'nFft' | 'sampleRate' | 'bandwidth'>): number {
  return Math.min(nFft / 2, Math.floor((bandwidth * nFft) / sampleRate)) + 1
}

/** Statistics over the examples and frames of (b, t, d). */
function normed(norm: BatchNorm, x: Tensor): Tensor {
  return transpose(norm.forward(transpose(x, [0, 2, 1])), [0, 2, 1])
}

/**
 * The magnitudes of one stem.
 *
 * @example
 * const model = new OpenUnmix(openUnmixConfig.parse({ architecture: 'open-unmix', nFft: 16, hopLength: 4, hidden: 8 }))
 * const { vocals } = model.forward(input('mixture', [1, 2, 40]))
 * vocals!.re.shape // [1, 2, 11, 9]
 */
export class OpenUnmix extends MaskingNetwork {
  readonly config: OpenUnmixConfig
  /** Added to bins, −mean of the training set's magnitudes. */
  readonly input_mean: Parameter
  /** 1/deviation of them. */
  readonly input_scale: Parameter
  readonly output_scale: Parameter
  readonly output_mean: Parameter
  readonly fc1: Linear
  readonly bn1: BatchNorm
  readonly lstm: LSTM
  readonly fc2: Linear
  readonly bn2: BatchNorm
  readonly fc3: Linear
  readonly bn3: BatchNorm

  constructor(config: OpenUnmixConfig) {
    const { stem, channels, nFft, hopLength, hidden, layers, unidirectional, dropout } = config
    super({ stems: [stem], channels, transform: { nFft, hopLength, padMode: 'reflect' } })
    const bins = nFft / 2 + 1
    const seen = binsBelow(config)
    this.config = config
    this.input_mean = parameter([seen], constantInit(0))
    this.input_scale = parameter([seen], onesInit)
    this.output_scale = parameter([bins], onesInit)
    this.output_mean = parameter([bins], onesInit)
    this.fc1 = new Linear(seen * channels, hidden, { bias: false })
    this.bn1 = new BatchNorm(hidden)
    this.lstm = new LSTM(hidden, unidirectional ? hidden : hidden / 2, {
      numLayers: layers,
      bidirectional: !unidirectional,
      dropout: layers > 1 ? dropout : 0,
    })
    this.fc2 = new Linear(2 * hidden, hidden, { bias: false })
    this.bn2 = new BatchNorm(hidden)
    this.fc3 = new Linear(hidden, bins * channels, { bias: false })
    this.bn3 = new BatchNorm(bins * channels)
  }

  /**
   * Masks ≥ 0 of magnitudes: (b, channels, t, bins) → (b, 1, channels, t, bins).
   *
   * @throws ShapeError for other than (b, channels, t, bins)
   */
  override estimateMasks(magnitudes: Tensor): Tensor {
    const { channels } = this
    const bins = this.config.nFft / 2 + 1
    const [batch, given, frames, width] = magnitudes.shape as [number, number, number, number]
    if (magnitudes.shape.length !== 4 || given !== channels || width !== bins)
      throw new ShapeError('OpenUnmix', `magnitudes ${formatShape(magnitudes.shape)}; needs (b, ${channels}, t, ${bins})`)
    const seen = mul(add(narrow(magnitudes, 3, 0, this.input_mean.shape[0]!), this.input_mean), this.input_scale)
    const perFrame = reshape(transpose(seen, [0, 2, 1, 3]), [batch, frames, -1])
    const dense = tanh(normed(this.bn1, this.fc1.forward(perFrame)))
    const recurrent = this.lstm.forward(dense).outputs
    const joined = relu(normed(this.bn2, this.fc2.forward(concat([dense, recurrent], 2))))
    const output = reshape(normed(this.bn3, this.fc3.forward(joined)), [batch, frames, channels, bins])
    const mask = relu(add(mul(output, this.output_scale), this.output_mean))
    return unsqueeze(transpose(mask, [0, 2, 1, 3]), 1)
  }

  /** Squared differences of magnitudes, as in the paper's training. */
  protected override distance(estimate: Tensor, target: Tensor): Tensor {
    return mseLoss(estimate, target, { reduction: 'none' })
  }

  protected override frameReach(): Reach {
    return this.config.unidirectional ? causalReach : wholeReach
  }
}
