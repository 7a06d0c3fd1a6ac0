/** Classification of pictures. */
import { z } from 'zod'
import { crossEntropy } from '../../losses/index.ts'
import { LeNet, type LenetOfData, lenetConfig, lenetOfData } from '../../models/index.ts'
import type { Drawing } from '../parts.ts'
import { defineTask, type Parts, type Surroundings, type Task } from '../task.ts'
import { judgeImages, scoreKinds } from './judge.ts'
import { type ImagesData, imagesSchema, openImages } from './source.node.ts'
import type { ImageSource } from './source.ts'

/** Sizes and classes are those of the data; a recipe that names them has to name the same. */
function networkFor(model: LenetOfData, { classes, channels, height, width }: ImageSource): LeNet {
  const ofData = { channels, size: [height, width], classes: [...classes] }
  for (const [name, value] of Object.entries(ofData)) {
    const asked = model[name as keyof typeof ofData]
    if (asked !== undefined && JSON.stringify(asked) !== JSON.stringify(value))
      throw new RangeError(
        `model.${name}: ${JSON.stringify(asked)}, the data have ${JSON.stringify(value)}; leave it out, or choose other data`,
      )
  }
  const config = lenetConfig.safeParse({ ...model, ...ofData })
  if (!config.success) throw new RangeError(`model: ${z.prettifyError(config.error).replaceAll('\n', ' ')}`)
  return new LeNet(config.data)
}

async function open({ model, data }: Parts<LenetOfData, ImagesData>, drawing: Drawing, surroundings: Surroundings): Promise<Task> {
  const source = await openImages(data, drawing, surroundings)
  const network = networkFor(model, source)
  const { batchSize } = drawing
  return {
    network,
    batch: {
      images: [batchSize, source.channels, source.height, source.width],
      labels: { shape: [batchSize], dtype: 'int64' },
    },
    loss: ({ images, labels }) => crossEntropy(network.forward(images!), labels!),
    batchAt: async (step) => ({ ...source.batch(step) }),
    scores: scoreKinds,
    judge: (options) => judgeImages(network, source.heldOut(options.examples), options),
    identity: source.identity,
    close: async () => {},
  }
}

export const imagesTask = defineTask<LenetOfData, ImagesData>({
  name: 'images',
  model: lenetOfData,
  /** `synthetic` stands for pictures that the project draws itself: the recipe then runs for anyone. */
  data: z.preprocess((value) => (value === 'synthetic' ? { source: 'shapes' } : value), imagesSchema),
  synthetic: () => imagesSchema.parse({ source: 'shapes' }),
  open,
})
