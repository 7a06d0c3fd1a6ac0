/**
 * Runs graphs with onnxruntime-web, in a Web Worker of its own so that the page stays free: WebAssembly on the processor, WebGPU on the
 * graphics card. The WebAssembly files come from the package onnxruntime-web, as the application's bundler or server delivers it.
 */
import type { Backend } from '../backend.ts'
import type { Reply, WasmPaths } from './messages.ts'
import { createWorkerBackend, type WorkerPort } from './worker-backend.ts'

export interface OnnxRuntimeWebOptions {
  /** Where programs run: `wasm` on the processor, `webgpu` on the graphics card. */
  readonly device: 'wasm' | 'webgpu'
  /**
   * Threads of one operator on the processor. More than one needs a page that is cross-origin isolated; on such a page all processors
   * are the default, elsewhere 1. With `webgpu` the default is 1.
   */
  readonly threads?: number
  /** Where the WebAssembly lies, if not where the bundler puts it: the URL of a folder with onnxruntime-web's `dist`, or of its files. */
  readonly wasmPaths?: WasmPaths
  /**
   * What happens to nodes that `webgpu` has no kernel for: they run on the CPU, the default, and `Program.placement` tells which; or
   * their program is refused.
   */
  readonly cpuNodes?: 'allow' | 'refuse'
}

/** What of a browser this file uses; Divisi is compiled without the types of either platform's globals. */
interface WebWorker {
  postMessage(message: unknown, transfer: readonly ArrayBuffer[]): void
  terminate(): void
  onmessage: ((event: { readonly data: Reply }) => void) | null
  onmessageerror: (() => void) | null
  onerror: ((event: { readonly message?: string }) => void) | null
}
declare const Worker: new (module: URL, options: { readonly type: 'module'; readonly name: string }) => WebWorker
interface Adapter {
  readonly info?: { readonly vendor?: string; readonly architecture?: string; readonly description?: string }
}
const platform = globalThis as {
  readonly Worker?: unknown
  readonly crossOriginIsolated?: boolean
  readonly navigator?: { readonly hardwareConcurrency?: number; readonly gpu?: { requestAdapter(): Promise<Adapter | null> } }
}

function threadsFor({ device, threads }: OnnxRuntimeWebOptions): number {
  const isolated = platform.crossOriginIsolated === true
  const all = platform.navigator?.hardwareConcurrency ?? 1
  const count = threads ?? (isolated && device === 'wasm' ? all : 1)
  if (!Number.isInteger(count) || count < 1) throw new RangeError(`threads: ${threads}; allowed are whole numbers ≥ 1`)
  if (count > 1 && !isolated) {
    throw new Error(
      `threads: ${threads}; this page is not cross-origin isolated, so WebAssembly has one thread here. Serve the page with the headers ` +
        'Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp (all that it loads from other origins ' +
        'must agree to that), or ask for threads: 1',
    )
  }
  return count
}

/** The adapter in words, once it is sure that there is one. */
async function describeAdapter(): Promise<string> {
  const way = 'use device "wasm"'
  const gpu = platform.navigator?.gpu
  if (!gpu) throw new Error(`device "webgpu": this browser has no WebGPU here (it needs a secure context: https or localhost); ${way}`)
  const adapter = await gpu.requestAdapter()
  if (!adapter) throw new Error(`device "webgpu": the browser has WebGPU, but finds no graphics adapter for it; ${way}`)
  const { vendor, architecture, description } = adapter.info ?? {}
  return description || [vendor, architecture].filter(Boolean).join(' ') || 'unnamed adapter'
}

/** The two `new Worker(new URL(…))` are written out because that is the form that bundlers know; the build puts `.js` for `.ts`. */
function startWorker(device: OnnxRuntimeWebOptions['device']): WebWorker {
  return device === 'webgpu'
    ? new Worker(new URL('./onnxruntime-webgpu.worker.ts', import.meta.url), { type: 'module', name: 'onnxruntime' })
    : new Worker(new URL('./onnxruntime-wasm.worker.ts', import.meta.url), { type: 'module', name: 'onnxruntime' })
}

function portOf(worker: WebWorker): WorkerPort {
  return {
    post: (message, transfer) => worker.postMessage(message, transfer),
    listen: (onReply, onFailure) => {
      worker.onmessage = ({ data }) => onReply(data)
      worker.onmessageerror = () => onFailure(new Error('onnxruntime-web: a reply of its worker could not be read'))
      worker.onerror = ({ message }) => {
        const what = message || 'its worker did not start; the page must be able to load the worker module beside onnxruntime-web.js'
        onFailure(new Error(`onnxruntime-web: ${what}`))
      }
    },
    terminate: async () => worker.terminate(),
  }
}

/**
 * Starts the backend and lets it prove that it computes right; `dispose` ends its worker.
 *
 * @throws RangeError for options that are none; Error where the device does not exist here or computes wrong numbers, and for threads
 * that the page may not have
 */
export async function createOnnxRuntimeWebBackend(options: OnnxRuntimeWebOptions): Promise<Backend> {
  const { device, wasmPaths, cpuNodes = 'allow' } = options
  if (!['wasm', 'webgpu'].includes(device)) throw new RangeError(`device: "${device}"; allowed are wasm and webgpu`)
  if (!platform.Worker) throw new Error('onnxruntime-web: there are no Web Workers here; in Node use createOnnxRuntimeBackend')
  const threads = threadsFor(options)
  const where = device === 'webgpu' ? `webgpu (${await describeAdapter()})` : 'wasm'
  return createWorkerBackend(portOf(startWorker(device)), {
    name: 'onnxruntime-web',
    device: `${where}, ${threads} thread${threads === 1 ? '' : 's'}`,
    target: device === 'webgpu' ? 'webgpu' : 'cpu',
    settings: { threads, cpuNodes: device === 'wasm' ? 'allow' : cpuNodes, ...(wasmPaths === undefined ? {} : { wasmPaths }) },
  })
}
