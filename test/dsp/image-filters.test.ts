import { describe, expect, it } from 'vitest'
import { filterImage, gaussianKernel, laplacianKernel, sharpenKernel, sobelKernels } from '../../src/dsp/index.ts'
import { constant, mean, sum } from '../../src/tensor/index.ts'
import { filledTensor, run, worst } from '../nn/run.ts'

// Sums of at most some hundred products of numbers about 1, in float64.
const tolerance = 1e-13

describe('image filters', () => {
  it('2.2 blur: the kernel adds up to 1, is symmetric, and keeps the mean of an image of any size', async () => {
    const image = filledTensor([2, 9, 7], 0.5)
    const point = constant(
      Array.from({ length: 81 }, (_, i) => Number(i === 40)),
      [9, 9],
    )
    const { kernel, total, blurred, before, after } = await run({
      kernel: gaussianKernel(1.3),
      total: sum(gaussianKernel(1.3)),
      blurred: filterImage(point, gaussianKernel(1.3)),
      before: mean(image, { axes: [1, 2] }),
      after: mean(filterImage(image, gaussianKernel(1.3)), { axes: [1, 2] }),
    })
    expect(kernel).toHaveLength(81)
    expect(worst(kernel, kernel.toReversed())).toBe(0)
    expect(total[0]).toBeCloseTo(1, 14)
    expect(worst(before, after)).toBeLessThan(tolerance)
    // A point becomes the bell.
    expect(worst(blurred, kernel)).toBeLessThan(tolerance)
    expect(Math.log(kernel[40]! / kernel[39]!)).toBeCloseTo(1 / (2 * 1.3 ** 2), 12)
    expect(Math.log(kernel[40]! / kernel[31]!)).toBeCloseTo(1 / (2 * 1.3 ** 2), 12)
  })

  it('2.2 edges: nothing on a constant, also at the border; a step gives its slope, and its two sides of curvature', async () => {
    const flat = constant(new Float64Array(20).fill(3), [4, 5])
    const step = constant([0, 0, 1, 1, 0, 0, 1, 1], [2, 4])
    const { right, down } = sobelKernels()
    const edges = await run({
      a: filterImage(flat, laplacianKernel()),
      b: filterImage(flat, right),
      c: filterImage(flat, down),
      slope: filterImage(step, right),
      across: filterImage(step, down),
      curvature: filterImage(step, laplacianKernel()),
    })
    for (const nothing of [edges.a, edges.b, edges.c]) expect(worst(nothing, new Array(20).fill(0))).toBeLessThan(tolerance)
    expect(edges.slope).toEqual([0, 4, 4, 0, 0, 4, 4, 0])
    expect(edges.across.every((value) => value === 0)).toBe(true)
    expect(edges.curvature).toEqual([0, 1, -1, 0, 0, 1, -1, 0])
  })

  it('2.2 sharpen: constants stay, steps get overshoot, by as much as is asked for', async () => {
    const step = constant([0, 0, 1, 1], [1, 4])
    const { flat, once, half } = await run({
      flat: filterImage(constant(new Float64Array(9).fill(5), [3, 3]), sharpenKernel()),
      once: filterImage(step, sharpenKernel()),
      half: filterImage(step, sharpenKernel(0.5)),
    })
    expect(flat).toEqual(new Array(9).fill(5))
    expect(once).toEqual([0, -1, 2, 1])
    expect(half).toEqual([0, -0.5, 1.5, 1])
  })

  it('2.2 kernels need not be square: (1, 3) and (5, 1) keep the size of the image', async () => {
    const image = filledTensor([3, 4], 0.5)
    const { along, before } = await run({
      along: filterImage(image, constant([0, 0, 1], [1, 3])),
      before: filterImage(image, constant([1], [1, 1])),
    })
    // The neighbour on the right, the last its own.
    expect(along).toEqual(before.map((_, i) => before[i % 4 === 3 ? i : i + 1]))
    expect(filterImage(image, filledTensor([5, 1], 0)).shape).toEqual([3, 4])
  })

  it('refuses kernels without a middle, larger than the image, and widths that are none', () => {
    const image = filledTensor([3, 3], 0)
    expect(() => filterImage(image, filledTensor([2, 2], 0))).toThrow(/^filterImage: image \(3, 3\), kernel \(2, 2\): needs .* odd/)
    expect(() => filterImage(image, gaussianKernel(2))).toThrow(/^filterImage: image \(3, 3\), kernel \(13, 13\)/)
    expect(() => filterImage(image, filledTensor([1, 1, 3], 0))).toThrow(/^filterImage: .*kernel \(1, 1, 3\)/)
    expect(() => filterImage(filledTensor([3], 0), filledTensor([1, 1], 0))).toThrow(/^filterImage: image \(3\)/)
    expect(() => gaussianKernel(0)).toThrow('gaussianKernel: sigma 0; allowed are numbers > 0')
    expect(() => sharpenKernel(NaN)).toThrow('sharpenKernel: amount NaN; allowed are finite numbers')
    expect(() => gaussianKernel(1, 1.5)).toThrow('gaussianKernel: radius 1.5; allowed are whole numbers ≥ 0')
  })
})
