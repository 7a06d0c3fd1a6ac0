/** How good a FrameTransformer is on what is held out, in evaluation mode: by the distance that it is trained on, and of mixtures by what it separates. */
import type { SpectralBatch, SpectralLoader } from '../../data/index.ts'
import { l1Loss } from '../../losses/index.ts'
import type { FrameTransformerSeparation } from '../../models/index.ts'
import { spectrogramPlot } from '../../report/index.ts'
import { compile, type Specs } from '../../runtime/index.ts'
import type { Judgement, JudgeOptions, ScoreKind } from '../task.ts'
import type { FrameTransformerData } from './data.ts'
import { distanceOf, estimateOf } from './losses.ts'

/** How much nearer the estimate is to its target than what came in: 20 log₁₀ of the ratio of mean absolute differences. */
export const nearness: ScoreKind = { name: 'nearer', label: 'nearer than the input', unit: 'dB' }

interface Examples {
  readonly loader: SpectralLoader
  readonly frames: number
  /** Shapes of so many examples. */
  readonly shapes: (examples: number) => Specs
}

/** The most examples of one run that leave none over: ONNX Runtime keeps the memory of its largest run. */
const atOnce = (examples: number): number => [4, 3, 2, 1].find((size) => examples % size === 0)!

/** Magnitudes of the first example: one channel, or real and imaginary parts of one. */
function firstMagnitudes(values: Float32Array, { config }: FrameTransformerSeparation, frames: number): Float32Array[] {
  const bins = config.nFft / 2
  const imaginary = config.estimate === 'complex' ? config.channels * frames * bins : undefined
  return Array.from({ length: frames }, (_, t) =>
    Float32Array.from({ length: bins }, (_, k) => {
      const at = t * bins + k
      return imaginary === undefined ? Math.abs(values[at]!) : Math.hypot(values[at]!, values[imaginary + at]!)
    }),
  )
}

function drawExample(
  network: FrameTransformerSeparation,
  frames: number,
  batch: SpectralBatch,
  estimate: Float32Array,
): Record<string, string> {
  const { sampleRate, hopLength } = network.config
  const shown = { 'held-out-input': batch.input!, 'held-out-target': batch.target!, 'held-out-estimate': estimate }
  const reference = firstMagnitudes(batch.target!, network, frames).reduce(
    (most, frame) => frame.reduce((a, b) => Math.max(a, b), most),
    1e-6,
  )
  return Object.fromEntries(
    Object.entries(shown).map(([name, values]) => {
      const options = { sampleRate, hopLength, reference, rangeDb: 60, width: 640, height: 300 }
      return [name, spectrogramPlot({ title: name.replaceAll('-', ' '), frames: firstMagnitudes(values, network, frames), ...options })]
    }),
  )
}

/** The distance of held-out examples, their nearness, and pictures of the first. */
export async function judgeDistance(
  network: FrameTransformerSeparation,
  data: FrameTransformerData,
  { loader, frames, shapes }: Examples,
  { values, backend, examples, pause }: JudgeOptions,
): Promise<Judgement> {
  const size = atOnce(examples)
  const program = await compile(
    (batch) => {
      const estimate = estimateOf(network, batch, data)
      const [distance, near, far] = [
        distanceOf(estimate, batch, data),
        l1Loss(estimate, batch.target!),
        l1Loss(batch.input!, batch.target!),
      ]
      return { estimate, distance, near, far }
    },
    shapes(size),
    { backend, constants: values },
  )
  let pictures: Record<string, string> = {}
  const sums = { distance: 0, near: 0, far: 0 }
  for (let first = 0; first < examples; first += size) {
    await pause()
    const batch = await loader.heldOut(first, size, frames)
    const made = await program.run(batch)
    for (const name of ['distance', 'near', 'far'] as const) sums[name] += Number(made[name]![0]) * (size / examples)
    if (first === 0) pictures = drawExample(network, frames, batch, made.estimate as Float32Array)
  }
  await program.dispose()
  return { scores: { [nearness.name]: 20 * Math.log10(sums.far / sums.near), loss: sums.distance }, pictures }
}
