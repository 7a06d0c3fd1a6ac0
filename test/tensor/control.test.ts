/** scan, checkpoint, customDerivative: what the generic cases of cases/control.ts do not see. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { writeOnnx } from '../../src/formats/index.ts'
import { createOnnxRuntimeBackend, createReferenceBackend, evaluate } from '../../src/runtime/index.ts'
import {
  add,
  checkpoint,
  constant,
  customDerivative,
  exp,
  grad,
  input,
  matmul,
  mul,
  scan,
  sin,
  sub,
  sum,
  type Tensor,
  tanh,
  valueAndGrad,
} from '../../src/tensor/index.ts'
import { countOps } from './support.ts'

function recurrence(x: Tensor, weight: Tensor, start: Tensor): Tensor {
  return scan(
    ([h], [now]) => {
      const next = tanh(add(now!, matmul(h!, weight)))
      return { carry: [next], outputs: [next] }
    },
    { carry: [start], sequences: [x] },
  ).outputs[0]!
}

const vector = (...values: number[]) => constant(values)

async function numbers(f: () => readonly Tensor[]): Promise<number[][]> {
  return (await evaluate(f)).map((values) => Array.from(values as Float64Array))
}

describe('scan', () => {
  it('is one node whatever the number of steps, and so is its derivative', () => {
    const count = (steps: number) => {
      const [x, weight, start] = [input('x', [steps, 2, 3]), input('w', [3, 3]), input('h', [2, 3])]
      const gradients = grad(sum(recurrence(x, weight, start)), [x, weight, start])
      return countOps(writeOnnx(Object.fromEntries(gradients.map((g, i) => [`g${i}`, g]))))
    }
    expect(count(1000)).toEqual(count(4))
    expect(count(4).Scan).toBe(2)
  })

  it('gives a weight of all steps its gradient by one product after the loop', () => {
    const [x, weight, start] = [input('x', [9, 2, 3]), input('w', [3, 3]), input('h', [2, 3])]
    const [dWeight] = grad(sum(recurrence(x, weight, start)), [weight])
    // One product in each step forwards, one in each step backwards (through the state), one after them.
    expect(countOps(writeOnnx({ dWeight: dWeight! })).MatMul).toBe(3)
  })

  it('has the same gradients as the loop unrolled, those of weights and constants from outside included', async () => {
    const values = Array.from({ length: 12 }, (_, i) => Math.sin(i))
    const [x, weight, gain] = [constant(values, [4, 1, 3]), constant(values.slice(0, 9), [3, 3]), vector(2)]
    const step = (h: Tensor, now: Tensor) => tanh(mul(add(now, matmul(h, weight)), gain))
    const first = constant([0.1, 0.2, 0.3], [1, 3])
    const looped = scan(([h], [now]) => ({ carry: [step(h!, now!)] }), { carry: [first], sequences: [x] }).carry[0]!
    let unrolled: Tensor = first
    for (let i = 0; i < 4; i++) unrolled = step(unrolled, constant(values.slice(3 * i, 3 * i + 3), [1, 3]))
    const [a, b] = await numbers(() => [...grad(sum(looped), [weight]), ...grad(sum(unrolled), [weight])])
    const [c, d] = await numbers(() => [...grad(sum(looped), [gain]), ...grad(sum(unrolled), [gain])])
    a!.forEach((value, i) => {
      expect(value).toBeCloseTo(b![i]!, 12)
    })
    expect(c![0]).toBeCloseTo(d![0]!, 12)
  })

  it('can be differentiated twice', async () => {
    // x after n steps of x ← x² is x^(2ⁿ): derivatives 8 x⁷ and 56 x⁶ for n = 3.
    const power = (x: Tensor) => scan(([y]) => ({ carry: [mul(y!, y!)] }), { carry: [x], length: 3 }).carry[0]!
    const [first, second] = await numbers(() => {
      const x = vector(1.1)
      const [dx] = grad(sum(power(x)), [x])
      return [dx!, ...grad(sum(dx!), [x])]
    })
    expect(first![0]).toBeCloseTo(8 * 1.1 ** 7, 10)
    expect(second![0]).toBeCloseTo(56 * 1.1 ** 6, 9)
  })

  it('runs inside another one, with gradients through both', async () => {
    // The inner loop adds c three times, the outer one multiplies: ((x + 3c)·2 + 3c)·2.
    const f = (x: Tensor, c: Tensor) => {
      const inner = (y: Tensor) => scan(([z]) => ({ carry: [add(z!, c)] }), { carry: [y], length: 3 }).carry[0]!
      return scan(([y]) => ({ carry: [mul(inner(y!), 2)] }), { carry: [x], length: 2 }).carry[0]!
    }
    const [y, dx, dc] = await numbers(() => {
      const [x, c] = [vector(1), vector(0.5)]
      const result = f(x, c)
      return [result, ...grad(sum(result), [x, c])]
    })
    expect([y, dx, dc]).toEqual([[13], [4], [18]])
  })

  it('works inside a checkpoint, and a checkpoint inside it', async () => {
    const step = (h: Tensor) => sin(mul(h, 1.5))
    const plain = (x: Tensor) => step(step(step(x)))
    const nested = (x: Tensor) =>
      checkpoint((y) => scan(([h]) => ({ carry: [checkpoint(step, h!)] }), { carry: [y], length: 3 }).carry[0]!, exp(x))
    const [a, b] = await numbers(() => {
      const x = vector(0.3)
      return [...grad(sum(plain(exp(x))), [x]), ...grad(sum(nested(x)), [x])]
    })
    expect(b![0]).toBeCloseTo(a![0]!, 12)
  })

  it('leaves out what it remembers where a program takes no derivative', () => {
    const [x, weight, start] = [input('x', [4, 2, 3]), input('w', [3, 3]), input('h', [2, 3])]
    const y = recurrence(x, weight, start)
    const before = writeOnnx({ y }).bytes.length
    grad(sum(y), [weight])
    expect(writeOnnx({ y }).bytes.length).toBe(before)
  })

  it.each([
    ['neither sequences nor a length', () => scan((h) => ({ carry: h }), { carry: [vector(1)] }), /length undefined, sequences none/],
    [
      'sequences of different lengths',
      () => scan((h) => ({ carry: h }), { carry: [vector(1)], sequences: [vector(1, 2), vector(1, 2, 3)] }),
      /sequences \(2\), \(3\): the first axis of each must have 2 steps/,
    ],
    [
      'a state that changes its shape',
      () => scan(([h]) => ({ carry: [sum(h!)] }), { carry: [vector(1, 2)], length: 2 }),
      /turns the state \[float32 \(2\)\] into \[float32 \(\)\]/,
    ],
    [
      'a step that makes nothing',
      () => scan(() => ({ carry: [] }), { carry: [], length: 2 }),
      /scan: there is no carry, and a step gives no outputs/,
    ],
  ] as const)('refuses %s', (_, trace, message) => {
    expect(trace).toThrow(message)
  })
})

describe('checkpoint', () => {
  const layers = (x: Tensor, weight: Tensor) => tanh(matmul(tanh(matmul(tanh(matmul(x, weight)), weight)), weight))

  it('computes again for the derivative what it did not keep', () => {
    const [x, weight] = [input('x', [4, 3]), input('w', [3, 3])]
    const ops = (y: Tensor) => countOps(writeOnnx({ y, g: grad(sum(y), [weight])[0]! }))
    expect(ops(layers(x, weight)).Tanh).toBe(3)
    expect(ops(checkpoint((h) => layers(h, weight), mul(x, 2))).Tanh).toBe(6)
    // The value alone costs nothing more.
    expect(countOps(writeOnnx({ y: checkpoint((h) => layers(h, weight), mul(x, 2)) })).Tanh).toBe(3)
  })

  it('waits for the derivative before it computes again', () => {
    const x = mul(input('x', [4]), 2)
    const [g] = grad(sum(checkpoint((h) => tanh(sin(h)), x)), [x])
    // Less, Cast and Add make the second start depend on the cotangent; everything after it depends on that.
    const ops = countOps(writeOnnx({ g: g! }))
    expect(ops.Add).toBe(1)
    expect(ops.Sin).toBe(1)
  })

  it('gives gradients to what its function makes: parameters', async () => {
    let weight!: Tensor
    const layer = (h: Tensor) => {
      weight = input('w', [2])
      return mul(tanh(mul(weight, h)), weight)
    }
    const x = input('x', [2])
    const kept = layer(mul(x, 2))
    const [expected] = grad(sum(kept), [weight])
    const nested = checkpoint((h) => checkpoint(layer, sin(h)), mul(x, 2))
    const [inNested] = grad(sum(nested), [weight])
    const y = checkpoint(layer, mul(x, 2))
    const backend = createReferenceBackend()
    const feeds = { x: Float64Array.of(0.3, -0.2), w: Float64Array.of(0.7, 1.5) }
    const run = async (g: Tensor) => (await (await backend.load({ g })).run(feeds)).g
    expect(await run(grad(sum(y), [weight])[0]!)).toEqual(await run(expected!))
    const inner = Float64Array.from(feeds.x, (v) => Math.sin(2 * v))
    const slopes = inner.map((h, i) => Math.tanh(feeds.w[i]! * h) + (feeds.w[i]! * h) / Math.cosh(feeds.w[i]! * h) ** 2)
    const found = (await run(inNested!)) as Float64Array
    found.forEach((value, i) => {
      expect(value).toBeCloseTo(slopes[i]!, 12)
    })
  })

  it('of a parameter alone is that parameter', () => {
    let weight!: Tensor
    const y = checkpoint(
      () => {
        weight = input('w', [2])
        return weight
      },
      input('x', [2]),
    )
    expect(y).toBe(weight)
  })
})

describe('on ONNX Runtime', () => {
  it('a loop by count alone can be differentiated', async () => {
    const backend = await createOnnxRuntimeBackend({ threads: 1 })
    const x = vector(1, 2)
    const [dx] = await evaluate(
      () => grad(sum(scan(([h]) => ({ carry: [mul(h!, 2)] }), { carry: [x], length: 3 }).carry[0]!), [x]),
      backend,
    )
    expect(Array.from(dx as Float32Array)).toEqual([8, 8])
    await backend.dispose()
  })

  it('a checkpoint computes again after the cotangent is known, whatever that is', async () => {
    // In the first cotangent exp overflows: the others stay numbers, and ONNX Runtime keeps the order when it has rewritten the graph.
    const folder = mkdtempSync(join(tmpdir(), 'divisi-checkpoint-'))
    const backend = await createOnnxRuntimeBackend({ threads: 1, profile: join(folder, 'run') })
    const x = input('x', [3])
    const y = checkpoint((h) => sin(sin(h)), x)
    const program = await backend.load({ g: grad(sum(exp(mul(y, input('gain', [3])))), [x])[0]! })
    const { g } = await program.run({ x: Float32Array.of(1, 0.5, 0.25), gain: Float32Array.of(1000, 1, -1) })
    await program.dispose()
    await backend.dispose()
    const derivative = (v: number, gain: number) => Math.exp(gain * Math.sin(Math.sin(v))) * gain * Math.cos(Math.sin(v)) * Math.cos(v)
    expect(g![0]).toBe(Infinity)
    expect(g![1]).toBeCloseTo(derivative(0.5, 1), 5)
    expect(g![2]).toBeCloseTo(derivative(0.25, -1), 5)
    // Other files are of the self-test.
    const profiles = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'))
    const events = JSON.parse(profiles.find((text) => text.includes('barrier'))!) as { args?: { op_name?: string } }[]
    const ran = events.flatMap(({ args }) => (args?.op_name === 'Sin' || args?.op_name === 'Exp' ? [args.op_name] : []))
    rmSync(folder, { recursive: true })
    expect(ran).toEqual(['Sin', 'Sin', 'Exp', 'Sin'])
  })

  it('a checkpoint of a graph’s input computes again, too', () => {
    const x = input('x', [4])
    const y = checkpoint((h) => sin(sin(sin(h))), x)
    expect(countOps(writeOnnx({ y, g: grad(sum(y), [x])[0]! })).Sin).toBe(5)
  })
})

describe('customDerivative', () => {
  it('is used instead of that of the operations, once or twice', async () => {
    const f = customDerivative(
      (x) => sin(x),
      ({ inputs: [x], cotangent }) => [mul(cotangent, mul(x!, x!))],
    )
    const [y, dx, ddx] = await numbers(() => {
      const x = vector(0.5)
      const [first] = grad(sum(f(x)), [x])
      return [f(x), first!, ...grad(sum(first!), [x])]
    })
    expect(y![0]).toBeCloseTo(Math.sin(0.5), 12)
    expect(dx).toEqual([0.25])
    expect(ddx).toEqual([1])
  })

  it('refuses a rule whose result does not fit its input', () => {
    const f = customDerivative(
      (x) => sum(x),
      ({ cotangent }) => [cotangent],
    )
    const x = vector(1, 2)
    expect(() => grad(f(x), [x])).toThrow(/the rule gives float32 \(\) for input 0, which is float32 \(2\)/)
  })
})

describe('gradients of gradients', () => {
  it('of a gradient penalty: the derivative of ‖∂f/∂x‖² with respect to a weight', async () => {
    const backend = createReferenceBackend()
    const [x, weight] = [input('x', [2, 3]), input('w', [3, 2])]
    const [dx] = grad(sum(tanh(matmul(x, weight))), [x])
    const penalty = sum(mul(dx!, dx!))
    const program = await backend.load({ penalty, g: grad(penalty, [weight])[0]! })
    const feeds = { x: Float64Array.from([0.1, -0.4, 0.7, 0.9, 0.2, -0.3]), w: Float64Array.from([0.3, -0.2, 0.8, 0.5, -0.6, 0.1]) }
    const { g } = await program.run(feeds)
    for (let i = 0; i < 6; i++) {
      const at = async (delta: number) => {
        const w = feeds.w.slice()
        w[i]! += delta
        return (await program.run({ ...feeds, w })).penalty![0] as number
      }
      // Central differences of step 1e-5 err by some 1e-10.
      expect(g![i]).toBeCloseTo(((await at(1e-5)) - (await at(-1e-5))) / 2e-5, 7)
    }
  })

  it('valueAndGrad gives the value beside the gradients of all arguments', async () => {
    const [value, a, b] = await numbers(() => {
      const { value, gradients } = valueAndGrad((x, y) => sum(sub(mul(x, y), y)))(vector(2, 3), vector(5, 7))
      return [value, ...gradients]
    })
    expect([value, a, b]).toEqual([[19], [5, 7], [1, 2]])
  })
})
