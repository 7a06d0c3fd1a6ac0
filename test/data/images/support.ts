/** Files of labelled pictures in their real formats, small, and archives of them. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

const names = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck']

/** Records of CIFAR-10's binary format: labels `first`, `first` + 1, …, and pixels that differ between records and channels. */
export function cifarRecords(records: number, first: number): Uint8Array {
  return Uint8Array.from({ length: records * 3073 }, (_, i) => {
    const [record, place] = [Math.floor(i / 3073), i % 3073]
    return place === 0 ? first + record : (31 * (first + record) + 7 * Math.floor((place - 1) / 1024) + (place - 1)) % 256
  })
}

/** The seven files by name; `records` in each. */
export function cifarFiles(records: number): Record<string, Uint8Array> {
  return {
    ...Object.fromEntries([1, 2, 3, 4, 5].map((i) => [`data_batch_${i}.bin`, cifarRecords(records, i)])),
    'test_batch.bin': cifarRecords(records, 0),
    'batches.meta.txt': new TextEncoder().encode(`${names.join('\n')}\n\n`),
  }
}

export async function writeCifar(folder: string, records: number): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const [name, bytes] of Object.entries(cifarFiles(records))) await writeFile(join(folder, name), bytes)
}

/** An IDX file of bytes. */
function idx(shape: readonly number[], values: readonly number[]): Uint8Array {
  return Uint8Array.from([0, 0, 8, shape.length, ...shape.flatMap((n) => [n >>> 24, n >>> 16, n >>> 8, n].map((x) => x & 255)), ...values])
}

/** Three images of 4 × 5 to train on, two to test with. */
export async function writeMnist(folder: string, { packed = false } = {}): Promise<void> {
  await mkdir(folder, { recursive: true })
  const pixels = (count: number) => Array.from({ length: 20 * count }, (_, i) => i)
  const files = {
    'train-images-idx3-ubyte': idx([3, 4, 5], pixels(3)),
    'train-labels-idx1-ubyte': idx([3], [9, 8, 7]),
    't10k-images-idx3-ubyte': idx([2, 4, 5], pixels(2)),
    't10k-labels-idx1-ubyte': idx([2], [5, 6]),
  }
  for (const [name, bytes] of Object.entries(files))
    await writeFile(join(folder, packed ? `${name}.gz` : name), packed ? gzipSync(bytes) : bytes)
}

interface Entry {
  readonly path: string
  readonly bytes?: Uint8Array
  /** '0' is a file, '5' a folder, '2' a link. */
  readonly type?: string
  readonly prefix?: string
}

/** A tar archive as POSIX has it. */
export function tarOf(entries: readonly Entry[], { end = true } = {}): Uint8Array {
  const blocks = entries.flatMap(({ path, bytes = new Uint8Array(0), type = '0', prefix = '' }) => {
    const header = Buffer.alloc(512)
    header.write(path, 0)
    header.write('0000644\0', 100)
    header.write(`${bytes.length.toString(8).padStart(11, '0')}\0`, 124)
    header.write('        ', 148)
    header.write(type, 156)
    header.write('ustar\u000000', 257)
    header.write(prefix, 345)
    header.write(
      `${header
        .reduce((sum, byte) => sum + byte, 0)
        .toString(8)
        .padStart(6, '0')}\0 `,
      148,
    )
    return [header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]
  })
  return Buffer.concat([...blocks, Buffer.alloc(end ? 1024 : 0)])
}
