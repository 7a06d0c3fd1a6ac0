/** Clips in the cache folder: made once in worker threads, read from disk by stretches. */
import { mkdir, readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { startWorker } from '../../runtime/worker-thread.node.ts'
import { readFacts, readPcm } from '../pcm.node.ts'
import type { Annotation } from './annotation.ts'
import { type ClipOptions, clipVersion } from './clip.ts'

export interface ClipJob extends ClipOptions {
  /** The file without its ending. */
  readonly base: string
}

export interface ClipReply {
  readonly error: string | undefined
}

export interface ClipSetOptions extends Omit<ClipOptions, 'index'> {
  /** How many. */
  readonly clips: number
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: (done: number, total: number) => void
}

/** Clips on disk. */
export interface ClipSet {
  readonly clips: number
  /** Samples of each. */
  readonly samples: number
  readonly sampleRate: number
  annotations(index: number): readonly Annotation[]
  /** Samples from `start` on; one read of the disk. */
  read(index: number, start: number, samples: number): Float32Array
}

/** A thread that makes one clip at a time. */
function startMaker(signal: AbortSignal | undefined) {
  const worker = startWorker(import.meta.url, './clip.worker.node', { name: 'divisi clip maker' })
  return {
    make: (job: ClipJob) =>
      new Promise<void>((resolve, reject) => {
        const stop = (): void => reject(signal!.reason as Error)
        signal?.addEventListener('abort', stop, { once: true })
        worker.once('error', reject)
        worker.once('message', ({ error }: ClipReply) => {
          signal?.removeEventListener('abort', stop)
          worker.off('error', reject)
          if (error === undefined) resolve()
          else reject(new Error(`clip ${job.index} of ${job.kind} could not be made: ${error}`))
        })
        worker.postMessage(job)
      }),
    close: () => worker.terminate(),
  }
}

/**
 * Clips 0 to `clips` − 1 of a kind and split; those that the folder has are kept.
 *
 * @throws RangeError for what makeClip refuses, Error where the folder cannot be written
 */
export async function prepareClips(folder: string, options: ClipSetOptions): Promise<ClipSet> {
  const { kind, split, clips, seconds, sampleRate, signal, onProgress } = options
  if (!Number.isSafeInteger(clips) || clips < 1) throw new RangeError(`prepareClips: clips ${clips}; allowed are whole numbers from 1`)
  await mkdir(folder, { recursive: true })
  const baseOf = (index: number) => join(folder, `clip-${kind}-${split}-${index}-${seconds}s-${sampleRate}-v${clipVersion}`)
  let [next, done] = [0, 0]
  const makers: ReturnType<typeof startMaker>[] = []
  const work = async (): Promise<void> => {
    let maker: ReturnType<typeof startMaker> | undefined
    while (next < clips) {
      signal?.throwIfAborted()
      const index = next++
      const base = baseOf(index)
      if (!(await readFacts(base, sampleRate))) {
        if (!maker) {
          maker = startMaker(signal)
          makers.push(maker)
        }
        await maker.make({ base, kind, split, index, seconds, sampleRate })
      }
      onProgress?.(++done, clips)
    }
  }
  try {
    // One processor is left to whoever waits.
    await Promise.all(Array.from({ length: Math.max(1, Math.min(8, availableParallelism() - 1)) }, work))
  } finally {
    // Where one has failed, the others begin nothing more.
    next = clips
    await Promise.all(makers.map((maker) => maker.close()))
  }
  const annotations: Annotation[][] = []
  for (let index = 0; index < clips; index++)
    annotations.push(JSON.parse(await readFile(`${baseOf(index)}.labels.json`, 'utf8')) as Annotation[])
  return {
    clips,
    samples: Math.round(seconds * sampleRate),
    sampleRate,
    annotations: (index) => annotations[index]!,
    read: (index, start, samples) => readPcm(`${baseOf(index)}.pcm`, 1, start, samples)[0]! as Float32Array,
  }
}
