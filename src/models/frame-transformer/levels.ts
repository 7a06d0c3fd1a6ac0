/** Steps between the levels of FrameTransformer's U-Net (carperbr 2023): the bins are halved and doubled, the frames stay. */
import { Module } from '../../nn/index.ts'
import { concat, interpolate, type Tensor } from '../../tensor/index.ts'
import { ResBlock, type ResBlockOptions } from './res-block.ts'

export type FrameEncoderOptions = Pick<ResBlockOptions, 'downsample' | 'stride' | 'eps'>

/** (b, inputs, t, bins) → (b, outputs, t, bins/2), or without `downsample`, which is true by default, bins: `body`. */
export class FrameEncoder extends Module {
  readonly body: ResBlock

  constructor(inputs: number, outputs: number, bins: number, { downsample = true, ...options }: FrameEncoderOptions = {}) {
    super()
    this.body = new ResBlock(inputs, outputs, bins, { downsample, ...options })
  }

  forward(x: Tensor): Tensor {
    return this.body.forward(x)
  }
}

export type FrameDecoderOptions = Pick<ResBlockOptions, 'dropout' | 'dropoutMode' | 'eps'>

/** Twice the bins, with the first and the last in place: (b, c, t, f) → (b, c, t, 2f). */
export function doubleBins(x: Tensor): Tensor {
  return interpolate(x, { scale: [1, 2], mode: 'bilinear', alignCorners: true })
}

/** (b, c, t, bins/2) and a skip (b, s, t, bins) → (b, outputs, t, bins): `body`, whose inputs are c + s. */
export class FrameDecoder extends Module {
  readonly body: ResBlock

  /** @param inputs channels of both together */
  constructor(inputs: number, outputs: number, bins: number, options: FrameDecoderOptions = {}) {
    super()
    this.body = new ResBlock(inputs, outputs, bins, options)
  }

  /** @throws ShapeError for other channels or bins */
  forward(x: Tensor, skip: Tensor): Tensor {
    return this.body.forward(concat([doubleBins(x), skip], 1))
  }
}
