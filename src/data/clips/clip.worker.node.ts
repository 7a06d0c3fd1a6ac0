/** The clip maker's worker thread: renders one clip per message into the cache. */
import { parentPort } from 'node:worker_threads'
import { writeWhole } from '../../formats/write-whole.node.ts'
import { createPcmWriter } from '../pcm.node.ts'
import { makeClip } from './clip.ts'
import type { ClipJob, ClipReply } from './clip-set.node.ts'

async function render({ base, ...options }: ClipJob): Promise<void> {
  const { audio, annotations } = makeClip(options)
  // Labels first: where the sound is there, all is there.
  await writeWhole(`${base}.labels.json`, JSON.stringify(annotations))
  const writer = await createPcmWriter(base, 1, options.sampleRate)
  try {
    await writer.write([audio])
    // A short clip may hold nothing but the silence before the first chord, and be labelled so.
    await writer.finish(`clip ${options.index} of ${options.kind}`, { silent: true })
  } catch (error) {
    await writer.discard()
    throw error
  }
}

parentPort!.on('message', (job: ClipJob) => {
  render(job).then(
    () => parentPort!.postMessage({ error: undefined } satisfies ClipReply),
    (error: unknown) => parentPort!.postMessage({ error: String(error) } satisfies ClipReply),
  )
})
