/**
 * Spectrograms and signals as windows of one length, for networks that take only that, and back by weighted overlap-add.
 *
 * The rule: a window begins at every multiple of the hop that the axis has, ⌈n/hop⌉ of them, and what they lack at the end is zeros. 1000 frames
 * are 8 windows of 128, and 16 where one begins every 64 (15 would cover them: the 16th gives the last frames a second look too).
 */
import { adjoint, constant, formatShape, mul, pad, reshape, ShapeError, sizeOf, type Tensor, transpose } from '../tensor/index.ts'
import { frame } from './frame.ts'

export interface WindowingOptions {
  /** Steps of a window. */
  readonly length: number
  /** Steps between windows, `length` by default. */
  readonly hop?: number
  /** The axis that is cut, the last by default. */
  readonly axis?: number
}

interface Cut {
  readonly length: number
  readonly hop: number
  /** From the front. */
  readonly axis: number
  readonly count: number
}

/** @param rank of what is cut */
function cutOf(who: string, { length, hop = length, axis = -1 }: WindowingOptions, rank: number, extent: (axis: number) => number): Cut {
  const whole = (n: number) => Number.isInteger(n) && n >= 1
  if (!whole(length)) throw new ShapeError(who, `length ${length}; allowed are whole numbers ≥ 1`)
  if (!whole(hop) || hop > length) throw new ShapeError(who, `hop ${hop}; allowed are whole numbers in 1…length (${length})`)
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    throw new ShapeError(who, `axis ${axis} of ${rank} axes; allowed are whole numbers in ${-rank}…${rank - 1}`)
  }
  const along = axis < 0 ? axis + rank : axis
  return { length, hop, axis: along, count: Math.ceil(extent(along) / hop) }
}

/** Every axis but one, then that one. */
function axisLast(rank: number, axis: number): number[] {
  return [...Array.from({ length: rank }, (_, i) => i).filter((i) => i !== axis), axis]
}

function inverseOf(permutation: readonly number[]): number[] {
  return permutation.map((_, axis) => permutation.indexOf(axis))
}

/** (rows, n) → (count, rows, length). */
function cut(x: Tensor, { length, hop, count }: Cut): Tensor {
  const missing = (count - 1) * hop + length - x.shape[1]!
  return transpose(frame(pad(x, [0, 0], [0, missing]), length, hop), [1, 0, 2])
}

/**
 * Windows along an axis as a new first axis: (…, n, …) → (⌈n/hop⌉, …, length, …), the end padded with zeros.
 *
 * @throws ShapeError for a length or a hop that is no whole number ≥ 1, a hop above the length, or an axis that is none
 *
 * @example
 * const [y] = await evaluate(() => [toWindows(constant([1, 2, 3, 4, 5]), { length: 3, hop: 2 })]) // [1, 2, 3, 3, 4, 5, 5, 0, 0]
 * toWindows(constant(new Float32Array(2 * 1000), [2, 1000]), { length: 128 }).shape // [8, 2, 128]
 */
export function toWindows(x: Tensor, options: WindowingOptions): Tensor {
  const rank = x.shape.length
  const how = cutOf('toWindows', options, rank, (axis) => x.shape[axis]!)
  const order = axisLast(rank, how.axis)
  const others = order.slice(0, -1).map((axis) => x.shape[axis]!)
  const windows = cut(reshape(transpose(x, order), [sizeOf(others), -1]), how)
  const back = inverseOf(order).map((axis) => axis + 1)
  return transpose(reshape(windows, [how.count, ...others, how.length]), [0, ...back])
}

export interface OverlapAddOptions extends WindowingOptions {
  /**
   * How much each step of a window counts where several overlap: all the same, or (the default) sin²(π(i + ½)/length), little at the ends,
   * where networks know least of what is around. They are normalised to sum to 1 at every step.
   */
  readonly taper?: 'hann' | 'none'
}

/**
 * The inverse of toWindows: (⌈n/hop⌉, …, length, …) → (…, n, …), overlapping windows averaged. Windows that were not changed give back what they
 * were cut from, whatever the taper.
 *
 * @param extent n, the steps of what was cut
 * @param options those of toWindows, and the taper; the axis is that of the result
 * @throws ShapeError where the windows are not as many or as long as the extent needs, for a taper that is none, and for what toWindows refuses
 *
 * @example
 * const windows = { length: 3, hop: 2 }
 * const [x] = await evaluate(() => [overlapAdd(toWindows(constant([1, 2, 3, 4, 5]), windows), 5, windows)]) // [1.00, 2.00, 3.00, 4.00, 5.00]
 */
export function overlapAdd(windows: Tensor, extent: number, { taper = 'hann', ...options }: OverlapAddOptions): Tensor {
  if (!Number.isInteger(extent) || extent < 1) throw new ShapeError('overlapAdd', `extent ${extent}; allowed are whole numbers ≥ 1`)
  if (taper !== 'hann' && taper !== 'none') throw new ShapeError('overlapAdd', `taper ${String(taper)}; allowed are 'hann' and 'none'`)
  const rank = windows.shape.length - 1
  const how = cutOf('overlapAdd', options, rank, () => extent)
  const { length, hop, axis, count } = how
  if (windows.shape[0] !== count || windows.shape[axis + 1] !== length) {
    throw new ShapeError(
      'overlapAdd',
      `${formatShape(windows.shape)} to ${extent} steps at hop ${hop}: needs ${count} windows of ${length}`,
    )
  }
  const order = axisLast(rank, axis)
  const others = order.slice(0, -1).map((i) => windows.shape[i + 1]!)
  const rows = sizeOf(others)
  const lines = reshape(transpose(windows, [0, ...order.map((i) => i + 1)]), [count, rows, length])
  const weighted = mul(lines, constant(weightsOf(how, extent, taper), [count, 1, length]))
  const total = adjoint((x) => [cut(x, how)], [rows, extent], [weighted])
  return transpose(reshape(total, [...others, extent]), inverseOf(order))
}

/** (count, length): the taper, divided by what all windows over that step have. */
function weightsOf({ length, hop, count }: Cut, extent: number, taper: 'hann' | 'none'): Float64Array {
  const shape = Float64Array.from({ length }, (_, i) => (taper === 'none' ? 1 : Math.sin((Math.PI * (i + 0.5)) / length) ** 2))
  const sums = new Float64Array(extent)
  const visit = (f: (at: number, i: number, step: number) => void) => {
    for (let window = 0; window < count; window++) {
      for (let i = 0; i < length && window * hop + i < extent; i++) f(window * length + i, i, window * hop + i)
    }
  }
  visit((_, i, step) => {
    sums[step]! += shape[i]!
  })
  const weights = new Float64Array(count * length)
  visit((at, i, step) => {
    weights[at] = shape[i]! / sums[step]!
  })
  return weights
}
