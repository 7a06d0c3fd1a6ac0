/** How far back an output looks, and how wide a layer is, have nothing to do with each other. */
import { Conv1d, initialValues, type Module, RNN, receptiveField, Sequential } from '../nn/index.ts'
import { linePlot } from '../report/index.ts'
import { constant, createRandom, grad, narrow, sum, type Tensor } from '../tensor/index.ts'
import { numbersOf } from './compute.ts'
import { claim, type Lesson } from './lesson.ts'

const STEPS = 80
const random = createRandom(11)
const sound = Float64Array.from({ length: STEPS }, () => random.normal())

/** |d last output / d input|, by how many steps the input is before it. */
async function influence(model: Module, output: () => { readonly x: Tensor; readonly last: Tensor }): Promise<number[]> {
  const { dx } = await numbersOf(
    () => {
      const { x, last } = output()
      return { dx: grad(sum(last), [x])[0]! }
    },
    { model: [model, initialValues(model, 2)] },
  )
  return dx.map(Math.abs).reverse()
}

function ofRnn(units: number): Promise<number[]> {
  const layer = new RNN(1, units)
  return influence(layer, () => {
    const x = constant(sound, [1, STEPS, 1])
    return { x, last: narrow(layer.forward(x).outputs, 1, STEPS - 1, STEPS) }
  })
}

function stackOf(channels: number): Sequential {
  return new Sequential(
    new Conv1d(1, channels, 3, { padding: 'causal' }),
    new Conv1d(channels, channels, 3, { padding: 'causal', dilation: 2 }),
    new Conv1d(channels, channels, 3, { padding: 'causal', dilation: 4 }),
  )
}

function ofConvolutions(channels: number): Promise<number[]> {
  const model = stackOf(channels)
  return influence(model, () => {
    const x = constant(sound, [1, 1, STEPS])
    return { x, last: narrow(model.forward(x), 2, STEPS - 1, STEPS) }
  })
}

interface Found {
  readonly rnn: { readonly units4: readonly number[]; readonly units32: readonly number[] }
  readonly convolutions: { readonly channels2: readonly number[]; readonly channels16: readonly number[] }
  /** As calculated. */
  readonly field: number
  /** Frames that one layer of 4 units gave outputs for. */
  readonly lengths: readonly number[]
}

export const receptiveFieldLesson: Lesson<Found> = {
  name: 'receptive-field',
  title: 'The receptive field is not the number of units',
  numbers: ['3.7', '3.12'],
  idea: `A recurrent layer has a number of units: what it can hold at once. It reads sequences of any length, and how far back an output still hears is a matter of its weights, not of
their number. A stack of convolutions hears exactly its receptive field, which follows from kernels, strides and dilations, again whatever its channels.`,
  formula: `recurrent: outputs (t, units) for every t, |dhₜ/dxₜ₋ₖ| falls like ρᵏ but is never cut off
convolutions: field = 1 + Σ (kernel − 1)·dilation·(product of the strides before)`,
  correction: `A source text says that 400 units look at 400 steps. The number of units and the length of the sequence are independent: the same weights run over 1000 frames and over 1001.`,
  claim:
    'A layer of 4 units hears much further than 4 steps and runs over any length; convolutions hear exactly 15 steps with 2 channels as with 16.',

  async run({ save, log }) {
    const rnn = { units4: await ofRnn(4), units32: await ofRnn(32) }
    const convolutions = { channels2: await ofConvolutions(2), channels16: await ofConvolutions(16) }
    const field = receptiveField(stackOf(2).reach())
    const layer = new RNN(1, 4)
    const lengths = [1, 1000, 1001].map((t) => layer.forward(constant(new Float32Array(t), [1, t, 1])).outputs.shape[1]!)
    // A logarithmic axis has no place for 0.
    const positive = (values: readonly number[]) => values.map((value) => (value > 0 ? value : Number.NaN))
    await save(
      'influence',
      linePlot({
        title: 'How much an input counts for the last output, by how long ago it was',
        x: { label: 'steps before the output' },
        y: { label: '|gradient|', log: true, from: 1e-16 },
        lines: [
          { label: 'RNN, 4 units', y: positive(rnn.units4) },
          { label: 'RNN, 32 units', y: positive(rnn.units32) },
          { label: 'convolutions, 2 channels', y: positive(convolutions.channels2), points: true },
          { label: 'convolutions, 16 channels', y: positive(convolutions.channels16), points: true },
        ],
      }),
    )
    const heard = (values: readonly number[]) => values.findLastIndex((value) => value > 0) + 1
    log(`RNN of 4 units hears ${heard(rnn.units4)} of ${STEPS} steps, of 32 units ${heard(rnn.units32)}`)
    log(`convolutions hear ${heard(convolutions.channels2)} and ${heard(convolutions.channels16)} steps, calculated ${field}`)
    log(`the layer of 4 units gave outputs for ${lengths.join(', ')} frames`)
    return { rnn, convolutions, field, lengths }
  },

  check({ rnn, convolutions, field, lengths }) {
    claim(
      [rnn.units4, rnn.units32].every((values) => values.length === STEPS && values.every((value) => value > 0 && value < 1.3)),
      'an RNN hears all steps',
    )
    claim(
      [rnn.units4, rnn.units32].every((values) => values[STEPS - 1]! < 1e-3 * values[0]!),
      'those long ago less',
    )
    claim(field === 15, 'the field of the convolutions is 1 + 2 + 4 + 8')
    for (const values of Object.values(convolutions))
      claim(
        values.every((value, k) => (k < field ? value > 0 : value === 0)),
        'convolutions hear their field and nothing else',
      )
    claim(lengths.join() === '1,1000,1001', 'the same layer runs over any length')
  },
}
