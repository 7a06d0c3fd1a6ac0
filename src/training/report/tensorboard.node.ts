/** The run as TensorBoard shows it: `<run>/tensorboard`, a file of events per process. A process that goes on voids the steps that it will do again. */
import { mkdir, open } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { type SummaryValue, tensorboardEvent } from '../../formats/index.ts'
import { pngInside } from '../../report/png.ts'
import type { Shown } from './shown.ts'
import { createThinned, type Thinned } from './thinned.ts'

export interface TensorboardLog {
  /** Numbers of a step by tag; means are written, of so many steps that long runs stay small. */
  step(step: number, numbers: Readonly<Record<string, number>>): Promise<void>
  validation(step: number, scores: Readonly<Record<string, number>>): Promise<void>
  /** Pictures of many cells, and sounds. */
  show(shown: Shown, wavs: readonly Uint8Array[]): Promise<void>
  close(): Promise<void>
}

export interface TensorboardOptions {
  /** Steps done; later ones of other files are void. */
  readonly from: number
  /** Steps of the whole run. */
  readonly steps: number
  /** Markdown by tag, said at the beginning. */
  readonly texts: Readonly<Record<string, string>>
}

/** Points of a curve. */
const points = 10_000

/** Starts a file. Its name has the time, as TensorBoard reads files in the order of their names. */
export async function openTensorboard(folder: string, { from, steps, texts }: TensorboardOptions): Promise<TensorboardLog> {
  await mkdir(folder, { recursive: true })
  const now = () => Date.now() / 1000
  // Two processes of one second differ in the milliseconds.
  const name = `events.out.tfevents.${(Date.now() / 1000).toFixed(3).padStart(14, '0')}.${hostname()}.${process.pid}`
  const file = await open(join(folder, name), 'a')
  const summary = (step: number, values: readonly SummaryValue[]) =>
    file.appendFile(tensorboardEvent(now(), step, { kind: 'summary', values }))
  await file.appendFile(tensorboardEvent(now(), 0, { kind: 'version' }))
  await file.appendFile(tensorboardEvent(now(), from + 1, { kind: 'start' }))
  await summary(
    from + 1,
    Object.entries(texts).map(([tag, text]) => ({ kind: 'text', tag, text })),
  )
  const perPoint = Math.ceil(steps / points)
  let waiting = new Map<string, Thinned>()
  let isFirst = true
  const flush = async (step: number) => {
    const values = [...waiting].filter(([, { count }]) => count > 0)
    waiting = new Map()
    if (values.length > 0)
      await summary(
        step,
        values.map(([tag, { sum, count }]) => ({ kind: 'scalar', tag, value: sum / count })),
      )
  }
  return {
    step: async (step, numbers) => {
      for (const [tag, value] of Object.entries(numbers)) {
        if (!waiting.has(tag)) waiting.set(tag, createThinned(1))
        waiting.get(tag)!.add(step, value)
      }
      if (step % perPoint === 0) await flush(step)
    },
    validation: async (step, scores) => {
      const finite = Object.entries(scores).filter(([, value]) => Number.isFinite(value))
      if (finite.length > 0)
        await summary(
          step,
          finite.map(([tag, value]) => ({ kind: 'scalar', tag: `validation/${tag}`, value })),
        )
    },
    show: async ({ step, pictures, sounds }, wavs) => {
      // What the network did not make is the same each time.
      const changes = (name: string) => isFirst || (sounds.find((sound) => sound.name === name)?.estimated ?? true)
      const images = Object.entries(pictures).flatMap(([name, svg]): SummaryValue[] => {
        const image = changes(name) ? pngInside(svg) : undefined
        return image ? [{ kind: 'image', tag: `examples/${name}`, ...image }] : []
      })
      const audio = sounds.flatMap(({ name, sampleRate, samples }, i): SummaryValue[] =>
        changes(name) ? [{ kind: 'audio', tag: `examples/${name}`, wav: wavs[i]!, sampleRate, channels: 1, samples }] : [],
      )
      isFirst = false
      if (images.length + audio.length > 0) await summary(step, [...images, ...audio])
    },
    close: async () => {
      await file.close()
    },
  }
}
