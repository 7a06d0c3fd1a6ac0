/** From values to places: linear and logarithmic scales, with ticks at round numbers (1, 2 or 5 times a power of ten). */

export interface Axis {
  /** What is along it, `time`. */
  readonly label: string
  /** Its unit, `s`: in parentheses behind the label. */
  readonly unit?: string
  /** Logarithmic; values must be above 0. */
  readonly log?: boolean
  /** Where it begins and ends, in place of the least and greatest value. */
  readonly from?: number
  readonly to?: number
  /** Places of ticks, in place of round numbers. */
  readonly ticks?: readonly number[]
  /** Words at ticks, in place of the number. */
  readonly format?: (value: number) => string
}

export interface Tick {
  readonly value: number
  readonly label: string
}

export interface Scale {
  readonly from: number
  readonly to: number
  readonly ticks: readonly Tick[]
  /** 0 at `from`, 1 at `to`; beyond them below 0 and above 1. */
  at(value: number): number
}

/** The least and the greatest finite value; undefined where there is none. */
export function extentOf(values: Iterable<number>): readonly [number, number] | undefined {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const value of values) {
    if (!Number.isFinite(value)) continue
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  return low <= high ? [low, high] : undefined
}

const superscripts: Readonly<Record<string, string>> = Object.fromEntries(
  Array.from('0123456789-', (digit, i) => [digit, '⁰¹²³⁴⁵⁶⁷⁸⁹⁻'[i]!]),
)

function powerOfTen(exponent: number): string {
  return `10${Array.from(String(exponent), (digit) => superscripts[digit]).join('')}`
}

/**
 * A number as a reader of a picture wants it: a true minus sign, powers of ten where digits would not fit;
 * three significant digits at most.
 *
 * @example
 * formatNumber(-0.25) // '−0.25'
 * formatNumber(2e7) // '2·10⁷'
 */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? '–' : value > 0 ? '∞' : '−∞'
  const size = Math.abs(value)
  if (size !== 0 && (size >= 1e5 || size < 1e-3)) {
    const exponent = Math.floor(Math.log10(size) + 1e-12)
    const factor = Number((value / 10 ** exponent).toPrecision(3))
    const power = powerOfTen(exponent)
    return `${factor === 1 ? power : factor === -1 ? `-${power}` : `${factor}·${power}`}`.replace(/^-/, '−')
  }
  return String(Number(value.toPrecision(3))).replace('-', '−')
}

/** Room around values so that none lies on the border, and a range where there is only one value. */
function widened(low: number, high: number, margin: number): [number, number] {
  const spread = high - low
  if (spread > 1e-12 * Math.max(Math.abs(low), Math.abs(high))) return [low - margin * spread, high + margin * spread]
  const room = low === 0 ? 1 : Math.abs(low) / 2
  return [low - room, high + room]
}

/** 1, 2 or 5 times a power of ten, so that about `count` of them are in the range. */
function roundStep(range: number, count: number): number {
  const wanted = range / count
  const power = 10 ** Math.floor(Math.log10(wanted))
  return power * ([1, 2, 5].find((factor) => factor * power >= wanted * (1 - 1e-9)) ?? 10)
}

/** Multiples of the step, counted in whole numbers so that they do not drift. */
function multiples(from: number, to: number, step: number): number[] {
  const [first, last] = [Math.ceil(from / step - 1e-9), Math.floor(to / step + 1e-9)]
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step)
}

function linearTicks(from: number, to: number, count: number): Tick[] {
  const step = roundStep(to - from, count)
  const largest = Math.max(Math.abs(from), Math.abs(to))
  const digits = (unit: number) => Math.max(0, -Math.floor(Math.log10(unit) + 1e-9))
  // All ticks by one power of ten, if any has it: 0.5·10⁶ beside 1.0·10⁶.
  const exponent = largest >= 1e5 || digits(step) > 3 ? Math.floor(Math.log10(largest) + 1e-12) : 0
  const unit = 10 ** exponent
  const decimals = digits(step / unit)
  return multiples(from, to, step).map((at) => {
    const value = Number(at.toPrecision(12))
    if (value === 0) return { value: 0, label: '0' }
    return { value, label: `${(value / unit).toFixed(decimals)}${exponent === 0 ? '' : `·${powerOfTen(exponent)}`}`.replace(/^-/, '−') }
  })
}

