/** Files from the network, into a cache: whole, with the right checksum, or not at all; what broke off goes on where it was. */
import { mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { sha256File } from './hash.node.ts'

export interface DownloadOptions {
  /** http or https. */
  readonly url: string
  /** Of the whole file, in hexadecimal digits. */
  readonly sha256: string
  /** Where it goes; while it is on its way it is called `<file>.part`. */
  readonly file: string
  readonly signal?: AbortSignal | undefined
  /** Bytes that are there, and of the whole file (0 where the server does not say). */
  readonly onProgress?: (done: number, total: number) => void
}

const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  )

/** Asks for the file from a byte on; gives the byte that the answer begins with, which is 0 where the server does not do parts. */
async function request(url: string, from: number, signal: AbortSignal | undefined): Promise<{ response: Response; start: number }> {
  const headers = from > 0 ? { Range: `bytes=${from}-` } : {}
  const response = await fetch(url, { headers, ...(signal ? { signal } : {}) }).catch((error: Error) => {
    signal?.throwIfAborted()
    const reason = error.cause instanceof Error ? error.cause.message : error.message
    throw new Error(`${url}: cannot be reached: ${reason}; try again later, or get it another way and give its folder`, { cause: error })
  })
  // No part is left to ask for, or it is another file by now: all of it, from the start.
  if (response.status === 416 && from > 0) return request(url, 0, signal)
  if (!response.ok || !response.body)
    throw new Error(
      `${url}: the server answers ${response.status} ${response.statusText}; try again later, or get it another way and give its folder`,
    )
  const range = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')
  const start = response.status === 206 ? Number(range?.[1]) : 0
  if (start !== 0 && start !== from) {
    await response.body.cancel()
    return request(url, 0, signal)
  }
  return { response, start }
}

async function receive({ url, signal, onProgress }: DownloadOptions, part: string): Promise<void> {
  await mkdir(dirname(part), { recursive: true })
  const { response, start } = await request(url, await sizeOf(part), signal)
  const file = await open(part, start > 0 ? 'a' : 'w')
  let done = start
  try {
    const length = Number(response.headers.get('content-length') ?? Number.NaN)
    const total = Number.isFinite(length) ? start + length : 0
    for await (const bytes of response.body as unknown as AsyncIterable<Uint8Array>) {
      await file.writeFile(bytes)
      done += bytes.length
      onProgress?.(done, total)
    }
    await file.sync()
  } catch (error) {
    signal?.throwIfAborted()
    throw new Error(`${url}: broke off after ${done} bytes (${(error as Error).message}); the same again goes on from there`, {
      cause: error,
    })
  } finally {
    await file.close()
  }
}

/**
 * Downloads a file unless it is there already. What arrived before a connection broke, or the process ended, is kept beside the target and the next
 * call goes on from it, where the server can.
 *
 * @throws Error for servers that cannot be reached, refuse or break off, and RangeError for a file that is not the one asked for, which is removed
 */
export async function downloadFile(options: DownloadOptions): Promise<void> {
  const { url, sha256, file, signal } = options
  if ((await sizeOf(file)) > 0) return
  const part = `${file}.part`
  await receive(options, part)
  const found = await sha256File(part, signal)
  if (found !== sha256.toLowerCase()) {
    await rm(part)
    throw new RangeError(
      `${url}: is not the file that was asked for: its SHA-256 is ${found}, not ${sha256}; what came was removed: try again, and if it is the same, get it another way`,
    )
  }
  await rename(part, file)
}
