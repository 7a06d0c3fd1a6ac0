/**
 * One decoded recording on disk: `<base>.pcm` with interleaved 16-bit samples and `<base>.json` with what is known of them. Half of
 * full scale is left as headroom, because lossy decoders overshoot ±1.
 */
import { closeSync, openSync, readSync } from 'node:fs'
import { open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Channels } from './augment/channels.ts'
import { writeJson } from './hash.node.ts'
import { ENVELOPE_SECONDS } from './tracks.ts'

/** The stored value of full scale. */
const SCALE = 16384

/** What stands beside the samples of a file. */
export interface Facts {
  readonly channels: 1 | 2
  readonly frames: number
  readonly rms: number
  readonly peak: number
  readonly envelope: readonly number[]
}

/** The facts of a finished file at that sample rate; undefined where it is not there in full. */
export async function readFacts(base: string, rate: number): Promise<Facts | undefined> {
  try {
    const facts = JSON.parse(await readFile(`${base}.json`, 'utf8')) as Facts
    const { size } = await stat(`${base}.pcm`)
    // Stretch k holds the frames i with ⌊i / step⌋ = k; earlier versions did not keep to that at odd rates.
    const stretches = Math.floor((facts.frames - 1) / (ENVELOPE_SECONDS * rate)) + 1
    return size === facts.frames * facts.channels * 2 && facts.envelope.length === stretches ? facts : undefined
  } catch {
    return undefined
  }
}

export interface PcmWriter {
  write(block: readonly (Float32Array | Float64Array)[]): Promise<void>
  /**
   * Puts the files in place.
   *
   * @param name for the error.
   * @throws Error when the sound is empty, silent (unless it may be) or has samples that are NaN or infinite.
   */
  finish(name: string, options?: { readonly silent?: boolean }): Promise<Facts>
  /** Removes what was written; for use after an error. */
  discard(): Promise<void>
}

/** Writes samples and their facts under temporary names until all is there. */
export async function createPcmWriter(base: string, channels: 1 | 2, rate: number): Promise<PcmWriter> {
  const temporary = `${base}.${process.pid}.tmp`
  const handle = await open(temporary, 'w')
  // In frames; ends in a half at odd rates, where every second stretch holds one frame more.
  const step = ENVELOPE_SECONDS * rate
  const envelope: number[] = []
  let total = 0
  let stepEnd = Math.ceil(step)
  let power = 0
  let stepPower = 0
  let stepSamples = 0
  let peak = 0
  return {
    async write(block) {
      const frames = block[0]!.length
      const out = new Int16Array(frames * channels)
      for (let i = 0; i < frames; i++) {
        for (let c = 0; c < channels; c++) {
          const x = block[c]![i]!
          const a = Math.abs(x)
          if (a > peak) peak = a
          out[i * channels + c] = Math.max(-32768, Math.min(32767, Math.round(x * SCALE)))
          stepPower += x * x
        }
        stepSamples += channels
        if (++total === stepEnd) {
          envelope.push(Math.sqrt(stepPower / stepSamples))
          power += stepPower
          stepPower = 0
          stepSamples = 0
          stepEnd = Math.ceil((envelope.length + 1) * step)
        }
      }
      const bytes = new Uint8Array(out.buffer)
      for (let at = 0; at < bytes.length; ) at += (await handle.write(bytes, at)).bytesWritten
    },
    async finish(name, { silent = false } = {}) {
      power += stepPower
      if (stepSamples > 0) envelope.push(Math.sqrt(stepPower / stepSamples))
      // One NaN or infinity makes the sum of squares one, too; it never shows in the peak when it is a NaN.
      if (!Number.isFinite(power)) throw new Error(`${name}: has samples that are not finite numbers (NaN or infinite)`)
      if (!(peak > 1e-4 || (silent && total > 0))) throw new Error(`${name}: is ${total === 0 ? 'empty' : 'silent'}`)
      await handle.close()
      const digits = (x: number): number => Number(x.toPrecision(5))
      const facts: Facts = {
        channels,
        frames: total,
        rms: digits(Math.sqrt(power / (total * channels))),
        peak: digits(peak),
        envelope: envelope.map(digits),
      }
      await rename(temporary, `${base}.pcm`)
      await writeJson(`${base}.json`, facts)
      return facts
    },
    async discard() {
      await handle.close().catch(() => {})
      await rm(temporary, { force: true })
    },
  }
}

/** A writer in another container or on another machine seems dead from here: only files without a write for so long are given up. */
const ABANDONED_MS = 3_600_000

/** Removes the temporary files of the folder that processes left behind which were killed while they wrote. */
export async function removeAbandoned(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const pid = /-v\d+(?:\.json)?\.(\d+)\.tmp$/.exec(name)?.[1]
    if (pid === undefined || isRunning(Number(pid))) continue
    const file = join(folder, name)
    const written = (await stat(file).catch(() => undefined))?.mtimeMs
    if (written !== undefined && Date.now() - written > ABANDONED_MS) await rm(file, { force: true })
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // EPERM: it runs under another user.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

/**
 * `frames` samples from `start` of a `.pcm` file with that many channels, by one positional read.
 *
 * @throws Error when the file is missing or shorter than that.
 */
export function readPcm(file: string, channels: 1 | 2, start: number, frames: number): Channels {
  const raw = new Int16Array(frames * channels)
  const bytes = new Uint8Array(raw.buffer)
  const fd = openSync(file, 'r')
  try {
    for (let at = 0; at < bytes.length; ) {
      const read = readSync(fd, bytes, at, bytes.length - at, start * channels * 2 + at)
      if (read === 0) throw new Error(`${file}: ends too early; delete it, and the next start makes it again`)
      at += read
    }
  } finally {
    closeSync(fd)
  }
  return Array.from({ length: channels }, (_, c) => {
    const samples = new Float32Array(frames)
    for (let i = 0, k = c; i < frames; i++, k += channels) samples[i] = raw[k]! * (1 / SCALE)
    return samples
  })
}
