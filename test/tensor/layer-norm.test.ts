import { describe, expect, it } from 'vitest'
import { evaluate } from '../../src/runtime/index.ts'
import {
  constant,
  grad,
  groupNorm,
  instanceNorm,
  layerNorm,
  logSoftmax,
  mul,
  rmsNorm,
  softmax,
  sqrt,
  standardize,
  sum,
  type Tensor,
} from '../../src/tensor/index.ts'

/** Expected numbers are torch 1.13's, in float64 and rounded to 7 digits after the point (torch.nn.functional.layer_norm and so on, torch.autograd.grad). */
async function expectClose(f: () => readonly Tensor[], expected: readonly (readonly number[])[]): Promise<void> {
  const values = await evaluate(f)
  expect(values.length).toBe(expected.length)
  for (const [i, list] of expected.entries()) {
    expect(values[i]!.length).toBe(list.length)
    for (const [k, value] of list.entries()) expect(Math.abs(Number(values[i]![k]) - value), `output ${i}, element ${k}`).toBeLessThan(1e-7)
  }
}

const withGradients = (y: Tensor, ct: readonly number[], wrt: readonly Tensor[]) => [y, ...grad(sum(mul(y, constant(ct, y.shape))), wrt)]

describe('layerNorm', () => {
  it('is torch.nn.functional.layer_norm over two trailing axes, with its gradients', () =>
    expectClose(() => {
      const x = constant([-1.9, 0.4, -0.3, -1.1, 0.6, 0.9, 0.7, 1.4, -0.8, -1.9, 1.0, -1.5], [2, 2, 3])
      const w = constant([-0.3, 1.3, -1.0, 1.2, 1.5, 1.7], [2, 3])
      const b = constant([0.3, -1.9, -0.7, 0.1, -1.5, 0.2], [2, 3])
      return withGradients(layerNorm(x, w, b), [0.6, 1.3, 1.7, -1.3, 0.6, -1.6, 0.6, -0.7, -0.1, 0.8, -0.6, -1.0], [x, w, b])
    }, [
      [
        0.8036482, -1.0706594, -0.6328469, -0.9475882, -0.2408796, 2.1407242, 0.0920998, -0.2851774, -0.216207, -1.5161301, -0.1074607,
        -1.5560378,
      ],
      [
        0.5608309, 2.2474069, -1.1073503, -0.8977834, 1.4345065, -2.2376107, 0.3545274, -0.0978391, 0.3163246, 0.8019143, -0.1587594,
        -1.2161677,
      ],
      [-0.5914958, -0.0401792, -0.0657809, 0.0574671, -0.0533676, -0.7936005],
      [1.2, 0.6, 1.6, -0.5, 0.0, -2.6],
    ]))

  it('refuses a weight that has not the shape of the last axes', () => {
    const x = constant(new Float64Array(6), [2, 3])
    expect(() => layerNorm(x, constant([1, 1]), constant([0, 0]))).toThrow('layerNorm: input (2, 3), weight (2), bias (2)')
    expect(() => layerNorm(x, constant([1, 1, 1]), constant([0, 0]))).toThrow('layerNorm')
    expect(() => rmsNorm(x, constant([1, 1]))).toThrow('rmsNorm: input (2, 3), weight (2)')
    expect(() => standardize(x, 3)).toThrow('3 trailing axes of (2, 3); allowed are whole numbers in 1…2')
    expect(() => standardize(x, 1, -1)).toThrow('eps -1')
  })
})

const x = [0.7, -1.8, 0.0, 1.4, 0.7, 0.9, 0.2, 0.7, -0.5, 0.5, 0.3, -0.2]
const w = [-0.2, -1.6, 1.7, -0.4]
const b = [1.3, 2.0, 1.4, 0.4]
const ct = [0.5, -0.4, -1.0, -1.4, 1.3, 0.4, 1.9, -1.8, -1.1, 0.7, 2.0, 0.4]
const perChannel = (f: (x: Tensor, w: Tensor, b: Tensor) => Tensor) => () => {
  const inputs = [constant(x, [1, 4, 3]), constant(w), constant(b)] as const
  return withGradients(f(...inputs), ct, inputs)
}

