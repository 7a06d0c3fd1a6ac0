/** Files of CIFAR-10 and MNIST in their real formats, whole and broken. */
import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseIdx, pixelsOf, readCifar10, readMnist } from '../../../src/data/index.ts'
import { cifarRecords, writeCifar, writeMnist } from './support.ts'

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'divisi-images-'))
})
afterAll(() => rm(root, { recursive: true, force: true }))

let count = 0
/** A folder with CIFAR-10 in files of 3 records, changed by `change`. */
async function cifar(change: (folder: string) => Promise<unknown> = async () => {}): Promise<string> {
  const folder = join(root, `cifar-${count++}`)
  await writeCifar(folder, 3)
  await change(folder)
  return folder
}
const read3 = (folder: string) => readCifar10(folder, { recordsPerFile: 3 })

async function mnist(change: (folder: string) => Promise<unknown> = async () => {}, packed = false): Promise<string> {
  const folder = join(root, `mnist-${count++}`)
  await writeMnist(folder, { packed })
  await change(folder)
  return folder
}

describe('CIFAR-10', () => {
  it('2.14 CIFAR-10 loader: five files to train on in their order, one to test with, names of classes', async () => {
    const { train, test } = await read3(await cifar())
    expect(train.classes).toEqual(['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'])
    expect([train.channels, train.height, train.width]).toEqual([3, 32, 32])
    expect(Array.from(train.labels)).toEqual([1, 2, 3, 2, 3, 4, 3, 4, 5, 4, 5, 6, 5, 6, 7])
    expect(Array.from(test.labels)).toEqual([0, 1, 2])
    // Record 2 of file 3: its bytes behind the label, red, green, blue.
    const written = cifarRecords(3, 3)
    expect(pixelsOf(train, 8)).toEqual(written.slice(2 * 3073 + 1, 3 * 3073))
    expect(pixelsOf(test, 0)).toEqual(cifarRecords(3, 0).slice(1, 3073))
  })

  it('2.14 CIFAR-10 loader: finds the folder of the archive in the one that is given', async () => {
    const outer = join(root, 'outer')
    await writeCifar(join(outer, 'cifar-10-batches-bin'), 3)
    expect((await read3(outer)).train.labels).toHaveLength(15)
  })

  it('2.14 CIFAR-10 loader: 10 000 records per file unless told otherwise', async () => {
    const folder = await cifar(async (at) => {
      // Full files of zeros: ten thousand black airplanes each.
      for (const name of ['data_batch_1', 'data_batch_2', 'data_batch_3', 'data_batch_4', 'data_batch_5', 'test_batch']) {
        await writeFile(join(at, `${name}.bin`), '')
        await truncate(join(at, `${name}.bin`), 30_730_000)
      }
    })
    const { train, test } = await readCifar10(folder)
    expect([train.labels.length, test.labels.length]).toEqual([50_000, 10_000])
    await expect(readCifar10(await cifar())).rejects.toThrow(
      /data_batch_1\.bin: has 9219 bytes and is cut off after 3 of 10000 records; needs 10000 × 3073 = 30730000/,
    )
  })

  it.each<[string, (folder: string) => Promise<unknown>, RegExp]>([
    [
      'cut off',
      (at) => truncate(join(at, 'data_batch_4.bin'), 2 * 3073 + 100),
      /data_batch_4\.bin: has 6246 bytes and is cut off after 2 of 3 records/,
    ],
    ['empty', (at) => truncate(join(at, 'test_batch.bin'), 0), /test_batch\.bin: has 0 bytes and is cut off after 0 of 3/],
    [
      'too long',
      (at) => writeFile(join(at, 'data_batch_1.bin'), cifarRecords(4, 1)),
      /data_batch_1\.bin: has 12292 bytes and is longer than 3 records/,
    ],
    [
      'a label of 10',
      (at) => writeFile(join(at, 'data_batch_2.bin'), cifarRecords(3, 8)),
      /data_batch_2\.bin: record 2 has the label 10; allowed are 0…9/,
    ],
    [
      'missing',
      (at) => rm(join(at, 'data_batch_5.bin')),
      /data_batch_5\.bin: there is no such file; CIFAR-10's binary version has .*give its folder/,
    ],
    ['no names', (at) => rm(join(at, 'batches.meta.txt')), /batches\.meta\.txt: there is no such file/],
    [
      'too few names',
      (at) => writeFile(join(at, 'batches.meta.txt'), 'cat\ndog\ncat\n'),
      /batches\.meta\.txt: has 2 different names in 3 lines; needs 10/,
    ],
  ])('2.14 CIFAR-10 loader: refuses a file that is wrong: %s', async (_, change, message) => {
    await expect(read3(await cifar(change))).rejects.toThrow(message)
  })
})

