/**
 * Band U-Net: a small spectrogram U-Net (Jansson et al. 2017, the idea of skip connections and a soft mask) on a grid of frequency bands
 * that is linear at the bottom and geometric above, with convolutions in time and frequency and dense layers over frequency in every
 * block (the TFC-TDF of Choi et al. 2020). It sees left, right, middle and side, and gives one soft mask for each of left and right.
 *
 * The grid is (b, c, t, f): frequency last, so that dense layers over frequency are plain matrix products.
 */
import { bandMatrices, type Spectrum, stft } from '../../dsp/index.ts'
import { relativeError } from '../../losses/index.ts'
import {
  BatchNorm,
  Conv2d,
  ConvTranspose2d,
  constantInit,
  kaimingNormal,
  Module,
  type Parameter,
  parameter,
  type Reach,
  wholeReach,
} from '../../nn/index.ts'
import {
  add,
  concat,
  constant,
  div,
  log,
  matmul,
  maximum,
  mean,
  mul,
  narrow,
  pad,
  relu,
  reshape,
  sigmoid,
  sqrt,
  square,
  sub,
  type Tensor,
} from '../../tensor/index.ts'
import { FrequencyMix } from '../frequency-mix.ts'
import { SeparationNetwork } from '../separation-network.ts'
import type { BandUnetConfig } from './config.ts'

/** Of all its convolutions, which are followed by rectifiers. */
const init = kaimingNormal()

/** Convolution, batch norm, rectifier: (b, c, t, f) → (b, o, t, f). */
class ConvBlock extends Module {
  readonly conv: Conv2d
  readonly norm: BatchNorm

  constructor(inputs: number, outputs: number) {
    super()
    this.conv = new Conv2d(inputs, outputs, [3, 3], { padding: 1, bias: false, init })
    this.norm = new BatchNorm(outputs)
  }

  forward(x: Tensor): Tensor {
    return relu(this.norm.forward(this.conv.forward(x)))
  }
}

/** x + conv(conv(x)), then + mix over frequency. */
class ResidualBlock extends Module {
  readonly conv1: ConvBlock
  readonly conv2: ConvBlock
  readonly mix: FrequencyMix

  constructor(channels: number, frequencies: number, squeeze: number) {
    super()
    this.conv1 = new ConvBlock(channels, channels)
    this.conv2 = new ConvBlock(channels, channels)
    this.mix = new FrequencyMix(channels, frequencies, squeeze)
  }

  forward(x: Tensor): Tensor {
    const h = add(x, this.conv2.forward(this.conv1.forward(x)))
    return add(h, this.mix.forward(h))
  }
}

/** Magnitude without a division by zero in its derivative. */
function magnitude(re: Tensor, im: Tensor): Tensor {
  return sqrt(add(add(square(re), square(im)), 1e-12))
}

export class BandUnet extends SeparationNetwork {
  readonly config: BandUnetConfig
  readonly input_scale: Parameter
  readonly input_bias: Parameter
  readonly stem: ConvBlock
  readonly down: readonly Conv2d[]
  readonly encoder: readonly ResidualBlock[]
  readonly bottleneck: readonly ResidualBlock[]
  readonly up: readonly ConvTranspose2d[]
  readonly decoder: readonly ResidualBlock[]
  readonly head: ConvBlock
  readonly mask: Conv2d

  constructor(config: BandUnetConfig) {
    const { channels, bands, squeeze, nFft, hopLength } = config
    super({ stems: ['vocals'], channels: 2, transform: { nFft, hopLength } })
    const levels = channels.length
    this.config = config
    this.input_scale = parameter([4, 1, bands], constantInit(0.5))
    this.input_bias = parameter([4, 1, bands], constantInit(0))
    this.stem = new ConvBlock(4, channels[0]!)
    const steps = Array.from({ length: levels - 1 }, (_, i) => i)
    this.down = steps.map((i) => new Conv2d(channels[i]!, channels[i + 1]!, [2, 2], { stride: 2, init }))
    const inner = steps.slice(0, -1)
    this.encoder = inner.map((i) => new ResidualBlock(channels[i + 1]!, bands >> (i + 1), squeeze))
    this.bottleneck = Array.from(
      { length: config.bottleneck },
      () => new ResidualBlock(channels[levels - 1]!, bands >> (levels - 1), squeeze),
    )
    this.up = steps.map((i) => new ConvTranspose2d(channels[i + 1]!, channels[i]!, [2, 2], { stride: 2, init }))
    this.decoder = inner.map((i) => new ResidualBlock(channels[i + 1]!, bands >> (i + 1), squeeze))
    this.head = new ConvBlock(channels[0]!, channels[0]!)
    this.mask = new Conv2d(channels[0]!, 2, [1, 1], { init })
  }

