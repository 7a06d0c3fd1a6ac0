import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Backend, createOnnxRuntimeBackend, createReferenceBackend, type HostArray, selfTest } from '../../src/runtime/index.ts'

/** A backend whose programs give one output wrong. */
function falsified(backend: Backend, name: string, change: (values: HostArray) => HostArray): Backend {
  return {
    ...backend,
    load: async (outputs, constants) => {
      const program = await backend.load(outputs, constants)
      return {
        ...program,
        run: async (feeds, options) => {
          const result = await program.run(feeds, options)
          return name in result ? { ...result, [name]: change(result[name]!) } : result
        },
      }
    },
  }
}

describe('selfTest', () => {
  let backend: Backend
  beforeAll(async () => {
    backend = await createOnnxRuntimeBackend({ threads: 2 })
  })
  afterAll(() => backend.dispose())

  it('accepts backends that compute right', async () => {
    await selfTest(backend)
    await selfTest(createReferenceBackend())
  })

  it('refuses a backend by name, with the computation and the figures, for one wrong number', async () => {
    const one = (values: HostArray) => {
      const changed = (values as Float32Array).slice()
      changed[17] = 100
      return changed
    }
    await expect(selfTest(falsified(backend, 'matmul', one))).rejects.toThrow(
      /^onnxruntime-node [\d.]+, cpu, 2 threads computes wrong numbers and is refused: matmul gives 100 where -?\d\.\d+ is right \(value 17 of 480;/,
    )
  })

  it('notices a hundredth, zeros, NaN and values that are missing', async () => {
    const wrong: ((values: HostArray) => HostArray)[] = [
      (values) => (values as Float32Array).map((x) => x * 1.01),
      (values) => new Float32Array(values.length),
      (values) => (values as Float32Array).map(() => NaN),
      (values) => (values as Float32Array).slice(1),
    ]
    for (const change of wrong) {
      await expect(selfTest(falsified(backend, 'gradient of conv2d by its kernel', change))).rejects.toThrow(
        /is refused: gradient of conv2d by its kernel gives/,
      )
    }
  })

  it('notices wrong integers', async () => {
    const change = (values: HostArray) => (values as Int32Array).map((x) => x + 1)
    await expect(selfTest(falsified(backend, 'cast to int32', change))).rejects.toThrow(/refused: cast to int32 gives/)
  })
})

describe('devices of onnxruntime-node', () => {
  it('refuses a device that is none', async () => {
    await expect(createOnnxRuntimeBackend({ device: 'gpu' as 'cpu' })).rejects.toThrow(/device: "gpu"; allowed are cpu, webgpu, cuda/)
  })

  // Where a graphics adapter exists, the backend has to pass its self-test; elsewhere it has to say why not.
  it('runs on WebGPU, or refuses it by name with the reason', async () => {
    const outcome = await createOnnxRuntimeBackend({ device: 'webgpu' }).then(
      async (backend) => {
        await backend.dispose()
        return backend.description
      },
      (error: Error) => error.message,
    )
    expect(outcome).toMatch(/^onnxruntime-node [\d.]+, webgpu,|^device "webgpu": ONNX Runtime finds no graphics adapter.*Use device "cpu"$/)
  })
})
