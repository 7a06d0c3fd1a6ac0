/**
 * Wave-U-Net (Stoller, Ewert & Dixon 2018, "Wave-U-Net: a multi-scale neural network for end-to-end audio source separation", ISMIR,
 * arXiv 1806.03185): a U-Net over samples. Each level convolves and leaves out every other sample; on the way back samples are put between, with the
 * level's own beside them.
 */
import { mseLoss, snrLoss } from '../../losses/index.ts'
import { Conv1d, chainReach, Module, type Reach, windowReach } from '../../nn/index.ts'
import { concat, leakyRelu, narrow, pad, reshape, sub, type Tensor, tanh } from '../../tensor/index.ts'
import { SeparationNetwork } from '../separation-network.ts'
import { Between } from './between.ts'
import type { WaveUNetConfig } from './config.ts'

/** The middle of (b, c, m): as many samples left out before as after. */
function middle(x: Tensor, samples: number): Tensor {
  const before = (x.shape[2]! - samples) / 2
  return narrow(x, 2, before, before + samples)
}

/** Between samples, crop what the level had, convolve. */
class UpLevel extends Module {
  readonly between: Between
  readonly conv: Conv1d

  constructor(inputs: number, outputs: number, { kernelUp, context, upsampling }: WaveUNetConfig) {
    super()
    this.between = new Between(inputs, upsampling === 'learned')
    this.conv = new Conv1d(inputs + outputs, outputs, kernelUp, context === 'same' ? { padding: 'same' } : {})
  }

  forward(x: Tensor, skip: Tensor): Tensor {
    const finer = this.between.forward(x)
    return this.conv.forward(concat([finer, middle(skip, finer.shape[2]!)], 1))
  }
}

/** Samples that go in and come out of the levels: both with their middle on the same sample. */
export interface WaveExtents {
  readonly input: number
  readonly output: number
}

/**
 * @example
 * const sizes = { levels: 3, filters: 2, kernelDown: 5, kernelUp: 3 }
 * const model = new WaveUNet(waveUNetConfig.parse({ architecture: 'wave-u-net', ...sizes }))
 * model.extents(100) // { input: 181, output: 107 }
 * model.forward(input('mixture', [1, 2, 100])).vocals!.shape // [1, 2, 100]
 */
export class WaveUNet extends SeparationNetwork {
  readonly config: WaveUNetConfig
  readonly down: readonly Conv1d[]
  readonly bottleneck: Conv1d
  readonly up: readonly UpLevel[]
  readonly output: Conv1d

  constructor(config: WaveUNetConfig) {
    const { stems, channels, levels, filters, kernelDown, context, difference } = config
    super({ stems, channels })
    const widths = Array.from({ length: levels + 1 }, (_, i) => filters * (i + 1))
    const conv = (inputs: number, outputs: number) => new Conv1d(inputs, outputs, kernelDown, context === 'same' ? { padding: 'same' } : {})
    this.config = config
    this.down = Array.from({ length: levels }, (_, i) => conv(widths[i - 1] ?? channels, widths[i]!))
    this.bottleneck = conv(widths[levels - 1]!, widths[levels]!)
    this.up = Array.from({ length: levels }, (_, i) => new UpLevel(widths[levels - i]!, widths[levels - i - 1]!, config))
    this.output = new Conv1d(filters + channels, channels * (stems.length - Number(difference)), 1)
  }

  /** The least numbers of samples that the levels can work on of which at least `samples` come out. */
  extents(samples: number): WaveExtents {
    const { levels, kernelDown, kernelUp, context } = this.config
    const lost = context === 'valid' ? { down: kernelDown - 1, up: kernelUp - 1 } : { down: 0, up: 0 }
    // Backwards: what each level has to get, odd where samples were put between or left out.
    let extent = samples
    for (let i = 0; i < levels; i++) extent = Math.max(1, Math.ceil((extent + lost.up + 1) / 2))
    const coarsest = extent
    let input = coarsest + lost.down
    let output = coarsest
    for (let i = 0; i < levels; i++) {
      input = 2 * input - 1 + lost.down
      output = 2 * output - 1 - lost.up
    }
    return { input, output }
  }

  /**
   * Estimates of the middle of a mixture with its true surroundings, where `separate` would give zeros: (b, channels, input) → (b, channels,
   * output), of `extents`.
   *
   * @throws RangeError for a mixture of other than such a length
   */
  estimate(mixture: Tensor): Readonly<Record<string, Tensor>> {
    const samples = this.samplesOf(mixture)
    // The input of the least output is the least input; more comes in steps of 2^levels.
    const fits = this.extents(Math.max(1, samples - (this.extents(1).input - this.extents(1).output)))
    if (fits.input !== samples)
      throw new RangeError(`WaveUNet: mixture of ${samples} samples; its levels need ${fits.input}, or let forward add zeros`)
    const { slope, outputActivation, difference } = this.config
    const skips: Tensor[] = []
    let h = mixture
    for (const conv of this.down) {
      const full = leakyRelu(conv.forward(h), slope)
      skips.push(full)
      h = narrow(full, 2, 0, full.shape[2]!, 2)
    }
    h = leakyRelu(this.bottleneck.forward(h), slope)
    for (const [i, level] of this.up.entries()) h = leakyRelu(level.forward(h, skips.at(-1 - i)!), slope)
    const inside = middle(mixture, h.shape[2]!)
    const raw = this.output.forward(concat([h, inside], 1))
    const sounds = outputActivation === 'tanh' ? tanh(raw) : raw
    const shape = inside.shape
    const estimates = this.stems
      .slice(0, this.stems.length - Number(difference))
      .map((_, i) => reshape(narrow(sounds, 1, i * this.channels, (i + 1) * this.channels), shape))
    if (difference) estimates.push(estimates.reduce((left, estimate) => sub(left, estimate), inside))
    return Object.fromEntries(this.stems.map((stem, i) => [stem, estimates[i]!]))
  }

  /** @throws ShapeError for other than (b, channels, n) */
  override forward(mixture: Tensor): Readonly<Record<string, Tensor>> {
    const samples = this.samplesOf(mixture)
    const { input, output } = this.extents(samples)
    const before = Math.floor((output - samples) / 2) + (input - output) / 2
    const estimates = this.estimate(pad(mixture, [0, 0, before], [0, 0, input - samples - before]))
    const from = Math.floor((output - samples) / 2)
    return Object.fromEntries(this.stems.map((stem) => [stem, narrow(estimates[stem]!, 2, from, from + samples)]))
  }

  /** Squared differences of samples, as in the paper, or the negative SNR. */
  protected override distance(estimate: Tensor, target: Tensor): Tensor {
    return this.config.objective === 'snr'
      ? snrLoss(estimate, target, { reduction: 'none' })
      : mseLoss(estimate, target, { reduction: 'none' })
  }

  /** The way through all levels; what the skips see lies within. */
  override reach(): Reach {
    const { kernelDown, kernelUp } = this.config
    const window = (kernel: number) => windowReach(kernel, 1, (kernel - 1) / 2, 1)
    const halved = windowReach(1, 2, 0, 1)
    return chainReach([
      ...this.down.flatMap(() => [window(kernelDown), halved]),
      window(kernelDown),
      ...this.up.flatMap(({ between }) => [between.reach(), window(kernelUp)]),
    ])
  }
}