it('groupNorm is torch.nn.functional.group_norm, with its gradients', () =>
  expectClose(
    perChannel((x, w, b) => groupNorm(x, 2, w, b)),
    [
      [1.2257004, 1.7102629, 1.3613779, 0.3201833, 1.4056033, 1.0954833, 1.5392652, 3.6282435, -1.3853044, 0.0723171, 0.2689269, 0.7604512],
      [
        -0.105736, 0.44227, 0.2895993, 2.0574188, -2.0246035, -0.6589486, 9.1769052, -5.7632384, -4.082579, 0.8616311, -0.6236504,
        0.4309314,
      ],
      [1.3131644, -0.7607631, -0.4014115, 0.8683596],
      [-0.9, 0.3, -1.0, 3.1],
    ],
  ))

it('instanceNorm is torch.nn.functional.instance_norm, with its gradients', () =>
  expectClose(perChannel(instanceNorm), [
    [1.0974125, 1.572227, 1.2303605, -0.1738465, 3.6303849, 2.5434616, 1.6302723, 3.3573146, -0.7875869, -0.0075962, 0.2641346, 0.9434616],
    [
      -0.1068765, -0.0415624, 0.1484389, -0.1244593, -0.3142518, 0.438711, 7.776441, -4.5362806, -3.2401604, 0.8447589, -1.1827408,
      0.3379819,
    ],
    [0.7027256, -3.3626688, -0.3995902, 0.8491588],
    [-0.9, 0.3, -1.0, 3.1],
  ]))

it('rmsNorm of a row of power 4 halves it', () =>
  expectClose(
    () => [rmsNorm(constant([2, -2, 2, -2]), constant([1, 2, 3, 4]), 0), rmsNorm(constant([0]), constant([1]), 4)],
    [[1, -2, 3, -4], [0]],
  ))

it('refuses groups that do not divide the channels, and inputs without channels or positions', () => {
  const four = constant(w)
  expect(() => groupNorm(constant(x, [1, 4, 3]), 3, four, four)).toThrow('groupNorm: 3 groups of 4 channels')
  expect(() => groupNorm(constant(x), 1, four, four)).toThrow('groupNorm: input (12)')
  expect(() => instanceNorm(constant(w, [1, 4]), four, four)).toThrow('has no positions')
  expect(() => instanceNorm(constant(x, [1, 3, 4]), four, four)).toThrow('needs (b, c, …), (c), (c)')
})

it('differentiates twice: the sum of squares of a standardised row is constant, so its gradients vanish', async () => {
  const [first, second] = await evaluate(() => {
    const x = constant([0.3, -1, 2, 0.5])
    const y = standardize(x, 1, 0)
    const [dx] = grad(sum(mul(y, y)), [x])
    return [dx!, grad(sum(mul(dx!, sqrt(constant([1, 2, 3, 4])))), [x])[0]!]
  })
  // Rounding of sums of four float64 numbers near 1.
  for (const value of [...first!, ...second!]) expect(Math.abs(Number(value))).toBeLessThan(1e-12)
})

it('softmax and logSoftmax are torch’s, with their gradients', () =>
  expectClose(() => {
    const x = constant([0.7, 0.3, 1.2, -1.6, -1.6, 1.3], [2, 3])
    const ct = [-0.9, 1.8, -1.6, -2.0, 1.3, 1.4]
    return [...withGradients(logSoftmax(x, 0), ct, [x]), ...withGradients(softmax(x, 0), ct, [x])]
  }, [
    [-0.0955455, -0.1393868, -0.7443967, -2.3955455, -2.0393868, -0.6443967],
    [1.7357434, -0.8966637, -1.5049958, -1.7357434, 0.8966637, 1.5049958],
    [0.908877, 0.8698915, 0.4750208, 0.091123, 0.1301085, 0.5249792],
    [0.0911015, 0.0565901, -0.7481281, -0.0911015, -0.0565901, 0.7481281],
  ]))