  /** Mixture waveform (b, 2, n) → its spectrum and that of the vocals, parts of (b, 2, t, bins). */
  override forward(x: Tensor): { mixture: Spectrum; vocals: Spectrum } {
    const { nFft, hopLength } = this.config
    const mixture = stft(x, { nFft, hopLength })
    const mask = this.estimateMask(x, mixture)
    return { mixture, vocals: { re: mul(mixture.re, mask), im: mul(mixture.im, mask) } }
  }

  /** Errors of the spectrum relative to the mixture's, so that quiet examples count as loud ones do. */
  override loss(mixture: Tensor, sources: Readonly<Record<string, Tensor>>): Tensor {
    const [vocals] = this.targetsOf(mixture, sources)
    const separated = this.forward(mixture)
    return relativeError(separated.vocals, stft(vocals!, this.config), separated.mixture)
  }

  /** Log magnitudes in bands of left, right, middle, side, relative to the window's level: (b, 4, t, bands). */
  private features(x: Tensor, { re, im }: Spectrum, analysis: Tensor): Tensor {
    const { nFft } = this.config
    const [left, right] = [0, 1].map((c) => ({ re: narrow(re, 1, c, c + 1), im: narrow(im, 1, c, c + 1) })) as [Spectrum, Spectrum]
    const half = (f: typeof add) => [mul(f(left.re, right.re), 0.5), mul(f(left.im, right.im), 0.5)] as const
    const four = concat([magnitude(re, im), magnitude(...half(add)), magnitude(...half(sub))], 1)
    // White noise of deviation 1 has the magnitude √Σw² in every bin: after the division levels are near 1 whatever nFft.
    const noise = Math.sqrt(0.375 * nFft)
    const level = maximum(sqrt(mean(square(x), { axes: [1, 2] })), 1e-4) // (b)
    const relative = div(matmul(four, analysis), reshape(mul(level, noise), [-1, 1, 1, 1]))
    return add(mul(log(add(relative, 0.01)), this.input_scale), this.input_bias)
  }

  private estimateMask(x: Tensor, mixture: Spectrum): Tensor {
    const matrices = bandMatrices(this.config)
    const bins = this.config.nFft / 2 + 1
    const features = this.features(x, mixture, constant(matrices.analysis, [bins, this.config.bands]))
    const frames = features.shape[2]!
    const factor = 2 ** (this.config.channels.length - 1)
    const spare = (factor - (frames % factor)) % factor
    let h = this.stem.forward(pad(features, [0, 0, 0, 0], [0, 0, spare, 0]))
    const skips: Tensor[] = []
    this.down.forEach((down, i) => {
      skips.push(h)
      h = down.forward(h)
      const block = this.encoder[i]
      if (block) h = block.forward(h)
    })
    for (const block of this.bottleneck) h = block.forward(h)
    for (let i = this.up.length - 1; i >= 0; i--) {
      const block = this.decoder[i]
      if (block) h = block.forward(h)
      h = add(this.up[i]!.forward(h), skips[i]!)
    }
    const logits = this.mask.forward(this.head.forward(h))
    const inBands = sigmoid(narrow(logits, 2, 0, frames)) // (b, 2, t, bands)
    return matmul(inBands, constant(matrices.synthesis, [this.config.bands, bins])) // (b, 2, t, bins)
  }
  /** Levels are relative to that of the whole signal. */
  override reach(): Reach {
    return wholeReach
  }
}
