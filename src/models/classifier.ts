/** A trained classifier of pictures, ready to be asked: bytes of a picture in, classes with their probabilities out. */
import { type Backend, compile } from '../runtime/index.ts'
import { mul, softmax, sub } from '../tensor/index.ts'
import { LeNet } from './lenet/network.ts'
import type { LoadedModel } from './model-file.ts'

/** A picture as canvases (`ImageData`) and decoders have it. */
export interface Picture {
  readonly width: number
  readonly height: number
  /** Pixel by pixel, row by row from the top, 0…255: grey; red, green, blue; or either with an opacity at the end, which is not looked at. */
  readonly data: ArrayLike<number>
}

export interface ClassProbability {
  readonly label: string
  readonly probability: number
}

export interface Classifier {
  /** Of the model file. */
  readonly name: string
  /** Where it runs, in words. */
  readonly device: string
  readonly classes: readonly string[]
  /** Of the pictures that it takes: 3 of colours, 1 of greys. */
  readonly channels: number
  readonly height: number
  readonly width: number
  /**
   * All classes, the most probable first; probabilities sum to 1.
   *
   * @throws RangeError for pictures of another size or without the channels
   */
  classify(picture: Picture): Promise<readonly ClassProbability[]>
  /** Frees the program; the backend is its owner's. */
  dispose(): Promise<void>
}

/** (channels, height, width), without what else each pixel has. */
function planesOf({ width, height, data }: Picture, classifier: Pick<Classifier, 'channels' | 'height' | 'width'>): Float32Array {
  const { channels } = classifier
  if (width !== classifier.width || height !== classifier.height)
    throw new RangeError(
      `classify: a picture of ${width} × ${height} pixels; needs ${classifier.width} × ${classifier.height}: scale it before`,
    )
  const size = width * height
  const perPixel = data.length / size
  if (perPixel !== channels && perPixel !== channels + 1)
    throw new RangeError(
      `classify: ${data.length} values for ${width} × ${height} pixels; needs ${channels} per pixel (${channels === 1 ? 'grey' : 'red, green, blue'}), or one more for opacity`,
    )
  return Float32Array.from({ length: channels * size }, (_, i) => data[(i % size) * perPixel + Math.floor(i / size)]!)
}

/**
 * A classifier of a model that was read, on any backend. In Node, `loadClassifier` does both.
 *
 * @throws Error for networks that classify no pictures
 */
export async function createClassifier({ name, network, values }: LoadedModel, backend: Backend): Promise<Classifier> {
  if (!(network instanceof LeNet))
    throw new Error(
      `model "${name}": is a network of the kind "${network.config.architecture}", which classifies no pictures; allowed is "lenet"`,
    )
  const { channels, size, classes } = network.config
  const [height, width] = size
  const program = await compile(
    ({ picture }) => ({ probabilities: softmax(network.forward(sub(mul(picture, 1 / 127.5), 1)), 1) }),
    { picture: [1, channels, height, width] },
    { backend, constants: values },
  )
  const facts = { name, device: backend.description, classes, channels, height, width }
  return {
    ...facts,
    classify: async (picture) => {
      const { probabilities } = await program.run({ picture: planesOf(picture, facts) })
      return classes
        .map((label, i) => ({ label, probability: Number(probabilities![i]) }))
        .toSorted((a, b) => b.probability - a.probability)
    },
    dispose: () => program.dispose(),
  }
}
