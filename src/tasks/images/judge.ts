/** How good a classifier of pictures is on those that are held out: accuracy, which class is taken for which, and what it is wrong about. */
import { type ImageSet, imageBatch, pixelsOf } from '../../data/index.ts'
import { accuracyOf, countConfusions, largestOf } from '../../evaluation/index.ts'
import type { LeNet } from '../../models/index.ts'
import { confusionMatrix, imageGrid } from '../../report/index.ts'
import { compile } from '../../runtime/index.ts'
import type { Judgement, JudgeOptions, ScoreKind } from '../task.ts'

export const scoreKinds = [{ name: 'accuracy', label: 'accuracy', unit: '%' }] as const satisfies readonly ScoreKind[]

/** Pictures per run of the network. */
const batchSize = 50
/** Pictures that are shown. */
const shown = 24

/** Pictures and what they were taken for, mistakes first. */
function drawAnswers(set: ImageSet, predicted: readonly number[]): string {
  const { channels, height, width, classes, labels } = set
  const name = (label: number) => classes[label]!
  const order = Array.from(predicted.keys()).toSorted((a, b) => Number(predicted[a] === labels[a]) - Number(predicted[b] === labels[b]))
  const images = order.slice(0, shown).map((i) => {
    const right = predicted[i] === labels[i]
    return { pixels: pixelsOf(set, i), caption: right ? name(labels[i]!) : `${name(predicted[i]!)}, not ${name(labels[i]!)}` }
  })
  const wrong = predicted.filter((label, i) => label !== labels[i]).length
  const title = `${wrong} of ${predicted.length} pictures that were never seen are taken for something else${wrong > 0 ? '; these first' : ''}`
  return imageGrid({ title, channels, height, width, images })
}

/** Classifies pictures that are held out. */
export async function judgeImages(network: LeNet, set: ImageSet, { values, backend, pause }: JudgeOptions): Promise<Judgement> {
  const { classes, channels, height, width } = set
  const program = await compile(
    ({ images }) => ({ logits: network.forward(images) }),
    { images: [batchSize, channels, height, width] },
    { backend, constants: values },
  )
  const count = set.labels.length
  const predicted: number[] = []
  for (let first = 0; first < count; first += batchSize) {
    await pause()
    // The last batch is filled up with the last picture.
    const indices = Array.from({ length: batchSize }, (_, i) => Math.min(first + i, count - 1))
    const { logits } = await program.run({ images: imageBatch(set, indices).images })
    predicted.push(...largestOf(logits as Float32Array, classes.length).slice(0, count - first))
  }
  await program.dispose()
  const counts = countConfusions(set.labels, predicted, classes.length)
  return {
    scores: { accuracy: accuracyOf(counts) },
    pictures: {
      confusion: confusionMatrix({ title: `What ${count} pictures were taken for`, counts, classes }),
      answers: drawAnswers(set, predicted),
    },
  }
}
