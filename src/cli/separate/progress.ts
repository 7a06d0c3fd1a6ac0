/**
 * How far `divisi separate` is, for eyes and for programs. `json` writes one object a line to standard error (docs/separate.md has the fields); `bar`
 * redraws a line, `lines` writes one now and then, `auto` does what suits the terminal.
 */

import { statSync } from 'node:fs'
import { extname } from 'node:path'
import { createProgress, type Progress, type ProgressStream } from '../progress.ts'
import { createTimeShare, type Phase, type PhaseCosts, type PlannedPhase, type TimeShare } from './time-share.ts'

export const progressStyles = ['auto', 'bar', 'lines', 'json', 'none'] as const
export type ProgressStyle = (typeof progressStyles)[number]

/** A line of `--progress json`. */
export interface ProgressEvent {
  /** `start`: before the model is loaded; `song`: a song begins; `progress`; `done`, `failed`: a song ends; `message`: what `text` says; `end`: all are through. */
  readonly event: 'start' | 'song' | 'progress' | 'done' | 'failed' | 'message' | 'end'
  /** The song, as it was given; null where it is about all. */
  readonly input: string | null
  readonly phase: Phase | 'loading' | null
  /** Seconds of sound that the phase has gone through, and has to go through; null while that is unknown. */
  readonly doneSeconds: number | null
  readonly totalSeconds: number | null
  /** Of the time of the song, all phases together: never falls, ends with 1; null while the length is unknown. */
  readonly fraction: number | null
  readonly secondsLeft: number | null
  /** The same of all songs of the command. */
  readonly overall: {
    readonly fraction: number | null
    readonly secondsLeft: number | null
    readonly done: number
    readonly inputs: number
  }
  /** Of `message` and `failed`. */
  readonly text?: string
}

export interface SongProgress {
  /** The phases to come, now that the song is open. */
  plan(phases: readonly PlannedPhase[]): void
  /** What separating is foretold to take, in all. */
  predict(seconds: number): void
  update(phase: Phase, progress: { readonly doneSeconds: number; readonly totalSeconds: number | undefined }): void
  /** The song is through. */
  done(): void
  failed(text: string): void
  /** Takes the bar away, if neither of the two came. */
  clear(): void
}

export interface SeparationReporter {
  /** Where all else that is for eyes goes: a line of text, in `json` an event. */
  readonly stream: ProgressStream
  song(input: string, label: string): SongProgress
  /** All songs are through. */
  end(): void
}

export interface ReporterOptions {
  readonly style: ProgressStyle
  readonly stream: ProgressStream
  /** The songs to do. */
  readonly inputs: readonly string[]
  /** The clock in milliseconds; default performance.now. */
  readonly now?: (() => number) | undefined
}

/** Of one song; the first and the last of a phase always. */
const eventMs = 100

/** Bytes per second of sound: which of several songs is how long is known better once they are opened. */
const usualBytes: Readonly<Record<string, number>> = { '.wav': 176_400, '.flac': 110_000, '.mp3': 28_000, '.ogg': 20_000, '.opus': 14_000 }

/** A guess at the length of a song that was not opened yet; undefined for pipes and what is not there. */
function guessSeconds(path: string): number | undefined {
  const found = statSync(path, { throwIfNoEntry: false })
  return found?.isFile() ? found.size / (usualBytes[extname(path).toLowerCase()] ?? 24_000) : undefined
}

interface Song {
  seconds: number | undefined
  fraction: number | null
  ended: boolean
}

const round = (value: number | null | undefined, decimals: number): number | null =>
  value === null || value === undefined ? null : Number(value.toFixed(decimals))

