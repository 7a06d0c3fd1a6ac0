/** Interrupted separations go on where they stopped, to the same files, without a window estimated twice. */

import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AudioBlock, AudioStream } from '../../../src/audio/index.ts'
import {
  forgetInterrupted,
  interruptedSongs,
  type ResumeOptions,
  type Separator,
  type StereoWindow,
  songIdentity,
  type WriteStemsOptions,
  type WrittenStems,
  writeStems,
} from '../../../src/separation/index.ts'
import { createRandom } from '../../../src/tensor/random.ts'
import { noise, type SourceOptions, separatorOf, smoothing, sourceOf } from '../fakes.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'divisi-test-'))
})

afterEach(() => rm(folder, { recursive: true }))

/** Without checkpoints, which wait for the disk. */
const never = { checkpointSeconds: 1e9 }

const stop = new Error('enough for now')

/** A song that can be heard again, as files can. */
function songOf(channels: AudioBlock, options: SourceOptions = {}): AudioStream {
  const { info, blocks, close } = sourceOf(channels, options)
  return { info, blocks, close, reopen: async () => songOf(channels, options) }
}

/** Counts the windows that the network was asked for, and stops the song in the midst of the one after `patience` windows. */
function counted(separator: Separator, patience = Number.POSITIVE_INFINITY) {
  const controller = new AbortController()
  let finished = 0
  const predict: Separator['predict'] = async (window, options) => {
    if (finished === patience) controller.abort(stop)
    options?.signal?.throwIfAborted()
    const estimates = await separator.predict(window, options)
    finished++
    return estimates
  }
  return {
    separator: { ...separator, predict },
    signal: controller.signal,
    get finished() {
      return finished
    },
  }
}

interface Trial {
  readonly song: () => AudioStream
  readonly separator: () => Separator
  readonly options?: Partial<WriteStemsOptions>
}

async function write(
  { song, options }: Trial,
  out: string,
  separator: Separator,
  signal?: AbortSignal,
  resume: Partial<ResumeOptions> = {},
) {
  return writeStems(song(), {
    separator,
    folder: join(folder, out),
    base: 'song',
    resume: { song: 'song', identity: { take: 1 }, ...resume },
    ...(signal && { signal }),
    ...options,
  })
}

async function filesOf(out: string): Promise<Record<string, Buffer>> {
  const names = (await readdir(join(folder, out))).sort()
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await readFile(join(folder, out, name))] as const)))
}

/** Stops after each number of windows in turn, then lets it end; the numbers of windows of each run. */
async function interrupted(
  trial: Trial,
  patiences: readonly number[],
  checkpointSeconds: number,
): Promise<{ counts: number[]; written: WrittenStems }> {
  const counts: number[] = []
  for (const patience of patiences) {
    const run = counted(trial.separator(), patience)
    await expect(write(trial, 'parts', run.separator, run.signal, { checkpointSeconds })).rejects.toBe(stop)
    counts.push(run.finished)
    const names = await readdir(join(folder, 'parts'))
    expect(names).toHaveLength(1)
    expect(names[0]).toMatch(/^\.divisi-[0-9a-f]{16}$/)
  }
  const run = counted(trial.separator())
  const written = await write(trial, 'parts', run.separator, undefined, { checkpointSeconds })
  return { counts: [...counts, run.finished], written }
}

const doubling = ([left, right]: StereoWindow): StereoWindow => [left.map((x) => 2 * x), right.map((x) => 2 * x)]

const listening = (): Separator =>
  Object.assign(
    separatorOf(smoothing),
    {
      prepass: () => {
        let sum = 0
        return {
          hear: async ([left]: StereoWindow) => {
            for (const x of left) sum += x
          },
          facts: async () => ({ sum: Float32Array.of(sum) }),
        }
      },
    },
    {
      predict: async ([left, right]: StereoWindow, { facts }: { facts?: Readonly<Record<string, Float32Array>> } = {}) => {
        const fact = facts!.sum![0]! / 1e4
        return { vocals: [left.map((x) => x * 0.5 + fact), right.map((x) => x * fact)] as const }
      },
    },
  )

/** Two stems that change places from window to window. */
const unordered = (): Separator => {
  const stems = ['source-1', 'source-2']
  const { predict: _, ...rest } = separatorOf(smoothing, { stems })
  return {
    ...rest,
    interchangeable: true,
    predict: async (window) => {
      const [quiet, rest] = [smoothing(window), doubling(smoothing(window))]
      const turned = Math.abs(window[0][100]!) > 0.25
      return Object.fromEntries(stems.map((stem, i) => [stem, (i === 0) === turned ? quiet : rest]))
    },
  }
}

