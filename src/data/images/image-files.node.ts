/** The files of CIFAR-10 and MNIST as sets of pictures, those to train on and those to test with. */
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { concatBytes } from '../../formats/bytes.ts'
import { cifarSize, parseCifar10, parseCifarNames } from './cifar-10.ts'
import { type IdxArray, parseIdx } from './idx.ts'
import type { ImageSet } from './image-set.ts'

export interface ImageSets {
  readonly train: ImageSet
  readonly test: ImageSet
}

/** Where to read about it and to get it. */
const cifarPage = 'https://www.cs.toronto.edu/~kriz/cifar.html'
/** The folder in the archive. */
export const cifarFolder = 'cifar-10-batches-bin'
const trainFiles = [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`)
const testFile = 'test_batch.bin'
const namesFile = 'batches.meta.txt'
export const cifarFiles: readonly string[] = [...trainFiles, testFile, namesFile]

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  )

async function readPart(path: string, what: string): Promise<Buffer> {
  return readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new Error(`${path}: ${error.code === 'ENOENT' ? `there is no such file; ${what}` : error.message}`, { cause: error })
  })
}

/**
 * CIFAR-10 from a folder with the seven files of the binary version, or with the archive's folder `cifar-10-batches-bin`.
 *
 * @param options.recordsPerFile 10 000, as the original has; another number for files of this format that hold a part
 * @throws Error for files that are missing, RangeError for those that are cut off, too long, or have labels above 9
 */
export async function readCifar10(
  folder: string,
  { recordsPerFile = 10_000 }: { readonly recordsPerFile?: number } = {},
): Promise<ImageSets> {
  const inner = join(folder, cifarFolder)
  const at = (await exists(inner)) ? inner : folder
  const what = `CIFAR-10's binary version has ${cifarFiles.join(', ')}: unpack cifar-10-binary.tar.gz (${cifarPage}) and give its folder`
  const read = async (name: string) => parseCifar10(await readPart(join(at, name), what), join(at, name), recordsPerFile)
  const classes = parseCifarNames((await readPart(join(at, namesFile), what)).toString('utf8'), join(at, namesFile))
  const parts: Awaited<ReturnType<typeof read>>[] = []
  for (const name of trainFiles) parts.push(await read(name))
  const train = { labels: concatBytes(parts.map(({ labels }) => labels)), pixels: concatBytes(parts.map(({ pixels }) => pixels)) }
  const test = await read(testFile)
  return { train: { classes, ...cifarSize, ...train }, test: { classes, ...cifarSize, ...test } }
}

/** The parts of MNIST by their names, with or without `.gz`. */
export const mnistFiles = {
  train: ['train-images-idx3-ubyte', 'train-labels-idx1-ubyte'],
  test: ['t10k-images-idx3-ubyte', 't10k-labels-idx1-ubyte'],
} as const
const digits = Array.from('0123456789')
/** Far above what any of the files unpacks to: one that lies about itself does not fill the memory. */
const mostBytes = 2 ** 30

/** A file as it is, or unpacked if there is only `name.gz`. */
async function readIdx(folder: string, name: string, axes: number): Promise<IdxArray> {
  const plain = join(folder, name)
  if (await exists(plain)) return parseIdx(await readFile(plain), plain, axes)
  const packed = `${plain}.gz`
  const names = Object.values(mnistFiles).flat().join(', ')
  const bytes = await readPart(packed, `nor one without .gz; MNIST has ${names}: give the folder that they are in`)
  const unpacked = await promisify(gunzip)(bytes, { maxOutputLength: mostBytes }).catch((error: Error) => {
    throw new RangeError(`${packed}: cannot be unpacked: ${error.message}; get it anew`, { cause: error })
  })
  return parseIdx(unpacked, packed, axes)
}

async function readMnistPart(folder: string, [imagesName, labelsName]: readonly [string, string]): Promise<ImageSet> {
  const images = await readIdx(folder, imagesName, 3)
  const labels = await readIdx(folder, labelsName, 1)
  const [count, height, width] = images.shape as [number, number, number]
  const file = join(folder, labelsName)
  if (labels.values.length !== count)
    throw new RangeError(
      `${file}: has ${labels.values.length} labels for the ${count} images of ${imagesName}; needs one per image: get both anew`,
    )
  const wrong = labels.values.findIndex((label) => label > 9)
  if (wrong >= 0) throw new RangeError(`${file}: label ${wrong} is ${labels.values[wrong]}; allowed are 0…9: get it anew`)
  return { classes: digits, channels: 1, height, width, labels: labels.values, pixels: images.values }
}

/**
 * MNIST, or what has its format and names (Fashion-MNIST), from a folder with its four IDX files, as they are or as `.gz`.
 *
 * @throws Error for files that are missing, RangeError for those that are cut off, too long, do not fit each other, or have labels above 9
 */
export async function readMnist(folder: string): Promise<ImageSets> {
  const train = await readMnistPart(folder, mnistFiles.train)
  const test = await readMnistPart(folder, mnistFiles.test)
  if (test.height !== train.height || test.width !== train.width)
    throw new RangeError(
      `${folder}: images of ${train.height} × ${train.width} to train on, of ${test.height} × ${test.width} to test with; needs one size`,
    )
  return { train, test }
}
