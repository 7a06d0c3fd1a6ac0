/** `separate` as Node has it: of a path as of a stream, with a model by its name as with a separator that is ready. */

import type { AudioStream } from '../audio/index.ts'
import { openAudio } from '../audio/index.ts'
import { type LoadOptions, loadSeparator } from '../models/index.ts'
import { untilAborted } from '../models/turns.ts'
import { type SeparateOptions, separate as separateWith } from './separate.ts'
import type { SeparatedBlock } from './stem-assembler.ts'

/** Instead of a separator a model, which is loaded for this song and disposed of after it. */
export interface SeparateModelOptions extends Omit<SeparateOptions, 'separator'>, LoadOptions {
  /** `vocals`, which ships with the package, or the path of a `.safetensors` file. */
  readonly model: string
}

/**
 * Separates a song block by block: for each stretch of it the samples of the song and of each stem, at its rate and channels; all together exactly as
 * long as the song. The next stretch is computed while a block is used, and no more, however slow the loop is; `break` and the signal end it at once.
 *
 * Give a `separator` to separate several songs, at once or one after the other, and dispose of it yourself; `model` loads one for this song.
 *
 * @param source path of a file, or a stream; it is closed in the end
 * @throws what openAudio, loadSeparator and the stream throw; SeparationError for sound that cannot be separated; the signal's reason
 * @example
 * let peak = 0
 * for await (const { stems } of separate('song.mp3', { model: 'vocals', onProgress: ({ doneSeconds }) => console.log(doneSeconds) })) {
 *   for (const channel of stems.vocals!) for (const sample of channel) peak = Math.max(peak, Math.abs(sample))
 * }
 */
export async function* separate(
  source: AudioStream | string,
  options: SeparateOptions | SeparateModelOptions,
): AsyncGenerator<SeparatedBlock, void, undefined> {
  const { signal } = options
  const stream = typeof source === 'string' ? await openAudio(source, signal ? { signal } : {}) : source
  if ('separator' in options) return yield* separateWith(stream, options)
  const { model, device, threads, memory, seconds, frames, ...rest } = options
  const loading = loadSeparator(model, { device, threads, memory, seconds, frames })
  let complete = false
  try {
    const separator = await untilAborted(loading, signal)
    yield* separateWith(stream, { ...rest, separator })
    complete = true
  } finally {
    await stream.close()
    const disposed = loading.then((separator) => separator.dispose()).catch(() => {})
    // Whoever gives up does not wait for the window that is being computed: the thread ends after it.
    if (complete) await disposed
  }
}
