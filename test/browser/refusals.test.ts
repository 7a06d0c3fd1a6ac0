/** What a browser does not offer is refused by name, and what does not run where it was asked to is told. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { compile, createOnnxRuntimeWebBackend } from '../../src/runtime/browser.ts'
import { add, mul, round } from '../../src/tensor/index.ts'

afterEach(() => {
  vi.unstubAllGlobals()
})

describe('wasm', () => {
  it('has all processors by default where the page is cross-origin isolated', async () => {
    const backend = await createOnnxRuntimeWebBackend({ device: 'wasm' })
    const threads = (globalThis as unknown as { navigator: { hardwareConcurrency: number } }).navigator.hardwareConcurrency
    expect(backend.description).toMatch(new RegExp(`^onnxruntime-web \\d+\\.\\d+\\.\\d+, wasm, ${threads} thread`))
    await backend.dispose()
  })

  it('refuses several threads on a page that is not, with the headers that it lacks, and has one by default there', async () => {
    vi.stubGlobal('crossOriginIsolated', false)
    await expect(createOnnxRuntimeWebBackend({ device: 'wasm', threads: 2 })).rejects.toThrow(
      /threads: 2; this page is not cross-origin isolated.*Cross-Origin-Opener-Policy: same-origin.*Cross-Origin-Embedder-Policy: require-corp.*threads: 1/,
    )
    const backend = await createOnnxRuntimeWebBackend({ device: 'wasm' })
    expect(backend.description).toMatch(/wasm, 1 thread$/)
    await backend.dispose()
  })

  it('refuses devices and numbers of threads that are none', async () => {
    await expect(createOnnxRuntimeWebBackend({ device: 'cpu' as 'wasm' })).rejects.toThrow(/device: "cpu"; allowed are wasm and webgpu/)
    await expect(createOnnxRuntimeWebBackend({ device: 'wasm', threads: 0.5 })).rejects.toThrow(/threads: 0.5; allowed are whole numbers/)
  })

  it('says so where its WebAssembly cannot be loaded', async () => {
    const wasmPaths = { wasm: '/nowhere.wasm' }
    await expect(createOnnxRuntimeWebBackend({ device: 'wasm', threads: 1, wasmPaths })).rejects.toThrow(
      /onnxruntime-web: no available backend found.*wasm/s,
    )
  })
})

describe('webgpu', () => {
  it('is refused by browsers without WebGPU and by machines without an adapter', async () => {
    vi.stubGlobal('navigator', {})
    await expect(createOnnxRuntimeWebBackend({ device: 'webgpu' })).rejects.toThrow(/device "webgpu": this browser has no WebGPU here/)
    vi.stubGlobal('navigator', { gpu: { requestAdapter: async () => null } })
    await expect(createOnnxRuntimeWebBackend({ device: 'webgpu' })).rejects.toThrow(/device "webgpu".*finds no graphics adapter.*"wasm"/)
  })

  it('tells how many nodes run where, and which are left to the CPU', async () => {
    const backend = await createOnnxRuntimeWebBackend({ device: 'webgpu' })
    expect(backend.description).toMatch(/webgpu \(.+\), 1 thread$/)
    const all = await compile(({ x }) => ({ y: add(mul(x, x), 1) }), { x: [2] }, { backend })
    expect(all.placement).toEqual({ nodes: { WebGpuExecutionProvider: 2 }, onCpu: [] })
    const some = await compile(({ x }) => ({ y: add(round(x), 1) }), { x: [2] }, { backend })
    expect(some.placement).toEqual({
      nodes: { WebGpuExecutionProvider: expect.any(Number), CPUExecutionProvider: 1 },
      onCpu: [expect.stringMatching(/^Round \(/)],
    })
    await backend.dispose()
  })

  it('refuses programs that the CPU would have a part in, when told to', async () => {
    const backend = await createOnnxRuntimeWebBackend({ device: 'webgpu', cpuNodes: 'refuse' })
    const program = await compile(({ x }) => ({ y: add(x, 1) }), { x: [1] }, { backend })
    expect((await program.run({ x: Float32Array.of(1) })).y).toEqual(Float32Array.of(2))
    await expect(compile(({ x }) => ({ y: round(x) }), { x: [1] }, { backend })).rejects.toThrow(
      /1 node has no WebGPU kernel and would run on the CPU: Round .*cpuNodes: "allow"/,
    )
    await backend.dispose()
  })
})
