import { describe, expect, it } from 'vitest'
import { type Backend, createReferenceBackend, specialize } from '../../src/runtime/index.ts'
import { add, mul, reshape } from '../../src/tensor/index.ts'

/** The reference backend, counting programs. A run waits until it is let go. */
function countingBackend() {
  const counts = { loaded: 0, disposed: 0, running: 0 }
  let gate: Promise<void> = Promise.resolve()
  const inner = createReferenceBackend()
  const backend: Backend = {
    ...inner,
    load: async (...given) => {
      counts.loaded++
      const program = await inner.load(...given)
      return {
        ...program,
        run: async (...feeds) => {
          counts.running++
          await gate
          const result = await program.run(...feeds)
          counts.running--
          return result
        },
        dispose: async () => {
          if (counts.running > 0) throw new Error('disposed while it runs')
          counts.disposed++
          await program.dispose()
        },
      }
    },
  }
  const hold = () => {
    let open = () => {}
    gate = new Promise((resolve) => {
      open = resolve
    })
    return () => open()
  }
  return { backend, counts, hold }
}

const ones = (length: number) => new Float32Array(length).fill(1)

describe('specialize', () => {
  it('traces once per set of shapes and dtypes, whatever the order of the names', async () => {
    const { backend, counts } = countingBackend()
    let traces = 0
    const f = specialize<'a' | 'b'>(
      ({ a, b }) => {
        traces++
        return { y: add(a, b) }
      },
      { backend },
    )
    for (const n of [2, 3, 2, 3, 2]) {
      const { y } = await f.run({ a: [n], b: [n] }, { a: ones(n), b: ones(n) })
      expect(Array.from(y as Float64Array)).toEqual(new Array(n).fill(2))
    }
    await f.run({ b: [2], a: { shape: [2], dtype: 'float32' } }, { a: ones(2), b: ones(2) })
    expect([traces, counts.loaded]).toEqual([2, 2])
    const whole = { shape: [2], dtype: 'int32' } as const
    await f.run({ a: whole, b: whole }, { a: Int32Array.of(1, 2), b: Int32Array.of(3, 4) })
    expect([traces, counts.loaded]).toEqual([3, 3])
    await f.dispose()
    expect(counts.disposed).toBe(3)
    await expect(f.run({ a: [2], b: [2] }, { a: ones(2), b: ones(2) })).rejects.toThrow(/the specialized function is disposed/)
  })

  it('traces once for calls that come at the same time', async () => {
    const { backend, counts } = countingBackend()
    const f = specialize<'x'>(({ x }) => ({ y: mul(x, 3) }), { backend })
    const runs = Array.from({ length: 5 }, (_, i) => f.run({ x: [1] }, { x: Float32Array.of(i) }))
    expect((await Promise.all(runs)).map(({ y }) => Number(y![0]))).toEqual([0, 3, 6, 9, 12])
    expect(counts.loaded).toBe(1)
  })

  it('keeps as many programs as allowed, and lets the one go that was used longest ago', async () => {
    const { backend, counts } = countingBackend()
    const f = specialize<'x'>(({ x }) => ({ y: mul(x, 2) }), { backend, limit: 2 })
    const at = (n: number) => f.run({ x: [n] }, { x: ones(n) })
    await at(1)
    await at(2)
    await at(1)
    expect([counts.loaded, counts.disposed]).toEqual([2, 0])
    await at(3)
    expect([counts.loaded, counts.disposed]).toEqual([3, 1])
    await at(1)
    expect(counts.loaded).toBe(3)
    await at(2)
    expect([counts.loaded, counts.disposed]).toEqual([4, 2])
  })

  it('disposes no program that is running: neither for another’s sake nor at the end', async () => {
    const { backend, counts, hold } = countingBackend()
    const f = specialize<'x'>(({ x }) => ({ y: mul(x, 2) }), { backend, limit: 1 })
    const open = hold()
    const runs = [1, 2, 3].map((n) => f.run({ x: [n] }, { x: ones(n) }))
    const end = f.dispose()
    open()
    expect((await Promise.all(runs)).map(({ y }) => y!.length)).toEqual([1, 2, 3])
    await end
    expect([counts.loaded, counts.disposed]).toEqual([3, 3])
  })

  it('does not remember a trace or a load that failed', async () => {
    const { backend, counts } = countingBackend()
    let broken = true
    const f = specialize<'x'>(
      ({ x }) => {
        if (broken) throw new Error('not yet')
        return { y: reshape(x, [2]) }
      },
      { backend },
    )
    const run = () => f.run({ x: [2, 1] }, { x: ones(2) })
    const [first, second] = await Promise.allSettled([run(), run()])
    expect([first?.status, second?.status]).toEqual(['rejected', 'rejected'])
    broken = false
    expect(Array.from((await run()).y as Float64Array)).toEqual([1, 1])
    // Other shapes do not fit the function; those that do still run.
    await expect(f.run({ x: [3] }, { x: ones(3) })).rejects.toThrow(/reshape: \(3\) has 3 elements, \(2\) has 2/)
    await run()
    expect(counts.loaded).toBe(1)
    await f.dispose()
  })

  it('refuses a limit that is none', () => {
    expect(() => specialize<'x'>(({ x }) => ({ y: x }), { backend: createReferenceBackend(), limit: 0 })).toThrow(
      /specialize: limit 0; allowed/,
    )
  })
})
