/** A decoder as an AudioStream: read once, released however it ends, its samples checked, its errors located. */

import { setImmediate } from 'node:timers/promises'
import type { Decoder } from './decoder.ts'
import { AudioError, brokenOff, damaged } from './errors.ts'
import type { FileBytes } from './file-bytes.node.ts'
import type { AudioBlock, AudioStream } from './types.ts'

export interface StreamSource extends Omit<FileBytes, 'reader'> {
  readonly path: string
  readonly signal: AbortSignal | undefined
  /** Whether the stream ends, instead of failing, where the sound breaks off. */
  readonly allowTruncated: boolean
}

/** Beyond this a float is no loud sample but a damaged one; integers that someone wrote as floats without scaling them stay below. */
const LARGEST_SAMPLE = 2 ** 32

/** What a decoder throws over bytes that no encoder writes is an error of the file; an abort stays what it is. */
export function asAudioError(error: unknown, path: string, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) return signal.reason
  return error instanceof AudioError ? error : new AudioError(reasonOf(error), { path, cause: error })
}

function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return `cannot be ${error instanceof Error && 'syscall' in error ? 'read' : 'decoded'} (${message})`
}

/** Index of the first value that can be no sample, the length where all can. */
function countSamples(block: AudioBlock): number {
  let count = block[0]?.length ?? 0
  for (const samples of block) {
    for (let i = 0; i < count; i++) if (!(Math.abs(samples[i]!) <= LARGEST_SAMPLE)) count = i
  }
  return count
}

export function toStream(decoder: Decoder, source: StreamSource): AudioStream {
  const { path, signal, allowTruncated } = source
  const { sampleRate } = decoder.info
  const inner = decoder.blocks()
  let step: Promise<IteratorResult<AudioBlock>> | undefined
  let closing: Promise<void> | undefined
  let given = 0
  let failure: AudioError | undefined
  const close = (): Promise<void> => {
    closing ??= (async () => {
      signal?.removeEventListener('abort', close)
      decoder.interrupt?.()
      source.interrupt()
      await step?.catch(() => {})
      try {
        await decoder.release()
      } catch {
        // A decoder that has failed over damaged bytes may fail once more; there is nothing left of it to use.
      } finally {
        await source.close()
      }
    })()
    return closing
  }
  signal?.addEventListener('abort', close)

  let started = false
  const checkOpen = (): void => {
    signal?.throwIfAborted()
    if (closing) throw new AudioError('was closed; open it again to read it from its start', { path })
  }
  /** The next block, undefined at the end; what it throws of the sound itself tells the place. */
  const next = async (): Promise<AudioBlock | undefined> => {
    step = inner.next()
    let result: IteratorResult<AudioBlock>
    try {
      result = await step
    } catch (error) {
      // An interrupted step fails with what it was interrupted in; the reason is the close.
      checkOpen()
      throw error instanceof AudioError && error.seconds !== undefined ? error : brokenOff(path, given, sampleRate, reasonOf(error), error)
    } finally {
      step = undefined
    }
    checkOpen()
    if (!result.done) return result.value
    if (source.shrunk()) throw brokenOff(path, given, sampleRate, 'the file became shorter while it was read')
    return undefined
  }
  async function* blocks(): AsyncGenerator<AudioBlock> {
    checkOpen()
    if (started) throw new AudioError('is being read already; open it a second time for a second reader', { path })
    started = true
    try {
      for (let block = await next(); block; block = await next()) {
        const count = countSamples(block)
        const whole = count === block[0]!.length
        given += count
        if (count > 0) yield whole ? block : block.map((samples) => samples.subarray(0, count))
        if (!whole) {
          const values = block.map((samples) => samples[count]!)
          const value = values.find((sample) => !(Math.abs(sample) <= LARGEST_SAMPLE))
          throw damaged(path, given, sampleRate, `it holds ${value}, which is no sample value`)
        }
        // Decoders work on this thread, from bytes that mostly lie in memory: between blocks the others have their turn.
        await setImmediate()
        checkOpen()
      }
    } catch (error) {
      if (!(allowTruncated && error instanceof AudioError && error.seconds !== undefined && given > 0)) throw error
      failure = error
    } finally {
      await close()
    }
  }
  return {
    info: decoder.info,
    blocks: { [Symbol.asyncIterator]: blocks },
    get brokenOff() {
      return failure
    },
    close,
  }
}
