/** The caller's side of a backend whose ONNX Runtime lives in a worker: a backend made of a port through which that worker answers. */
import { writeOnnx } from '../../formats/index.ts'
import { sizeOf, type Target, type Tensor, topologicalOrder } from '../../tensor/index.ts'
import {
  type Backend,
  checkFeeds,
  checkHeld,
  checkInto,
  checkRange,
  type DeviceArray,
  type DeviceView,
  disposedBackend,
  disposedProgram,
  entryOf,
  type HostArray,
  isView,
  type Program,
} from '../backend.ts'
import { selfTest } from '../self-test.ts'
import type { Answer, Location, Message, Reply, Request, WorkerSettings } from './messages.ts'

/** A copy where the values are a part of a larger buffer: messages carry whole buffers. */
function alone<T extends HostArray>(values: T): T {
  return values.byteLength < values.buffer.byteLength ? (values.slice() as T) : values
}

/** A worker thread of Node or a Web Worker. */
export interface WorkerPort {
  post(message: Message, transfer: ArrayBuffer[]): void
  /** Called once, before anything is posted. A failure is final. */
  listen(onReply: (reply: Reply) => void, onFailure: (error: Error) => void): void
  /** Told when the first answer falls due and when none is any more. */
  expectAnswers?(due: boolean): void
  terminate(): Promise<void>
}

export interface WorkerBackendOptions {
  /** What errors start with: `onnxruntime-node`. */
  readonly name: string
  /** The part of the description after name and version: `cpu, 2 threads`. */
  readonly device: string
  readonly settings: WorkerSettings
  readonly target: Target
  /** Start of the paths of ONNX Runtime's profiles, one per program. */
  readonly profile?: string | undefined
}

/**
 * Programs whose values come to more than this do without ONNX Runtime's arena, which cuts the memory that it once took into pieces that the next run cannot
 * use. The training step of a network of 91 million parameters (14 GB of values, 2.1 GB at once) holds 4.6 GB without it and 5.7 with it, in 1.03 of the
 * processor's time. Smaller programs waste less and would lose more: that of the benchmarks' U-Net, batch 8 (3.8 GB of values), 40 MB for 1.16.
 */
const lean = 2 ** 33

/** Bytes of all values that lead to the outputs; a reshaped one lies where it was. */
function sizeOfValues(outputs: readonly Tensor[]): number {
  const computed = topologicalOrder(outputs).filter(({ operation }) => operation.name !== 'reshape')
  return computed.flatMap((node) => node.outputs).reduce((total, { shape }) => total + 4 * sizeOf(shape), 0)
}

interface WorkerArray extends DeviceArray {
  readonly id: number
}

/** Sends requests and matches the replies, which come in the order of the requests. */
function createConversation(name: string, port: WorkerPort) {
  const pending = new Map<number, { resolve: (answer: Answer) => void; reject: (error: Error) => void }>()
  let failure: Error | undefined
  let counter = 0
  port.listen(
    ({ id, error, ...answer }) => {
      const waiting = pending.get(id)
      pending.delete(id)
      if (pending.size === 0) port.expectAnswers?.(false)
      if (error === undefined) waiting?.resolve(answer)
      else waiting?.reject(new Error(`${name}: ${error}`))
    },
    (error) => {
      failure ??= error
      for (const { reject } of pending.values()) reject(failure)
      pending.clear()
    },
  )
  const send = (request: Request, transfer: ArrayBuffer[]): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const id = counter++
      // First, because it throws for what cannot be sent.
      port.post({ id, request }, transfer)
      pending.set(id, { resolve, reject })
      if (pending.size === 1) port.expectAnswers?.(true)
    })
  let ending: Promise<void> | undefined
  return {
    ask: (request: Request, transfer: ArrayBuffer[] = []): Promise<Answer> => (failure ? Promise.reject(failure) : send(request, transfer)),
    /** Gives back memory, which a worker that has ended holds no more, whatever ended it. */
    release: async (request: Request): Promise<void> => {
      if (!failure) await send(request, [])
    },
    /**
     * A worker that is ended inside ONNX Runtime's native code takes the process with it, so it is asked to stop first: it finishes what it
     * is computing and leaves out what waits behind.
     */
    end: (): Promise<void> => {
      ending ??= (async () => {
        const waiting = [...pending.values()]
        pending.clear()
        const stopped = failure ? undefined : send({ kind: 'end' }, [])
        failure ??= disposedBackend(name)
        for (const { reject } of waiting) reject(failure)
        await stopped?.catch(() => undefined)
        await port.terminate()
      })()
      return ending
    },
  }
}

