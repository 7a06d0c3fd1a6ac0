/** Runs an analysis network over held-out clips. */
import type { ClipSet } from '../../data/index.ts'
import type { Crnn } from '../../models/index.ts'
import { compile } from '../../runtime/index.ts'
import { sigmoid, softmax } from '../../tensor/index.ts'
import type { JudgeOptions } from '../task.ts'
import { type Stretch, stretchOf, targetsOf } from './targets.ts'

/** Clips per run of the network. */
const batchSize = 4

/** What a network says about a clip, and what is true. */
export interface Answer {
  readonly index: number
  readonly stretch: Stretch
  /** Probabilities, of each frame one after the other where there are frames. */
  readonly probabilities: Float32Array
  readonly target: Int32Array | Float32Array
}

/**
 * Answers about whole held-out clips, one after the other.
 *
 * @throws RangeError for more examples than there are
 */
export async function* answersOf(network: Crnn, set: ClipSet, { values, backend, examples, pause }: JudgeOptions): AsyncGenerator<Answer> {
  if (examples > set.clips)
    throw new RangeError(`validationExamples: ${examples}; the data hold out ${set.clips} clips: lower it, or raise data.heldOut`)
  const { samples } = set
  const program = await compile(
    ({ audio }) => {
      const logits = network.forward(audio)
      return { probabilities: network.config.answers === 'one' ? softmax(logits, -1) : sigmoid(logits) }
    },
    { audio: [batchSize, samples] },
    { backend, constants: values },
  )
  try {
    const stretch = stretchOf(network, 0, samples)
    for (let first = 0; first < examples; first += batchSize) {
      await pause()
      const audio = new Float32Array(batchSize * samples)
      const count = Math.min(batchSize, examples - first)
      for (let b = 0; b < count; b++) audio.set(set.read(first + b, 0, samples), b * samples)
      const probabilities = (await program.run({ audio })).probabilities as Float32Array
      const size = probabilities.length / batchSize
      for (let b = 0; b < count; b++) {
        const index = first + b
        const target = targetsOf(network, set.annotations(index), stretch)
        yield { index, stretch, probabilities: probabilities.slice(b * size, (b + 1) * size), target }
      }
    }
  } finally {
    await program.dispose()
  }
}
