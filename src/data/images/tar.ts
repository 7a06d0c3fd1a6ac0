/**
 * Files of a tar archive (POSIX.1-2017, pax, "ustar interchange format"), one after another as its bytes come in: each is a header of 512 bytes, its
 * content, and zeros up to a multiple of 512; two headers of zeros are the end.
 */

const block = 512

export interface TarFile {
  readonly path: string
  readonly bytes: Uint8Array
}

/** Takes bytes from a stream in the amounts asked for. */
class Taker {
  #rest: Uint8Array = new Uint8Array(0)
  readonly #source: AsyncIterator<Uint8Array>

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** That many bytes; fewer where the stream ends. */
  async take(count: number): Promise<Uint8Array> {
    const taken = new Uint8Array(count)
    let filled = 0
    while (filled < count) {
      if (this.#rest.length === 0) {
        const { value, done } = await this.#source.next()
        if (done) return taken.subarray(0, filled)
        this.#rest = value
        continue
      }
      const part = this.#rest.subarray(0, count - filled)
      taken.set(part, filled)
      filled += part.length
      this.#rest = this.#rest.subarray(part.length)
    }
    return taken
  }
}

const text = (field: Uint8Array) => new TextDecoder().decode(field).split('\0', 1)[0]!

function readHeader(header: Uint8Array, archive: string): { readonly path: string; readonly size: number; readonly type: string } {
  const octal = (from: number, to: number) => Number.parseInt(text(header.subarray(from, to)).trim() || '0', 8)
  const sum = header.reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 32 : byte), 0)
  const size = octal(124, 136)
  if (octal(148, 156) !== sum || !Number.isSafeInteger(size))
    throw new RangeError(`${archive}: is no tar archive, or damaged: a header's checksum is not that of its bytes`)
  const prefix = text(header.subarray(257, 262)) === 'ustar' ? text(header.subarray(345, 500)) : ''
  const name = text(header.subarray(0, 100))
  return { path: prefix === '' ? name : `${prefix}/${name}`, size, type: String.fromCharCode(header[156]!) }
}

/**
 * The regular files; folders, links and other entries are passed over.
 *
 * @param archive its name, for errors
 * @param most bytes of one file; a larger one is refused before it is read
 * @throws RangeError for what is no tar archive and for archives that end within a file or without their end mark
 */
export async function* readTar(source: AsyncIterable<Uint8Array>, archive: string, most: number): AsyncGenerator<TarFile> {
  const taker = new Taker(source)
  for (;;) {
    const header = await taker.take(block)
    if (header.length < block) throw new RangeError(`${archive}: ends without the mark of its end; it is cut off`)
    if (header.every((byte) => byte === 0)) return
    const { path, size, type } = readHeader(header, archive)
    if (size > most) throw new RangeError(`${archive}: ${path} has ${size} bytes; allowed are up to ${most}`)
    const bytes = await taker.take(size)
    const padding = await taker.take((block - (size % block)) % block)
    if (bytes.length < size || (size + padding.length) % block !== 0) throw new RangeError(`${archive}: ends within ${path}; it is cut off`)
    if (type === '0' || type === '\0') yield { path, bytes }
  }
}
