/** Downloads from a server of the test: whole or not at all, and on from where they broke off. */
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { downloadCifar10, downloadFile, downloadMnist, readCifar10 } from '../../src/data/index.ts'
import { cifarFiles, tarOf } from './images/support.ts'

type Answer = (request: IncomingMessage, response: ServerResponse) => void

let folder: string
let server: Server
let url: string
let answer: Answer
const asked: (string | undefined)[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'divisi-download-'))
  asked.length = 0
  server = createServer((request, response) => {
    asked.push(request.headers.range)
    answer(request, response)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/file`
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((done) => server.close(done))
  await rm(folder, { recursive: true, force: true })
})

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const content = Uint8Array.from({ length: 300_000 }, (_, i) => (i * i) % 251)
const target = () => join(folder, 'deep', 'file.bin')
const get = (more: object = {}) => downloadFile({ url, sha256: sha256(content), file: target(), ...more })
const left = () => readdir(join(folder, 'deep')).catch(() => [])

/** All of it, or from the byte that is asked for. */
const serving =
  (bytes: Uint8Array): Answer =>
  ({ headers: { range } }, response) => {
    const from = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0)
    if (from >= bytes.length) return response.writeHead(416).end()
    const head = {
      'content-length': bytes.length - from,
      ...(range ? { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` } : {}),
    }
    response.writeHead(range ? 206 : 200, head).end(bytes.subarray(from))
  }

/** The connection ends after so many bytes. */
const breaking =
  (bytes: Uint8Array, after: number): Answer =>
  (_, response) => {
    response.writeHead(200, { 'content-length': bytes.length })
    response.write(bytes.subarray(0, after), () => setTimeout(() => response.destroy(), 20))
  }

describe('downloads', () => {
  it('2.14 download: the file with the right checksum, once; what is there is not asked for again', async () => {
    answer = serving(content)
    const seen: number[][] = []
    await get({ onProgress: (done: number, total: number) => seen.push([done, total]) })
    expect((await readFile(target())).equals(content)).toBe(true)
    expect(await left()).toEqual(['file.bin'])
    expect(seen.at(-1)).toEqual([300_000, 300_000])
    await get()
    expect(asked).toEqual([undefined])
  })

  it('2.14 download: a connection that breaks leaves no file, and the next call goes on from there', async () => {
    answer = breaking(content, 100_000)
    await expect(get()).rejects.toThrow(/\/file: broke off after \d+ bytes .*; the same again goes on from there/)
    expect(await left()).toEqual(['file.bin.part'])
    const there = (await readFile(`${target()}.part`)).length
    expect(there).toBeGreaterThan(0)
    answer = serving(content)
    await get()
    expect(asked).toEqual([undefined, `bytes=${there}-`])
    expect((await readFile(target())).equals(content)).toBe(true)
    expect(await left()).toEqual(['file.bin'])
  })

  it('2.14 download: begins anew where the server gives no parts, another part, or has none left', async () => {
    const whole = serving(content)
    const answers: readonly Answer[] = [
      (request, response) => whole({ ...request, headers: {} } as IncomingMessage, response),
      (request, response) =>
        request.headers.range ? response.writeHead(206, { 'content-range': 'bytes 7-9/10' }).end('abc') : whole(request, response),
      whole,
    ]
    for (const [i, one] of answers.entries()) {
      await rm(join(folder, 'deep'), { recursive: true, force: true })
      answer = breaking(content, 50_000)
      await expect(get()).rejects.toThrow('broke off')
      // The last time: all of it arrived, and more, before the process ended.
      if (i === 2) await writeFile(`${target()}.part`, new Uint8Array(400_000))
      answer = one
      await get()
      expect((await readFile(target())).equals(content)).toBe(true)
    }
  })

  it('2.14 download: another file than the one asked for is refused and removed', async () => {
    answer = serving(content.slice(1))
    await expect(get()).rejects.toThrow(/its SHA-256 is [0-9a-f]{64}, not [0-9a-f]{64}; what came was removed/)
    expect(await left()).toEqual([])
  })

  it('2.14 download: says what a server answers, and that there is none', async () => {
    answer = (_, response) => response.writeHead(403).end('no')
    await expect(get()).rejects.toThrow(/\/file: the server answers 403 Forbidden; try again later, or get it another way/)
    await expect(downloadFile({ url: 'http://127.0.0.1:1/file', sha256: '0', file: target() })).rejects.toThrow(
      /cannot be reached: .*; try again later/,
    )
    expect(await left()).toEqual([])
  })

  it('2.14 download: stops with the reason of its signal, and keeps what came', async () => {
    answer = (_, response) => {
      response.writeHead(200, { 'content-length': content.length })
      response.write(content.subarray(0, 1000))
    }
    const controller = new AbortController()
    const reason = new Error('that is enough')
    await expect(get({ signal: controller.signal, onProgress: () => controller.abort(reason) })).rejects.toBe(reason)
    expect(await left()).toEqual(['file.bin.part'])
  })
})

