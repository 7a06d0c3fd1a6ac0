/** Runs graphs with onnxruntime-node, in a worker thread of its own so that the caller's thread stays free. */
import { availableParallelism } from 'node:os'
import type { Backend } from '../backend.ts'
import { startWorker } from '../worker-thread.node.ts'
import type { Reply } from './messages.ts'
import { createWorkerBackend, type WorkerPort } from './worker-backend.ts'

/** Where programs can run. */
export const nodeDevices = ['cpu', 'webgpu', 'cuda'] as const

export type NodeDevice = (typeof nodeDevices)[number]

export interface OnnxRuntimeOptions {
  /**
   * Where programs run: `cpu`, the default; `webgpu`, which needs a graphics driver that ONNX Runtime knows; `cuda`, which needs an Nvidia GPU and
   * libraries that are installed apart.
   */
  readonly device?: NodeDevice
  /** Threads of one operator, all processors by default. */
  readonly threads?: number
  /** What happens to nodes that a GPU has no kernel for: they run on the CPU, the default, or their program is refused. */
  readonly cpuNodes?: 'allow' | 'refuse'
  /** Write ONNX Runtime's profile of every program to files that start with this path. */
  readonly profile?: string
}

/**
 * From 1.29 on, ONNX Runtime reports its use to Microsoft unless this variable is set before its library loads. Divisi works offline and tells
 * nobody; whoever wants the reports sets the variable to 0. It has to be set in the main thread: workers only have a copy of the environment.
 */
function keepToItself(): void {
  process.env.ORT_DISABLE_TELEMETRY ??= '1'
}

export interface OnnxRuntimeInfo {
  readonly version: string
  /** Execution providers that the package brings. */
  readonly providers: readonly string[]
  /** Those that need libraries of their own, installed apart. */
  readonly onRequest: readonly string[]
}

/** Which ONNX Runtime is installed and what it was built with; whether a machine can use it is another question, which a backend answers. */
export async function onnxRuntimeInfo(): Promise<OnnxRuntimeInfo> {
  keepToItself()
  const { env, listSupportedBackends } = await import('onnxruntime-node')
  const supported = listSupportedBackends()
  const names = (bundled: boolean) => supported.filter((backend) => backend.bundled === bundled).map(({ name }) => name)
  return { version: env.versions.node ?? env.versions.common, providers: names(true), onRequest: names(false) }
}

function startThread(provider: NodeDevice): WorkerPort {
  const worker = startWorker(import.meta.url, './onnxruntime.worker.node', { workerData: { provider }, name: 'onnxruntime' })
  worker.unref()
  return {
    post: (message, transfer) => worker.postMessage(message, transfer),
    listen: (onReply, onFailure) => {
      worker.on('message', (reply: Reply) => onReply(reply))
      worker.on('error', (error) => onFailure(error instanceof Error ? error : new Error(String(error))))
      worker.on('exit', (code) => onFailure(new Error(`onnxruntime-node: its thread ended (code ${code})`)))
    },
    // The thread keeps the process alive only while an answer is due.
    expectAnswers: (due) => (due ? worker.ref() : worker.unref()),
    terminate: async () => {
      await worker.terminate()
    },
  }
}

/**
 * Starts the backend and lets it prove that it computes right; `dispose` ends its thread.
 *
 * @throws RangeError for options that are none; Error where the device does not exist here, or computes wrong numbers
 */
export async function createOnnxRuntimeBackend(options: OnnxRuntimeOptions = {}): Promise<Backend> {
  const { device = 'cpu', threads = availableParallelism(), cpuNodes = 'allow', profile } = options
  if (!nodeDevices.includes(device)) throw new RangeError(`device: "${device}"; allowed are ${nodeDevices.join(', ')}`)
  if (!Number.isInteger(threads) || threads < 1) throw new RangeError(`threads: ${threads}; allowed are whole numbers ≥ 1`)
  keepToItself()
  const where = `${device}, ${threads} thread${threads === 1 ? '' : 's'}`
  try {
    return await createWorkerBackend(startThread(device), {
      name: 'onnxruntime-node',
      device: where,
      // CUDA has kernels for the operators that the CPU has.
      target: device,
      settings: { threads, cpuNodes: device === 'cpu' ? 'allow' : cpuNodes },
      profile,
    })
  } catch (error) {
    throw device === 'cpu' ? error : noSuchDevice(device, error as Error)
  }
}

/** What is missing, and how to get it; errors of other kinds as they are. */
function noSuchDevice(device: Exclude<NodeDevice, 'cpu'>, error: Error): Error {
  if (device === 'webgpu') {
    const reason = /Failed to get a WebGPU adapter: (.*)/.exec(error.message)?.[1]
    if (reason === undefined) return error
    return new Error(
      `device "webgpu": ONNX Runtime finds no graphics adapter that it can use (${reason.trim()}); it needs a driver for Vulkan, Metal or Direct3D 12 ` +
        '(Vulkan in software, as Debian has it, is not enough). Use device "cpu"',
      { cause: error },
    )
  }
  const reason =
    /(Failed to load shared library|[^.;]*libonnxruntime_providers_(cuda|shared)|CUDA failure|no available backend|not supported)/.test(
      error.message,
    )
  if (!reason) return error
  return new Error(
    `device "cuda": ONNX Runtime cannot use it here (${error.message.split('\n')[0]!.trim()}); it needs an Nvidia GPU with its driver, CUDA 12 and cuDNN 9, and ` +
      'libraries that `ONNXRUNTIME_NODE_INSTALL=cuda12 node node_modules/onnxruntime-node/script/install.js` fetches. Use device "cpu"',
    { cause: error },
  )
}
