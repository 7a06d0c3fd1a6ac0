import { describe, expect, it } from 'vitest'
import { collectStatistics, InputWhitening, localContrastNormalize, whitenBins } from '../../src/dsp/index.ts'
import { readSafetensors, writeSafetensors } from '../../src/formats/index.ts'
import { initialValues, Linear, layoutOf, Module } from '../../src/nn/index.ts'
import { add, constant, createRandom, grad, mean, mul, square, sub, sum, type Tensor } from '../../src/tensor/index.ts'
import { createTrainer } from '../../src/training/index.ts'
import { run, worst } from '../nn/run.ts'
import { onnxRuntime } from '../tensor/support.ts'
import { noise } from './support.ts'

/** 500 frames of 3 features with means 5, −100, 0 and deviations 2, 0.01, 3. */
function frames(seed: number): Float64Array {
  const random = createRandom(seed)
  return Float64Array.from({ length: 1500 }, (_, i) => [5, -100, 0][i % 3]! + [2, 0.01, 3][i % 3]! * random.normal())
}

describe('3.19 whitening by statistics of the training set', () => {
  it('3.19 statistics of blocks are those of all frames, without cancellation', () => {
    const all = frames(1)
    const collector = collectStatistics(3)
    for (let start = 0; start < 1500; start += 300) collector.add(all.subarray(start, start + 300))
    const { mean: means, std, count } = collector.result(0)
    expect(count).toBe(500)
    for (let f = 0; f < 3; f++) {
      const values = Array.from(all.filter((_, i) => i % 3 === f))
      const average = values.reduce((total, value) => total + value, 0) / 500
      const deviation = Math.sqrt(values.reduce((total, value) => total + (value - average) ** 2, 0) / 500)
      expect(means[f]).toBeCloseTo(average, 10)
      expect(std[f]! / deviation).toBeCloseTo(1, 10)
    }
    expect(collector.result(0.5).std[1]).toBe(0.5 * Math.max(...std))
  })

  it('3.19 what is whitened has zero mean and unit variance per feature; scale and shift come on top and learn', async () => {
    const all = frames(2)
    const collector = collectStatistics(3)
    collector.add(all)
    const layer = new InputWhitening(3, { statistics: collector.result() })
    layoutOf(layer)
    const y = layer.forward(constant(all, [500, 3]))
    const over = { axes: [0] }
    const values = await run({ average: mean(y, over), power: mean(square(y), over) }, Object.fromEntries(initialValues(layer, 1)))
    // Buffers are float32: a mean of 100 is known to 4e-6, which is 4e-4 deviations of 0.01.
    expect(worst(values.average, [0, 0, 0])).toBeLessThan(1e-3)
    expect(worst(values.power, [1, 1, 1])).toBeLessThan(1e-3)
    const learned = await run(
      { y: layer.forward(constant([5, 1, 2], [1, 3])) },
      {
        mean: Float64Array.of(1, 1, 1),
        std: Float64Array.of(2, 1, 1),
        scale: Float64Array.of(3, 1, 1),
        shift: Float64Array.of(0.5, 0, 7),
      },
    )
    expect(learned.y).toEqual([6.5, 0, 8])
    const [dScale, dShift] = grad(sum(layer.forward(constant([5, 1, 2], [1, 3]))), [layer.scale!, layer.shift!])
    const slopes = await run(
      { dScale: dScale!, dShift: dShift! },
      {
        mean: Float64Array.of(1, 1, 1),
        std: Float64Array.of(2, 1, 1),
        scale: Float64Array.of(1, 1, 1),
      },
    )
    expect(slopes).toEqual({ dScale: [2, 0, 1], dShift: [1, 1, 1] })
  })

  it('3.19 the statistics are in checkpoints, training leaves them as they are, and a model that loads them gives the same', async () => {
    class Model extends Module {
      readonly whitening: InputWhitening
      readonly linear = new Linear(3, 1)
      constructor(whitening: InputWhitening) {
        super()
        this.whitening = whitening
      }
      forward(x: Tensor): Tensor {
        return this.linear.forward(this.whitening.forward(x))
      }
    }
    const collector = collectStatistics(3)
    collector.add(frames(3))
    const statistics = collector.result()
    const trainerOf = (model: Model) =>
      createTrainer({
        model,
        task: { batch: { x: [4, 3] }, loss: ({ x }) => mean(square(sub(model.forward(x), 1))) },
        backend: onnx(),
        optimizer: { name: 'adam' },
        schedule: { peak: 0.01, warmup: 0, decay: 0, steps: 10 },
        seed: 1,
      })
    const trainer = await trainerOf(new Model(new InputWhitening(3, { statistics })))
    const batch = { x: Float32Array.from(frames(4).subarray(0, 12)) }
    for (let step = 0; step < 3; step++) await trainer.train(batch)
    const arrays = await trainer.snapshot()
    const expected = [...statistics.mean, ...statistics.std].map(Math.fround)
    expect(Array.from(arrays.get('buffers')!).slice(0, 6)).toEqual(expected)

    const tensors = new Map([...arrays].map(([name, data]) => [name, { shape: [data.length], data }] as const))
    const stored = readSafetensors(writeSafetensors({ tensors, metadata: {} })).tensors
    // A model that never saw the training set.
    const resumed = await trainerOf(new Model(new InputWhitening(3)))
    await resumed.restore(new Map([...stored].map(([name, { data }]) => [name, data as Float32Array])), 3)
    expect((await resumed.train(batch)).loss).toBe((await trainer.train(batch)).loss)
    await resumed.dispose()
    await trainer.dispose()
  })

  const onnx = onnxRuntime()

  it('3.19 refuses statistics that do not fit', () => {
    const of = (mean: readonly number[], std: readonly number[]) => ({ mean: Float64Array.from(mean), std: Float64Array.from(std) })
    expect(() => new InputWhitening(2, { statistics: of([1], [1, 1]) })).toThrow('statistics.mean has 1 values; needs 2')
    expect(() => new InputWhitening(2, { statistics: of([1, 1], [1, 0]) })).toThrow(
      'statistics.std[1] is 0; allowed are finite numbers > 0',
    )
    expect(() => new InputWhitening(2, { statistics: of([1, NaN], [1, 1]) })).toThrow('statistics.mean[1] is NaN')
    expect(() => new InputWhitening(2, { statistics: of([1, 1], [Infinity, 1]) })).toThrow('statistics.std[0] is Infinity')
    expect(() => new InputWhitening(0)).toThrow('InputWhitening: 0 features')
    expect(() => new InputWhitening(2).forward(constant([1, 2, 3]))).toThrow('InputWhitening: (3): needs (…, 2)')
    expect(() => collectStatistics(0)).toThrow('features: 0')
    expect(() => collectStatistics(2).add(Float32Array.of(1, 2, 3))).toThrow('3 values are no whole frames of 2 features')
    expect(() => collectStatistics(2).add(Float32Array.of(1, 2, 3, NaN))).toThrow('feature 1 of frame 1 is NaN')
    expect(() => collectStatistics(2).result()).toThrow('no frames were added')
    expect(() => collectStatistics(2).result(NaN)).toThrow('statistics: floor NaN; allowed are numbers in 0…1')
    const constantFeatures = collectStatistics(1)
    constantFeatures.add(Float32Array.of(2, 2))
    expect(() => constantFeatures.result()).toThrow('all 1 features are constant over 2 frames')
  })
})

