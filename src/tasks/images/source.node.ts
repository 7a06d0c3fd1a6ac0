/** Labelled pictures: shapes that the project draws itself, CIFAR-10, or MNIST. */
import { z } from 'zod'
import {
  createImageBatches,
  downloadCifar10,
  downloadMnist,
  type ImageSet,
  type ImageSets,
  imageBatch,
  makeShapes,
  readCifar10,
  readMnist,
  shapeClasses,
  shapesVersion,
} from '../../data/index.ts'
import type { Drawing } from '../parts.ts'
import type { Surroundings } from '../task.ts'
import type { ImageSource } from './source.ts'

const pixels = z.number().int().min(16)

/** Get what `--data` does not give from the authors, into the cache. */
const download = z.boolean().default(false)

export const imagesSchema = z.discriminatedUnion('source', [
  z.strictObject({
    source: z.literal('shapes'),
    /** Height and width. */
    size: z.tuple([pixels, pixels]).default([32, 32]),
  }),
  z.strictObject({
    source: z.literal('cifar-10'),
    download,
    /** As the original has; another number for files of this format that hold a part. */
    recordsPerFile: z.number().int().min(1).default(10_000),
  }),
  z.strictObject({ source: z.literal('mnist'), download }),
])

export type ImagesData = z.output<typeof imagesSchema>

/** Of held-out shapes; seeds of recipes are not negative, so no picture is of both. */
const heldOutSeed = -1

function openShapes([height, width]: readonly [number, number], { seed, batchSize }: Drawing): ImageSource {
  return {
    classes: shapeClasses,
    channels: 3,
    height,
    width,
    batch: (step) => {
      const set = makeShapes({ seed, first: step * batchSize, count: batchSize, height, width })
      return imageBatch(set, Array.from(set.labels.keys()))
    },
    heldOut: (count) => makeShapes({ seed: heldOutSeed, count, height, width }),
    identity: { shapesVersion },
  }
}

function firstOf(set: ImageSet, count: number): ImageSet {
  const size = set.pixels.length / set.labels.length
  return { ...set, labels: set.labels.subarray(0, count), pixels: set.pixels.subarray(0, count * size) }
}

function openSets({ train, test }: ImageSets, { seed, batchSize }: Drawing): ImageSource {
  const { classes, channels, height, width } = train
  return {
    classes,
    channels,
    height,
    width,
    batch: createImageBatches(train, { seed, batchSize }).batch,
    heldOut: (count) => firstOf(test, count),
    identity: { train: train.labels.length, test: test.labels.length },
  }
}

/** The folder of `--data`, or that of what is downloaded, if the recipe wants that. */
async function folderOf(
  what: string,
  wanted: boolean,
  get: typeof downloadMnist,
  { dataFolder, cacheFolder, signal, onProgress }: Surroundings,
): Promise<string> {
  if (dataFolder !== undefined) return dataFolder
  if (!wanted)
    throw new Error(
      `data: the recipe names ${what}; give its folder with --data DIR, let it be downloaded with \`download: true\` beside \`source\`, or train on shapes made here with --data synthetic`,
    )
  return get(cacheFolder, { signal, onProgress: (done, total) => onProgress(`downloading ${what}`, done, total) })
}

/** @throws Error where pictures are missing, RangeError where their files are not whole */
export async function openImages(data: ImagesData, drawing: Drawing, surroundings: Surroundings): Promise<ImageSource> {
  switch (data.source) {
    case 'shapes':
      return openShapes(data.size, drawing)
    case 'cifar-10': {
      const folder = await folderOf('CIFAR-10', data.download, downloadCifar10, surroundings)
      return openSets(await readCifar10(folder, data), drawing)
    }
    case 'mnist':
      return openSets(await readMnist(await folderOf('MNIST', data.download, downloadMnist, surroundings)), drawing)
  }
}
