/** Which stretches of a signal are scored: frames of one length, one hop apart; what is left at the end has no frame. */

export interface Frames {
  /** Samples. */
  readonly window: number
  /** Samples. */
  readonly hop: number
  readonly count: number
  /** The one frame is all of the signal. */
  readonly whole: boolean
}

/**
 * Frames of a signal. A signal that is not longer than the window is one frame; without a window, so is any.
 *
 * @param atLeast with fewer frames than this the whole signal is one frame: 2 as mir_eval has it for version 3, 1 as museval for version 4
 * @throws RangeError where window or hop is no whole number of samples ≥ 1
 *
 * @example
 * planFrames('example', 10_000, { window: 4000, hop: 3000 }).count // 3
 */
export function planFrames(who: string, length: number, options: { window?: number; hop?: number }, atLeast = 1): Frames {
  const { window = length, hop = window } = options
  for (const [name, value] of [['window', window] as const, ['hop', hop] as const])
    if (!Number.isInteger(value) || value < 1) throw new RangeError(`${who}: ${name} ${value}; allowed are whole numbers of samples ≥ 1`)
  const count = window < length ? Math.floor((length - window) / hop) + 1 : 1
  const whole = window >= length || count < atLeast
  return whole ? { window: length, hop: length, count: 1, whole } : { window, hop, count, whole }
}
