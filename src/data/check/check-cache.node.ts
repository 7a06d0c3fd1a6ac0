/** What a check learnt of a file, kept by the file's content: a second check of the same files reads a few kilobytes of each. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { writeJson } from '../hash.node.ts'
import type { Landmarks } from './landmarks.ts'
import type { Scan } from './scan.ts'
import type { SumCheck } from './stem-sum.ts'
import type { Presence } from './voice.ts'

/** Changes whenever a measurement would give other numbers. */
const VERSION = 1

export interface KnownScan {
  readonly format: string
  readonly scan: Scan
  readonly landmarks: Landmarks
}

export interface CheckCache {
  readScan(sha256: string): Promise<KnownScan | undefined>
  writeScan(sha256: string, known: KnownScan): Promise<void>
  /** @param model name of the separator */
  readPresence(sha256: string, model: string): Promise<readonly Presence[] | undefined>
  writePresence(sha256: string, model: string, heard: readonly Presence[]): Promise<void>
  /** Of the files with that content, the mixture first. */
  readSum(contents: readonly string[]): Promise<SumCheck | undefined>
  writeSum(contents: readonly string[], sum: SumCheck): Promise<void>
}

const numbers = z.array(z.number())
const levels = z.object({
  peak: z.number(),
  rms: z.number(),
  channelRms: numbers,
  offsets: numbers,
  silence: z.array(z.object({ at: z.number(), until: z.number() })),
  silentSeconds: z.number(),
  clipping: z.object({ fullScale: z.number(), flatTops: z.number(), worst: z.number() }),
  stereo: z.object({ correlation: z.number(), sideDb: z.number(), invertedShare: z.number(), invertedAt: z.number() }).exactOptional(),
  frames: z.number(),
  sampleRate: z.number(),
  channels: z.number(),
  bandwidth: z.object({ edge: z.number(), cliff: z.number() }),
})
const storedScan = z.object({ format: z.string(), scan: levels, hashes: z.string(), frames: z.string() })
const storedPresence = z.array(z.object({ at: z.number(), vocalsDb: z.number(), restDb: z.number() }))
const storedSum = z.object({
  residualDb: z.number(),
  at: z.number(),
  aligned: z.object({ delay: z.number(), gain: z.number(), residualDb: z.number() }).exactOptional(),
})

const pack = (values: Uint32Array): string => Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64')
const unpack = (text: string): Uint32Array => new Uint32Array(Uint8Array.from(Buffer.from(text, 'base64')).buffer)

/** What is missing, damaged or of another version is measured again. */
async function read<T>(file: string, schema: z.ZodType<T>): Promise<T | undefined> {
  try {
    const parsed = schema.safeParse(JSON.parse(await readFile(file, 'utf8')))
    return parsed.success ? parsed.data : undefined
  } catch {
    return undefined
  }
}

const digest = (parts: readonly string[]): string => createHash('sha256').update(parts.join()).digest('hex')

/** @param folder must exist */
export function openCheckCache(folder: string): CheckCache {
  const scanFile = (sha256: string): string => join(folder, `${sha256}-scan-v${VERSION}.json`)
  const presenceFile = (sha256: string, model: string): string =>
    join(folder, `${sha256}-voice-${digest([model]).slice(0, 12)}-v${VERSION}.json`)
  const sumFile = (contents: readonly string[]): string => join(folder, `${digest(contents)}-addition-v${VERSION}.json`)
  return {
    async readScan(sha256) {
      const stored = await read(scanFile(sha256), storedScan)
      if (!stored) return undefined
      const landmarks = { hashes: unpack(stored.hashes), frames: unpack(stored.frames) }
      return landmarks.hashes.length === landmarks.frames.length ? { format: stored.format, scan: stored.scan, landmarks } : undefined
    },
    writeScan: (sha256, { format, scan, landmarks: { hashes, frames } }) =>
      writeJson(scanFile(sha256), { format, scan, hashes: pack(hashes), frames: pack(frames) }),
    readPresence: (sha256, model) => read(presenceFile(sha256, model), storedPresence),
    writePresence: (sha256, model, heard) => writeJson(presenceFile(sha256, model), heard),
    readSum: (contents) => read(sumFile(contents), storedSum),
    writeSum: (contents, sum) => writeJson(sumFile(contents), sum),
  }
}
