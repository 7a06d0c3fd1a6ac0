/** Dense layers over frequency, in which a band U-Net's block hears what lies far away on the scale of pitch. */
import { BatchNorm, Linear, Module } from '../nn/index.ts'
import { relu, type Tensor } from '../tensor/index.ts'

/** Dense layers over all frequencies of a frame, shared by channels and frames: f → f/squeeze → f. */
export class FrequencyMix extends Module {
  readonly down: Linear
  readonly norm1: BatchNorm
  readonly up: Linear
  readonly norm2: BatchNorm

  constructor(channels: number, frequencies: number, squeeze: number) {
    super()
    const hidden = Math.max(4, Math.floor(frequencies / squeeze))
    this.down = new Linear(frequencies, hidden, { bias: false })
    this.norm1 = new BatchNorm(channels)
    this.up = new Linear(hidden, frequencies, { bias: false })
    this.norm2 = new BatchNorm(channels)
  }

  forward(x: Tensor): Tensor {
    return relu(this.norm2.forward(this.up.forward(relu(this.norm1.forward(this.down.forward(x))))))
  }
}
