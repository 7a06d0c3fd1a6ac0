/** CIFAR-10 and MNIST from the network, checked and unpacked into a cache. */
import { createReadStream } from 'node:fs'
import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { downloadFile } from '../download.node.ts'
import { cifarFiles, cifarFolder, mnistFiles } from './image-files.node.ts'
import { readTar } from './tar.ts'

/** The authors' archive of the binary version. */
const cifarArchive = {
  url: 'https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz',
  sha256: 'c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd',
} as const

/** A mirror that answers without an account, as the authors' page does not; the files are theirs. */
const mnistArchive = {
  url: 'https://ossci-datasets.s3.amazonaws.com/mnist',
  sha256: {
    'train-images-idx3-ubyte': '440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609',
    'train-labels-idx1-ubyte': '3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c',
    't10k-images-idx3-ubyte': '8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6',
    't10k-labels-idx1-ubyte': 'f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6',
  },
} as const

export interface DownloadImagesOptions {
  /** Another place that has the same file. */
  readonly url?: string
  /** Of other files than the original ones, where `url` has such. */
  readonly sha256?: string
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: (done: number, total: number) => void
}

/** No file of CIFAR-10 is larger. */
const mostBytes = 10_000 * 3073

async function unpack(archive: string, target: string, signal: AbortSignal | undefined): Promise<void> {
  const temporary = `${target}.${process.pid}.tmp`
  await mkdir(temporary, { recursive: true })
  try {
    const missing = new Set(cifarFiles)
    const write = async (source: AsyncIterable<Uint8Array>) => {
      for await (const { path, bytes } of readTar(source, archive, mostBytes)) {
        // Only names that are expected are written: where the archive says that a file belongs does not matter.
        const name = basename(path)
        if (path === `${cifarFolder}/${name}` && missing.delete(name)) await writeFile(join(temporary, name), bytes)
      }
    }
    await pipeline(createReadStream(archive), createGunzip(), write, { signal }).catch((error: unknown) => {
      signal?.throwIfAborted()
      throw error instanceof RangeError
        ? error
        : new RangeError(`${archive}: cannot be unpacked: ${(error as Error).message}`, { cause: error })
    })
    if (missing.size > 0)
      throw new RangeError(`${archive}: has no ${Array.from(missing).join(', ')} in ${cifarFolder}; it is not CIFAR-10's binary version`)
    await rename(temporary, target)
  } catch (error) {
    await rm(temporary, { recursive: true, force: true })
    throw error
  }
}

/**
 * CIFAR-10's binary version (162 MB), for `readCifar10`: from the cache, or else downloaded, checked and unpacked.
 *
 * @returns the folder, `cifar-10` in the cache; it is there whole or not at all
 * @throws Error for what `downloadFile` does not get, RangeError for archives that lack files
 */
export async function downloadCifar10(cacheFolder: string, options: DownloadImagesOptions = {}): Promise<string> {
  const { url = cifarArchive.url, sha256 = cifarArchive.sha256, signal, onProgress } = options
  const folder = join(cacheFolder, 'cifar-10')
  const there = await stat(folder).then(
    () => true,
    () => false,
  )
  if (there) return folder
  const file = join(cacheFolder, 'cifar-10-binary.tar.gz')
  await downloadFile({ url, sha256, file, signal, ...(onProgress ? { onProgress } : {}) })
  await unpack(file, folder, signal)
  await rm(file)
  return folder
}

/**
 * The four files of MNIST (11 MB), for `readMnist`: those that the cache has not are downloaded and checked.
 *
 * @param options.url of the folder that the files are in
 * @returns the folder, `mnist` in the cache
 * @throws Error for what `downloadFile` does not get
 */
export async function downloadMnist(cacheFolder: string, options: Omit<DownloadImagesOptions, 'sha256'> = {}): Promise<string> {
  const { url = mnistArchive.url, signal, onProgress } = options
  const folder = join(cacheFolder, 'mnist')
  for (const name of Object.values(mnistFiles).flat()) {
    const packed = `${name}.gz`
    await downloadFile({
      url: `${url}/${packed}`,
      sha256: mnistArchive.sha256[name],
      file: join(folder, packed),
      signal,
      ...(onProgress ? { onProgress } : {}),
    })
  }
  return folder
}
