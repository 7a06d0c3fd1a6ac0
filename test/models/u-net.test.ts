import { describe, expect, it } from 'vitest'
import { l1Loss } from '../../src/losses/index.ts'
import { UNet, type UNetInput, uNetConfig } from '../../src/models/index.ts'
import { addPerChannel, initialValues, layoutOf, summary, traceTraining } from '../../src/nn/index.ts'
import { createOnnxRuntimeBackend, createReferenceBackend } from '../../src/runtime/index.ts'
import {
  batchNormInference,
  concat,
  conv2d,
  convTranspose2d,
  createRandom,
  grad,
  input,
  leakyRelu,
  mul,
  randomKey,
  relu,
  sigmoid,
  sum,
  type Tensor,
} from '../../src/tensor/index.ts'
import { createTrainer } from '../../src/training/index.ts'
import { worst } from '../nn/run.ts'
import { runOnce } from '../tensor/generic.ts'

const create = (config: Partial<UNetInput> = {}) => new UNet(uNetConfig.parse({ architecture: 'u-net', ...config }))
const tiny = { channels: [4, 8, 12], dropout: 0 }
const shape = [1, 1, 16, 8] as const

/** Magnitudes, which are not negative. */
function magnitudes(seed: number): Float32Array {
  const random = createRandom(seed)
  return Float32Array.from({ length: 16 * 8 }, () => random.uniform(0, 1))
}

const reference = createReferenceBackend()

/** Numbers of tensors of a network with its initial values, but for those given. */
async function run<K extends string>(
  model: UNet,
  outputs: Record<K, Tensor>,
  feeds: Record<string, Float32Array>,
): Promise<Record<K, number[]>> {
  const results = await runOnce(reference, outputs, { ...Object.fromEntries(initialValues(model, 1)), ...feeds })
  return Object.fromEntries(Object.entries(results).map(([name, values]) => [name, Array.from(values, Number)])) as Record<K, number[]>
}

