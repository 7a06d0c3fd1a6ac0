/** Runs graphs with onnxruntime-node on the CPU, in a worker thread of its own so that the caller's thread stays free. */
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { writeOnnx } from '../../formats/index.ts'
import { sizeOf } from '../../tensor/index.ts'
import {
  type Backend,
  checkFeeds,
  checkHeld,
  checkInto,
  checkRange,
  type DeviceArray,
  type DeviceView,
  disposedProgram,
  type HostArray,
  isView,
  type Program,
} from '../backend.ts'
import { startWorker } from '../worker-thread.node.ts'
import type { Location, Reply, Request } from './messages.ts'

export interface OnnxRuntimeOptions {
  /** Threads of one operator, all processors by default. */
  readonly threads?: number
  /** Write ONNX Runtime's profile of every program to files that start with this path. */
  readonly profile?: string
}

interface WorkerArray extends DeviceArray {
  readonly id: number
}

/**
 * From 1.29 on, ONNX Runtime reports its use to Microsoft unless this variable is set before its library loads. Divisi works offline and tells
 * nobody; whoever wants the reports sets the variable to 0. It has to be set in the main thread: workers only have a copy of the environment.
 */
function keepToItself(): void {
  process.env.ORT_DISABLE_TELEMETRY ??= '1'
}

/** Starts the backend; `dispose` ends its thread. */
export async function createOnnxRuntimeBackend(options: OnnxRuntimeOptions = {}): Promise<Backend> {
  const threads = options.threads ?? availableParallelism()
  if (!Number.isInteger(threads) || threads < 1) throw new RangeError(`threads: ${threads}; allowed are whole numbers ≥ 1`)
  keepToItself()
  const worker = startWorker(import.meta.url, './onnxruntime.worker.node', { workerData: { threads }, name: 'onnxruntime' })
  const pending = new Map<number, { resolve: (values: readonly HostArray[]) => void; reject: (error: Error) => void }>()
  let failure: Error | undefined
  let counter = 0
  const fail = (error: Error) => {
    failure ??= error
    for (const { reject } of pending.values()) reject(error)
    pending.clear()
  }
  worker.on('message', ({ id, values, error }: Reply) => {
    const waiting = pending.get(id)
    pending.delete(id)
    if (pending.size === 0) worker.unref()
    if (error === undefined) waiting?.resolve(values)
    else waiting?.reject(new Error(`onnxruntime-node: ${error}`))
  })
  worker.on('error', (error) => fail(error instanceof Error ? error : new Error(String(error))))
  worker.on('exit', (code) => fail(new Error(`onnxruntime-node: its thread ended (code ${code})`)))
  worker.unref()

  const ask = (request: Request, transfer: ArrayBuffer[] = []): Promise<readonly HostArray[]> =>
    new Promise((resolve, reject) => {
      if (failure) {
        reject(failure)
        return
      }
      const id = counter++
      pending.set(id, { resolve, reject })
      // The thread keeps the process alive only while an answer is due.
      worker.ref()
      worker.postMessage({ id, request }, transfer)
    })

  const arrays = new Set<DeviceArray>()
  const allocate = async (length: number): Promise<DeviceArray> => {
    const id = counter++
    await ask({ kind: 'allocate', array: id, length })
    const array: WorkerArray = {
      id,
      length,
      write: async (values, offset = 0) => {
        checkHeld('write', array, arrays)
        checkRange('write', offset, values.length, length)
        await ask({ kind: 'write', array: id, offset, values })
      },
      read: async (offset = 0, count = length - offset) => {
        checkHeld('read', array, arrays)
        checkRange('read', offset, count, length)
        return (await ask({ kind: 'read', array: id, offset, length: count }))[0] as Float32Array
      },
      view: (offset, shape) => {
        checkRange('view', offset, sizeOf(shape), length)
        return { array, offset, shape }
      },
      free: async () => {
        if (arrays.delete(array)) await ask({ kind: 'free', array: id })
      },
    }
    arrays.add(array)
    return array
  }

  const place = (view: DeviceView): Location => ({ array: (view.array as WorkerArray).id, offset: view.offset })

  const load: Backend['load'] = async (outputs, constants) => {
    const { bytes, inputs, outputs: specs } = writeOnnx(outputs, constants)
    const id = counter++
    const profile = options.profile === undefined ? undefined : `${options.profile}-${id}`
    await ask({ kind: 'load', program: id, bytes, profile }, [bytes.buffer as ArrayBuffer])
    let disposed = false
    const program: Program = {
      inputs,
      outputs: specs,
      run: async (given, { into = {} } = {}) => {
        if (disposed) throw disposedProgram(specs)
        checkFeeds(inputs, given, arrays)
        checkInto(specs, into, arrays)
        const feeds = Object.entries(inputs).map(([name, spec]) => {
          const feed = given[name]!
          return { name, spec, location: isView(feed) ? place(feed) : { data: feed } }
        })
        const fetches = Object.entries(specs).map(([name, spec]) => {
          const view = into[name]
          return view ? { name, spec, location: place(view) } : { name, spec }
        })
        const values = await ask({ kind: 'run', program: id, feeds, fetches })
        const names = fetches.filter((fetch) => !fetch.location).map(({ name }) => name)
        return Object.fromEntries(names.map((name, i) => [name, values[i]!]))
      },
      dispose: async () => {
        if (disposed) return
        disposed = true
        await ask({ kind: 'release', program: id })
      },
    }
    return program
  }

  const version = (createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string }).version
  return {
    description: `onnxruntime-node ${version}, cpu, ${threads} thread${threads === 1 ? '' : 's'}`,
    load,
    allocate,
    dispose: async () => {
      failure ??= new Error('onnxruntime-node: the backend is disposed')
      await worker.terminate()
    },
  }
}
