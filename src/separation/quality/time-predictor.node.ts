/**
 * Predicts how long a song will take by a rehearsal: the network on a window of the song's first seconds, and all that is beside it, decoding and
 * encoding, on these seconds with a stand-in for the network.
 */

import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AudioStream, slice } from '../../audio/index.ts'
import type { Separator, StereoWindow } from '../../models/index.ts'
import { planWindows } from '../window-plan.ts'
import { createWindowReader } from '../window-reader.ts'
import { type WriteStemsOptions, writeStems } from '../write-stems.node.ts'
import { derive } from './derive.ts'
import { countWindows, type Effort, type MeasuredEfforts, songTime } from './predicted-time.ts'

/** Sound of a rehearsal: enough to outweigh what is done once, a second or less of work. */
const rehearsedSeconds = 20
const mostRuns = 5

export interface TimePredictor {
  /**
   * Seconds that `writeStems` will take for a source; undefined for one that does not know its length or cannot be opened again, and for one that cannot be
   * separated: why, `writeStems` says.
   *
   * @throws the signal's reason
   */
  predict(source: AudioStream, options: WriteStemsOptions): Promise<number | undefined>
}

async function effortOf(work: () => Promise<unknown>): Promise<Effort> {
  const [cpu, wall] = [process.cpuUsage(), performance.now()]
  await work()
  const { user, system } = process.cpuUsage(cpu)
  return { wall: (performance.now() - wall) / 1000, cpu: (user + system) / 1e6 }
}

/** Middle of some runs, as many as fit into a second; the first one pays for what is only made ready, and does not count. */
async function measureNetwork(
  source: AudioStream,
  separator: Separator,
  overlap: number | undefined,
  signal: AbortSignal | undefined,
): Promise<Effort> {
  try {
    const reader = createWindowReader(source, separator, planWindows(separator, overlap))
    let window = await reader.next()
    if (!window) return { wall: 0, cpu: 0 }
    // The last one: songs begin softly, and numbers next to 0 can cost a processor several times as much as others.
    for (let next = await reader.next(); next; next = await reader.next()) window = next
    const listener = separator.prepass?.()
    await listener?.hear(window.samples)
    const facts = await listener?.facts()
    const [left, right] = window.samples
    const once = () =>
      effortOf(() => separator.predict([left.slice(), right.slice()], { ...(signal && { signal }), ...(facts && { facts }) }))
    await once()
    const efforts = [await once(), await once()]
    while (efforts.length < mostRuns && efforts.reduce((sum, { wall }) => sum + wall, 0) < 1) efforts.push(await once())
    return efforts.sort((a, b) => a.wall - b.wall)[efforts.length >> 1]!
  } finally {
    await source.close()
  }
}

/** Everything but the network, for a second of sound. */
async function rehearse(source: AudioStream, options: WriteStemsOptions): Promise<Pick<MeasuredEfforts, 'beside' | 'apart'>> {
  const { separator } = options
  const folder = await mkdtemp(join(tmpdir(), 'divisi-rehearsal-'))
  try {
    // Neither of the stems is silence, which encoders make short work of.
    const half = ([left, right]: StereoWindow): StereoWindow => [left.map((x) => 0.5 * x), right.map((x) => 0.5 * x)]
    const standIn = derive(separator, {
      predict: async (window) => Object.fromEntries(separator.stems.map((stem) => [stem, half(window)])),
      dispose: async () => {},
    })
    const { frames = 0, sampleRate } = source.info
    let began = now()
    let ended: Moment | undefined
    const whole = await effortOf(() =>
      writeStems(source, {
        ...options,
        separator: standIn,
        folder,
        base: 'rehearsal',
        onListening: ({ doneSeconds, totalSeconds }) => {
          if (doneSeconds === totalSeconds) began = now()
        },
        onProgress: ({ doneSeconds, totalSeconds }) => {
          if (doneSeconds === totalSeconds) ended = now()
        },
        onLowering: undefined,
        onEncoding: undefined,
        onDrawing: undefined,
        resume: undefined,
      }),
    )
    const seconds = frames / sampleRate
    const beside = { wall: (ended ?? now()).wall - began.wall, cpu: (ended ?? now()).cpu - began.cpu }
    return {
      beside: { wall: beside.wall / seconds, cpu: beside.cpu / seconds },
      apart: Math.max(0, whole.wall - beside.wall) / seconds,
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

type Moment = Effort

function now(): Moment {
  const { user, system } = process.cpuUsage()
  return { wall: performance.now() / 1000, cpu: (user + system) / 1e6 }
}

/**
 * A predictor that keeps what it has measured: the network is measured once, the rest once for each kind of file.
 *
 * @example
 * const predictor = createTimePredictor()
 * const options = { separator: await loadSeparator(), folder: '.', base: 'song' }
 * const song = await openAudio('song.mp3')
 * const seconds = await predictor.predict(song, options) // before `writeStems(song, options)`
 */
export function createTimePredictor(): TimePredictor {
  const networks = new WeakMap<Separator, Promise<Effort>>()
  const rehearsals = new Map<string, Promise<Pick<MeasuredEfforts, 'beside' | 'apart'>>>()
  return {
    async predict(source, options) {
      const { separator, overlap, signal } = options
      const { frames, sampleRate, format, channels } = source.info
      const { reopen } = source
      if (!reopen || frames === undefined || frames === 0) return undefined
      try {
        const opening = async () => slice(await reopen(), 0, Math.min(frames, Math.round(rehearsedSeconds * sampleRate)))
        const network = networks.get(separator) ?? measureNetwork(await opening(), separator, overlap, signal)
        networks.set(separator, network)
        const window = await network
        const kind = [format, sampleRate, channels, options.format, options.bitrate].join(' ')
        const rehearsal = rehearsals.get(kind) ?? rehearse(await opening(), options)
        rehearsals.set(kind, rehearsal)
        const rest = await rehearsal
        const samples = Math.ceil((frames * separator.sampleRate) / sampleRate)
        const song = { windows: countWindows(planWindows(separator, overlap), samples), seconds: frames / sampleRate }
        return songTime({ window, ...rest }, song, availableParallelism())
      } catch {
        signal?.throwIfAborted()
        return undefined
      }
    },
  }
}
