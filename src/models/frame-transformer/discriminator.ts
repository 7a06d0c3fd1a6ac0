/**
 * FrameTransformer's discriminator (carperbr 2023): the generator's encoder and bridge, and a head that says of each frame and band of frequencies whether
 * a vocal is in it.
 *
 * It may begin with the values of a trained generator, for the names are the same:
 * `loadStateDict(discriminator, generatorState, { base: initialValues(discriminator, 1), ignoreUnexpected: true })`.
 */
import { gelu, squaredRelu } from '../../nn/index.ts'
import type { Tensor } from '../../tensor/index.ts'
import type { BodyConfig } from './body-config.ts'
import { PlaneConv } from './plane-conv.ts'
import { FrameTransformerTrunk } from './trunk.ts'

/** (b, inputs, t, nFft/2) → logits (b, inputs, t, bins of the bridge); of 'et+v' (b, 1, ⌈t/2⌉, bins): the trunk, `out.0`, `out.2`. */
export class FrameTransformerDiscriminator extends FrameTransformerTrunk {
  readonly out: readonly [PlaneConv, undefined, PlaneConv]
  readonly #activation: (x: Tensor) => Tensor

  constructor(config: Omit<BodyConfig, 'outputs'>) {
    super({ ...config, outputs: config.inputs }, { kernel: 3, padding: 1 })
    const channels = config.multipliers.at(-1)! * config.width
    this.out =
      config.variant === 'et+v'
        ? [new PlaneConv(channels, 2 * channels, [1, 3], { padding: [0, 1], stride: [1, 2] }), undefined, new PlaneConv(2 * channels, 1, 1)]
        : [new PlaneConv(channels, 2 * channels, 1), undefined, new PlaneConv(2 * channels, config.inputs, 1)]
    this.#activation = config.variant === 'plain' ? gelu : squaredRelu
  }

  /** @throws ShapeError for other than (b, inputs, t, nFft/2), t up to maxFrames */
  forward(x: Tensor): Tensor {
    const [first, , last] = this.out
    return last.forward(this.#activation(first.forward(this.encode(x).bottom)))
  }
}
