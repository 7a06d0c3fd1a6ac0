/** The checkerboard of transposed convolutions, and interpolation in its place. */
import { heatMap } from '../report/index.ts'
import { constant, conv2d, convTranspose2d, interpolate } from '../tensor/index.ts'
import { numbersOf, rowsOf } from './compute.ts'
import { claim, type Lesson, varianceOf } from './lesson.ts'

const SIZE = 8
const CUT = 3 // elements at the border, where windows meet padding

function interior(rows: readonly (readonly number[])[]): number[] {
  return rows.slice(CUT, -CUT).flatMap((row) => row.slice(CUT, -CUT))
}

interface Found {
  /** Up-sampled constants. */
  readonly transposed: number[][]
  /** With a kernel of 4, which the stride 2 divides. */
  readonly divisible: number[][]
  readonly interpolated: number[][]
}

export const checkerboard: Lesson<Found> = {
  name: 'checkerboard',
  title: 'Up-sampling: the checkerboard of transposed convolution',
  numbers: ['0.3', '0.4'],
  idea: `A decoder makes small maps large. A transposed convolution of stride 2 writes its kernel at every second place and adds up what overlaps. With
a kernel of 3 some places are written once, some twice, and some, in two dimensions, four times: even a constant input comes out as a checkerboard, which a
network then has to learn away (Odena, Dumoulin & Olah 2016). Interpolation followed by an ordinary convolution reads every place equally often.`,
  formula: `transposed: y[n] = Σ x[m]·k[n − s·m], so the number of terms depends on n mod s unless s divides the kernel's length
interpolated: y = k ⋆ resize(x, s), every y[n] a sum over all of k`,
  claim:
    'A constant becomes a periodic pattern by a transposed convolution of kernel 3 and stride 2, and stays constant by interpolation and convolution.',

  async run({ save, log }) {
    const x = constant(new Float32Array(SIZE * SIZE).fill(1), [1, 1, SIZE, SIZE])
    // Kernels that sum to the same: 4 on average per output element, so 1.
    const kernel = (n: number, sum: number) => constant(new Float32Array(n * n).fill(sum / (n * n)), [1, 1, n, n])
    const found = await numbersOf(() => ({
      transposed: convTranspose2d(x, kernel(3, 4), { stride: 2, padding: 1 }),
      divisible: convTranspose2d(x, kernel(4, 4), { stride: 2, padding: 1 }),
      interpolated: conv2d(interpolate(x, { scale: 2, mode: 'nearest' }), kernel(3, 1), { padding: 1 }),
    }))
    const maps = {
      transposed: rowsOf(found.transposed, 2 * SIZE - 1),
      divisible: rowsOf(found.divisible, 2 * SIZE),
      interpolated: rowsOf(found.interpolated, 2 * SIZE),
    }
    const show = (name: keyof Found, title: string) =>
      save(
        name,
        heatMap({
          title,
          width: 520,
          height: 440,
          rows: maps[name],
          x: { label: 'column' },
          y: { label: 'row' },
          value: { label: 'value', from: 0, to: 2 },
        }),
      )
    await show('transposed', 'A constant after a transposed convolution, kernel 3, stride 2')
    await show('interpolated', 'The same constant after interpolation and convolution')
    for (const [name, rows] of Object.entries(maps)) log(`${name}: variance inside ${varianceOf(interior(rows)).toFixed(6)}`)
    return maps
  },

  check({ transposed, divisible, interpolated }) {
    const rounding = 1e-12
    claim(varianceOf(interior(transposed)) > 0.1, 'the transposed convolution varies inside')
    claim(
      transposed
        .slice(CUT, -CUT - 2)
        .every((row, r) => row.slice(CUT, -CUT - 2).every((v, c) => Math.abs(v - transposed[r + CUT + 2]![c + CUT + 2]!) < rounding)),
      'its pattern repeats with the stride',
    )
    claim(varianceOf(interior(interpolated)) < rounding, 'interpolation and convolution stay constant inside')
    claim(varianceOf(interior(divisible)) < rounding, 'so does a kernel whose length the stride divides')
  },
}
