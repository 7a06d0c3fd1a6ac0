/** The blocks of the causal U-Net: convolutions that read back in time and to both sides in frequency, and dense layers over frequency. */
import { BatchNorm, Conv2d, chainReach, joinReach, kaimingNormal, Module, type Past, pointwiseReach, type Reach } from '../../nn/index.ts'
import { add, relu, type Tensor } from '../../tensor/index.ts'
import { FrequencyMix } from '../frequency-mix.ts'

/** Of all its convolutions, which are followed by rectifiers. */
export const init = kaimingNormal()

/** Taps of the convolutions over time, the last of them on the present. */
const taps = 3

/** Convolution, batch norm, rectifier: (b, c, t, f) → (b, o, t, f). */
export class CausalBlock extends Module {
  readonly conv: Conv2d
  readonly norm: BatchNorm
  readonly #steps: number

  constructor(inputs: number, outputs: number, dilation = 1) {
    super()
    // What lies before comes from the past, and not from padding.
    this.conv = new Conv2d(inputs, outputs, [taps, 3], { padding: [0, 1], dilation: [dilation, 1], bias: false, init })
    this.norm = new BatchNorm(outputs)
    this.#steps = dilation * (taps - 1)
  }

  forward(x: Tensor, past: Past): Tensor {
    return relu(this.norm.forward(this.conv.forward(past.before(x, this.#steps))))
  }

  override reach(): Reach {
    return { stride: 1, first: -this.#steps, last: 0 }
  }
}

/** x + conv(conv(x)), then + mix over frequency. */
export class CausalResidual extends Module {
  readonly conv1: CausalBlock
  readonly conv2: CausalBlock
  readonly mix: FrequencyMix

  constructor(channels: number, frequencies: number, squeeze: number, dilation = 1) {
    super()
    this.conv1 = new CausalBlock(channels, channels, dilation)
    this.conv2 = new CausalBlock(channels, channels, dilation)
    this.mix = new FrequencyMix(channels, frequencies, squeeze)
  }

  forward(x: Tensor, past: Past): Tensor {
    const h = add(x, this.conv2.forward(this.conv1.forward(x, past), past))
    return add(h, this.mix.forward(h))
  }

  override reach(): Reach {
    return joinReach([chainReach([this.conv1.reach(), this.conv2.reach()]), pointwiseReach])
  }
}