/** Shows the progress of a command over songs, which may run side by side. */
export function createSeparationReporter({ style, stream, inputs, now = () => performance.now() }: ReporterOptions): SeparationReporter {
  const started = now()
  const costs: PhaseCosts = new Map()
  const songs = new Map<string, Song>(inputs.map((input) => [input, { seconds: guessSeconds(input), fraction: 0, ended: false }]))
  let shownOverall = 0
  let began: number | undefined

  const overall = (): TimeShare & { done: number; inputs: number } => {
    const all = [...songs.values()]
    const counts = { done: all.filter(({ ended }) => ended).length, inputs: all.length }
    const known = all.flatMap(({ seconds }) => seconds ?? [])
    const usual = known.length > 0 ? known.reduce((sum, seconds) => sum + seconds, 0) / known.length : 1
    const weights = all.map(({ seconds }) => seconds ?? usual)
    const whole = weights.reduce((sum, weight) => sum + weight, 0)
    // One song whose end is unknown leaves all unknown, until it is through.
    if (all.some(({ fraction }) => fraction === null)) return { fraction: null, secondsLeft: null, ...counts }
    const share = whole > 0 ? all.reduce((sum, { fraction }, i) => sum + fraction! * weights[i]!, 0) / whole : 0
    if (counts.done === counts.inputs) shownOverall = 1
    if (share === 0 || shownOverall === 1) return { fraction: shownOverall, secondsLeft: shownOverall === 1 ? 0 : null, ...counts }
    // Songs go on as they went so far; what was before the first of them, the loading of the model, is over.
    const left = ((now() - (began ?? started)) / 1000) * (1 / share - 1)
    const spent = (now() - started) / 1000
    shownOverall = Math.min(0.999, Math.max(shownOverall, spent / (spent + left)))
    return { fraction: shownOverall, secondsLeft: left, ...counts }
  }

  const emit = (event: ProgressEvent['event'], input: string | null, facts: Partial<ProgressEvent> = {}): void => {
    const { fraction, secondsLeft, ...counts } = overall()
    const { phase = null, text } = facts
    const line: ProgressEvent = {
      event,
      input,
      phase,
      doneSeconds: round(facts.doneSeconds, 3),
      totalSeconds: round(facts.totalSeconds, 3),
      fraction: round(facts.fraction, 4),
      secondsLeft: round(facts.secondsLeft, 2),
      overall: { fraction: round(fraction, 4), secondsLeft: round(secondsLeft, 2), ...counts },
      ...(text === undefined ? {} : { text }),
    }
    stream.write(`${JSON.stringify(line)}\n`)
  }

  const json = style === 'json'
  const shown: ProgressStream = {
    isTTY: style === 'bar' || (style === 'auto' && stream.isTTY === true),
    get columns() {
      return stream.columns
    },
    write: (text) => stream.write(text),
  }
  const words: ProgressStream = {
    isTTY: false,
    write: (text) => {
      for (const line of text.split('\n')) if (line.trim() !== '') emit('message', null, { text: line.trim() })
    },
  }
  if (json) emit('start', null, { phase: 'loading' })

  /** The one bar of all songs that run: of one song its own, of several at once the command's. */
  const running = new Set<string>()
  let bar: { readonly about: string; readonly progress: Progress } | undefined
  const clearBar = (): void => {
    bar?.progress.done()
    bar = undefined
  }
  const draw = (label: string, phase: Phase, doneSeconds: number, totalSeconds: number | undefined, share: TimeShare): void => {
    if (style === 'none') return
    if (running.size > 1) {
      const { fraction, secondsLeft, done, inputs: count } = overall()
      if (bar?.about !== 'all') clearBar()
      bar ??= { about: 'all', progress: createProgress({ label: 'songs', unit: 'songs', stream: shown, now }) }
      bar.progress.update(done, { total: count, share: fraction, secondsLeft, note: `${running.size} at once` })
      return
    }
    const about = `${label} ${phase}`
    if (bar?.about !== about) clearBar()
    const name = phase === 'separating' ? label : `${label}, ${phase}`
    bar ??= { about, progress: createProgress({ label: name, unit: 'audio', stream: shown, now }) }
    bar.progress.update(doneSeconds, { total: totalSeconds, share: share.fraction, secondsLeft: share.secondsLeft })
  }

  return {
    stream: json
      ? words
      : {
          ...shown,
          isTTY: stream.isTTY,
          write: (text) => {
            clearBar()
            return stream.write(text)
          },
        },
    song(input, label) {
      began ??= now()
      const song: Song = songs.get(input) ?? { seconds: undefined, fraction: 0, ended: false }
      songs.set(input, song)
      running.add(input)
      let estimate = createTimeShare([], costs, now)
      let last: { readonly phase: Phase; readonly at: number } | undefined
      const close = (): void => {
        estimate.end()
        running.delete(input)
        clearBar()
        song.fraction = 1
        song.ended = true
      }
      if (json) emit('song', input, { fraction: 0 })
      let first: PlannedPhase | undefined
      const update: SongProgress['update'] = (phase, { doneSeconds, totalSeconds }) => {
        const share = estimate.report(phase, doneSeconds, totalSeconds)
        song.fraction = share.fraction
        if (!json) return draw(label, phase, doneSeconds, totalSeconds, share)
        if (last?.phase === phase && now() - last.at < eventMs && doneSeconds !== totalSeconds) return
        last = { phase, at: now() }
        emit('progress', input, { phase, doneSeconds, totalSeconds: totalSeconds ?? null, ...share })
      }
      return {
        plan(phases) {
          const main = phases.find(({ phase }) => phase === 'separating')
          if (main?.seconds !== undefined) song.seconds = main.seconds
          song.fraction = phases.every(({ seconds }) => seconds !== undefined) ? 0 : null
          estimate = createTimeShare(phases, costs, now)
          first = phases[0]
        },
        predict(seconds) {
          // What a song before it took is better known than what this one is foretold to take.
          if (!costs.has('separating') && song.seconds) costs.set('separating', seconds / song.seconds)
          estimate.prepared()
          if (first) update(first.phase, { doneSeconds: 0, totalSeconds: first.seconds })
        },
        update,
        done() {
          close()
          if (json) emit('done', input, { fraction: 1, secondsLeft: 0 })
        },
        failed(text) {
          close()
          if (json) emit('failed', input, { fraction: 1, secondsLeft: 0, text })
        },
        clear() {
          running.delete(input)
          clearBar()
        },
      }
    },
    end() {
      clearBar()
      if (json) emit('end', null, { fraction: 1, secondsLeft: 0 })
    },
  }
}
