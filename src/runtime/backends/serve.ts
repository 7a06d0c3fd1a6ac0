/**
 * The worker's side of a backend of ONNX Runtime. It lives in a worker because `session.run` blocks the thread that calls it, and it
 * keeps parameters and optimiser state, because ONNX Runtime refuses arrays on shared memory.
 */
import type { InferenceSession, Tensor } from 'onnxruntime-node'
import { sizeOf, type TensorSpec } from '../../tensor/index.ts'
import type { HostArray, Placement } from '../backend.ts'
import { shred } from '../shred.ts'
import type { Answer, Location, Message, Reply, Request, WorkerSettings } from './messages.ts'

/**
 * Passes that ONNX Runtime leaves out. GemmTransposeFusion (1.30) removes a Transpose whose readers are Gemm nodes even where its value is an
 * output too, which then is memory that nobody wrote, or a crash: x·hᵀ + xᵀ beside hᵀ is enough. Bodies of Scan meet it in second derivatives.
 */
export const withoutBrokenPasses = { disable_specified_optimizers: 'GemmTransposeFusion' } as const

/** ONNX Runtime as the worker's platform has it. */
export interface OnnxRuntime {
  readonly version: string
  readonly Tensor: typeof Tensor
  createSession(
    bytes: Uint8Array,
    options: Pick<Extract<Request, { kind: 'load' }>, 'profile' | 'arena'>,
  ): Promise<{ readonly session: InferenceSession; readonly placement?: Placement }>
  /** Whether `run` writes outputs into the tensors it is given for them; onnxruntime-web does not. */
  readonly fillsGivenTensors: boolean
}

function createHandler(start: (settings: WorkerSettings) => Promise<OnnxRuntime>): (request: Request) => Promise<Answer> {
  const sessions = new Map<number, InferenceSession>()
  const arrays = new Map<number, Float32Array>()
  let runtime: OnnxRuntime

  const arrayAt = ({ array, offset }: Extract<Location, { array: number }>, spec: TensorSpec): Float32Array =>
    arrays.get(array)!.subarray(offset, offset + sizeOf(spec.shape))
  const locate = (location: Location, spec: TensorSpec): HostArray => ('data' in location ? location.data : arrayAt(location, spec))
  const ortTensor = (values: HostArray, { dtype, shape }: TensorSpec): Tensor => {
    if (dtype === 'bool') return new runtime.Tensor('bool', values as Uint8Array, shape)
    if (dtype === 'int64') return new runtime.Tensor('int64', values as BigInt64Array, shape)
    if (dtype === 'int32') return new runtime.Tensor('int32', values as Int32Array, shape)
    if (dtype === 'float16') return new runtime.Tensor('float16', values as Uint16Array, shape)
    return new runtime.Tensor('float32', values instanceof Float32Array ? values : Float32Array.from(values as Float64Array), shape)
  }
  const hostArray = ({ data }: Tensor, { dtype }: TensorSpec): HostArray => {
    // Where the platform has Float16Array, ONNX Runtime gives that; its bits are what HostArray promises.
    if (dtype !== 'float16' || data instanceof Uint16Array) return data as HostArray
    const { buffer, byteOffset, length } = data as unknown as Uint16Array
    return new Uint16Array(buffer, byteOffset, length)
  }

  return async (request) => {
    switch (request.kind) {
      case 'start':
        runtime = await start(request.settings)
        return { version: runtime.version }
      case 'end':
        return {}
      case 'load': {
        const { session, ...found } = await runtime.createSession(request.bytes, request)
        // It has its own copy of everything, the weights among it.
        shred([request.bytes])
        sessions.set(request.program, session)
        return found
      }
      case 'release': {
        const session = sessions.get(request.program)
        sessions.delete(request.program)
        session?.endProfiling()
        await session?.release()
        return {}
      }
      case 'allocate':
        arrays.set(request.array, new Float32Array(request.length))
        return {}
      case 'free':
        arrays.delete(request.array)
        return {}
      case 'write':
        arrays.get(request.array)!.set(request.values, request.offset)
        shred([request.values])
        return {}
      case 'read':
        return { values: [arrays.get(request.array)!.slice(request.offset, request.offset + request.length)] }
      case 'run': {
        const { feeds, fetches } = request
        const given = Object.fromEntries(feeds.map(({ name, spec, location }) => [name, ortTensor(locate(location, spec), spec)]))
        const wanted = Object.fromEntries(
          fetches.map(({ name, spec, location }) => [
            name,
            location && runtime.fillsGivenTensors ? ortTensor(locate(location, spec), spec) : null,
          ]),
        )
        const results = await sessions.get(request.program)!.run(given, wanted)
        const values: HostArray[] = []
        const spent = feeds.flatMap(({ location }) => ('data' in location ? [location.data] : []))
        for (const { name, spec, location } of fetches) {
          const value = hostArray(results[name]!, spec)
          if (!location) {
            values.push(value)
            continue
          }
          if (!runtime.fillsGivenTensors) (locate(location, spec) as Float32Array).set(value as Float32Array)
          spent.push(value)
        }
        // Copies of outputs, those of given arrays among them: left to the garbage collector, some steps' worth of all gradients and weights waits for it.
        shred(spent)
        return { values }
      }
    }
  }
}

/** Answers every message in order: a step's update must not overtake its gradients. `start` gets the settings of the first message. */
export function serve(
  post: (reply: Reply, transfer: ArrayBuffer[]) => void,
  start: (settings: WorkerSettings) => Promise<OnnxRuntime>,
): (message: Message) => void {
  const handle = createHandler(start)
  let queue: Promise<void> = Promise.resolve()
  let ended = false
  return ({ id, request }) => {
    if (request.kind === 'end') ended = true
    queue = queue.then(async () => {
      if (ended && request.kind !== 'end') return
      try {
        const answer = await handle(request)
        post({ id, ...answer }, [...new Set(answer.values?.map(({ buffer }) => buffer as ArrayBuffer))])
      } catch (error) {
        post({ id, error: error instanceof Error ? error.message : String(error) }, [])
      }
    })
  }
}
