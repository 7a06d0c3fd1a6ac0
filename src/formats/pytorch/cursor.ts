/** Reads a source from front to back: pickles do not say how long they are. */
import type { ByteSource } from '../byte-source.ts'
import { refuse } from './refuse.ts'

const blockLength = 65_536

export class Cursor {
  readonly #source: ByteSource
  /** The bytes of the source from #start on. */
  #block: Uint8Array = new Uint8Array(0)
  #view: DataView = new DataView(new ArrayBuffer(0))
  #start: number
  #at = 0

  constructor(source: ByteSource, position = 0) {
    this.#source = source
    this.#start = position
  }

  /** Bytes of the source before the next one. */
  get position(): number {
    return this.#start + this.#at
  }

  get remaining(): number {
    return this.#source.length - this.position
  }

  /** Moves on without reading. */
  skip(count: number): void {
    this.#check(count)
    this.#at += count
    if (this.#at > this.#block.length) this.#load(0)
  }

  /** The next bytes: not to be written to, and not to be kept where they are many. */
  bytes(count: number): Uint8Array {
    if (count < 0) refuse(`it claims ${count} bytes at ${this.position}`)
    this.#need(count)
    this.#at += count
    return this.#block.subarray(this.#at - count, this.#at)
  }

  byte(): number {
    return this.#number(1, (at) => this.#view.getUint8(at))
  }

  uint16(): number {
    return this.#number(2, (at) => this.#view.getUint16(at, true))
  }

  int32(): number {
    return this.#number(4, (at) => this.#view.getInt32(at, true))
  }

  uint32(): number {
    return this.#number(4, (at) => this.#view.getUint32(at, true))
  }

  /** Of 64 bits; beyond 2^53, where no length is, the nearest number. */
  uint64(): number {
    return this.#number(8, (at) => Number(this.#view.getBigUint64(at, true)))
  }

  /** As pickles store it: the first byte is the highest. */
  float64BigEndian(): number {
    return this.#number(8, (at) => this.#view.getFloat64(at))
  }

  /** The bytes up to the next line feed, which is left out. */
  line(): Uint8Array {
    // Bytes that were looked at already.
    let known = 0
    for (;;) {
      const found = this.#block.indexOf(10, this.#at + known)
      if (found >= 0) {
        const line = this.#block.subarray(this.#at, found)
        this.#at = found + 1
        return line
      }
      known = this.#block.length - this.#at
      this.#check(known + 1)
      // Pieces that double, so that a long line takes a time proportional to its length.
      this.#load(2 * known)
    }
  }

  #number(width: number, read: (at: number) => number): number {
    this.#need(width)
    this.#at += width
    return read(this.#at - width)
  }

  #check(count: number): void {
    if (!(count <= this.remaining))
      refuse(`it ends after byte ${this.#source.length}, where ${count} more are needed from ${this.position} on`)
  }

  /** Makes the block hold the next bytes, so many at least. */
  #need(count: number): void {
    if (this.#at + count <= this.#block.length) return
    this.#check(count)
    this.#load(count)
  }

  #load(count: number): void {
    const start = this.position
    this.#block = this.#source.view(start, Math.min(this.#source.length, start + Math.max(blockLength, count)))
    this.#view = new DataView(this.#block.buffer, this.#block.byteOffset, this.#block.byteLength)
    this.#start = start
    this.#at = 0
  }
}
