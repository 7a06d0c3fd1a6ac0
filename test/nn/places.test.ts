import { describe, expect, it } from 'vitest'
import { writeOnnx } from '../../src/formats/index.ts'
import { Conv2d, Linear, layoutOf, Module, parameter } from '../../src/nn/index.ts'
import { grad, input, mul, relu, square, sum, type Tensor, topologicalOrder, withPlace } from '../../src/tensor/index.ts'

class Block extends Module {
  readonly conv: Conv2d
  constructor(inputs: number, outputs: number) {
    super()
    this.conv = new Conv2d(inputs, outputs, [3, 3], { padding: 1, bias: false })
  }
  forward(x: Tensor): Tensor {
    return relu(this.conv.forward(x))
  }
}

/** The third block expects one channel more than it gets. */
class Net extends Module {
  readonly encoder: readonly (readonly Block[])[]
  constructor(channels: number) {
    super()
    this.encoder = [[new Block(2, 4), new Block(4, 4)], [new Block(channels, 4)]]
  }
  forward(x: Tensor): Tensor {
    return this.encoder.flat().reduce((h, block) => block.forward(h), x)
  }
}

const places = (roots: readonly Tensor[]) => [...new Set(topologicalOrder(roots).map(({ place }) => place))].sort()

describe('places in the model', () => {
  const x = input('x', [1, 2, 8, 8])

  it('stand before the error of a shape, without the author of the module doing anything', () => {
    expect(() => new Net(5).forward(x)).toThrow(/^encoder\.1\.0\.conv: conv2d: input \(1, 4, 8, 8\), weight \(4, 5, 3, 3\)/)
    // What threw is left: the next model's places start afresh.
    expect(() => new Block(3, 1).forward(x)).toThrow(/^conv: conv2d: /)
  })

  it('are those of the derivative, too', () => {
    const net = new Net(4)
    const { parameters } = layoutOf(net)
    const weights = parameters.map(({ parameter }) => parameter)
    const gradients = grad(sum(square(net.forward(x))), weights)
    const names = topologicalOrder(gradients).map(({ place, operation }) => `${place}/${operation.name}`)
    for (const place of ['encoder.0.0.conv', 'encoder.0.1.conv', 'encoder.1.0.conv']) expect(names).toContain(`${place}/convWeightGradient`)
    expect(names).toContain('/mul')
  })

  it('name the nodes that ONNX Runtime profiles', () => {
    const net = new Net(4)
    layoutOf(net)
    const text = new TextDecoder('latin1').decode(writeOnnx({ y: net.forward(x) }).bytes)
    expect(text).toMatch(/encoder\.0\.1\.conv\/conv\/Conv_\d/)
    expect(text).toMatch(/encoder\.1\.0\/relu\/Relu_\d/)
  })

  it('of a module that two share follow the one that calls; of one handed in, the nearest around that holds it', () => {
    const shared = new Linear(3, 3, { bias: false })
    class Side extends Module {
      readonly linear: Linear | undefined
      constructor(linear?: Linear) {
        super()
        this.linear = linear
      }
      forward(h: Tensor, given?: Linear): Tensor {
        return (this.linear ?? given!).forward(mul(h, 2))
      }
    }
    class Both extends Module {
      readonly left = new Side(shared)
      readonly right = new Side(shared)
      readonly open = new Side()
      readonly own = new Linear(3, 3, { bias: false })
      forward(h: Tensor): Tensor[] {
        return [this.left.forward(h), this.right.forward(h), this.open.forward(h, this.own), this.left.linear!.forward(h)]
      }
    }
    const [a, b, c, d] = new Both().forward(input('h', [2, 3]))
    expect([a, b, c, d].map((y) => places([y!]))).toEqual([
      ['left', 'left.linear'],
      ['right', 'right.linear'],
      ['open', 'own'],
      ['left.linear'],
    ])
  })

  it('keep a name that a module gives to a part of itself, and count the call of super once', () => {
    class Base extends Module {
      readonly gain = parameter([3], () => {})
      forward(h: Tensor): Tensor {
        return mul(h, this.gain)
      }
    }
    class Derived extends Base {
      override forward(h: Tensor): Tensor {
        return super.forward(h)
      }
    }
    class Outer extends Module {
      readonly inner = new Derived()
      forward(h: Tensor): Tensor {
        return withPlace('second pass', () => this.inner.forward(h))
      }
    }
    expect(places([new Outer().forward(input('h', [3]))])).toEqual(['second pass.inner'])
  })
})

it('a module’s forward is no field of it', () => {
  expect(Object.keys(new Linear(1, 1))).toEqual(['weight', 'bias'])
})
