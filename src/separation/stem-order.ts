/**
 * One order of stems for a whole song, where a network has none: neighbouring windows overlap, and a stem of the next window is that stem of this
 * one whose samples it has there.
 */
import type { Separator, StereoWindow } from '../models/separator.ts'
import { orderLike } from '../models/stem-order.ts'
import type { SourceWindow } from './window-reader.ts'

type Estimates = Record<string, StereoWindow>

/** Brings the estimates of windows, one after the other, into the order of the first. */
export function createStemOrder({ stems, interchangeable = false }: Separator): (window: SourceWindow, estimates: Estimates) => Estimates {
  let before: { readonly window: SourceWindow; readonly estimates: Estimates } | undefined
  return (window, estimates) => {
    // An estimate that is missing is reported by whoever assembles the stems.
    if (!interchangeable || stems.some((stem) => !estimates[stem])) return estimates
    let ordered = estimates
    if (before) {
      const { window: last, estimates: known } = before
      const shared = last.start + last.length - window.start
      const part = (estimate: StereoWindow, from: number) => estimate.map((channel) => channel.subarray(from, from + shared))
      const order = orderLike(
        stems.map((stem) => part(known[stem]!, window.start - last.start)),
        stems.map((stem) => part(estimates[stem]!, 0)),
      )
      ordered = Object.fromEntries(stems.map((stem, i) => [stem, estimates[stems[order[i]!]!]!]))
    }
    before = { window, estimates: ordered }
    return ordered
  }
}
