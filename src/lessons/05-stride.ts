/** A strided convolution may take the place of pooling while its stride does not exceed its kernel. */
import { Conv1d, type Warning, windowCoverage, withWarnings } from '../nn/index.ts'
import { heatMap } from '../report/index.ts'
import { constant, grad, sum } from '../tensor/index.ts'
import { numbersOf } from './compute.ts'
import { claim, type Lesson } from './lesson.ts'

const EXTENT = 24
const KERNEL = 3
const strides = [1, 2, 3, 4, 5, 6]

interface Found {
  /** How often each element is read: counts[stride − 1][element]. */
  readonly counts: readonly (readonly number[])[]
  /** The gradient of a sum of the outputs with respect to each element. */
  readonly gradients: readonly (readonly number[])[]
  readonly warned: readonly boolean[]
}

export const stride: Lesson<Found> = {
  name: 'stride',
  title: 'The stride must not exceed the kernel',
  numbers: ['1.16'],
  idea: `A convolution of stride 2 halves the number of frames, as pooling does, and learns how to. Each output reads as many inputs as the kernel has taps, and
the next one begins a stride further. As long as the stride is at most the kernel, every input is read by some output. Beyond that, inputs lie between the windows:
nothing depends on them, no gradient reaches them, and an onset that falls there has never happened.`,
  formula: `reads of element n = the number of t with 0 ≤ n − s·t < k;  it is 0 for some n exactly where s > k`,
  correction: `A source text advises that strides should not be smaller than the kernel. It is the other way round: they must not exceed it.`,
  claim: 'Elements are left unread, and get no gradient, exactly where the stride exceeds the kernel; then a warning is raised.',

  async run({ save, log }) {
    const warned: boolean[] = []
    const gradients: number[][] = []
    for (const step of strides) {
      const heard: Warning[] = []
      const layer = new Conv1d(1, 1, KERNEL, { stride: step, bias: false })
      const x = constant(new Float32Array(EXTENT).fill(1), [1, 1, EXTENT])
      const weights = new Map([['weight', Float32Array.of(1, 1, 1)]])
      const { dx } = await numbersOf(
        () =>
          withWarnings(
            (warning) => heard.push(warning),
            () => ({ dx: grad(sum(layer.forward(x)), [x])[0]! }),
          ),
        { model: [layer, weights] },
      )
      gradients.push(dx)
      warned.push(heard.some(({ code }) => code === 'unread-input'))
    }
    const counts = strides.map((step) => windowCoverage(EXTENT, KERNEL, { stride: step }))
    await save(
      'reads',
      heatMap({
        title: `How often a convolution of kernel ${KERNEL} reads each of ${EXTENT} elements`,
        rows: counts,
        width: 860,
        height: 320,
        x: { label: 'element' },
        y: { label: 'stride', names: strides.map(String) },
        value: { label: 'reads', from: 0, to: KERNEL, ticks: [0, 1, 2, 3] },
        numbers: true,
      }),
    )
    strides.forEach((step, i) => {
      log(`stride ${step}: ${counts[i]!.filter((n) => n === 0).length} of ${EXTENT} elements unread${warned[i] ? ', warned' : ''}`)
    })
    return { counts, gradients, warned }
  },

  check({ counts, gradients, warned }) {
    strides.forEach((step, i) => {
      // After the last window there may be elements left over; whole strides begin before it.
      const whole = counts[i]!.slice(0, EXTENT - KERNEL - step)
      claim(whole.includes(0) === step > KERNEL, `stride ${step}: elements unread exactly if it exceeds the kernel`)
      claim(
        counts[i]!.every((n, at) => n === gradients[i]![at]),
        `stride ${step}: the gradient of a kernel of ones counts the reads`,
      )
      claim(warned[i] === step > KERNEL, `stride ${step}: a warning exactly if it exceeds the kernel`)
    })
  },
}