function logTicks(from: number, to: number, count: number): Tick[] {
  const [low, high] = [Math.log10(from), Math.log10(to)]
  if (high - low < 1) return linearTicks(from, to, count)
  const stride = Math.ceil((high - low) / count)
  const decades = multiples(low, high, 1).filter((exponent) => Math.round(exponent) % stride === 0)
  const factors = high - low < 2.5 ? [1, 2, 5] : [1]
  return decades
    .flatMap((exponent) => factors.map((factor) => factor * 10 ** Math.round(exponent)))
    .concat(factors.length > 1 ? [2, 5].map((factor) => factor * 10 ** Math.floor(low + 1e-9)) : [])
    .filter((value, i, all) => value >= from * (1 - 1e-9) && value <= to * (1 + 1e-9) && all.indexOf(value) === i)
    .map((value) => ({ value, label: formatNumber(value) }))
}

/**
 * The scale of an axis over values.
 *
 * @param who names the caller in errors
 * @param margin room beyond the values, as a part of their range
 * @param count how many ticks there is room for
 * @throws RangeError where the ends are no finite numbers in order, or a logarithmic axis has values that are not above 0
 */
export function scaleOf(who: string, axis: Axis, values: readonly number[], margin = 0, count = 6): Scale {
  const { label, log = false, from, to } = axis
  for (const [name, end] of Object.entries({ from, to })) {
    if (end !== undefined && !Number.isFinite(end))
      throw new RangeError(`${who}: ${name} ${end} of the axis "${label}"; allowed are finite numbers`)
  }
  const ends = [from, to].filter((end) => end !== undefined)
  if (log) {
    const wrong = [...values, ...ends].find((value) => value <= 0)
    if (wrong !== undefined)
      throw new RangeError(
        `${who}: ${wrong} on the logarithmic axis "${label}"; allowed are numbers above 0 (NaN leaves a gap), or log: false`,
      )
  }
  const to1 = log ? Math.log10 : (value: number) => value
  const back = log ? (value: number) => 10 ** value : (value: number) => value
  const seen = extentOf(values.map(to1)) ?? (ends.length > 0 ? [to1(ends[0]!), to1(ends[0]!)] : [0, 1])
  let [low, high] = log && seen[0] === seen[1] ? [seen[0] - 0.5, seen[1] + 0.5] : widened(seen[0], seen[1], margin)
  if (from !== undefined) low = to1(from)
  if (to !== undefined) high = to1(to)
  // One end was given and lies beyond all values.
  if (low >= high && (from === undefined) !== (to === undefined)) {
    if (from === undefined) low = high - Math.max(1, Math.abs(high) / 2)
    else high = low + Math.max(1, Math.abs(low) / 2)
  }
  if (!(low < high)) throw new RangeError(`${who}: the axis "${label}" from ${from} to ${to}; needs from below to`)
  const [first, last] = [from ?? back(low), to ?? back(high)]
  const { format } = axis
  const round =
    axis.ticks?.map((value) => ({ value, label: formatNumber(value) })) ??
    (log ? logTicks(first, last, count) : linearTicks(first, last, count))
  return {
    from: first,
    to: last,
    ticks: format ? round.map(({ value }) => ({ value, label: format(value) })) : round,
    at: (value) => (to1(value) - low) / (high - low),
  }
}

/** `time (s)` */
export function axisTitle({ label, unit }: Pick<Axis, 'label' | 'unit'>): string {
  return unit === undefined ? label : `${label} (${unit})`
}
