/** A convolution moves with its input, and takes any length; only pooling forgets where something was. */
import { linePlot } from '../report/index.ts'
import { constant, conv1d, relu, type Tensor } from '../tensor/index.ts'
import { numbersOf } from './compute.ts'
import { claim, close, type Lesson } from './lesson.ts'

const LENGTH = 48
const KERNEL = [0.4, -1, 0.2, 1, -0.5]
/** Of the three layers that are compared: how far the sound is moved. */
const SHIFT = 7

/** Something short at a place, silence around it. */
function signalAt(place: number, length = LENGTH): number[] {
  const event = [0.2, 0.9, 0.5, -0.7, -0.3, 0.4]
  return Array.from({ length }, (_, i) => event[i - place] ?? 0)
}

function layer(signal: readonly number[], stride: number): Tensor {
  const padding = (KERNEL.length - 1) / 2
  return relu(conv1d(constant(signal, [1, 1, signal.length]), constant(KERNEL, [1, 1, KERNEL.length]), { stride, padding }))
}

const farthest = (a: readonly number[], b: readonly number[]) => Math.max(...a.map((value, i) => Math.abs(value - (b[i] ?? 0))))
const moved = (values: readonly number[], by: number) => values.map((_, i) => values[i - by] ?? 0)

interface Found {
  /** Largest difference of the outputs of a signal and of the moved one. */
  readonly invariance: number
  /** The same, once the first output is moved too. */
  readonly equivariance: number
  /** With a stride of 2: after a shift of 8, which is 4 strides, and of 7, which is none. */
  readonly strided: { readonly whole: number; readonly broken: number }
  /** Difference of the largest outputs. */
  readonly pooled: number
  /** Outputs of signals of 20, 33 and 48 samples. */
  readonly lengths: readonly number[]
}

export const equivariance: Lesson<Found> = {
  name: 'equivariance',
  title: 'A convolution moves with its input',
  numbers: ['2.4', '3.12'],
  idea: `A kernel asks the same question at every place. What is moved in its input is moved in its output, by as much: a convolution is equivariant to shifts.
It is not invariant: its output does tell where something was, and must, where a mask is made of it. Invariance comes from what is done afterwards, such as the maximum over
all places. A stride of s keeps equivariance to shifts of whole strides alone. And a question that is asked at every place can be asked at any number of places: the same weights
take a signal of any length.`,
  formula: `equivariant  f(shift x) = shift f(x)        invariant  g(shift x) = g(x)`,
  correction: `A source text calls convolutions translationally invariant, and says that their input must have the exact shape of training. They are equivariant, and a network
of convolutions alone takes any length; layers that flatten and multiply are those that do not.`,
  claim:
    'A moved input gives the moved output, to the last bit, and not the same one; with a stride of 2 only where it moved by an even number. The maximum over time is the same, and any length goes in.',

  async run({ save, log }) {
    const [here, there] = [signalAt(10), signalAt(10 + SHIFT)]
    const found = await numbersOf(() => ({
      here: layer(here, 1),
      there: layer(there, 1),
      stridedHere: layer(here, 2),
      stridedWhole: layer(signalAt(18), 2),
      stridedBroken: layer(there, 2),
      short: layer(signalAt(10, 20), 1),
      middle: layer(signalAt(10, 33), 1),
    }))
    await save(
      'shift',
      linePlot({
        title: `An event that comes ${SHIFT} samples later, and what a convolution says of it`,
        x: { label: 'sample' },
        y: { label: 'value' },
        lines: [
          { label: 'event', y: here },
          { label: 'its output', y: found.here },
          { label: 'later event', y: there },
          { label: 'its output', y: found.there },
        ],
      }),
    )
    await save(
      'stride',
      linePlot({
        title: 'With a stride of 2: moved by 8 samples the output is moved by 4, moved by 7 it is another one',
        x: { label: 'output' },
        y: { label: 'value' },
        lines: [
          { label: 'event', y: found.stridedHere, points: true },
          { label: '8 samples later', y: found.stridedWhole, points: true },
          { label: '7 samples later', y: found.stridedBroken, points: true },
        ],
      }),
    )
    const result: Found = {
      invariance: farthest(found.there, found.here),
      equivariance: farthest(found.there, moved(found.here, SHIFT)),
      strided: {
        whole: farthest(found.stridedWhole, moved(found.stridedHere, 4)),
        broken: Math.min(...[3, 4].map((by) => farthest(found.stridedBroken, moved(found.stridedHere, by)))),
      },
      pooled: Math.abs(Math.max(...found.there) - Math.max(...found.here)),
      lengths: [found.short.length, found.middle.length, found.here.length],
    }
    log(
      `moved by ${SHIFT}: ${result.invariance.toFixed(3)} from the output before, ${result.equivariance} from that output moved; with a stride of 2 ${result.strided.broken.toFixed(3)}`,
    )
    return result
  },

  check({ invariance, equivariance, strided, pooled, lengths }) {
    claim(equivariance === 0, 'the moved input gives the moved output')
    claim(invariance > 0.3 && invariance < 1.3, 'it is not the same output')
    claim(strided.whole === 0 && strided.broken > 0.1, 'with a stride of 2, only after an even shift')
    claim(close(pooled, 0, 0), 'the largest output is the same')
    claim(lengths[0] === 20 && lengths[1] === 33 && lengths[2] === LENGTH, 'any length goes in and comes out')
  },
}
