/** A curve of any length in bounded memory: neighbouring values become one group as soon as there are too many groups, and twice as many make one. */

/** Values of neighbouring steps. */
interface Group {
  readonly from: number
  to: number
  count: number
  sum: number
  low: number
  high: number
}

/** A curve's groups, one after the other. */
export interface Curve {
  /** The middle of the steps. */
  readonly x: readonly number[]
  /** Mean, least and greatest value. */
  readonly mean: readonly number[]
  readonly low: readonly number[]
  readonly high: readonly number[]
}

export interface Thinned {
  /** The next value; what is no finite number is left out. */
  add(step: number, value: number): void
  /** Steps so far whose values were finite. */
  readonly count: number
  /** Of all values. */
  readonly sum: number
  readonly last: number | undefined
  curve(): Curve
}

/**
 * @param most groups; there are at least half as many as soon as there are enough values
 *
 * @example
 * const losses = createThinned(2)
 * for (const [step, loss] of [4, 2, 3, 1].entries()) losses.add(step, loss)
 * losses.curve().mean // [3, 2]
 */
export function createThinned(most: number): Thinned {
  let groups: Group[] = []
  let perGroup = 1
  let [count, sum] = [0, 0]
  let last: number | undefined
  const merge = () => {
    const merged: Group[] = []
    for (let i = 0; i < groups.length; i += 2) {
      const [a, b] = [groups[i]!, groups[i + 1]]
      merged.push(
        b === undefined
          ? a
          : {
              from: a.from,
              to: b.to,
              count: a.count + b.count,
              sum: a.sum + b.sum,
              low: Math.min(a.low, b.low),
              high: Math.max(a.high, b.high),
            },
      )
    }
    groups = merged
    perGroup *= 2
  }
  return {
    add: (step, value) => {
      if (!Number.isFinite(value)) return
      count++
      sum += value
      last = value
      const open = groups.at(-1)
      if (open && open.count < perGroup) {
        open.to = step
        open.count++
        open.sum += value
        open.low = Math.min(open.low, value)
        open.high = Math.max(open.high, value)
        return
      }
      groups.push({ from: step, to: step, count: 1, sum: value, low: value, high: value })
      if (groups.length > most) merge()
    },
    get count() {
      return count
    },
    get sum() {
      return sum
    },
    get last() {
      return last
    },
    curve: () => ({
      x: groups.map(({ from, to }) => (from + to) / 2),
      mean: groups.map((group) => group.sum / group.count),
      low: groups.map(({ low }) => low),
      high: groups.map(({ high }) => high),
    }),
  }
}
