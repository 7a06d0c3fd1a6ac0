/** Derivatives through float16: cotangents are float32 all the way, so that they add up and neither vanish nor overflow. */
import { describe, expect, it } from 'vitest'
import {
  add,
  cast,
  checkpoint,
  concat,
  constant,
  customDerivative,
  expand,
  gather,
  grad,
  input,
  mul,
  pad,
  scan,
  slice,
  split,
  sum,
  type Tensor,
  takeAlongAxis,
  tile,
} from '../../src/tensor/index.ts'
import { onNodeBackends } from './support.ts'

const half = (x: Tensor) => cast(x, 'float16')
const float = (x: Tensor) => cast(x, 'float32')
const weights = (...values: number[]) => constant(values)

/** Functions of (2), one value in float16 per path, and the gradient of their sum. */
const cases: readonly (readonly [string, (h: Tensor) => Tensor, readonly [number, number]])[] = [
  ['a value that is used twice', (h) => add(float(h), mul(float(h), 2)), [3, 3]],
  ['one part of a split', (h) => float(split(h, 2, 0)[0]!), [1, 0]],
  ['gather', (h) => float(gather(h, constant([1, 1], [2], 'int64'), 0)), [0, 2]],
  ['takeAlongAxis', (h) => float(takeAlongAxis(h, constant([1, 1], [2], 'int64'), 0)), [0, 2]],
  ['expand', (h) => float(expand(h, [3, 2])), [3, 3]],
  ['tile', (h) => float(tile(h, [4])), [4, 4]],
  ['slices with a stride', (h) => float(slice(h, [1], [-1], [-2])), [0, 1]],
  ['pad', (h) => mul(float(pad(h, [1], [0])), weights(5, 6, 7)), [6, 7]],
  ['concat', (h) => mul(float(concat([h, h], 0)), weights(1, 2, 3, 4)), [4, 6]],
  ['a checkpoint', (h) => float(checkpoint((x) => half(mul(float(x), 3)), h)), [3, 3]],
  [
    'a state and what a step captures',
    (h) =>
      float(
        scan(([x], [y]) => ({ carry: [half(mul(float(x!), mul(float(h), y!)))] }), {
          carry: [h],
          sequences: [constant([1, 1, 2, 2], [2, 2])],
        }).carry[0]!,
      ),
    // h³ · 2, at 1 and 2.
    [6, 24],
  ],
  [
    'sequences and stacked outputs',
    (h) =>
      float(
        scan(([n], [y]) => ({ carry: [add(n!, 1)], outputs: [half(mul(float(y!), n!))] }), { carry: [constant(5)], sequences: [h] })
          .outputs[0]!,
      ),
    [5, 6],
  ],
  [
    'a rule of its own',
    (h) =>
      float(
        customDerivative(
          (x) => x,
          ({ cotangent }) => [mul(cotangent, 9)],
        )(h),
      ),
    [9, 9],
  ],
]

describe('gradients through float16', () => {
  onNodeBackends((numbers) => {
    it.each(cases)('pass %s', async (_, f, expected) => {
      const x = constant([1, 2])
      const [dx] = grad(sum(f(half(x))), [x])
      expect(await numbers(dx!)).toEqual([expected])
    })

    it('keep what float16 cannot hold', async () => {
      // Below 6·10⁻⁸ float16 is 0, above 65504 infinite.
      const x = constant([1, 2])
      const [dx] = grad(sum(mul(float(half(x)), constant([2 ** -40, 2 ** 40]))), [x])
      expect(await numbers(dx!)).toEqual([[2 ** -40, 2 ** 40]])
    })
  })

  it('with respect to a float16 tensor are float32, also where it has no part in the loss', () => {
    const h = input('h', [2], 'float16')
    const [used] = grad(sum(float(h)), [h])
    const [unused] = grad(constant(1), [h])
    expect([used!.dtype, unused!.dtype]).toEqual(['float32', 'float32'])
  })

  it('refuse a rule that gives float16', () => {
    const h = input('h', [2], 'float16')
    const f = customDerivative(
      (x) => float(x),
      ({ cotangent }) => [half(cotangent)],
    )
    expect(() => grad(sum(f(h)), [h])).toThrow(/the rule gives float16 \(2\) for input 0, which is float16 \(2\); needs float32 \(2\)/)
  })
})
