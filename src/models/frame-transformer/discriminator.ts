/**
 * FrameTransformer's discriminator (carperbr 2023): the generator's encoder and bridge, and a head that says of each frame and band of frequencies whether
 * a vocal is in it.
 */
import { gelu, initialValues, layoutOf, squaredRelu } from '../../nn/index.ts'
import type { Tensor } from '../../tensor/index.ts'
import type { BodyConfig } from './body-config.ts'
import type { FrameTransformer } from './generator.ts'
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

/**
 * Values for a discriminator that begins with what a generator has learned: copies of those of the same name and shape (the original shares them, so that
 * training one would change the other), and fresh ones for its head and where the two differ.
 *
 * @param values of the generator
 * @param seed of the fresh ones
 * @throws RangeError where the generator has no value of a parameter that both have
 */
export function valuesFromGenerator(
  discriminator: FrameTransformerDiscriminator,
  generator: FrameTransformer,
  values: ReadonlyMap<string, Float32Array>,
  seed: number,
): Map<string, Float32Array> {
  const shapes = new Map(layoutOf(generator).parameters.map(({ name, parameter }) => [name, parameter.shape.join()]))
  const result = initialValues(discriminator, seed)
  for (const { name, parameter } of layoutOf(discriminator).parameters) {
    if (shapes.get(name) !== parameter.shape.join()) continue
    const learned = values.get(name)
    if (!learned) throw new RangeError(`valuesFromGenerator: values have no "${name}"; give those of all parameters of the generator`)
    result.set(name, learned.slice())
  }
  return result
}