/**
 * Starts the worker behind `port`, lets it prove that it computes right (self-test.ts) and gives it as a backend, whose `dispose`
 * ends the worker.
 *
 * @throws Error where the worker does not start or gives wrong numbers; it is ended then
 */
export async function createWorkerBackend(port: WorkerPort, options: WorkerBackendOptions): Promise<Backend> {
  const { ask, release, end } = createConversation(options.name, port)
  const arrays = new Set<DeviceArray>()
  let counter = 0

  const allocate = async (length: number): Promise<DeviceArray> => {
    const id = counter++
    await ask({ kind: 'allocate', array: id, length })
    const array: WorkerArray = {
      id,
      length,
      write: async (values, offset = 0) => {
        checkHeld('write', array, arrays)
        checkRange('write', offset, values.length, length)
        await ask({ kind: 'write', array: id, offset, values: alone(values) })
      },
      read: async (offset = 0, count = length - offset) => {
        checkHeld('read', array, arrays)
        checkRange('read', offset, count, length)
        return (await ask({ kind: 'read', array: id, offset, length: count })).values![0] as Float32Array
      },
      view: (offset, shape) => {
        checkRange('view', offset, sizeOf(shape), length)
        return { array, offset, shape }
      },
      free: async () => {
        if (arrays.delete(array)) await release({ kind: 'free', array: id })
      },
    }
    arrays.add(array)
    return array
  }

  const place = (view: DeviceView): Location => ({ array: (view.array as WorkerArray).id, offset: view.offset })

  const load: Backend['load'] = async (outputs, constants) => {
    const { bytes, inputs, outputs: specs } = writeOnnx(outputs, constants, options.target)
    const id = counter++
    const profile = options.profile === undefined ? undefined : `${options.profile}-${id}`
    const arena = sizeOfValues(Object.values(outputs)) < lean
    const { placement } = await ask({ kind: 'load', program: id, bytes, profile, arena }, [bytes.buffer as ArrayBuffer])
    let disposed = false
    const program: Program = {
      inputs,
      outputs: specs,
      ...(placement ? { placement } : {}),
      run: async (given, { into = {} } = {}) => {
        if (disposed) throw disposedProgram(specs)
        checkFeeds(inputs, given, arrays)
        checkInto(specs, into, arrays)
        const feeds = Object.entries(inputs).map(([name, spec]) => {
          const feed = given[name]!
          return { name, spec, location: isView(feed) ? place(feed) : { data: alone(feed) } }
        })
        const fetches = Object.entries(specs).map(([name, spec]) => {
          const view = entryOf(into, name)
          return view ? { name, spec, location: place(view) } : { name, spec }
        })
        const { values } = await ask({ kind: 'run', program: id, feeds, fetches })
        const names = fetches.filter((fetch) => !fetch.location).map(({ name }) => name)
        return Object.fromEntries(names.map((name, i) => [name, values![i]!]))
      },
      dispose: async () => {
        if (disposed) return
        disposed = true
        await release({ kind: 'release', program: id })
      },
    }
    return program
  }

  try {
    const { version } = await ask({ kind: 'start', settings: options.settings })
    const backend: Backend = { description: `${options.name} ${version}, ${options.device}`, load, allocate, dispose: end }
    await selfTest(backend)
    return backend
  } catch (error) {
    await end()
    throw error
  }
}
