import { describe, expect, it } from 'vitest'
import { compile, createOnnxRuntimeBackend, createReferenceBackend } from '../../src/runtime/index.ts'
import { matmul, sum } from '../../src/tensor/index.ts'
import { describeBackend } from './conformance.ts'

describeBackend('reference', async () => createReferenceBackend())
describeBackend('onnxruntime-node, 1 thread', () => createOnnxRuntimeBackend({ threads: 1 }))
describeBackend('onnxruntime-node, 2 threads', () => createOnnxRuntimeBackend({ threads: 2 }))

describe('onnxruntime-node', () => {
  it('leaves the thread that asks free: timers fire while a program runs', async () => {
    const backend = await createOnnxRuntimeBackend({ threads: 1 })
    const program = await compile(({ a }) => ({ y: sum(matmul(matmul(a, a), matmul(a, a))) }), { a: [1200, 1200] }, { backend })
    const a = new Float32Array(1200 * 1200).fill(0.01)
    await program.run({ a })
    let ticks = 0
    let running = true
    const tick = () => {
      ticks++
      if (running) setImmediate(tick)
    }
    setImmediate(tick)
    await program.run({ a })
    running = false
    // Blocked, it would see one turn of the event loop; free, it sees thousands.
    expect(ticks).toBeGreaterThan(20)
    await backend.dispose()
  })

  it('fails the waiting and the later requests once it is disposed', async () => {
    const backend = await createOnnxRuntimeBackend({ threads: 1 })
    const array = await backend.allocate(1)
    await backend.dispose()
    await expect(array.read()).rejects.toThrow(/disposed|thread ended/)
  })

  it('refuses a number of threads that is none', async () => {
    await expect(createOnnxRuntimeBackend({ threads: 0 })).rejects.toThrow(/threads: 0; allowed are whole numbers ≥ 1/)
  })
})
