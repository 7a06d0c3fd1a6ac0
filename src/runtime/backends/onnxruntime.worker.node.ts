/** The worker thread of the onnxruntime-node backend. */
import { createRequire } from 'node:module'
import { parentPort, workerData } from 'node:worker_threads'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import type { Message } from './messages.ts'
import { serve, withoutBrokenPasses } from './serve.ts'

/** ONNX Runtime's name of the execution provider. */
const { provider } = workerData as { readonly provider: 'cpu' | 'webgpu' | 'cuda' }

const receive = serve(
  (reply, transfer) => parentPort!.postMessage(reply, transfer),
  async ({ threads, cpuNodes }) => ({
    version: (createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string }).version,
    Tensor,
    fillsGivenTensors: true,
    createSession: async (bytes, { profile, arena }) => {
      const session = await InferenceSession.create(bytes, {
        executionProviders: [provider],
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        // The plan of a memory pattern is one block beside the arena that the first run filled: the training step of the shipped network
        // kept 2.55 GB with it and keeps 1.58 GB without, in the same time.
        enableMemPattern: false,
        enableCpuMemArena: arena,
        logSeverityLevel: 3,
        extra: {
          optimization: withoutBrokenPasses,
          session: {
            // Other work shares the processors with a training run; a spinning pool starves it.
            intra_op: { allow_spinning: '0' },
            ...(cpuNodes === 'refuse' ? { disable_cpu_ep_fallback: '1' } : {}),
          },
        },
        ...(profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: profile }),
      })
      return { session }
    },
  }),
)
parentPort!.on('message', (message: Message) => receive(message))