describe('archives', () => {
  const entries = Object.entries(cifarFiles(2)).map(([name, bytes]) => ({ path: `cifar-10-batches-bin/${name}`, bytes }))
  const packed = (files: Parameters<typeof tarOf>[0]) => gzipSync(tarOf(files))
  const archive = packed([{ path: 'cifar-10-batches-bin/', type: '5' }, ...entries])
  const cifar = (bytes: Uint8Array, more: object = {}) => {
    answer = serving(bytes)
    return downloadCifar10(folder, { url, sha256: sha256(bytes), ...more })
  }

  it('2.14 cached download: CIFAR-10 is downloaded and unpacked once, and read', async () => {
    const at = await cifar(archive)
    expect((await readCifar10(at, { recordsPerFile: 2 })).train.labels).toHaveLength(10)
    expect(await readdir(folder)).toEqual(['cifar-10'])
    expect(await cifar(archive)).toBe(at)
    expect(asked).toHaveLength(1)
  })

  it('2.14 cached download: writes nothing but the seven files, wherever the archive says that others belong', async () => {
    const evil = [
      { path: '../evil.bin', bytes: Uint8Array.of(1) },
      { path: 'cifar-10-batches-bin/../../data_batch_1.bin', bytes: Uint8Array.of(1) },
      { path: 'cifar-10-batches-bin/readme.html', bytes: Uint8Array.of(1) },
    ]
    const at = await cifar(packed([...evil, ...entries]))
    expect(await readdir(folder)).toEqual(['cifar-10'])
    expect((await readdir(at)).toSorted()).toEqual(Object.keys(cifarFiles(2)).toSorted())
    expect((await readFile(join(at, 'data_batch_1.bin'))).length).toBe(2 * 3073)
  })

  it.each<[string, Uint8Array, RegExp]>([
    ['no archive', content, /cannot be unpacked: incorrect header check/],
    ['a part of one', archive.subarray(0, archive.length - 40), /cannot be unpacked: unexpected end of file/],
    [
      'one without a file',
      packed(entries.slice(1)),
      /has no data_batch_1\.bin in cifar-10-batches-bin; it is not CIFAR-10's binary version/,
    ],
    [
      'one with a huge file',
      packed([{ path: 'x', bytes: new Uint8Array(30_730_001) }]),
      /x has 30730001 bytes; allowed are up to 30730000/,
    ],
  ])('2.14 cached download: %s leaves no folder', async (_, bytes, message) => {
    await expect(cifar(bytes)).rejects.toThrow(message)
    expect(await readdir(folder)).not.toContain('cifar-10')
    expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([])
  })

  it('2.14 cached download: refuses an archive with another checksum than the official one', async () => {
    answer = serving(archive)
    await expect(downloadCifar10(folder, { url })).rejects.toThrow(/not c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd/)
    expect(await readdir(folder)).toEqual([])
  })

  it('2.14 cached download: MNIST file by file, each with its checksum', async () => {
    const paths: string[] = []
    answer = (request, response) => {
      paths.push(request.url!)
      response.writeHead(200).end('something else')
    }
    await expect(downloadMnist(folder, { url })).rejects.toThrow(
      /\/file\/train-images-idx3-ubyte\.gz: is not the file that was asked for: .* not 440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609/,
    )
    expect(paths).toEqual(['/file/train-images-idx3-ubyte.gz'])
  })
})
