/** Rules of customDerivative that close over tensors: in a scan these are of the step as it was traced, not of the body that runs. */
import { describe, expect, it } from 'vitest'
import { createReferenceBackend } from '../../src/runtime/index.ts'
import {
  add,
  checkpoint,
  concat,
  constant,
  customDerivative,
  grad,
  input,
  mul,
  narrow,
  reshape,
  scan,
  sin,
  sum,
  type Tensor,
  tanh,
} from '../../src/tensor/index.ts'
import { onNodeBackends } from './support.ts'

/** sin whose derivative is `slope()`, whatever that is. */
function bent(x: Tensor, slope: () => Tensor): Tensor {
  return customDerivative(
    (y) => sin(y),
    ({ cotangent }) => [mul(cotangent, slope())],
  )(x)
}

type Step = (h: Tensor, now: Tensor, w: Tensor) => Tensor

const steps = 3
const start = constant([0.3, -0.2])
const sequence = constant([0.5, 0.9, -0.4, 0.7, 0.2, -0.8], [steps, 2])

function looped(step: Step, x: Tensor, w: Tensor, h: Tensor): Tensor {
  return scan(
    ([state], [now]) => {
      const next = step(state!, now!, w)
      return { carry: [next], outputs: [next] }
    },
    { carry: [h], sequences: [x] },
  ).outputs[0]!
}

function unrolled(step: Step, x: Tensor, w: Tensor, h: Tensor): Tensor {
  const states = [h]
  for (let i = 0; i < steps; i++) states.push(step(states.at(-1)!, reshape(narrow(x, 0, i, i + 1), [2]), w))
  return concat(
    states.slice(1).map((state) => reshape(state, [1, 2])),
    0,
  )
}

/** States, first derivatives by all there is, and second ones. */
function derivatives(run: typeof looped, step: Step): Tensor[] {
  const [x, h, w0] = [add(sequence, 0), add(start, 0), constant([0.6, 1.1])]
  const w = sin(w0)
  const y = run(step, x, w, h)
  const wrt = [x, h, w, w0]
  const first = grad(sum(mul(y, y)), wrt)
  const total = first.map((d) => sum(mul(d, d))).reduce((a, b) => add(a, b))
  return [y, ...first, ...grad(total, wrt)]
}

const cases: readonly (readonly [string, Step])[] = [
  [
    'of the step that the loop computes anyway',
    (h, now, w) => {
      const t = mul(now, w)
      return bent(add(h, t), () => t)
    },
  ],
  [
    'of the step that only the rule reads',
    (h, now, w) => {
      const t = mul(add(now, h), tanh(w))
      return bent(add(h, now), () => t)
    },
  ],
  ['that was computed before the loop', (h, now, w) => bent(add(h, now), () => w)],
  ['that was computed before the loop and that the step reads, too', (h, now, w) => bent(mul(add(h, now), w), () => tanh(w))],
  [
    'of the step around the loop that it is in',
    (h, now, w) => {
      const t = mul(now, w)
      return scan(([inner]) => ({ carry: [bent(add(inner!, now), () => t)] }), { carry: [h], length: 2 }).carry[0]!
    },
  ],
  [
    'of a checkpoint in the step',
    (h, now, w) =>
      checkpoint((state) => {
        const t = mul(state, w)
        return bent(add(t, now), () => t)
      }, h),
  ],
  [
    'of another rule, which is asked for the second derivative',
    (h, now, w) =>
      customDerivative(
        (y) => sin(y),
        ({ inputs: [y], cotangent }) => {
          const t = mul(y!, w)
          return [
            mul(
              cotangent,
              bent(add(t, now), () => t),
            ),
          ]
        },
      )(mul(h, now)),
  ],
]

describe('a rule in a scan may close over a tensor', () => {
  onNodeBackends((numbers) => {
    it.each(cases)('%s', async (_, step) => {
      const actual = await numbers(...derivatives(looped, step))
      const expected = await numbers(...derivatives(unrolled, step))
      // The steps are those of the loop in another order of sums: float32 errs by 1e-7 of the largest, which is about 10.
      actual.forEach((values, i) => {
        values.forEach((value, k) => {
          expect(value).toBeCloseTo(expected[i]![k]!, 4)
        })
      })
    })
  })

  it('also where all of it is fed at run time', async () => {
    const [x, w, h] = [input('x', [2, 2]), input('w', [2]), input('h', [2])]
    const y = scan(
      ([state], [now]) => {
        const t = mul(now!, w)
        return { carry: [bent(add(state!, now!), () => t)] }
      },
      { carry: [h], sequences: [x] },
    ).carry[0]!
    const program = await createReferenceBackend().load({ dh: grad(sum(y), [h])[0]! })
    // The product over steps of now · w.
    const { dh } = await program.run({ x: Float64Array.of(1, 2, 3, 4), w: Float64Array.of(1, 10), h: Float64Array.of(0, 0) })
    expect(dh).toEqual(Float64Array.of(3, 800))
  })

  it('that is made after the loop, with a gradient of its own', async () => {
    const w = constant([0.5, 2])
    let late = w
    const y = scan(([h]) => ({ carry: [bent(mul(h!, w), () => late)] }), { carry: [constant([1, 1])], length: 1 }).carry[0]!
    late = mul(w, 3)
    const [dw] = grad(sum(y), [w])
    const program = await createReferenceBackend().load({ d: grad(sum(dw!), [late])[0]! })
    // dy/dw is late · h, and h is 1.
    expect((await program.run({})).d).toEqual(Float64Array.of(1, 1))
  })
})

describe('customDerivative refuses', () => {
  const x = input('x', [2])
  const slope = (f: (...x: Tensor[]) => Tensor, rule: Parameters<typeof customDerivative>[1], ...more: Tensor[]) =>
    grad(sum(customDerivative(f, rule)(x, ...more)), [x])

  it('a rule that gives more cotangents than there are arguments', () => {
    expect(() =>
      slope(
        (y) => sin(y),
        ({ cotangent }) => [cotangent, cotangent],
      ),
    ).toThrow('customDerivative: the rule gives 2 cotangents for 1 input(s); needs one for each')
  })

  it('a cotangent for whole numbers', () => {
    const count = input('n', [2], 'int32')
    expect(() =>
      slope(
        (y) => sin(y),
        ({ cotangent }) => [cotangent, count],
        count,
      ),
    ).toThrow(/the rule gives int32 \(2\) for input 1, which is int32 \(2\); needs undefined/)
  })
})
