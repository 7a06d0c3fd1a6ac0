/**
 * A log of what a network estimated, window by window, in a folder. It consists of parts, files that begin at a checkpoint each; a part of which no
 * window is needed any more is removed, so that the log does not grow with the song.
 *
 * A record is a head of four little-endian 32-bit numbers (mark, index of the window, floats per channel, CRC-32 of the samples) and the samples as
 * 32-bit floats: stem by stem, left before right. A record that was cut off by a power failure is found by its check, and estimated again.
 */

import { type FileHandle, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { StereoWindow } from '../../models/index.ts'

const mark = 0x77_64_76_31
const headBytes = 16
const partName = /^windows-(\d+)\.log$/

export interface WindowLog {
  /** How many windows are in it. */
  readonly size: number
  /** Bytes written since the last part began. */
  readonly growth: number
  /** The estimates of a window, if they are there and whole. */
  recall(index: number): Promise<Record<string, StereoWindow> | undefined>
  keep(index: number, estimates: Record<string, StereoWindow>): Promise<void>
  /** Brings all that was written to the disk. */
  sync(): Promise<void>
  /** Begins a new part, and removes those that hold only windows before `first`. */
  forget(first: number): Promise<void>
  close(): Promise<void>
}

interface Part {
  readonly path: string
  readonly file: FileHandle
  /** Where the next record goes. */
  end: number
  last: number
}

interface Place {
  readonly part: Part
  readonly at: number
  readonly length: number
  readonly check: number
}

function bytesOf(samples: Float32Array): Uint8Array {
  return new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength)
}

/** Opens the log of a folder, or begins one. Samples are in the byte order of the machine. */
export async function openWindowLog(folder: string, stems: readonly string[]): Promise<WindowLog> {
  const parts: Part[] = []
  const places = new Map<number, Place>()
  let current: Part | undefined
  let growth = 0

  /** The records of a part up to its end, or to where one is cut off. */
  const scan = async (part: Part): Promise<void> => {
    const { size } = await part.file.stat()
    const head = new DataView(new ArrayBuffer(headBytes))
    while (part.end + headBytes <= size) {
      await part.file.read(new Uint8Array(head.buffer), 0, headBytes, part.end)
      const [index, length, check] = [4, 8, 12].map((at) => head.getUint32(at, true)) as [number, number, number]
      const next = part.end + headBytes + stems.length * 2 * length * 4
      if (head.getUint32(0, true) !== mark || next > size) return
      places.set(index, { part, at: part.end + headBytes, length, check })
      part.last = Math.max(part.last, index)
      part.end = next
    }
  }

  const names = (await readdir(folder)).filter((name) => partName.test(name))
  names.sort((a, b) => Number(partName.exec(a)![1]) - Number(partName.exec(b)![1]))
  for (const name of names) {
    const path = join(folder, name)
    const part: Part = { path, file: await open(path, 'r+'), end: 0, last: -1 }
    parts.push(part)
    await scan(part)
  }
  current = parts.at(-1)

  const begin = async (index: number): Promise<Part> => {
    const path = join(folder, `windows-${index}.log`)
    const part: Part = { path, file: await open(path, 'w+'), end: 0, last: -1 }
    parts.push(part)
    return part
  }

  return {
    get size() {
      return places.size
    },
    get growth() {
      return growth
    },
    async recall(index) {
      const place = places.get(index)
      if (!place) return undefined
      const { part, at, length, check } = place
      const samples = new Float32Array(stems.length * 2 * length)
      const bytes = bytesOf(samples)
      const { bytesRead } = await part.file.read(bytes, 0, bytes.length, at)
      if (bytesRead < bytes.length || crc32(bytes) !== check) {
        places.delete(index)
        return undefined
      }
      const channel = (c: number): Float32Array => samples.slice(c * length, (c + 1) * length)
      return Object.fromEntries(stems.map((stem, s) => [stem, [channel(2 * s), channel(2 * s + 1)] as const]))
    },
    async keep(index, estimates) {
      const channels = stems.flatMap((stem) => [...(estimates[stem] ?? [])])
      const length = channels[0]?.length ?? 0
      // What is not as it should be is reported by whoever assembles the stems, and not kept.
      if (channels.length !== 2 * stems.length || channels.some((samples) => samples.length !== length)) return
      current ??= await begin(index)
      const part = current
      const bytes = new Uint8Array(headBytes + channels.length * length * 4)
      for (const [c, samples] of channels.entries()) bytes.set(bytesOf(samples), headBytes + c * length * 4)
      const check = crc32(bytes.subarray(headBytes))
      for (const [i, value] of [mark, index, length, check].entries()) new DataView(bytes.buffer).setUint32(4 * i, value, true)
      for (let done = 0; done < bytes.length; )
        done += (await part.file.write(bytes, done, bytes.length - done, part.end + done)).bytesWritten
      places.set(index, { part, at: part.end + headBytes, length, check })
      part.end += bytes.length
      part.last = index
      growth += bytes.length
    },
    async sync() {
      await current?.file.sync()
    },
    async forget(first) {
      current = undefined
      growth = 0
      for (const part of parts.filter(({ last }) => last < first)) {
        parts.splice(parts.indexOf(part), 1)
        await part.file.close()
        await rm(part.path, { force: true })
      }
      for (const [index, { part }] of places) if (!parts.includes(part)) places.delete(index)
    },
    async close() {
      for (const { file } of parts.splice(0)) await file.close()
      places.clear()
    },
  }
}
