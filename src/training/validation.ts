/** How good a candidate is on examples that are held out: the same numbers that scores of songs use. */
import { istft } from '../dsp/index.ts'
import { sdr, siSdr } from '../evaluation/index.ts'
import type { BandUnet } from '../models/index.ts'
import { type Backend, compile } from '../runtime/index.ts'

export interface Validation {
  readonly step: number
  /** Means over the validation examples (dB). */
  readonly siSdr: number
  /** Gain over the unprocessed mixture. */
  readonly siSdrGain: number
  readonly sdrInstrumental: number
}

/** Held-out examples `first` to `first + count`, each array (count, 2, samples). */
export type HeldOut = (first: number, count: number) => Promise<{ readonly mixture: Float32Array; readonly vocals: Float32Array }>

/** Examples per run of the network: few, because ONNX Runtime keeps the memory of its largest run. */
const batchSize = 2

export interface ValidateOptions {
  readonly network: BandUnet
  readonly values: ReadonlyMap<string, Float32Array>
  readonly backend: Backend
  readonly heldOut: HeldOut
  readonly examples: number
  /** Samples per channel of an example. */
  readonly samples: number
  /** Lets timers and signals in: scoring an example takes some 10 ms. */
  readonly pause: () => Promise<unknown>
}

/** Separates the examples and scores the vocals by SI-SDR, the instrumental by SDR. */
export async function validate(options: ValidateOptions): Promise<Omit<Validation, 'step'>> {
  const { network, values, backend, heldOut, examples, samples, pause } = options
  const program = await compile(
    ({ mixture }) => ({ estimate: istft(network.forward(mixture).vocals, samples, network.config) }),
    { mixture: [batchSize, 2, samples] },
    { backend, constants: values },
  )
  const totals = { siSdr: 0, siSdrGain: 0, sdrInstrumental: 0 }
  for (let first = 0; first < examples; first += batchSize) {
    const batch = await heldOut(first, batchSize)
    const { estimate } = (await program.run({ mixture: batch.mixture })) as { estimate: Float32Array }
    for (let b = 0; b < Math.min(batchSize, examples - first); b++) {
      await pause()
      const stereo = (flat: Float32Array) => [0, 1].map((c) => flat.subarray((2 * b + c) * samples, (2 * b + c + 1) * samples))
      const [mixture, vocals, guess] = [stereo(batch.mixture), stereo(batch.vocals), stereo(estimate)]
      const rest = (part: readonly Float32Array[]) => mixture.map((channel, c) => channel.map((x, n) => x - part[c]![n]!))
      const score = siSdr(vocals, guess)
      totals.siSdr += score / examples
      totals.siSdrGain += (score - siSdr(vocals, mixture)) / examples
      totals.sdrInstrumental += sdr(rest(vocals), rest(guess)) / examples
    }
  }
  await program.dispose()
  return totals
}
