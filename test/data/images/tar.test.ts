/** Tar archives: what POSIX says of them, in pieces of any size. */
import { describe, expect, it } from 'vitest'
import { readTar, type TarFile } from '../../../src/data/images/tar.ts'
import { tarOf } from './support.ts'

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function filesOf(bytes: Uint8Array, { size = 700, most = 10_000 } = {}): Promise<TarFile[]> {
  const files: TarFile[] = []
  for await (const file of readTar(inPieces(bytes, size), 'a.tar', most)) files.push(file)
  return files
}

const long = Uint8Array.from({ length: 1300 }, (_, i) => i % 251)
const archive = tarOf([
  { path: 'data/', type: '5' },
  { path: 'data/one.bin', bytes: long },
  { path: 'elsewhere', type: '2' },
  { path: 'data/empty' },
  { path: 'two.txt', prefix: 'a/deep/folder', bytes: Uint8Array.of(1, 2, 3) },
])

describe('tar', () => {
  it.each([1, 511, 512, 513, 100_000])(
    '2.14 archive: files in their order whatever the pieces (%i bytes); folders and links are passed over',
    async (size) => {
      const files = await filesOf(archive, { size })
      expect(files.map(({ path }) => path)).toEqual(['data/one.bin', 'data/empty', 'a/deep/folder/two.txt'])
      expect(files[0]!.bytes).toEqual(long)
      expect(files[2]!.bytes).toEqual(Uint8Array.of(1, 2, 3))
    },
  )

  it('2.14 archive: refuses what is cut off, damaged, too large or none', async () => {
    await expect(filesOf(archive.subarray(0, 512 + 512 + 800))).rejects.toThrow('a.tar: ends within data/one.bin; it is cut off')
    await expect(filesOf(archive.subarray(0, 512 + 512 + 1400))).rejects.toThrow('ends within data/one.bin')
    await expect(filesOf(tarOf([{ path: 'x' }], { end: false }))).rejects.toThrow('ends without the mark of its end')
    await expect(filesOf(new Uint8Array(0))).rejects.toThrow('ends without the mark of its end')
    await expect(filesOf(new Uint8Array(600).fill(65))).rejects.toThrow('is no tar archive, or damaged')
    const damaged = Uint8Array.from(archive)
    damaged[512]! ^= 1
    await expect(filesOf(damaged)).rejects.toThrow("a header's checksum is not that of its bytes")
    await expect(filesOf(archive, { most: 1299 })).rejects.toThrow('data/one.bin has 1300 bytes; allowed are up to 1299')
  })
})
