/** Convolution flips its kernel; cross-correlation, which layers compute, does not. */
import { convolve, crossCorrelate } from '../dsp/index.ts'
import { Conv1d } from '../nn/index.ts'
import { linePlot } from '../report/index.ts'
import { constant, flip } from '../tensor/index.ts'
import { numbersOf } from './compute.ts'
import { claim, close, type Lesson } from './lesson.ts'

const same = (a: readonly number[], b: readonly number[]) => a.length === b.length && a.every((value, i) => close(value, b[i]!, 1e-6))

type Found = Readonly<
  Record<'convolved' | 'swapped' | 'correlated' | 'correlatedSwapped' | 'flipped' | 'layer' | 'valid', readonly number[]>
>

export const convolution: Lesson<Found> = {
  name: 'convolution',
  title: 'Convolution and cross-correlation',
  numbers: ['2.1'],
  idea: `To convolve is to let every sample of a signal ring: a copy of the kernel begins at each sample, scaled by it, and the copies add up. A room does
that to a clap. Cross-correlation slides the kernel along and measures how alike they are at each place. The two differ by a flip of the kernel; only the
first commutes. Layers called "convolution" compute the second: a kernel that is learned may as well be learned the other way round.`,
  formula: `convolution  (f ⋆ g)[n] = Σ f[n − m]·g[m]        cross-correlation  Σ f[n + m]·g[m]`,
  correction: `A source text prints the formula of convolution, and its code, as all deep networks, computes cross-correlation. Both are here, by their names.`,
  claim: 'Convolution is correlation with the flipped kernel and commutes; correlation does not commute, and is what Conv1d computes.',

  async run({ save, log }) {
    const signal = [0, 0, 1, 0, 0, 0, 0, 0.6, 0.6, 0.6, 0, 0, 0, 0, -0.8, 0, 0, 0]
    const decay = [1, 0.6, 0.36, 0.2]
    const [f, g] = [constant(signal), constant(decay)]
    const conv = new Conv1d(1, 1, 4, { bias: false })
    const found = await numbersOf(
      () => ({
        convolved: convolve(f, g),
        swapped: convolve(g, f),
        correlated: crossCorrelate(f, g),
        correlatedSwapped: crossCorrelate(g, f),
        flipped: crossCorrelate(f, flip(g, [0])),
        valid: crossCorrelate(f, g, { mode: 'valid' }),
        layer: conv.forward(constant(signal, [1, 1, signal.length])),
      }),
      { model: [conv, new Map([['weight', Float32Array.from(decay)]])] },
    )
    const lags = found.correlated.map((_, i) => i - decay.length + 1)
    await save(
      'signals',
      linePlot({
        title: 'An echo rings after each sound by convolution, before it by cross-correlation',
        x: { label: 'sample' },
        y: { label: 'value' },
        lines: [
          { label: 'signal', y: signal, points: true },
          { label: 'convolution', y: found.convolved, points: true },
          { label: 'cross-correlation', x: lags, y: found.correlated, points: true },
        ],
      }),
    )
    log(
      `kernel ${decay.join(', ')}: after the clap at sample 2 convolution gives ${found.convolved
        .slice(2, 6)
        .map((v) => v.toFixed(2))
        .join(', ')}`,
    )
    return found
  },

  check({ convolved, swapped, correlated, correlatedSwapped, flipped, layer, valid }) {
    claim(same(convolved, swapped), 'convolution commutes')
    claim(!same(correlated, correlatedSwapped), 'cross-correlation does not')
    claim(same(correlated, [...correlatedSwapped].reverse()), 'it comes out reversed')
    claim(same(convolved, flipped), 'convolution is cross-correlation with the flipped kernel')
    claim(same(layer, valid), 'Conv1d computes cross-correlation')
    claim(same(convolved.slice(2, 6), [1, 0.6, 0.36, 0.2]), 'a clap answers with the kernel')
  },
}
