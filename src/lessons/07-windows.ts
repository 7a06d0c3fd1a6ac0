/** When overlapping windows give a signal back. */
import { createWindow, istft, overlapOf, stft, type WindowName } from '../dsp/index.ts'
import { barChart, linePlot } from '../report/index.ts'
import { constant } from '../tensor/index.ts'
import { numbersOf } from './compute.ts'
import { claim, type Lesson } from './lesson.ts'

const LENGTH = 60
const names: readonly WindowName[] = ['rectangular', 'hann', 'sqrt-hann', 'hamming', 'blackman']
const hops = [LENGTH / 4, LENGTH / 3, LENGTH / 2, (3 * LENGTH) / 4].map(Math.round)

/** Σ w[n − mH]ᵖ over some hops, far from the ends. */
function overlapped(name: WindowName, hop: number, power: number): number[] {
  const window = createWindow(name, LENGTH)
  return Array.from({ length: 2 * LENGTH }, (_, n) => {
    let sum = 0
    for (let at = n % hop; at < LENGTH; at += hop) sum += window[at]! ** power
    return sum
  })
}

const ripple = (values: readonly number[]) => (Math.max(...values) - Math.min(...values)) / Math.max(...values)

interface Found {
  /** Ripple of Σ w, and whether it was said to be constant, by window and hop. */
  readonly ripples: Readonly<Record<string, number>>
  readonly cola: Readonly<Record<string, boolean>>
  /** Largest error of the signal that came back, by window, for hops of a quarter. */
  readonly errors: readonly number[]
  /** What the inverse says of Hann windows without overlap. */
  readonly refusal: string
}

export const windows: Lesson<Found> = {
  name: 'windows',
  title: 'Windows, hops, and the signal that comes back',
  numbers: ['3.22'],
  idea: `A short-time Fourier transform looks at a signal through windows that overlap. If nothing is changed, adding the windowed frames gives the signal times the sum of
the windows: the signal itself where that sum is constant (COLA). Hann windows do that at hops of a half, a third, a quarter; Hamming's at a half; Blackman's not
at a half, but at a third. √Hann does it when it is applied twice. Dividing by Σ w² instead (Griffin & Lim 1984) inverts for every window, as long as no sample lies
under none.`,
  formula: `COLA: Σ w[n − mH] = constant        inverse: x[n] = Σ w[n − mH]·frameₘ[n − mH] / Σ w²[n − mH], where that is nowhere 0`,
  claim:
    'Windows sum to a constant exactly where overlapOf says so; the inverse is exact for all of them, and refuses hops that leave samples uncovered.',

  async run({ save, log }) {
    const pairs = names.flatMap((name) => hops.map((hop) => ({ name, hop, key: `${name} ${hop}` })))
    const ripples = Object.fromEntries(pairs.map(({ name, hop, key }) => [key, ripple(overlapped(name, hop, 1))]))
    const cola = Object.fromEntries(pairs.map(({ name, hop, key }) => [key, overlapOf(name, hop, LENGTH).cola]))
    const x = Float64Array.from({ length: 300 }, (_, i) => Math.sin(0.1 * i + 0.002 * i * i))
    const errors: number[] = []
    for (const window of names) {
      const options = { nFft: LENGTH, hopLength: LENGTH / 4, window }
      const { y } = await numbersOf(() => ({ y: istft(stft(constant(x), options), x.length, options) }))
      errors.push(y.reduce((most, value, i) => Math.max(most, Math.abs(value - x[i]!)), 0))
    }
    let refusal = ''
    try {
      const options = { nFft: LENGTH, hopLength: LENGTH }
      istft(stft(constant(x), options), x.length, options)
    } catch (error) {
      refusal = error instanceof RangeError ? error.message : String(error)
    }
    await save(
      'sums',
      linePlot({
        title: 'Windows of 60 samples, added up at hops of a half',
        x: { label: 'sample' },
        y: { label: 'Σ w', from: 0 },
        lines: [
          ...names.slice(1).map((name) => ({ label: name, y: overlapped(name, LENGTH / 2, 1) })),
          { label: 'sqrt-hann, squared', y: overlapped('sqrt-hann', LENGTH / 2, 2) },
        ],
      }),
    )
    await save(
      'ripple',
      barChart({
        title: 'How much the sum of windows varies, by hop',
        categories: names,
        y: { label: 'ripple', unit: '% of the maximum' },
        series: hops.map((hop) => ({
          label: `hop ${hop} of ${LENGTH}`,
          values: names.map((name) => Math.round(100 * ripples[`${name} ${hop}`]!)),
        })),
      }),
    )
    log(`hann at 30: ripple ${ripples['hann 30']!.toExponential(1)}; blackman at 30: ${ripples['blackman 30']!.toFixed(3)}`)
    log(`largest error of what came back: ${Math.max(...errors).toExponential(1)}`)
    log(`hann at 60: ${refusal}`)
    return { ripples, cola, errors, refusal }
  },

  check({ ripples, cola, errors, refusal }) {
    for (const [pair, value] of Object.entries(ripples))
      claim(value < 1e-6 === cola[pair], `${pair}: Σ w is constant exactly where overlapOf says so`)
    claim(
      ['hann 15', 'hann 20', 'hann 30', 'hamming 30', 'blackman 20'].every((pair) => cola[pair] === true),
      'Hann and Hamming at a half, Blackman at a third',
    )
    claim(
      ['blackman 30', 'hann 45', 'sqrt-hann 30'].every((pair) => cola[pair] === false),
      'not Blackman at a half, nor Hann beyond it',
    )
    claim(
      errors.every((error) => error < 1e-12),
      'the inverse is exact in float64',
    )
    claim(/^istft: hopLength 60 leaves sample/.test(refusal), 'the inverse refuses Hann windows without overlap')
  },
}
