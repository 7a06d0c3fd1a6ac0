/**
 * Causal U-Net: the band U-Net (src/models/band-unet) for sound that is still being played. Convolutions read back in time alone, levels are
 * relative to the mean of the last seconds in place of the whole window's, and but for the first step down, which takes a few frames together, only
 * frequency is halved: a frame's estimate is ready when the frames of its own step are (live-network.ts).
 *
 * The grid is (b, c, t, f): frequency last, so that dense layers over frequency are plain matrix products.
 */
import { bandMatrices, type Spectrum, stft } from '../../dsp/index.ts'
import { relativeError } from '../../losses/index.ts'
import { Conv2d, ConvTranspose2d, constantInit, type Parameter, type Past, parameter, type Reach, silentPast } from '../../nn/index.ts'
import {
  add,
  avgPool2d,
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
  sigmoid,
  sqrt,
  square,
  sub,
  type Tensor,
} from '../../tensor/index.ts'
import type { LiveNetwork } from '../live-network.ts'
import { SeparationNetwork } from '../separation-network.ts'
import { CausalBlock, CausalResidual, init } from './blocks.ts'
import type { CausalUnetConfig } from './config.ts'

/** |z|², and magnitudes without a division by zero in their derivative. */
const power = (re: Tensor, im: Tensor) => add(square(re), square(im))
const magnitude = (re: Tensor, im: Tensor) => sqrt(add(power(re, im), 1e-12))

export class CausalUnet extends SeparationNetwork implements LiveNetwork {
  readonly config: CausalUnetConfig
  readonly input_scale: Parameter
  readonly input_bias: Parameter
  readonly stem: CausalBlock
  readonly down: readonly Conv2d[]
  readonly encoder: readonly CausalResidual[]
  readonly bottleneck: readonly CausalResidual[]
  readonly up: readonly ConvTranspose2d[]
  readonly decoder: readonly CausalResidual[]
  readonly head: CausalBlock
  readonly mask: Conv2d

  constructor(config: CausalUnetConfig) {
    const { channels, bands, squeeze, nFft, hopLength, framesPerStep, dilations } = config
    super({ stems: ['vocals'], channels: 2, transform: { nFft, hopLength } })
    const levels = channels.length
    const steps = Array.from({ length: levels - 1 }, (_, i) => i)
    const inner = steps.slice(0, -1)
    const block = (i: number, dilation = 1) => new CausalResidual(channels[i]!, bands >> i, squeeze, dilation)
    /** Both axes once, frequency alone afterwards. */
    const halving = (i: number): [number, number] => [i === 0 ? framesPerStep : 1, 2]
    this.config = config
    this.input_scale = parameter([4, 1, bands], constantInit(0.5))
    this.input_bias = parameter([4, 1, bands], constantInit(0))
    this.stem = new CausalBlock(4, channels[0]!)
    this.down = steps.map((i) => new Conv2d(channels[i]!, channels[i + 1]!, halving(i), { stride: halving(i), init }))
    this.encoder = inner.map((i) => block(i + 1))
    this.bottleneck = dilations.map((dilation) => block(levels - 1, dilation))
    this.up = steps.map((i) => new ConvTranspose2d(channels[i + 1]!, channels[i]!, halving(i), { stride: halving(i), init }))
    this.decoder = inner.map((i) => block(i + 1))
    this.head = new CausalBlock(channels[0]!, channels[0]!)
    this.mask = new Conv2d(channels[0]!, 2, [1, 1], { init })
  }

  get framesPerStep(): number {
    return this.config.framesPerStep
  }

  /** Mixture waveform (b, 2, n) → its spectrum and that of the vocals, parts of (b, 2, t, bins). */
  override forward(x: Tensor): { mixture: Spectrum; vocals: Spectrum } {
    this.samplesOf(x)
    const mixture = stft(x, this.transform!)
    const frames = mixture.re.shape[2]!
    const spare = (this.framesPerStep - (frames % this.framesPerStep)) % this.framesPerStep
    const whole = (part: Tensor) => pad(part, [0, 0, 0, 0], [0, 0, spare, 0])
    const { vocals } = this.separateFrames({ re: whole(mixture.re), im: whole(mixture.im) }, silentPast)
    return { mixture, vocals: { re: narrow(vocals.re, 2, 0, frames), im: narrow(vocals.im, 2, 0, frames) } }
  }

