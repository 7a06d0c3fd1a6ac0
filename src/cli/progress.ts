/** Progress of a long task: a bar that redraws itself on a terminal, plain lines now and then elsewhere. */

/** Where progress is shown; process.stderr is one. */
export interface ProgressStream {
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  write(text: string): unknown
}

export interface ProgressOptions {
  readonly label: string
  /** The amount that makes 100 %; undefined while unknown (`update` may bring it). */
  readonly total?: number | undefined
  /** `audio` counts seconds of sound and shows speed as a multiple of real time; any other unit is shown by name, as in `120 steps`. */
  readonly unit: string
  /** The amount that was done before this run and does not count for its speed; default 0. */
  readonly initial?: number | undefined
  readonly stream: ProgressStream
  /** The clock in milliseconds; default performance.now. */
  readonly now?: (() => number) | undefined
}

export interface ProgressState {
  readonly total?: number | undefined
  /** The share of the whole where that is not done ÷ total, as of one phase of several; null while it is unknown. */
  readonly share?: number | null | undefined
  /** What is left of the whole, with `share`. */
  readonly secondsLeft?: number | null | undefined
  /** Shown at the end of the line: a loss, a stage. */
  readonly note?: string | undefined
}

export interface Progress {
  /** Reports the amount done, that of earlier runs included. */
  update(done: number, state?: ProgressState): void
  /** Prints a line above the bar. */
  print(text: string): void
  /** Removes the bar and prints a closing line, if there is one. */
  done(text?: string): void
}

const redrawMs = 100
/** Without a terminal: a line per tenth of the task, but not more often than this, … */
const leastLineMs = 5_000
/** … and one at least this often. */
const mostLineMs = 60_000
const barWidth = 24
const leastBarWidth = 6
const labelWidth = 32

/** 83 → "1:23", 3723 → "1:02:03". */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  const two = (value: number): string => String(value).padStart(2, '0')
  const hours = Math.floor(whole / 3600)
  const minutes = Math.floor(whole / 60) % 60
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`
}

/** 12.34 → "12.3", 123.4 → "123", 0.0512 → "0.051". */
export function formatRate(rate: number): string {
  if (rate >= 100) return rate.toFixed(0)
  return rate >= 1 ? rate.toFixed(1) : rate.toPrecision(2)
}

/** The parts of a line with a bar before them, as wide as fits beside the label and no wider than barWidth; a line that wraps would leave rests behind. */
function drawLine(label: string, share: number | undefined, facts: readonly string[], columns: number): string {
  const rest = facts.join('  ')
  const spare = Math.max(0, columns - 1 - rest.length - 2)
  const name = label.length > spare ? `${label.slice(0, Math.max(0, spare - 1))}…` : label
  const width = Math.min(barWidth, spare - name.length - 2)
  if (share === undefined || width < leastBarWidth) return [name, rest].join('  ').slice(0, columns - 1)
  const filled = Math.round(share * width)
  return [name, '━'.repeat(filled) + '─'.repeat(width - filled), rest].join('  ')
}

/**
 * Shows the progress of one task on a stream.
 *
 * @example
 * const progress = createProgress({ label: 'training', total: 5000, unit: 'steps', stream: process.stderr })
 * progress.update(120, { note: 'loss 0.0412' }) // training  2 %  120/5000 steps  1.8 steps/s  45:02 left  loss 0.0412
 * progress.done()
 */
export function createProgress(options: ProgressOptions): Progress {
  const { unit, stream, initial = 0, now = () => performance.now() } = options
  const label = options.label.length > labelWidth ? `${options.label.slice(0, labelWidth - 1)}…` : options.label
  const audio = unit === 'audio'
  const started = now()
  let total = options.total
  let shown = Number.NEGATIVE_INFINITY
  let shownTenth = 0
  let barShown = false

  const clear = (): void => {
    if (barShown) stream.write('\r\u001b[2K')
    barShown = false
  }

  const shareOf = (done: number, given: number | null | undefined): number | undefined =>
    given === undefined ? (total ? Math.min(1, done / total) : undefined) : (given ?? undefined)

  const factsOf = (done: number, share: number | undefined, { note, secondsLeft }: ProgressState): string[] => {
    const elapsed = (now() - started) / 1000
    const rate = elapsed > 0 ? (done - initial) / elapsed : 0
    const left = secondsLeft === undefined ? (total && rate > 0 && done < total ? (total - done) / rate : undefined) : secondsLeft
    const amount = (value: number): string => (audio ? formatDuration(value) : String(value))
    return [
      share === undefined ? '' : `${Math.floor(100 * share)} %`,
      `${amount(done)}${total ? `/${amount(total)}` : ''}${audio ? '' : ` ${unit}`}`,
      rate > 0 ? (audio ? `${formatRate(rate)}× real time` : `${formatRate(rate)} ${unit}/s`) : '',
      left !== undefined && left !== null ? `${formatDuration(left)} left` : '',
      note ?? '',
    ].filter((fact) => fact !== '')
  }

  return {
    update(done, state = {}) {
      total = state.total ?? total
      const time = now()
      const share = shareOf(done, state.share)
      if (stream.isTTY) {
        if (time - shown < redrawMs && done !== total) return
        clear()
        stream.write(drawLine(label, share, factsOf(done, share, state), stream.columns ?? 80))
        barShown = true
      } else {
        const tenth = share === undefined ? 0 : Math.floor(10 * share)
        const waited = time - Math.max(shown, started)
        if (waited < leastLineMs || (tenth === shownTenth && waited < mostLineMs)) return
        shownTenth = tenth
        stream.write(`${[label, ...factsOf(done, share, state)].join('  ')}\n`)
      }
      shown = time
    },
    print(text) {
      clear()
      stream.write(`${text}\n`)
    },
    done(text) {
      clear()
      if (text !== undefined) stream.write(`${text}\n`)
    },
  }
}

/** The progress of phases that follow one another, of files in each: the first report of another phase ends the one before. */
export interface Phases {
  update(phase: string, done: number, total: number): void
  /** Removes the bar. */
  done(): void
}

export function createPhases(stream: ProgressStream): Phases {
  let [progress, shown]: [Progress?, string?] = []
  const done = (): void => {
    progress?.done()
    progress = shown = undefined
  }
  return {
    update(phase, amount, total) {
      if (phase !== shown) {
        done()
        progress = createProgress({ label: phase, unit: 'files', total, stream })
        shown = phase
      }
      progress!.update(amount)
    },
    done,
  }
}
