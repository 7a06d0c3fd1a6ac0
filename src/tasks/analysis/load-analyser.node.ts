/** From the path of a model file to an analyser that is ready. */
import { readModelAt } from '../../models/index.ts'
import { createOnnxRuntimeBackend } from '../../runtime/index.ts'
import { type Analyser, createAnalyser } from './analyser.ts'

/**
 * Loads a network that a recipe of the task `frames` or `clips` has trained, and makes it ready: `recipes/chords.yaml`, `onsets.yaml`,
 * `vocal-activity.yaml`, `key.yaml`, `instrument.yaml`.
 *
 * @param path of a `.safetensors` file, `runs/chords/best.safetensors`
 * @param options.threads of the network, all processors by default
 * @throws Error for files that are not there and networks that do not analyse, RangeError for files that hold no model
 *
 * @example
 * const analyser = await loadAnalyser('runs/chords/best.safetensors')
 * const song = await openAudio('song.mp3')
 * const analysis = await analyser.analyse(song)
 * if (analysis.kind === 'spans')
 *   for (const { start, end, label } of analysis.spans) console.log(`${start.toFixed(1)} to ${end.toFixed(1)} s: ${label}`)
 * await song.close()
 * await analyser.dispose()
 */
export async function loadAnalyser(path: string, { threads }: { readonly threads?: number } = {}): Promise<Analyser> {
  const model = await readModelAt(path)
  const backend = await createOnnxRuntimeBackend(threads === undefined ? {} : { threads })
  try {
    const analyser = await createAnalyser(model, backend)
    return { ...analyser, dispose: () => backend.dispose() }
  } catch (error) {
    await backend.dispose()
    throw error
  }
}
