/**
 * How often windows that slide over an axis read each of its elements. A strided convolution takes the place of pooling only while its stride
 * does not exceed its kernel: beyond that, elements lie between the windows and nothing depends on them.
 */
import { type Extent, ShapeError, type WindowOptions } from '../tensor/index.ts'
import { type Window, windowCounts, windowOf } from '../tensor/ops/window.ts'
import { warn } from './warning.ts'

/**
 * How many windows read each element of an axis.
 *
 * @param extent elements of the axis
 * @param kernel taps of a window
 * @throws ShapeError for an extent, kernel or option that is no whole number in its range, and where no window fits
 *
 * @example
 * windowCoverage(7, 3, { stride: 2 }) // [1, 1, 2, 1, 2, 1, 1]
 * windowCoverage(7, 2, { stride: 3 }) // [1, 1, 0, 1, 1, 0, 0]
 */
export function windowCoverage(extent: number, kernel: Extent, options: WindowOptions = {}): number[] {
  if (!Number.isInteger(extent) || extent < 1) throw new ShapeError('windowCoverage', `extent ${extent}; allowed are whole numbers ≥ 1`)
  const window = windowOf(kernel, options, 1, 'windowCoverage')
  const [taps, stride, dilation] = [window.kernel[0]!, window.stride[0]!, window.dilation[0]!]
  const counts = new Array<number>(extent).fill(0)
  for (let at = 0; at < windowCounts(window, [extent], 'windowCoverage')[0]!; at++) {
    for (let tap = 0; tap < taps; tap++) {
      const element = at * stride + tap * dilation - window.padding[0]![0]
      if (element >= 0 && element < extent) counts[element]!++
    }
  }
  return counts
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}

/** Warns where, along an axis, elements between the windows are read by none, wherever the windows begin. */
export function warnOfUnread(who: string, { kernel, stride, dilation }: Window): void {
  kernel.forEach((taps, axis) => {
    const [step, spread] = [stride[axis]!, dilation[axis]!]
    // Windows begin at multiples of the stride; taps fall on these residues of it.
    const read = Math.min(taps, step / greatestCommonDivisor(step, spread))
    if (read === step) return
    warn(
      'unread-input',
      `${who}: spatial axis ${axis}, kernel ${taps}, stride ${step}, dilation ${spread}: only ${read} of every ${step} elements are read, ` +
        'the rest is lost; make the stride at most the kernel (and prime to the dilation), or pool before',
    )
  })
}