const trials: Record<string, Trial> = {
  'a stereo song': { song: () => songOf(noise(2, 8_000)), separator: () => separatorOf(smoothing) },
  'a mono song at another rate': { song: () => songOf(noise(1, 8_000), { sampleRate: 48000 }), separator: () => separatorOf(smoothing) },
  'a song at a much lower rate': { song: () => songOf(noise(2, 2_000), { sampleRate: 8000 }), separator: () => separatorOf(smoothing) },
  'large overlaps': { song: () => songOf(noise(2, 4_000)), separator: () => separatorOf(smoothing), options: { overlap: 0.8 } },
  'stems that clip, written once more': {
    song: () => songOf(noise(2, 8_000, { level: 0.99 }), { sampleFormat: { kind: 'int', bits: 24 } }),
    separator: () => separatorOf(doubling),
  },
  'a network that hears the song first': { song: () => songOf(noise(2, 8_000)), separator: listening },
  'stems without an order': { song: () => songOf(noise(2, 8_000)), separator: unordered },
  'a song of one window': { song: () => songOf(noise(2, 100)), separator: () => separatorOf(smoothing) },
}

describe('writeStems with resume', () => {
  it.each(Object.entries(trials))('goes on with %s to the same bytes, estimating no window twice', async (_, trial) => {
    const whole = counted(trial.separator())
    const expected = await write(trial, 'whole', whole.separator, undefined, never)
    for (const [seed, checkpointSeconds] of [
      [1, 0],
      [2, never.checkpointSeconds], // all that is known is in the log
    ] as const) {
      const random = createRandom(4, seed)
      const most = Math.max(0, Math.floor(whole.finished / 5) - 1)
      const patiences = Array.from({ length: 5 }, () => random.integer(0, most))
      const { counts, written } = await interrupted(trial, patiences, checkpointSeconds)
      expect(written).toEqual(expected)
      expect(await filesOf('parts')).toEqual(await filesOf('whole'))
      expect(counts.slice(0, 5)).toEqual(patiences)
      expect(counts.reduce((sum, count) => sum + count)).toBe(whole.finished)
      await rm(join(folder, 'parts'), { recursive: true })
    }
  })

  it('keeps no more than what follows depends on', async () => {
    const trial: Trial = { song: () => songOf(noise(2, 40_000)), separator: () => separatorOf(smoothing) }
    const run = counted(trial.separator(), 100)
    await expect(write(trial, 'parts', run.separator, run.signal, { checkpointSeconds: 0 })).rejects.toBe(stop)
    const [hidden] = await readdir(join(folder, 'parts'))
    const names = await readdir(join(folder, 'parts', hidden!))
    let bytes = 0
    for (const name of names.filter((name) => name.startsWith('windows-'))) bytes += (await stat(join(folder, 'parts', hidden!, name))).size
    expect(bytes).toBeGreaterThan(0)
    expect(bytes).toBeLessThan(5 * (16 + 2 * 4 * 512)) // of 100 windows
  })

  it('tells where it goes on', async () => {
    const trial = trials['a stereo song']!
    const resumed: number[] = []
    const onResume = (doneSeconds: number): void => void resumed.push(doneSeconds)
    const first = counted(trial.separator(), 20)
    await expect(write(trial, 'parts', first.separator, first.signal, { checkpointSeconds: 0, onResume })).rejects.toBe(stop)
    expect(resumed).toEqual([])
    await write(trial, 'parts', trial.separator(), undefined, { onResume })
    expect(resumed).toHaveLength(1)
    const hop = 512 - 128 - 48
    expect(resumed[0]).toBeCloseTo((19 * hop + 512 - 64) / 44100, 6) // the last sample that 20 windows are sure of
  })

  it('estimates again what a power failure spoilt', async () => {
    const trial = trials['a stereo song']!
    const whole = counted(trial.separator())
    await write(trial, 'whole', whole.separator)
    const first = counted(trial.separator(), 20)
    await expect(write(trial, 'parts', first.separator, first.signal, never)).rejects.toBe(stop)
    const [hidden] = await readdir(join(folder, 'parts'))
    const log = join(folder, 'parts', hidden!, 'windows-0.log')
    const bytes = await readFile(log)
    const record = 16 + 4 * 2 * 512
    bytes[3 * record + 100]! ^= 1
    await writeFile(log, bytes)
    await truncate(log, 20 * record - 7)
    await appendFile(log, 'rest')
    const second = counted(trial.separator())
    await write(trial, 'parts', second.separator)
    expect(second.finished).toBe(whole.finished - 18) // the fourth and the twentieth again
    expect(await filesOf('parts')).toEqual(await filesOf('whole'))
  })

  it('begins anew for another identity, other settings and another name, and keeps what each left', async () => {
    const trial = trials['a stereo song']!
    const variants: [Partial<ResumeOptions>, Partial<WriteStemsOptions>][] = [
      [{}, {}],
      [{ identity: { take: 2 } }, {}],
      [{}, { overlap: 0.5 }],
      [{}, { stems: ['vocals'] }],
      [{}, { base: 'other' }],
      [{}, { sampleFormat: { kind: 'float', bits: 32 } }],
    ]
    for (const [i, [resume, options]] of variants.entries()) {
      const run = counted(trial.separator(), 10)
      await expect(write({ ...trial, options }, 'parts', run.separator, run.signal, resume)).rejects.toBe(stop)
      expect(run.finished).toBe(10)
      expect(await readdir(join(folder, 'parts'))).toHaveLength(i + 1)
    }
    const left = await interruptedSongs(join(folder, 'parts'))
    expect(left.map(({ song }) => song)).toEqual(variants.map(() => 'song'))
    expect(left.filter(({ identity }) => identity.take === 2)).toHaveLength(1)
    for (const song of left) await forgetInterrupted(song)
    expect(await readdir(join(folder, 'parts'))).toEqual([])
  })

  it('leaves nothing after an error, nor of a song that can be heard only once', async () => {
    const failing = separatorOf(() => [new Float32Array(512).fill(Number.NaN), new Float32Array(512)])
    await expect(write(trials['a stereo song']!, 'parts', failing)).rejects.toThrow('gave values that are no numbers')
    expect(await readdir(folder)).toEqual([])
    const piped: Trial = { ...trials['a stereo song']!, song: () => sourceOf(noise(2, 8_000)) }
    const run = counted(piped.separator(), 10)
    await expect(write(piped, 'parts', run.separator, run.signal)).rejects.toBe(stop)
    expect(await readdir(folder)).toEqual([])
  })

  it('keeps all windows where only the last steps fail, and then asks the network for none', async () => {
    const trial = trials['a stereo song']!
    await mkdir(join(folder, 'parts'))
    await writeFile(join(folder, 'parts', 'song.vocals.wav'), 'came meanwhile')
    const first = counted(trial.separator())
    await expect(write(trial, 'parts', first.separator)).rejects.toThrow('exists and is not replaced')
    expect(first.finished).toBeGreaterThan(3)
    const second = counted(trial.separator())
    await write({ ...trial, options: { ...trial.options, overwrite: true } }, 'parts', second.separator)
    expect(second.finished).toBe(0)
    await write(trial, 'whole', trial.separator())
    expect(await filesOf('parts')).toEqual(await filesOf('whole'))
  })

  it('refuses a song that is being separated, and takes over from a process that is no more', async () => {
    const trial = trials['a stereo song']!
    let second: Promise<unknown> | undefined
    const separator = separatorOf((window) => {
      second ??= write(trial, 'parts', separatorOf(smoothing)).catch((error: unknown) => error)
      return smoothing(window)
    })
    await write(trial, 'parts', separator)
    expect(String(await second)).toContain(`is being separated by another process, ${process.pid}`)
    expect(Object.keys(await filesOf('parts'))).toEqual(['song.instrumental.wav', 'song.vocals.wav'])

    const run = counted(trial.separator(), 10)
    await expect(write(trial, 'dead', run.separator, run.signal)).rejects.toBe(stop)
    const [left] = await interruptedSongs(join(folder, 'dead'))
    await writeFile(
      join(left!.folder, 'lock'),
      JSON.stringify({ pid: 2 ** 22 + 1, host: (await import('node:os')).hostname(), started: '1' }),
    )
    await write(trial, 'dead', trial.separator())
    expect(await filesOf('dead')).toEqual(await filesOf('parts'))
  })
})

describe('songIdentity', () => {
  it('knows a song by length, time and both its ends', async () => {
    const path = join(folder, 'song.bin')
    const bytes = new Uint8Array(200_000).fill(7)
    const change = async (at: number): Promise<unknown> => {
      const changed = bytes.slice()
      if (at >= 0) changed[at]! ^= 1
      await writeFile(path, changed)
      return (await songIdentity(path)).edges
    }
    const before = await change(-1)
    expect(await change(0)).not.toEqual(before)
    expect(await change(199_999)).not.toEqual(before)
    expect(await change(-1)).toEqual(before)
    expect((await songIdentity(path)).bytes).toBe(200_000)
    await truncate(path, 10)
    expect((await songIdentity(path)).bytes).toBe(10)
    expect((await songIdentity(path)).modified).toBe((await stat(path)).mtimeMs)
  })
})
