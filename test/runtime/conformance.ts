/** What every backend does, whatever it runs on. Imports nothing of Node: the same suite runs in a browser. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Backend, compile, createReferenceBackend } from '../../src/runtime/browser.ts'
import { add, cast, constant, greater, halfBits, halfValue, input, matmul, mul, oneHot, sum, transpose } from '../../src/tensor/index.ts'

interface Limits {
  /** The error of computing with float16, for backends on devices that cannot. */
  readonly withoutFloat16?: RegExp
}

/** Declares the suite for one backend. */
export function describeBackend(name: string, create: () => Promise<Backend>, limits: Limits = {}): void {
  describe(`backend ${name}`, () => suite(create, limits))
}

function suite(create: () => Promise<Backend>, { withoutFloat16 }: Limits): void {
  let backend: Backend
  beforeAll(async () => {
    backend = await create()
  })
  afterAll(() => backend.dispose())

  it('runs a program on host arrays, many times, without changing them', async () => {
    const program = await compile(({ a, b }) => ({ y: add(mul(a, 2), b) }), { a: [3], b: [3] }, { backend })
    const a = Float32Array.of(1, 2, 3)
    for (const b of [10, 20]) {
      const { y } = await program.run({ a, b: Float32Array.of(b, b, b) })
      expect(Array.from(y as Float32Array)).toEqual([2 + b, 4 + b, 6 + b])
    }
    expect(Array.from(a)).toEqual([1, 2, 3])
    await program.dispose()
  })

  it('reads inputs from views of device arrays and writes outputs into others', async () => {
    const program = await compile(({ x }) => ({ double: mul(x, 2), total: sum(x) }), { x: [2] }, { backend })
    const [from, to] = [await backend.allocate(5), await backend.allocate(4)]
    await from.write(Float32Array.of(0, 1, 2, 3, 4))
    const { total, double } = await program.run({ x: from.view(2, [2]) }, { into: { double: to.view(1, [2]) } })
    expect(Number(total![0])).toBe(5)
    expect(double).toBeUndefined()
    expect(Array.from(await to.read())).toEqual([0, 4, 6, 0])
    expect(Array.from(await to.read(1, 2))).toEqual([4, 6])
    await from.free()
    await to.free()
    await program.dispose()
  })

  it('keeps dtypes apart: int64 and bool go in and out as they are', async () => {
    const program = await compile(
      ({ n, x }) => ({ next: add(n, constant(1, [], 'int64')), positive: greater(x, 0), parts: cast(x, 'int64') }),
      { n: { shape: [2], dtype: 'int64' }, x: [2] },
      { backend },
    )
    const { next, positive, parts } = await program.run({ n: BigInt64Array.of(1n, 5n), x: Float32Array.of(-1.5, 2.5) })
    expect(next).toEqual(BigInt64Array.of(2n, 6n))
    expect(positive).toEqual(Uint8Array.of(0, 1))
    expect(parts).toEqual(BigInt64Array.of(-1n, 2n))
    await program.dispose()
  })

  it('gives one value under two names, inputs and constants as outputs', async () => {
    const program = await compile(({ x }) => ({ a: mul(x, x), b: mul(x, x), same: x, seven: constant([7]) }), { x: [1] }, { backend })
    const { a, b, same, seven } = await program.run({ x: Float32Array.of(3) })
    expect([a, b, same, seven].map((value) => Number(value![0]))).toEqual([9, 9, 3, 7])
    await program.dispose()
  })

  it('gives a transposed matrix that a product reads too', async () => {
    const shapes = { x: [2, 2], h: [2, 2] }
    const program = await compile(
      ({ x, h }) => {
        const transposed = transpose(h, [1, 0])
        return { y: add(matmul(x, transposed), transpose(x, [1, 0])), transposed }
      },
      shapes,
      { backend },
    )
    const { y, transposed } = await program.run({ x: Float32Array.of(1, 2, 3, 4), h: Float32Array.of(5, 6, 7, 8) })
    expect(Array.from(transposed as Float32Array)).toEqual([5, 7, 6, 8])
    expect(Array.from(y as Float32Array)).toEqual([18, 26, 41, 57])
    await program.dispose()
  })

  it('takes constants instead of feeds', async () => {
    const program = await compile(
      ({ x, w }) => ({ y: matmul(x, w) }),
      { x: [1, 2], w: [2, 1] },
      { backend, constants: new Map([['w', Float32Array.of(3, 4)]]) },
    )
    expect(Object.keys(program.inputs)).toEqual(['x'])
    expect(Number((await program.run({ x: Float32Array.of(1, 2) })).y![0])).toBe(11)
    await program.dispose()
  })

  it('takes constants as bits of float16, and computes with them in float32', async () => {
    const half = Uint16Array.from([3, 0.1], halfBits)
    const program = await compile(
      ({ x, w }) => ({ y: matmul(x, w) }),
      { x: [1, 2], w: [2, 1] },
      { backend, constants: new Map([['w', half]]) },
    )
    // 0.1 is 0.0999755859375 in float16.
    expect(Number((await program.run({ x: Float32Array.of(0, 8) })).y![0])).toBeCloseTo(0.7998046875, 6)
    await program.dispose()
  })

  it('takes and gives int32 as it is', async () => {
    const n = { shape: [2], dtype: 'int32' } as const
    const program = await compile(({ n }) => ({ next: add(n, constant(1, [], 'int32')) }), { n }, { backend })
    expect((await program.run({ n: Int32Array.of(-5, 7) })).next).toEqual(Int32Array.of(-4, 8))
    await program.dispose()
  })
  it(`takes and gives float16 as it is${withoutFloat16 ? ', or says that its device cannot' : ''}`, async () => {
    const h = { shape: [2], dtype: 'float16' } as const
    const program = await compile(({ h }) => ({ twice: cast(mul(cast(h, 'float32'), 2), 'float16') }), { h }, { backend })
    const feeds = { h: Uint16Array.from([0.25, -1.5], halfBits) }
    if (withoutFloat16) await expect(program.run(feeds)).rejects.toThrow(withoutFloat16)
    else expect(Array.from((await program.run(feeds)).twice as Uint16Array, halfValue)).toEqual([0.5, -3])
    await program.dispose()
  })

  it('names a feed that is missing or of the wrong size', async () => {
    const program = await compile(({ x, y }) => ({ z: add(x, y) }), { x: [2], y: [2] }, { backend })
    await expect(program.run({ x: new Float32Array(2) })).rejects.toThrow(/"y" float32 \(2\) has no feed/)
    await expect(program.run({ x: new Float32Array(3), y: new Float32Array(2) })).rejects.toThrow(
      /"x" float32 \(2\) needs 2 values, its feed has 3/,
    )
    await program.dispose()
  })

  it('names a feed of another type than its input', async () => {
    const program = await compile(
      ({ x, n }) => ({ z: add(x, 1), m: add(n, n) }),
      { x: [2], n: { shape: [1], dtype: 'int64' } },
      { backend },
    )
    const n = BigInt64Array.of(1n)
    await expect(program.run({ x: Int32Array.of(1, 2), n })).rejects.toThrow(
      /"x" float32 \(2\) takes a Float32Array.*its feed is a Int32Array/,
    )
    await expect(program.run({ x: new Float32Array(2), n: Float32Array.of(1) })).rejects.toThrow(/"n" int64 \(1\) takes a BigInt64Array/)
    await program.dispose()
  })

  it('refuses graphs without outputs, names that cannot be written, and one name for two things', async () => {
    const x = input('x', [2])
    await expect(backend.load({})).rejects.toThrow(/the graph has no outputs/)
    for (const name of ['', '%v0', '__proto__']) {
      await expect(backend.load(Object.fromEntries([[name, mul(x, 2)]]))).rejects.toThrow(`an output is named "${name}"`)
      await expect(backend.load({ y: mul(input(name, [2]), 2) })).rejects.toThrow(`an input is named "${name}"`)
    }
    await expect(backend.load({ y: add(x, input('x', [2])) })).rejects.toThrow(/two different inputs are named "x"/)
    await expect(backend.load({ x: mul(x, 2) })).rejects.toThrow(/"x" is an input and an output/)
    const weights = new Map([['x', new Float32Array(3)]])
    await expect(backend.load({ y: mul(x, 2) }, weights)).rejects.toThrow(/"x" \(2\) needs 2 values, its weights have 3/)
  })

  it('takes names that plain objects inherit, and gives constants under computed names', async () => {
    const program = await compile(
      (inputs) => ({ toString: mul(inputs.constructor, 2), half: oneHot(constant([1], [1], 'int64'), 2) }),
      { constructor: [1] },
      { backend },
    )
    await expect(program.run({})).rejects.toThrow(/"constructor" float32 \(1\) has no feed/)
    const { toString: twice, half } = await program.run({ constructor: Float32Array.of(4) })
    expect([Number((twice as unknown as Float32Array)[0]), ...Array.from(half as Float32Array)]).toEqual([8, 0, 1])
    await program.dispose()
  })

  it('reads numbers for a float16 input given as weights, and rounds them', async () => {
    for (const weights of [Float32Array.of(0.1), Uint16Array.of(halfBits(0.1))]) {
      const program = await backend.load({ y: cast(input('h', [1], 'float16'), 'float32') }, new Map([['h', weights]]))
      expect(Number((await program.run({})).y![0])).toBe(0.0999755859375)
      await program.dispose()
    }
  })

  it('refuses views that their output does not fill, and leaves the neighbours alone', async () => {
    const program = await compile(({ x }) => ({ y: mul(x, 2) }), { x: [3] }, { backend })
    const array = await backend.allocate(4)
    await array.write(Float32Array.of(1, 2, 3, 4))
    const x = Float32Array.of(7, 8, 9)
    await expect(program.run({ x }, { into: { y: array.view(0, [2]) } })).rejects.toThrow(
      /the output "y" \(3\) has 3 values, its view \(2\) holds 2/,
    )
    await expect(program.run({ x }, { into: { y: array.view(0, [4]) } })).rejects.toThrow(/its view \(4\) holds 4/)
    expect(Array.from(await array.read())).toEqual([1, 2, 3, 4])
    await program.dispose()
  })

  it('refuses into a name that is no output, an output that is not float32, and a view of another backend', async () => {
    const program = await compile(({ x }) => ({ y: mul(x, 2), above: greater(x, 0) }), { x: [1] }, { backend })
    const array = await backend.allocate(1)
    const x = Float32Array.of(1)
    const view = array.view(0, [1])
    await expect(program.run({ x }, { into: { z: view } })).rejects.toThrow(/into has "z", which is no output; the outputs are y, above/)
    await expect(program.run({ x }, { into: { toString: view } })).rejects.toThrow(/into has "toString"/)
    await expect(program.run({ x }, { into: { above: view } })).rejects.toThrow(/the output "above" is bool; device arrays hold float32/)
    const foreign = await createReferenceBackend().allocate(1)
    await expect(program.run({ x: foreign.view(0, [1]) })).rejects.toThrow(/the view for the input "x" is of an array that is freed or/)
    await program.dispose()
  })

  it('refuses reads, writes and views that leave their array', async () => {
    const array = await backend.allocate(2)
    await expect(array.read(1, 5)).rejects.toThrow(/read: 5 values at 1 leave the array of 2/)
    await expect(array.read(-1, 1)).rejects.toThrow(RangeError)
    await expect(array.read(0.5, 1)).rejects.toThrow(RangeError)
    await expect(array.read(3)).rejects.toThrow(RangeError)
    await expect(array.write(Float32Array.of(1, 2), 1)).rejects.toThrow(/write: 2 values at 1 leave the array of 2/)
    expect(() => array.view(1, [2])).toThrow(/view: 2 values at 1 leave the array of 2/)
    expect(Array.from(await array.read())).toEqual([0, 0])
    await array.free()
  })

  it('says what was freed or disposed when it is used again; freeing twice is once', async () => {
    const program = await compile(({ x }) => ({ y: mul(x, 2) }), { x: [1] }, { backend })
    const [array, target] = [await backend.allocate(1), await backend.allocate(1)]
    await array.free()
    await array.free()
    await expect(array.read()).rejects.toThrow(/read: the array of 1 values is freed/)
    await expect(array.write(Float32Array.of(1))).rejects.toThrow(/write: the array of 1 values is freed/)
    await expect(program.run({ x: array.view(0, [1]) })).rejects.toThrow(/the view for the input "x" is of an array that is freed/)
    await expect(program.run({ x: target.view(0, [1]) }, { into: { y: array.view(0, [1]) } })).rejects.toThrow(
      /the view for the output "y" is of an array that is freed/,
    )
    await program.dispose()
    await program.dispose()
    await expect(program.run({ x: Float32Array.of(1) })).rejects.toThrow(/run: the program of y is disposed; load it again/)
  })

  it('is disposed in the midst of work: what was asked is done or refused, and nothing is done afterwards', async () => {
    const brief = await create()
    // Long enough to be under way when the end is asked for: a worker that is ended inside native code takes the process with it.
    const program = await compile(({ a }) => ({ y: matmul(a, matmul(a, a)) }), { a: [256, 256] }, { backend: brief })
    const a = new Float32Array(256 * 256)
    const array = await brief.allocate(1)
    const runs = Promise.allSettled(Array.from({ length: 4 }, () => program.run({ a })))
    await Promise.all([brief.dispose(), brief.dispose()])
    for (const run of await runs) if (run.status === 'rejected') expect(String(run.reason)).toMatch(/the backend is disposed/)
    await expect(program.run({ a })).rejects.toThrow(/the backend is disposed/)
    await expect(array.read()).rejects.toThrow(/the backend is disposed/)
    await expect(brief.allocate(1)).rejects.toThrow(/the backend is disposed/)
    await expect(brief.load({ y: constant(1) })).rejects.toThrow(/the backend is disposed/)
    await expect(program.dispose()).resolves.toBeUndefined()
    await expect(array.free()).resolves.toBeUndefined()
  })

  it('runs requests in the order they were made', async () => {
    const program = await compile(({ x }) => ({ next: add(x, 1) }), { x: [1] }, { backend })
    const [a, b] = [await backend.allocate(1), await backend.allocate(1)]
    const runs = Array.from({ length: 10 }, (_, i) => {
      const [from, to] = i % 2 === 0 ? [a, b] : [b, a]
      return program.run({ x: from.view(0, [1]) }, { into: { next: to.view(0, [1]) } })
    })
    await Promise.all(runs)
    expect(Array.from(await a.read())).toEqual([10])
    await program.dispose()
  })
}
