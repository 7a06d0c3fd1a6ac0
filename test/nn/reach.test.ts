import { describe, expect, it } from 'vitest'
import {
  Apply,
  causalReach,
  chainReach,
  joinReach,
  Linear,
  Module,
  pointwiseReach,
  type Reach,
  receptiveField,
  Sequential,
  transposedWindowReach,
  wholeReach,
  windowReach,
} from '../../src/nn/index.ts'
import { relu, sub, type Tensor } from '../../src/tensor/index.ts'

/** Steps of the input that step t of the output depends on, of layers as lists of such functions. */
type Reads = (t: number) => readonly number[]
const windowReads =
  (kernel: number, stride: number, padding: number, dilation: number): Reads =>
  (t) =>
    Array.from({ length: kernel }, (_, j) => t * stride - padding + j * dilation)

function spanOf(layers: readonly Reads[], t: number): readonly [number, number] {
  const read = layers.reduceRight<readonly number[]>((steps, reads) => steps.flatMap(reads), [t])
  return [Math.min(...read), Math.max(...read)]
}

describe('reach along time', () => {
  it('3.12 of layers in a chain is that of their windows, whatever strides, dilations and paddings', () => {
    const stacks: (readonly [number, number, number, number])[][] = [
      [[3, 1, 0, 1]],
      [
        [3, 2, 1, 1],
        [5, 3, 2, 2],
      ],
      [
        [1, 4, 0, 1],
        [2, 1, 1, 3],
        [4, 2, 0, 1],
      ],
    ]
    for (const stack of stacks) {
      const reach = chainReach(stack.map((layer) => windowReach(...layer)))
      for (const t of [0, 1, 7]) {
        const expected = spanOf(
          stack.map((layer) => windowReads(...layer)),
          t,
        )
        expect([reach.stride * t + reach.first, reach.stride * t + reach.last]).toEqual(expected)
      }
      const [first, last] = spanOf(
        stack.map((layer) => windowReads(...layer)),
        0,
      )
      expect(receptiveField(reach)).toBe(last - first + 1)
    }
  })

  it('of nothing in a chain is a step by itself, and unbounded ends stay so under any stride', () => {
    expect(chainReach([])).toEqual(pointwiseReach)
    const strided = windowReach(4, 4, 0, 1)
    expect(chainReach([strided, causalReach])).toEqual({ stride: 4, first: -Infinity, last: 3 })
    expect(chainReach([causalReach, strided])).toEqual({ stride: 4, first: -Infinity, last: 3 })
    expect(chainReach([strided, wholeReach])).toEqual({ stride: 4, first: -Infinity, last: Infinity })
    expect(receptiveField(causalReach)).toBe(Infinity)
  })

  it('of a transposed convolution undoes the stride of one with the same window', () => {
    expect(chainReach([windowReach(2, 2, 0, 1), transposedWindowReach(2, 2, 0, 1)])).toEqual({ stride: 1, first: -1, last: 1 })
    expect(transposedWindowReach(5, 1, 2, 1)).toEqual(windowReach(5, 1, 2, 1))
    // Of five taps at every second place, two or three lie on input steps; 1/3 + 2/3 is less than 1 in floats.
    expect(receptiveField(transposedWindowReach(5, 2, 1, 1))).toBe(3)
    expect(receptiveField(transposedWindowReach(4, 3, 1, 1))).toBe(2)
    expect(receptiveField({ stride: 1 / 3, first: -2 / 3, last: 1 / 3 - 1e-17 })).toBe(2)
  })

  it('of branches is the widest of them; refuses branches of different strides, and none', () => {
    expect(joinReach([windowReach(3, 1, 1, 1), windowReach(5, 1, 4, 1), pointwiseReach])).toEqual({ stride: 1, first: -4, last: 1 })
    expect(() => joinReach([pointwiseReach, windowReach(2, 2, 0, 1)])).toThrow(
      'joinReach: branches of 1 and 2 input steps per step; they must be equal to be joined',
    )
    expect(() => joinReach([])).toThrow('joinReach: no branches; needs at least one')
  })
})

/** A layer of a given reach. */
class Known extends Module {
  readonly #reach: Reach
  constructor(reach: Reach) {
    super()
    this.#reach = reach
  }
  forward(x: Tensor): Tensor {
    return x
  }
  override reach(): Reach {
    return this.#reach
  }
}

describe('reach of modules', () => {
  it('3.11 a module of modules has that of its fields in order, lists among them; causal is what reads nothing later', () => {
    class Net extends Module {
      readonly first = new Known(windowReach(2, 2, 1, 1))
      readonly rest = [new Known(windowReach(3, 1, 2, 1)), new Linear(1, 1)]
      forward(x: Tensor): Tensor {
        return x
      }
    }
    const net = new Net()
    expect(net.reach()).toEqual({ stride: 2, first: -5, last: 0 })
    expect(net.isCausal).toBe(true)
    expect(new Sequential(net, new Known(windowReach(3, 1, 1, 1))).isCausal).toBe(false)
  })

  it('is asked for where it is not known: modules without modules, functions that are no activations', () => {
    class Leaf extends Module {
      forward(x: Tensor): Tensor {
        return x
      }
    }
    expect(() => new Leaf().reach()).toThrow('Leaf: which steps it reads is not known; override reach()')
    const centred = (x: Tensor) => sub(x, 1)
    expect(() => new Sequential(relu, centred).reach()).toThrow(
      'centred: which steps it reads is not known; give new Apply(f, reach) instead of f',
    )
    expect(new Sequential(relu, new Apply(centred, pointwiseReach)).isCausal).toBe(true)
  })
})
