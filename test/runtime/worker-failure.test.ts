/** A worker that dies of itself: whoever waits is told why, and giving back what it held does not wait for an answer that never comes. */
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { expect, it } from 'vitest'
import type { Message, Reply } from '../../src/runtime/backends/messages.ts'
import { serve } from '../../src/runtime/backends/serve.ts'
import { createWorkerBackend, type WorkerPort } from '../../src/runtime/backends/worker-backend.ts'
import { compile } from '../../src/runtime/index.ts'
import { mul } from '../../src/tensor/index.ts'

/** A worker on this thread, and the way to let it die. */
function mortal(): { readonly port: WorkerPort; readonly die: () => void } {
  let [onReply, onFailure]: [(reply: Reply) => void, (error: Error) => void] = [() => {}, () => {}]
  let dead = false
  const receive = serve(
    (reply) => onReply(structuredClone(reply)),
    async () => ({
      version: 'in place',
      Tensor,
      fillsGivenTensors: true,
      createSession: async (bytes) => ({ session: await InferenceSession.create(bytes) }),
    }),
  )
  const port: WorkerPort = {
    post: (message: Message) => {
      if (!dead) receive(structuredClone(message))
    },
    listen: (reply, failure) => {
      onReply = reply
      onFailure = failure
    },
    terminate: async () => {},
  }
  const die = () => {
    dead = true
    onFailure(new Error('its thread ended (code 134)'))
  }
  return { port, die }
}

it('a backend whose worker died says so, and frees and disposes at once', async () => {
  const { port, die } = mortal()
  const settings = { threads: 1, cpuNodes: 'allow' } as const
  const backend = await createWorkerBackend(port, { name: 'mortal', device: 'cpu', target: 'cpu', settings, profile: undefined })
  const program = await compile(({ x }) => ({ y: mul(x, 2) }), { x: [1] }, { backend })
  const array = await backend.allocate(1)
  const running = program.run({ x: Float32Array.of(1) })
  die()
  await expect(running).rejects.toThrow(/its thread ended \(code 134\)/)
  await expect(program.run({ x: Float32Array.of(1) })).rejects.toThrow(/its thread ended/)
  await expect(array.free()).resolves.toBeUndefined()
  await expect(program.dispose()).resolves.toBeUndefined()
  await expect(backend.dispose()).resolves.toBeUndefined()
})
