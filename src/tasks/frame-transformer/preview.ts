/** Examples of FrameTransformer as sound: spectra transformed back; of magnitudes alone, with phases that fit them (Griffin & Lim 1984). */
import { griffinLim, istft } from '../../dsp/index.ts'
import { type Backend, compile } from '../../runtime/index.ts'
import { concat, mul, narrow, type Tensor } from '../../tensor/index.ts'
import type { Arrays, ExamplePreview } from '../task.ts'

export interface PreviewFormat {
  readonly nFft: number
  readonly hopLength: number
  readonly sampleRate: number
  readonly estimate: 'complex' | 'mask'
}

/** Rounds of fitting phases. */
const iterations = 24
/** Peak of what is written: values are over the largest of the song, which is not kept. */
const loudest = 0.5

/** The spectra's last bin, which networks do not see, as zeros. */
const withNyquist = (x: Tensor): Tensor => concat([x, mul(narrow(x, -1, 0, 1), 0)], -1)

/**
 * Inputs and targets of a batch as sound, at one gain for both.
 *
 * @param shape of both, (examples, channels, frames, bins)
 */
export async function previewSpectra(
  { input, target, masked, presence }: Arrays,
  shape: readonly number[],
  { nFft, hopLength, sampleRate, estimate }: PreviewFormat,
  backend: Backend,
): Promise<ExamplePreview[]> {
  const [examples, parts, frames] = shape as [number, number, number]
  const channels = estimate === 'complex' ? parts / 2 : parts
  const samples = (frames - 1) * hopLength
  const options = { nFft, hopLength }
  const program = await compile(
    ({ x }) => {
      if (estimate === 'mask') return { y: griffinLim(withNyquist(x), samples, { ...options, iterations }).signal }
      const [re, im] = [0, channels].map((start) => withNyquist(narrow(x, 1, start, start + channels)))
      return { y: istft({ re: re!, im: im! }, samples, options) }
    },
    { x: shape },
    { backend },
  )
  try {
    const sounds = new Map<string, Float32Array>()
    for (const [name, x] of Object.entries({ input: input!, target: target! }))
      sounds.set(name, (await program.run({ x })).y as Float32Array)
    const mean = (values: Arrays[string] | undefined, item: number): number | undefined => {
      if (values === undefined) return undefined
      const size = values.length / examples
      let sum = 0
      for (let i = 0; i < size; i++) sum += Number(values[item * size + i])
      return sum / size
    }
    return Array.from({ length: examples }, (_, item) => {
      const of = (name: string): Float32Array[] =>
        Array.from({ length: channels }, (_, c) =>
          sounds.get(name)!.slice((item * channels + c) * samples, (item * channels + c + 1) * samples),
        )
      const [given, wanted] = [of('input'), of('target')]
      const peak = [...given, ...wanted].reduce((most, x) => x.reduce((high, y) => Math.max(high, Math.abs(y)), most), 0)
      for (const x of [...given, ...wanted]) for (let i = 0; i < x.length; i++) x[i]! *= loudest / (peak || 1)
      const [share, sung] = [mean(masked, item), mean(presence, item)]
      return {
        sampleRate,
        sounds: { input: given, target: wanted },
        facts: {
          frames,
          ...(share !== undefined && { 'share of frames masked': share }),
          ...(sung !== undefined && { 'share of bands and frames with a voice': sung }),
          phases: estimate === 'mask' ? 'fitted to the magnitudes' : 'as given',
        },
      }
    })
  } finally {
    await program.dispose()
  }
}
