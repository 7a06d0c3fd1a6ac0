/** The synthesiser's worker thread: renders one voice or band per message into the cache. */
import { parentPort } from 'node:worker_threads'
import { createPcmWriter, type Facts } from './pcm.node.ts'
import { makeInstrumental, singVoice } from './synthetic/index.ts'
import type { SyntheticJob, SyntheticReply } from './synthetic-tracks.node.ts'

async function render({ base, kind, seed, seconds, rate, singer }: SyntheticJob): Promise<Facts> {
  const sound =
    kind === 'vocals' ? singVoice({ seed, seconds, sampleRate: rate, singer }) : makeInstrumental({ seed, seconds, sampleRate: rate })
  const [left, right] = sound as [Float32Array, Float32Array]
  // A voice in the middle (equal to half a step of 16 bits) is stored once: the mixer then places it where it likes.
  const mono = left.every((x, i) => Math.abs(x - right[i]!) < 1 / 65536)
  const writer = await createPcmWriter(base, mono ? 1 : 2, rate)
  try {
    await writer.write(mono ? [left] : [left, right])
    return await writer.finish(`synthetic ${kind} of seed ${seed}`)
  } catch (error) {
    await writer.discard()
    throw error
  }
}

parentPort!.on('message', (job: SyntheticJob) => {
  render(job).then(
    (facts) => parentPort!.postMessage({ facts } satisfies SyntheticReply),
    (error: unknown) => parentPort!.postMessage({ error: String(error) } satisfies SyntheticReply),
  )
})
