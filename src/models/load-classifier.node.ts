/** From the path of a model file to a classifier of pictures that is ready. */
import { createOnnxRuntimeBackend } from '../runtime/index.ts'
import { type Classifier, createClassifier } from './classifier.ts'
import { readModelAt } from './read-model.node.ts'

/**
 * Loads a classifier that `divisi train recipes/shapes.yaml` or another recipe of the task `images` has made, and makes it ready.
 *
 * @param path of a `.safetensors` file, `runs/shapes/best.safetensors`
 * @param options.threads of the network, all processors by default
 * @throws Error for files that are not there and networks that classify no pictures, RangeError for files that hold no model
 *
 * @example
 * const classifier = await loadClassifier('runs/shapes/best.safetensors')
 * const { width, height } = classifier // 32 and 32
 * const data = new Uint8Array(3 * width * height) // red, green, blue of each pixel
 * const [best] = await classifier.classify({ width, height, data })
 * console.log(`${best!.label}: ${(100 * best!.probability).toFixed(1)} %`)
 * await classifier.dispose()
 */
export async function loadClassifier(path: string, { threads }: { readonly threads?: number } = {}): Promise<Classifier> {
  const model = await readModelAt(path)
  const backend = await createOnnxRuntimeBackend(threads === undefined ? {} : { threads })
  try {
    const classifier = await createClassifier(model, backend)
    return { ...classifier, dispose: () => backend.dispose() }
  } catch (error) {
    await backend.dispose()
    throw error
  }
}
