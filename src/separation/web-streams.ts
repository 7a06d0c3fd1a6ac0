/**
 * Separation as Web Streams (WHATWG Streams), in Node as in a browser: separated blocks to read, and a pair of streams to pipe sound through. Nothing
 * is computed that nobody reads but the window ahead; who cancels the reading end stops the separation and the source.
 */

import { fromReadableStream, type ReadableSound } from '../audio/readable-stream.ts'
import type { AudioBlock, AudioStream } from '../audio/types.ts'
import { type SeparateOptions, separate } from './separate.ts'
import type { SeparatedBlock } from './stem-assembler.ts'

/**
 * The blocks of `separate` as a ReadableStream. It ends with the source, fails as `separate` does, and ends the separation when it is cancelled, also
 * inside a window.
 *
 * @example
 * const stems = separateStream(source, options)
 * const reader = stems.getReader()
 * const { value } = await reader.read()
 * await reader.cancel()
 */
export function separateStream(source: AudioStream, options: SeparateOptions): ReadableStream<SeparatedBlock> {
  const { signal } = options
  const stop = new AbortController()
  const forward = (): void => stop.abort(signal?.reason)
  if (signal?.aborted) forward()
  else signal?.addEventListener('abort', forward, { once: true })
  const blocks = separate(source, { ...options, signal: stop.signal })
  const end = (): void => signal?.removeEventListener('abort', forward)
  return new ReadableStream<SeparatedBlock>(
    {
      async pull(controller) {
        try {
          const { value, done } = await blocks.next()
          if (!done) return controller.enqueue(value)
          end()
          controller.close()
        } catch (error) {
          end()
          throw error
        }
      },
      async cancel(reason) {
        end()
        stop.abort(reason)
        // What it was waiting for fails with the reason that we gave.
        await blocks.return().catch(() => {})
        await source.close()
      },
    },
    // Nothing is made before somebody asks for it.
    { highWaterMark: 0 },
  )
}

/**
 * A pair of streams for `pipeThrough`: blocks of samples in, separated blocks out. Writing waits until what was written has been read from the other
 * end, but for a window; a writer that aborts and a reader that cancels end both.
 *
 * @param sound rate and channels of what will be written
 * @example
 * const microphone = new ReadableStream<AudioBlock>()
 * const stems: ReadableStream<SeparatedBlock> = microphone.pipeThrough(separateThrough({ sampleRate: 48000, channels: 2 }, options))
 */
export function separateThrough(
  sound: ReadableSound,
  options: SeparateOptions,
): { readonly writable: WritableStream<AudioBlock>; readonly readable: ReadableStream<SeparatedBlock> } {
  const { writable, readable } = new TransformStream<AudioBlock, AudioBlock>()
  return { writable, readable: separateStream(fromReadableStream(readable, sound), options) }
}