describe('1.11 whitening and contrast of each spectrogram', () => {
  const [t, f] = [20, 6]
  const levels = constant(
    noise(2 * t * f, 1).map((value, i) => (1 + (i % f)) * (value + 3)),
    [2, t, f],
  )

  it('1.11 whitened bins have zero mean and unit variance over time, each spectrogram by itself; constant ones become 0', async () => {
    const y = whitenBins(levels)
    const over = { axes: [1] }
    const { average, power } = await run({ average: mean(y, over), power: mean(square(y), over) })
    expect(worst(average, new Array(12).fill(0))).toBeLessThan(1e-12)
    // eps, 1e-8, beside variances of 1/3 and more.
    expect(worst(power, new Array(12).fill(1))).toBeLessThan(1e-7)
    const still = await run({ y: whitenBins(constant([3, 3, 3], [3, 1])) })
    expect(still.y).toEqual([0, 0, 0])
    expect(() => whitenBins(constant([1, 2]))).toThrow('whitenBins: (2): needs (…, t, f)')
    expect(() => whitenBins(levels, -1)).toThrow('whitenBins: eps -1; allowed are numbers > 0')
  })

  it('1.11 local contrast: the sums of its definition, Gaussian weights of what is inside', async () => {
    const [size, width] = [[3, 5] as const, 0.25]
    const { y, x } = await run({ y: localContrastNormalize(levels, { size, width }), x: levels })
    for (let item = 0; item < 2; item++) {
      const at = (values: readonly number[], i: number, j: number) => values[(item * t + i) * f + j]!
      const around = (values: (i: number, j: number) => number, i: number, j: number) => {
        let [total, weights] = [0, 0]
        for (let p = Math.max(0, i - 1); p <= Math.min(t - 1, i + 1); p++) {
          for (let q = Math.max(0, j - 2); q <= Math.min(f - 1, j + 2); q++) {
            const weight = Math.exp(-0.5 * (((p - i) / (width * 3)) ** 2 + ((q - j) / (width * 5)) ** 2))
            total += weight * values(p, q)
            weights += weight
          }
        }
        return total / weights
      }
      const centred = (i: number, j: number) => at(x, i, j) - around((p, q) => at(x, p, q), i, j)
      const deviation = (i: number, j: number) => Math.sqrt(around((p, q) => centred(p, q) ** 2, i, j) + 1e-12)
      let typical = 0
      for (let i = 0; i < t; i++) for (let j = 0; j < f; j++) typical += deviation(i, j) / (t * f)
      for (let i = 0; i < t; i++) {
        for (let j = 0; j < f; j++) expect(at(y, i, j)).toBeCloseTo(centred(i, j) / Math.max(typical, deviation(i, j)), 10)
      }
    }
  })

  it('1.11 local contrast does not hear level: twice as loud, and louder by a constant, it is the same', async () => {
    const { plain, loud, lifted } = await run({
      plain: localContrastNormalize(levels),
      loud: localContrastNormalize(mul(levels, 2)),
      lifted: localContrastNormalize(add(levels, 10)),
    })
    // 1e-12 under the root beside variances of about 1.
    expect(worst(loud, plain)).toBeLessThan(1e-10)
    expect(worst(lifted, plain)).toBeLessThan(1e-10)
    // Where nothing differs from what is around there is no contrast, and the derivative is finite.
    const flat = constant(new Float64Array(12).fill(1), [3, 4])
    const y = localContrastNormalize(flat, { size: [3, 3] })
    const still = await run({ y, g: grad(sum(y), [flat])[0]! })
    // Rounding of means, 1e-16, over the root of 1e-12.
    expect(worst(still.y, new Array(12).fill(0))).toBeLessThan(1e-9)
    expect(still.g.every(Number.isFinite)).toBe(true)
    expect(() => localContrastNormalize(levels, { size: [4, 3] })).toThrow('size [4,3]; allowed are two odd whole numbers')
    expect(() => localContrastNormalize(levels, { width: 0 })).toThrow('width 0')
    expect(() => localContrastNormalize(constant([1]))).toThrow('needs (…, t, f)')
  })
})