describe('MNIST', () => {
  it('2.14 MNIST loader: images and labels of IDX files, as they are or packed', async () => {
    const plain = await readMnist(await mnist())
    expect([plain.train.channels, plain.train.height, plain.train.width]).toEqual([1, 4, 5])
    expect(Array.from(plain.train.labels)).toEqual([9, 8, 7])
    expect(Array.from(plain.test.labels)).toEqual([5, 6])
    expect(plain.train.classes).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
    expect(Array.from(pixelsOf(plain.train, 2))).toEqual(Array.from({ length: 20 }, (_, i) => 40 + i))
    expect(await readMnist(await mnist(undefined, true))).toEqual(plain)
  })

  const images = (bytes: number[]) => (at: string) => writeFile(join(at, 'train-images-idx3-ubyte'), Uint8Array.from(bytes))
  const labels = (bytes: number[]) => (at: string) => writeFile(join(at, 'train-labels-idx1-ubyte'), Uint8Array.from(bytes))
  const header = [0, 0, 8, 1, 0, 0, 0]
  it.each<[string, (folder: string) => Promise<unknown>, RegExp]>([
    [
      'cut off',
      (at) => truncate(join(at, 'train-images-idx3-ubyte'), 60),
      /train-images-idx3-ubyte: has 44 values, its header promises 3 × 4 × 5 = 60/,
    ],
    ['empty', images([]), /train-images-idx3-ubyte: begins with nothing; an IDX file of bytes with 3 axes begins with 0 0 8 3/],
    ['another kind', images([0, 0, 13, 3, 0]), /begins with 0 0 13 3/],
    ['labels for images', images([0, 0, 8, 1, 0, 0, 0, 0]), /begins with 0 0 8 1/],
    ['an end within the header', images([0, 0, 8, 3, 0, 0, 0, 1]), /ends within its header, after 8 of 16 bytes/],
    [
      'a header that promises too much',
      labels([...header.slice(0, 4), 255, 255, 255, 255, 1]),
      /has 1 values, its header promises 4294967295/,
    ],
    ['too long', labels([...header, 3, 1, 2, 3, 4]), /has 4 values, its header promises 3 = 3/],
    ['a label of 10', labels([...header, 3, 1, 10, 3]), /train-labels-idx1-ubyte: label 1 is 10; allowed are 0…9/],
    ['too few labels', labels([...header, 2, 1, 2]), /has 2 labels for the 3 images of train-images-idx3-ubyte/],
    [
      'missing',
      (at) => rm(join(at, 't10k-images-idx3-ubyte')),
      /t10k-images-idx3-ubyte\.gz: there is no such file; nor one without \.gz; MNIST has/,
    ],
  ])('2.14 MNIST loader: refuses a file that is wrong: %s', async (_, change, message) => {
    await expect(readMnist(await mnist(change))).rejects.toThrow(message)
  })

  it('2.14 MNIST loader: refuses packed files that are cut off, and test images of another size', async () => {
    const name = 't10k-labels-idx1-ubyte.gz'
    const cut = await mnist((at) => writeFile(join(at, name), gzipSync(Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 5, 6)).subarray(0, 15)), true)
    await expect(readMnist(cut)).rejects.toThrow(/t10k-labels-idx1-ubyte\.gz: cannot be unpacked: unexpected end of file/)
    const odd = await mnist((at) =>
      writeFile(join(at, 't10k-images-idx3-ubyte'), Uint8Array.from([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 7, 7])),
    )
    await expect(readMnist(odd)).rejects.toThrow(/images of 4 × 5 to train on, of 1 × 1 to test with/)
    await mkdir(join(root, 'nothing'))
    await expect(readMnist(join(root, 'nothing'))).rejects.toThrow(/train-images-idx3-ubyte\.gz: there is no such file/)
  })

  it('2.14 IDX: reads bytes that lie within a larger buffer', () => {
    const buffer = Uint8Array.of(9, 9, 0, 0, 8, 1, 0, 0, 0, 2, 7, 8)
    expect(parseIdx(buffer.subarray(2), 'labels', 1)).toEqual({ shape: [2], values: Uint8Array.of(7, 8) })
  })
})
