/**
 * How much of the time of a song is over: time spent ÷ (time spent + time left). What is left of the phase that runs goes on at the speed it had so far;
 * a phase to come takes what it took for songs before, or what it is guessed to take. With one phase this is its done share; with several it weighs
 * each by its time, so that half is half of the waiting, not of the files.
 */

/** What a song goes through, in this order; not every song through all. */
export type Phase = 'searching' | 'listening' | 'separating' | 'lowering' | 'encoding' | 'drawing'

export interface PlannedPhase {
  readonly phase: Phase
  /** Sound that it goes through; undefined while the source does not know its length. */
  readonly seconds: number | undefined
}

/** Seconds of work per second of sound, as far as they are known; phases that end enter theirs. */
export type PhaseCosts = Map<Phase, number>

/** Of the network that ships on two cores. What matters are the ratios: the phase that runs measures itself. */
const usualCosts: Readonly<Record<Phase, number>> = {
  searching: 0.011,
  listening: 0.005,
  separating: 0.018,
  lowering: 0.003,
  encoding: 0.02,
  drawing: 0.003,
}

export interface TimeShare {
  /** 0…1; null while the length is unknown. */
  readonly fraction: number | null
  readonly secondsLeft: number | null
}

export interface TimeShareEstimate {
  /** What had to be done before the first phase is done, and says nothing of its speed. */
  prepared(): void
  /** A phase has come so far; a phase that was not planned counts as the last one. */
  report(phase: Phase, doneSeconds: number, totalSeconds: number | undefined): TimeShare
  /** Enters what the last phase took. */
  end(): void
}

/** What is known of a phase before it begins counts as much as so much of it. */
const TRUST = 0.05

/** Before the end is reached nothing says that it is. */
const MOST = 0.999

/** The estimate for one song. Its clock starts now and the share never falls. */
export function createTimeShare(plan: readonly PlannedPhase[], costs: PhaseCosts, now: () => number): TimeShareEstimate {
  const started = now()
  let shown = 0
  let reported = started
  let current: { readonly phase: Phase; readonly began: number; done: number } | undefined
  const costOf = (phase: Phase): number => costs.get(phase) ?? usualCosts[phase]
  /** Of a phase to come: a machine that is slower than usual now will be then. */
  const costAhead = (phase: Phase, running: Phase, speed: number): number =>
    costs.get(phase) ?? usualCosts[phase] * (costs.has(running) ? 1 : speed / usualCosts[running])

  const end = (): void => {
    if (current && current.done > 0) costs.set(current.phase, (reported - current.began) / 1000 / current.done)
    current = undefined
  }

  return {
    prepared() {
      reported = now()
    },
    report(phase, doneSeconds, totalSeconds) {
      if (current?.phase !== phase) {
        end()
        current = { phase, began: reported, done: 0 } // since the last word of the phase before
      }
      current.done = doneSeconds
      reported = now()
      const spent = (reported - started) / 1000
      // The first window of a network says less of it than what was known before.
      const trusted = costs.has(phase) ? TRUST * (totalSeconds ?? 0) : 0
      const known = doneSeconds + trusted
      const speed = known > 0 ? ((reported - current.began) / 1000 + trusted * costOf(phase)) / known : costOf(phase)
      const place = plan.findIndex((planned) => planned.phase === phase)
      const later = place < 0 ? [] : plan.slice(place + 1)
      const ahead = later.map((planned) => planned.seconds && planned.seconds * costAhead(planned.phase, phase, speed))
      const rest = totalSeconds === undefined ? undefined : Math.max(0, totalSeconds - doneSeconds) * speed
      if (rest === undefined || ahead.includes(undefined)) return { fraction: null, secondsLeft: null }
      const left = ahead.reduce<number>((sum, seconds) => sum + seconds!, rest)
      const share = spent + left > 0 ? spent / (spent + left) : 0
      shown = Math.min(MOST, Math.max(shown, share))
      return { fraction: shown, secondsLeft: left }
    },
    end,
  }
}