  separateFrames(mixture: Spectrum, past: Past): { vocals: Spectrum } {
    const mask = this.estimateMask(mixture, past)
    return { vocals: { re: mul(mixture.re, mask), im: mul(mixture.im, mask) } }
  }

  /** Errors of the spectrum relative to the mixture's, so that quiet examples count as loud ones do. */
  override loss(mixture: Tensor, sources: Readonly<Record<string, Tensor>>): Tensor {
    const [vocals] = this.targetsOf(mixture, sources)
    const separated = this.forward(mixture)
    return relativeError(separated.vocals, stft(vocals!, this.config), separated.mixture)
  }

  /**
   * How much of each bin is the vocals', in 0…1: (b, 2, t, bins).
   *
   * @param mixture parts of (b, 2, t, bins), t a multiple of `framesPerStep`
   * @param past what was before its first frame
   */
  estimateMask(mixture: Spectrum, past: Past): Tensor {
    const matrices = bandMatrices(this.config)
    const { bands, nFft } = this.config
    const bins = nFft / 2 + 1
    const features = this.features(mixture, constant(matrices.analysis, [bins, bands]), past)
    let h = this.stem.forward(features, past)
    const skips: Tensor[] = []
    this.down.forEach((down, i) => {
      skips.push(h)
      h = down.forward(h)
      h = this.encoder[i]?.forward(h, past) ?? h
    })
    for (const block of this.bottleneck) h = block.forward(h, past)
    for (let i = this.up.length - 1; i >= 0; i--) {
      h = this.decoder[i]?.forward(h, past) ?? h
      h = add(this.up[i]!.forward(h), skips[i]!)
    }
    const inBands = sigmoid(this.mask.forward(this.head.forward(h, past))) // (b, 2, t, bands)
    return matmul(inBands, constant(matrices.synthesis, [bands, bins]))
  }

  /** Log magnitudes in bands of left, right, middle, side, relative to the level of the last seconds: (b, 4, t, bands). */
  private features({ re, im }: Spectrum, analysis: Tensor, past: Past): Tensor {
    const channel = (c: number): Spectrum => ({ re: narrow(re, 1, c, c + 1), im: narrow(im, 1, c, c + 1) })
    const [left, right] = [channel(0), channel(1)]
    const half = (f: typeof add) => [mul(f(left.re, right.re), 0.5), mul(f(left.im, right.im), 0.5)] as const
    const four = concat([magnitude(re, im), magnitude(...half(add)), magnitude(...half(sub))], 1)
    const relative = div(matmul(four, analysis), this.level({ re, im }, past))
    return add(mul(log(add(relative, 0.01)), this.input_scale), this.input_bias)
  }

  /** The root of the mean power of all bins of the frame and those before it, as many as there are of `levelFrames`: (b, 1, t, 1). */
  private level({ re, im }: Spectrum, past: Past): Tensor {
    const { levelFrames, nFft } = this.config
    const powers = mean(power(re, im), { axes: [1, 3], keepDims: true }) // (b, 1, t, 1)
    const there = constant(new Float32Array(powers.shape[2]!).fill(1), [1, 1, powers.shape[2]!, 1])
    // Both means are of levelFrames values, of which the zeros before the signal count for nothing.
    const pooled = (x: Tensor) => avgPool2d(past.before(x, levelFrames - 1), [levelFrames, 1], { stride: 1 })
    // White noise of deviation d has the power 0.375 N d² in every bin; below a deviation of 10⁻⁴ levels are those of silence.
    return maximum(sqrt(div(pooled(powers), pooled(there))), 1e-4 * Math.sqrt(0.375 * nFft))
  }

  /** In samples: all that can be known of the steps before, and the frames of a step, the last of which ends latest. */
  override reach(): Reach {
    const { nFft, hopLength, framesPerStep, levelFrames } = this.config
    const ahead = nFft - 1 + (framesPerStep - 1) * hopLength
    const blocks = [...this.encoder, ...this.bottleneck, ...this.decoder].map((block) => -block.reach().first * framesPerStep)
    const frames = blocks.reduce((sum, steps) => sum + steps, levelFrames - 1 - this.stem.reach().first - this.head.reach().first)
    return { stride: 1, first: -(frames + framesPerStep - 1) * hopLength - nFft + 1, last: ahead }
  }
}
