/**
 * The worker thread of the onnxruntime-node backend. It exists because `session.run` blocks the thread that calls it, and it keeps
 * parameters and optimiser state, because ONNX Runtime refuses arrays on shared memory.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import { sizeOf, type TensorSpec } from '../../tensor/index.ts'
import type { HostArray } from '../backend.ts'
import type { Location, Reply, Request, WorkerSettings } from './messages.ts'

const { threads } = workerData as WorkerSettings
const sessions = new Map<number, InferenceSession>()
const arrays = new Map<number, Float32Array>()

function locate(location: Location, spec: TensorSpec): HostArray {
  if ('data' in location) return location.data
  return arrays.get(location.array)!.subarray(location.offset, location.offset + sizeOf(spec.shape))
}

function ortTensor(values: HostArray, spec: TensorSpec): OrtTensor {
  if (spec.dtype === 'bool') return new OrtTensor('bool', values as Uint8Array, spec.shape)
  if (spec.dtype === 'int64') return new OrtTensor('int64', values as BigInt64Array, spec.shape)
  if (spec.dtype === 'int32') return new OrtTensor('int32', values as Int32Array, spec.shape)
  if (spec.dtype === 'float16') return new OrtTensor('float16', values as Uint16Array, spec.shape)
  return new OrtTensor('float32', values instanceof Float32Array ? values : Float32Array.from(values as Float64Array), spec.shape)
}

async function handle(request: Request): Promise<HostArray[]> {
  switch (request.kind) {
    case 'load': {
      const session = await InferenceSession.create(request.bytes, {
        executionProviders: ['cpu'],
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        // The plan of a memory pattern is one block beside the arena that the first run filled: the training step of the shipped network
        // kept 2.55 GB with it and keeps 1.58 GB without, in the same time.
        enableMemPattern: false,
        logSeverityLevel: 3,
        // Other work shares the processors with a training run; a spinning pool starves it.
        extra: { session: { intra_op: { allow_spinning: '0' } } },
        ...(request.profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: request.profile }),
      })
      sessions.set(request.program, session)
      return []
    }
    case 'release': {
      const session = sessions.get(request.program)
      sessions.delete(request.program)
      session?.endProfiling()
      await session?.release()
      return []
    }
    case 'allocate':
      arrays.set(request.array, new Float32Array(request.length))
      return []
    case 'free':
      arrays.delete(request.array)
      return []
    case 'write':
      arrays.get(request.array)!.set(request.values, request.offset)
      return []
    case 'read':
      return [arrays.get(request.array)!.slice(request.offset, request.offset + request.length)]
    case 'run': {
      const feeds = Object.fromEntries(request.feeds.map(({ name, spec, location }) => [name, ortTensor(locate(location, spec), spec)]))
      const fetches = Object.fromEntries(
        request.fetches.map(({ name, spec, location }) => [name, location ? ortTensor(locate(location, spec), spec) : null]),
      )
      const results = await sessions.get(request.program)!.run(feeds, fetches)
      return request.fetches.flatMap(({ name, location }) => (location ? [] : [results[name]!.data as HostArray]))
    }
  }
}

// One request at a time and in order: a step's update must not overtake its gradients.
let queue: Promise<void> = Promise.resolve()
parentPort!.on('message', ({ id, request }: { id: number; request: Request }) => {
  queue = queue.then(async () => {
    try {
      const values = await handle(request)
      const reply: Reply = { id, values }
      parentPort!.postMessage(reply, [...new Set(values.map((value) => value.buffer as ArrayBuffer))])
    } catch (error) {
      parentPort!.postMessage({ id, values: [], error: error instanceof Error ? error.message : String(error) } satisfies Reply)
    }
  })
})
