/** Positions as sinusoids: a shift is a rotation. */
import { sinusoidalEncoding } from '../nn/index.ts'
import { heatMap, linePlot } from '../report/index.ts'
import { numbersOf, rowsOf } from './compute.ts'
import { claim, close, type Lesson } from './lesson.ts'

const STEPS = 96
const FEATURES = 32

const product = (a: readonly number[], b: readonly number[]) => a.reduce((sum, value, i) => sum + value * b[i]!, 0)

/** A step by k turns each pair of features by k times its frequency. */
function turned(encoding: readonly number[], k: number): number[] {
  return Array.from({ length: FEATURES / 2 }, (_, i) => {
    const angle = k / 10000 ** ((2 * i) / FEATURES)
    const [sin, cos] = [encoding[2 * i]!, encoding[2 * i + 1]!]
    return [sin * Math.cos(angle) + cos * Math.sin(angle), cos * Math.cos(angle) - sin * Math.sin(angle)]
  }).flat()
}

interface Found {
  readonly encoding: readonly (readonly number[])[]
  /** Of position 1 with 4 features. */
  readonly small: readonly number[]
}

export const positions: Lesson<Found> = {
  name: 'positions',
  title: 'Positional encodings: a shift is a rotation',
  numbers: ['0.16'],
  idea: `Attention takes its input for a set: without more, "man bites dog" is "dog bites man". So each step gets its position added, written in sinusoids of wavelengths from
2π steps to thousands, like the hands of clocks that turn at different speeds (Vaswani et al. 2017). To move by k steps turns each hand by a fixed angle, whatever the
position: a linear map, easy to learn; and how alike two positions are depends only on how far apart they are.`,
  formula: `PE(p, 2i) = sin(p / 10000^(2i/d))        PE(p, 2i + 1) = cos(p / 10000^(2i/d))
PE(p + k) = R(k)·PE(p)        PE(p)·PE(q) = Σ cos((p − q) / 10000^(2i/d))`,
  claim: 'Moving by k is one rotation for all positions, products depend on the distance alone, and all positions differ.',

  async run({ save, log }) {
    const { large, small } = await numbersOf(() => ({ large: sinusoidalEncoding(STEPS, FEATURES), small: sinusoidalEncoding(2, 4) }))
    const encoding = rowsOf(large, FEATURES)
    await save(
      'encoding',
      heatMap({
        title: `Sinusoidal encodings of ${STEPS} positions, slower to the right`,
        rows: encoding,
        x: { label: 'feature' },
        y: { label: 'position' },
        value: { label: 'value', from: -1, to: 1 },
        colours: 'diverging',
      }),
    )
    const middle = STEPS / 2
    const at = (p: number) => ({
      label: `with position ${p}`,
      x: encoding.map((_, q) => q - p),
      y: encoding.map((row) => product(row, encoding[p]!)),
    })
    await save(
      'likeness',
      linePlot({
        title: 'How alike positions are: by their distance alone',
        x: { label: 'distance', unit: 'steps' },
        y: { label: 'scalar product' },
        lines: [at(middle), at(20), at(80)],
      }),
    )
    log(
      `position 1 of 4 features: ${small
        .slice(4)
        .map((value) => value.toFixed(6))
        .join(', ')}`,
    )
    return { encoding, small: small.slice(4) }
  },

  check({ encoding, small }) {
    // Encodings are kept in float32: 6e-8 of 1, times a few.
    const rounding = 1e-6
    claim(
      [0.841471, 0.540302, 0.0099998, 0.99995].every((value, i) => close(value, small[i]!, 1e-6)),
      'position 1 of 4 features is as calculated by hand',
    )
    for (const k of [1, 7, 40])
      claim(
        encoding.slice(k).every((row, p) => turned(encoding[p]!, k).every((value, i) => close(value, row[i]!, rounding))),
        `a shift by ${k} is one rotation`,
      )
    claim(
      encoding.slice(0, -30).every((row, p) => close(product(row, encoding[p + 30]!), product(encoding[0]!, encoding[30]!), 20 * rounding)),
      'products depend on the distance alone',
    )
    claim(
      encoding.every((row, p) => encoding.every((other, q) => q === p || product(row, other) < FEATURES / 2 - 1e-3)),
      'no position is another',
    )
  },
}
