/** A loss is made smaller: the sign of SI-SDR. */
import { siSdrLoss } from '../losses/index.ts'
import { linePlot } from '../report/index.ts'
import { compile, createReferenceBackend } from '../runtime/index.ts'
import { constant, createRandom, grad, neg } from '../tensor/index.ts'
import { numbersOf } from './compute.ts'
import { claim, close, type Lesson } from './lesson.ts'

const SAMPLES = 200
const STEPS = 60

interface Found {
  /** SI-SDR in decibels, before each step. */
  readonly right: readonly number[]
  readonly wrong: readonly number[]
  /** Loss of the golden example, and of it three times as loud. */
  readonly golden: readonly number[]
}

export const siSdrSign: Lesson<Found> = {
  name: 'si-sdr-sign',
  title: 'The minus sign of the SI-SDR loss',
  numbers: ['3.33'],
  idea: `SI-SDR compares an estimate with the true signal at the level that suits it best, in decibels; more is better. Training makes its loss smaller. So the loss is
the negative ratio; without the minus sign, training works as well as ever, towards the worst estimate there is: one that has nothing of the target.`,
  formula: `t = (⟨ŝ, s⟩ / ‖s‖²)·s        SI-SDR = 10·log₁₀(‖t‖² / ‖ŝ − t‖²)        loss = −SI-SDR`,
  correction: `The code of a tutorial that Divisi follows lacks the minus sign: its loss is what should be maximised. siSdrLoss has it.`,
  claim:
    'Descending along the loss raises SI-SDR, descending along its negative lowers it, and the loss does not depend on the level of the estimate.',

  async run({ save, log }) {
    const random = createRandom(5)
    const target = Float64Array.from({ length: SAMPLES }, (_, i) => Math.sin(0.3 * i) * Math.exp(-i / 120))
    const start = target.map((value) => value + 0.5 * random.normal())
    const descend = async (sign: 'right' | 'wrong'): Promise<number[]> => {
      const program = await compile(
        ({ estimate }) => {
          const loss = siSdrLoss(estimate, constant(target))
          return { loss, gradient: grad(sign === 'right' ? loss : neg(loss), [estimate])[0]! }
        },
        { estimate: [SAMPLES] },
        { backend: createReferenceBackend() },
      )
      const estimate = Float32Array.from(start)
      const ratios: number[] = []
      for (let step = 0; step < STEPS; step++) {
        const { loss, gradient } = await program.run({ estimate })
        ratios.push(-Number(loss![0]))
        const size = Math.hypot(...Array.from(gradient!, Number))
        // Steps of one length: gradients of ratios grow without bound near the end of either way.
        for (let i = 0; i < SAMPLES; i++) estimate[i]! -= (0.15 * Number(gradient![i])) / size
      }
      await program.dispose()
      return ratios
    }
    const [right, wrong] = [await descend('right'), await descend('wrong')]
    const s = [1, -2, 3, -4, 5]
    const e = [1.1, -1.9, 3.2, -3.8, 5.3]
    const { once, thrice } = await numbersOf(() => ({
      once: siSdrLoss(constant(e), constant(s)),
      thrice: siSdrLoss(constant(e.map((value) => 3 * value)), constant(s)),
    }))
    await save(
      'descent',
      linePlot({
        title: 'An estimate that descends along the loss, with and without its minus sign',
        x: { label: 'step' },
        y: { label: 'SI-SDR', unit: 'dB' },
        lines: [
          { label: 'loss = −SI-SDR', y: right },
          { label: 'loss = SI-SDR, which the tutorial has', y: wrong },
        ],
      }),
    )
    log(`with the minus sign from ${right[0]!.toFixed(1)} to ${right.at(-1)!.toFixed(1)} dB, without it to ${wrong.at(-1)!.toFixed(1)} dB`)
    return { right, wrong, golden: [once[0]!, thrice[0]!] }
  },

  check({ right, wrong, golden }) {
    claim(right.at(-1)! > right[0]! + 10, 'the loss leads up')
    claim(wrong.at(-1)! < wrong[0]! - 10, 'its negative leads down')
    claim(right[0] === wrong[0], 'both begin with one estimate')
    // The floor of energies, 1e-8, moves the ratio by less than this.
    claim(
      golden.every((loss) => close(loss, -25.447478, 1e-6)),
      'the golden example has −25.447478 dB at every level',
    )
  },
}
