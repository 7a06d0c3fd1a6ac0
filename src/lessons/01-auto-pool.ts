/** Auto-pool: a pool that learns where it stands between mean and maximum. */
import { AutoPool, initialValues } from '../nn/index.ts'
import { heatMap, linePlot } from '../report/index.ts'
import { constant } from '../tensor/index.ts'
import { numbersOf } from './compute.ts'
import { claim, close, type Lesson, meanOf } from './lesson.ts'

/** Of one pool: its result and the weights of the frames. */
async function pooled(frames: readonly number[], alpha: number) {
  const pool = new AutoPool({ init: alpha })
  const x = constant(frames, [1, frames.length, 1])
  const { y, weights } = await numbersOf(() => ({ y: pool.forward(x), weights: pool.weights(x) }), {
    model: [pool, initialValues(pool, 0)],
  })
  return { y: y[0]!, weights }
}

interface Found {
  /** Of each frame, how sure a network is that somebody sings. */
  readonly frames: readonly number[]
  readonly alphas: readonly number[]
  readonly pooled: readonly number[]
  /** weights[α][frame] */
  readonly weights: readonly (readonly number[])[]
  /** Of the frames 1, 2, 3 for α = −1, 0, 1, 2, 5, 1000. */
  readonly small: readonly number[]
}

export const autoPool: Lesson<Found> = {
  name: 'auto-pool',
  title: 'Auto-pool: between mean and maximum, learned',
  numbers: ['0.5', '0.6', '0.9'],
  idea: `A network that hears a song frame by frame and is asked one question about all of it ("does somebody sing?") has to make one number of
many. The mean is right for what lasts, such as a key; the maximum for what happens once, such as a shout. Auto-pool (McFee, Salamon & Bello 2018)
weights each frame by the exponential of its own value times α, and learns α: 0 gives the mean, large α the maximum, and everything between.`,
  formula: `wₜ = exp(α·xₜ) / Σ exp(α·x)        pooled = Σ wₜ·xₜ        d pooled / dα = the variance of x under the weights w, so it only rises`,
  correction: `A source text prints wₜ as if it were the pooled value. It is the weight of one frame: there are as many as frames, they sum to 1, and at
α = 0 they are 1/T whatever the sound. What is pooled is Σ wₜ·xₜ.`,
  claim: 'The pooled value is the mean at α = 0, rises with α to the maximum and falls to the minimum, and the weights alone sum to 1.',

  async run({ save, log }) {
    const frames = Array.from({ length: 60 }, (_, t) => 0.12 + 0.06 * Math.sin(t * 1.7) + 0.75 * Math.exp(-(((t - 40) / 5) ** 2)))
    const alphas = Array.from({ length: 61 }, (_, i) => i - 20)
    const each = await Promise.all(alphas.map((alpha) => pooled(frames, alpha)))
    const values = each.map(({ y }) => y)
    const [low, mean, high] = [Math.min(...frames), meanOf(frames), Math.max(...frames)]
    const level = (value: number) => alphas.map(() => value)
    await save(
      'pooled-against-alpha',
      linePlot({
        title: 'What auto-pool makes of 60 frames, against α',
        x: { label: 'α' },
        y: { label: 'pooled value', from: 0, to: 1 },
        lines: [
          { label: 'auto-pool', x: alphas, y: values },
          { label: 'maximum', x: alphas, y: level(high) },
          { label: 'mean', x: alphas, y: level(mean) },
          { label: 'minimum', x: alphas, y: level(low) },
          { label: 'weight of the loudest frame, which the source prints', x: alphas, y: each.map(({ weights }) => Math.max(...weights)) },
        ],
      }),
    )
    await save(
      'weights',
      heatMap({
        title: 'The weight of each frame: even at α = 0, on the loudest above, on the quietest below',
        rows: each.map(({ weights }) => weights),
        firstRow: 'bottom',
        x: { label: 'frame' },
        y: { label: 'α', from: alphas[0]!, to: alphas.at(-1)! },
        value: { label: 'weight', from: 0, to: 0.2 },
      }),
    )
    const small = await Promise.all([-1, 0, 1, 2, 5, 1000].map(async (alpha) => (await pooled([1, 2, 3], alpha)).y))
    log(`60 frames: minimum ${low.toFixed(3)}, mean ${mean.toFixed(3)}, maximum ${high.toFixed(3)}`)
    for (const alpha of [-20, 0, 1, 5, 40]) log(`  α = ${alpha}: ${values[alphas.indexOf(alpha)]!.toFixed(4)}`)
    return { frames, alphas, pooled: values, weights: each.map(({ weights }) => weights), small }
  },

  check({ frames, alphas, pooled: values, weights, small }) {
    // float64, of frames that were rounded to float32.
    const mean = meanOf(frames)
    claim(close(values[alphas.indexOf(0)]!, mean, 1e-6), 'at α = 0 it is the mean')
    claim(
      values.every((value, i) => i === 0 || value > values[i - 1]!),
      'it rises with α',
    )
    claim(
      values.at(-1)! > 0.97 * Math.max(...frames) && values[0]! < Math.min(...frames) + 0.05,
      'it goes to the maximum and to the minimum',
    )
    claim(
      weights.every((row) =>
        close(
          row.reduce((sum, w) => sum + w, 0),
          1,
          1e-9,
        ),
      ),
      'the weights sum to 1',
    )
    claim(
      weights[alphas.indexOf(0)]!.every((w) => close(w, 1 / frames.length, 1e-9)),
      'at α = 0 the weights know nothing of the frames',
    )
    const right = [1.42479, 2, 2.57521, 2.850937, 2.993217, 3]
    claim(
      right.every((value, i) => close(value, small[i]!, 1e-6)),
      `1, 2, 3 pool to ${right.join(', ')}`,
    )
  },
}