describe('the spectrogram U-Net', () => {
  it('0.1 U-Net: 512×128 is halved to 8×2 with 512 channels, and doubled back', () => {
    const { rows, parameters } = summary(create(), [1, 1, 512, 128])
    const shapeOf = (path: string) => rows.find((row) => row.path === path)?.shapes[0]
    expect(['', 'encoder.0', 'encoder.5', 'decoder.0', 'decoder.4'].map(shapeOf)).toEqual([
      [1, 1, 512, 128],
      [1, 16, 256, 64],
      [1, 512, 8, 2],
      [1, 256, 16, 4],
      [1, 16, 256, 64],
    ])
    // Convolutions 25·(16 + 16·32 + … + 256·512) and 25·(512·256 + 512·128 + … + 32), gains and offsets, the mask's bias.
    expect(parameters).toBe(4_365_200 + 5_453_600 + 2 * (1008 + 496) + 1)
  })

  it('0.1 U-Net: the mask is between 0 and 1, so that no magnitude grows; other sizes than powers of two keep theirs', async () => {
    const model = create(tiny)
    layoutOf(model)
    const x = input('x', shape)
    const loud = magnitudes(1).map((value) => 100 * value)
    const { mask, y } = await run(model, { mask: model.estimateMask(x), y: model.forward(x) }, { x: loud })
    expect(mask.every((value) => value > 0 && value < 1)).toBe(true)
    expect(y.every((value, i) => value >= 0 && value <= loud[i]!)).toBe(true)
    expect(y.every((value, i) => Math.abs(value - mask[i]! * loud[i]!) < 1e-9)).toBe(true)
    expect(model.forward(input('odd', [2, 1, 13, 7])).shape).toEqual([2, 1, 13, 7])
    expect(() => model.forward(input('stereo', [1, 2, 16, 8]))).toThrow('UNet: magnitudes (1, 2, 16, 8); needs (b, 1, t, f)')
  })

  it('0.1 U-Net: is made of strided convolutions with leaky ReLU, transposed ones with ReLU, skips and a sigmoid', async () => {
    const model = create({ channels: [2, 3], dropout: 0 })
    const x = input('x', shape)
    const [first, second] = model.encoder as [(typeof model.encoder)[0], (typeof model.encoder)[0]]
    const [up] = model.decoder as [(typeof model.decoder)[0]]
    const normed = (y: Tensor, { weight, bias, running_mean, running_var }: (typeof first)['norm']) =>
      batchNormInference(y, weight!, bias!, running_mean!, running_var!, 1e-5)
    const down = (y: Tensor, { conv, norm }: typeof first) =>
      leakyRelu(normed(conv2d(y, conv.weight, { stride: 2, padding: 2 }), norm), 0.2)
    const doubled = { stride: 2, padding: 2, outputPadding: 1 }
    const fine = down(x, first)
    const coarse = relu(normed(convTranspose2d(down(fine, second), up.conv.weight, doubled), up.norm))
    const logits = addPerChannel(convTranspose2d(concat([coarse, fine], 1), model.mask.weight, doubled), model.mask.bias!)
    const { y, expected } = await run(model, { y: model.forward(x), expected: mul(x, sigmoid(logits)) }, { x: magnitudes(1) })
    expect(worst(y, expected)).toBe(0)
  })

  it('0.1 U-Net: dropout is in the deepest levels of the decoder', async () => {
    const model = create({ channels: [2, 3, 4], dropout: 1, dropoutLevels: 1 })
    layoutOf(model)
    const { result } = traceTraining(() => sum(model.forward(input('x', shape))), { key: randomKey(1) })
    const slopes = grad(
      result,
      model.decoder.map(({ conv }) => conv.weight),
    )
    const { dropped, kept } = await run(model, { dropped: slopes[0]!, kept: slopes[1]! }, { x: magnitudes(1) })
    expect([dropped.some((value) => value !== 0), kept.some((value) => value !== 0)]).toEqual([false, true])
  })

  it('0.1 U-Net: overfits one example to below 1 % of the first loss', async () => {
    const model = create(tiny)
    const mixture = magnitudes(1)
    const random = createRandom(2)
    const source = mixture.map((value) => value * random.uniform(0.1, 0.9))
    const backend = await createOnnxRuntimeBackend({ threads: 1 })
    const steps = 800
    const trainer = await createTrainer({
      model,
      task: { batch: { mixture: shape, source: shape }, loss: ({ mixture, source }) => l1Loss(model.forward(mixture), source) },
      backend,
      optimizer: { name: 'adamw', betas: [0.9, 0.999], weightDecay: 0 },
      clipNorm: 10,
      averageDecay: 0.9,
      schedule: { peak: 0.02, warmup: 0, decay: steps, steps },
      seed: 1,
    })
    const losses: number[] = []
    for (let step = 0; step < steps; step++) losses.push((await trainer.train({ mixture, source })).loss)
    await trainer.dispose()
    await backend.dispose()
    expect(losses.at(-1)! / losses[0]!).toBeLessThan(0.01)
  })

  it('0.2 skips: the level below the bottleneck sees 256 channels of its own and 256 of the encoder', () => {
    const shapes = (skips: boolean) =>
      Object.fromEntries(layoutOf(create({ skips })).parameters.map(({ name, parameter }) => [name, parameter.shape]))
    expect([shapes(true)['decoder.0.conv.weight'], shapes(true)['decoder.1.conv.weight']]).toEqual([
      [512, 256, 5, 5],
      [512, 128, 5, 5],
    ])
    expect(shapes(false)['decoder.1.conv.weight']).toEqual([256, 128, 5, 5])
  })

  it('0.2 skips: with a bottleneck of zeros what comes out still depends on the input, without skips it does not', async () => {
    const differs = async (skips: boolean) => {
      const model = create({ ...tiny, skips })
      layoutOf(model)
      const silent = { 'encoder.2.norm.weight': new Float32Array(12), 'encoder.2.norm.bias': new Float32Array(12) }
      const mask = async (seed: number) =>
        (await run(model, { mask: model.estimateMask(input('x', shape)) }, { ...silent, x: magnitudes(seed) })).mask
      const [one, other] = [await mask(1), await mask(2)]
      return one.some((value, i) => value !== other[i])
    }
    expect([await differs(true), await differs(false)]).toEqual([true, false])
  })

  it('0.2 skips: the first convolution gets a larger gradient', async () => {
    const norm = async (skips: boolean) => {
      const model = create({ channels: [4, 8, 12, 16], dropout: 0, skips })
      layoutOf(model)
      const [x, target] = [input('x', shape), input('target', shape)]
      const { result } = traceTraining(() => l1Loss(model.forward(x), target))
      const { slope } = await run(
        model,
        { slope: grad(result, [model.encoder[0]!.conv.weight])[0]! },
        { x: magnitudes(1), target: magnitudes(2) },
      )
      return Math.hypot(...slope)
    }
    expect(await norm(true)).toBeGreaterThan(2 * (await norm(false)))
  })

  it('0.1 U-Net: sees as far along time as it says', async () => {
    const [t, f] = [48, 4]
    const model = create({ channels: [4, 6], kernel: 5 })
    layoutOf(model)
    const mask = async (x: Float32Array) => (await run(model, { mask: model.estimateMask(input('x', [1, 1, t, f])) }, { x })).mask
    const quiet = new Float32Array(t * f).fill(0.5)
    const before = await mask(quiet)
    const distances: number[] = []
    for (const step of [20, 21, 22, 23, 24, 25]) {
      const after = await mask(quiet.map((value, i) => (Math.floor(i / f) === step ? 3 : value)))
      for (const [i, value] of after.entries()) if (value !== before[i]) distances.push(step - Math.floor(i / f))
    }
    const { first, last } = model.reach()
    expect([Math.min(...distances), Math.max(...distances)]).toEqual([Math.ceil(first), Math.floor(last)])
    expect(model.isCausal).toBe(false)
  })
})
