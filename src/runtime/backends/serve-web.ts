/** What the Web Workers of onnxruntime-web have in common: the builds of onnxruntime-web differ, what is done with them does not. */
import type { Env, InferenceSession } from 'onnxruntime-web'
import type { Placement } from '../backend.ts'
import type { Message } from './messages.ts'
import { type OnnxRuntime, serve, withoutBrokenPasses } from './serve.ts'

/** One of the builds. */
interface OnnxRuntimeWeb {
  readonly env: Env
  readonly InferenceSession: { create(bytes: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession> }
  readonly Tensor: OnnxRuntime['Tensor']
}

declare const self: {
  readonly name: string
  onmessage: ((event: { readonly data: Message }) => void) | null
  postMessage(message: unknown, transfer: readonly ArrayBuffer[]): void
}

/**
 * Calls `f` with ONNX Runtime's log going to `lines` instead of the console. ONNX Runtime has bound `console.error` by the time of its
 * first session, so that the detour has to stand before that and stays.
 */
function createLogCapture(): <T>(lines: string[], f: () => Promise<T>) => Promise<T> {
  let sink: string[] | undefined
  const print = console.error.bind(console)
  console.error = (...parts: unknown[]) => {
    if (sink) sink.push(parts.join(' '))
    else print(...parts)
  }
  return async (lines, f) => {
    sink = lines
    try {
      return await f()
    } finally {
      sink = undefined
    }
  }
}

const cpu = 'CPUExecutionProvider'

/** Reads where nodes were placed from ONNX Runtime's verbose log, the only place where its JavaScript interface tells it. */
function readPlacement(log: readonly string[]): Placement {
  const nodes: Record<string, number> = {}
  const listed: string[] = []
  let provider = ''
  for (const line of log.filter((text) => text.includes('VerifyEachNodeIsAssignedToAnEp]'))) {
    const total = / placed on \[(\w+)\]\. Number of nodes: (\d+)/.exec(line)
    if (total) {
      provider = total[1]!
      nodes[provider] = Number(total[2])
      continue
    }
    const node = /VerifyEachNodeIsAssignedToAnEp\]\s+(\w+ \(.*\))/.exec(line)
    if (node && provider === cpu) listed.push(node[1]!)
  }
  const count = nodes[cpu] ?? 0
  if (listed.length === count) return { nodes, onCpu: listed }
  // All nodes are on the CPU: these are only counted there. Those that have no kernel for the GPU are named before.
  const refused = log.flatMap((line) => {
    const [, operator, name] = /webgpu kernel not found in registries for Op type: (\w+) node name: (.*)/.exec(line) ?? []
    return operator === undefined ? [] : [`${operator} (${name})`]
  })
  const named = [...new Set(refused)].slice(0, count)
  return { nodes, onCpu: [...named, ...Array.from({ length: count - named.length }, () => 'a node (that comes with the others)')] }
}

export function serveWeb({ env, InferenceSession, Tensor }: OnnxRuntimeWeb, provider: 'wasm' | 'webgpu'): void {
  // Bundled into one file with ONNX Runtime, this is also what ONNX Runtime starts its threads from; those listen to it, not to us.
  if (self.name.startsWith('em-pthread')) return
  const captured = createLogCapture()
  const create = (bytes: Uint8Array, logSeverityLevel: 0 | 3) =>
    InferenceSession.create(bytes, { executionProviders: [provider], logSeverityLevel, extra: { optimization: withoutBrokenPasses } })

  /** A session of its own, because one that told its placement goes on telling: every kernel of every run. */
  const findPlacement = async (bytes: Uint8Array): Promise<Placement> => {
    const log: string[] = []
    await captured(log, async () => (await create(bytes, 0)).release())
    return readPlacement(log)
  }

  const receive = serve(
    (reply, transfer) => self.postMessage(reply, transfer),
    async ({ threads, wasmPaths, cpuNodes }) => {
      env.wasm.numThreads = threads
      if (wasmPaths !== undefined) env.wasm.wasmPaths = wasmPaths
      return {
        version: env.versions.web ?? 'of unknown version',
        Tensor,
        fillsGivenTensors: false,
        createSession: async (bytes) => {
          if (provider === 'wasm') return { session: await create(bytes, 3) }
          const placement = await findPlacement(bytes)
          const count = placement.onCpu.length
          if (cpuNodes === 'refuse' && count > 0) {
            throw new Error(
              `${count === 1 ? '1 node has' : `${count} nodes have`} no WebGPU kernel and would run on the CPU: ${placement.onCpu.join(', ')}; ` +
                'cpuNodes: "allow" accepts that',
            )
          }
          return { session: await create(bytes, 3), placement }
        },
      }
    },
  )
  self.onmessage = ({ data }) => receive(data)
}
