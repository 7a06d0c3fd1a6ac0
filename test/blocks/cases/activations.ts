import { elu, gelu, identity, PReLU, silu, squaredRelu } from '../../../src/nn/index.ts'
import { leakyRelu, relu, sigmoid, softmax, softplus, type Tensor, tanh } from '../../../src/tensor/index.ts'
import { type Block, of } from '../support.ts'

const elementwise = { elu, gelu, identity, leakyRelu, relu, sigmoid, silu, softmax, softplus, squaredRelu, tanh }

/** Numbers of the specification that a function has beside 3.15. */
const also: Partial<Record<keyof typeof elementwise, readonly string[]>> = { relu: ['2.5'], softmax: ['2.9'] }

const cases: Block['cases'] = [
  { inputs: [[2, 3, 5]], outputs: [[2, 3, 5]] },
  { inputs: [[1, 1]], outputs: [[1, 1]] },
]

export const activations: readonly Block[] = [
  ...Object.entries(elementwise).map(([name, f]) => ({
    ids: [...(also[name as keyof typeof elementwise] ?? []), '3.15'],
    name,
    create: of(f as (x: Tensor) => Tensor),
    cases,
    range: [-4, 4] as const,
  })),
  {
    ids: ['3.15'],
    name: 'PReLU',
    create: () => new PReLU(3),
    cases: [
      { inputs: [[2, 3, 5]], outputs: [[2, 3, 5]] },
      { inputs: [[1, 3]], outputs: [[1, 3]] },
    ],
  },
]
