/** A convolutional network that tells shapes apart: what it learns to look for, and what it takes for what. */
import { createImageBatches, imageBatch, makeShapes, pixelsOf, shapeClasses } from '../data/index.ts'
import { accuracyOf, countConfusions, largestOf } from '../evaluation/index.ts'
import { crossEntropy } from '../losses/index.ts'
import { LeNet, lenetConfig } from '../models/index.ts'
import { layoutOf } from '../nn/index.ts'
import { confusionMatrix, imageGrid, linePlot } from '../report/index.ts'
import { constant, createRandom, input, relu } from '../tensor/index.ts'
import { learn, numbersOf, rowsOf } from './compute.ts'
import { claim, close, type Lesson, meanOf } from './lesson.ts'

const [HEIGHT, WIDTH] = [24, 32]
const SEEN = 8000
const BATCH = 64
const STEPS = 650
const UNSEEN = 400
const size = { height: HEIGHT, width: WIDTH }

interface Found {
  readonly losses: readonly number[]
  /** Of unseen pictures, counts[true][predicted]. */
  readonly counts: readonly (readonly number[])[]
  /** Height and width after each convolution and each pooling. */
  readonly extents: readonly (readonly number[])[]
  /** Whether the loss of weights that nobody wrote is a number at all. */
  readonly unwritten: boolean
}

const everyIndex = (set: { readonly labels: ArrayLike<number> }) => Array.from({ length: set.labels.length }, (_, i) => i)

/** Numbers as greys: the least is black, the greatest white. */
function greys(values: readonly number[]): number[] {
  const [low, high] = [Math.min(...values), Math.max(...values)]
  return values.map((value) => (255 * (value - low)) / (high - low || 1))
}

/** What memory may hold before anybody writes to it: bits of any kind, read as float32. */
function anyBits(count: number): Float32Array {
  const random = createRandom(5)
  return new Float32Array(Uint32Array.from({ length: count }, () => random.integer(0, 0xffffffff)).buffer)
}

function extentsOf({ conv1, pool1, conv2, pool2 }: LeNet): number[][] {
  const found: number[][] = []
  let x = input('pictures', [1, 3, HEIGHT, WIDTH])
  for (const layer of [conv1, pool1, conv2, pool2]) {
    x = layer.forward(x)
    found.push(x.shape.slice(2))
  }
  return found
}

export const imageClassifier: Lesson<Found> = {
  name: 'image-classifier',
  title: 'A network that tells shapes apart',
  numbers: ['2.13', '2.14', '2.17', '2.18'],
  idea: `LeNet (LeCun et al. 1998) looks at a picture through small windows. Its first layer has six kernels of 5 × 5 in colour, each of which answers where the picture looks like
it; pooling keeps the strongest answer of every 2 × 2; a second layer looks for patterns of answers; linear layers decide. Nobody says what to look for: shown pictures with the
names of their shapes, of any colour, at any place, it learns kernels for edges and spots of colour by itself. Whether it has learned shapes, and not pictures, is asked with
pictures that it never saw: the confusion matrix tells which shape it takes for which.`,
  formula: `loss = −log softmax(logits)[class], ln 10 = ${Math.log(10).toFixed(4)} for one who guesses        accuracy = right / all
height → ⌊((height − 4)/2 − 4)/2⌋, width likewise: ${HEIGHT} × ${WIDTH} → 20 × 28 → 10 × 14 → 6 × 10 → 3 × 5`,
  correction: `The notebook of the sources makes weights with torch.Tensor(…), which is memory as somebody left it, any bits at all; weights here are drawn, in a range that keeps
answers of the size of the input. And its own convolution swaps the names of height and width, which pictures that are square forgive; those of this lesson are ${HEIGHT} high and ${WIDTH} wide.`,
  claim: `The loss begins at that of a guess, ln 10, and falls; more than 80 % of pictures never seen are told right, though they are not square; weights that nobody has written
give no loss at all.`,

  async run({ backend, save, log }) {
    const model = new LeNet(lenetConfig.parse({ architecture: 'lenet', size: [HEIGHT, WIDTH], classes: [...shapeClasses] }))
    const batches = createImageBatches(makeShapes({ seed: 1, count: SEEN, ...size }), { seed: 1, batchSize: BATCH })
    const { losses, weights } = await learn({
      model,
      inputs: { images: [BATCH, 3, HEIGHT, WIDTH], labels: { shape: [BATCH], dtype: 'int64' } },
      loss: ({ images, labels }) => crossEntropy(model.forward(images), labels),
      batch: (step) => ({ ...batches.batch(step) }),
      steps: STEPS,
      learningRate: 0.003,
      backend,
    })
    const unseen = makeShapes({ seed: 2, count: UNSEEN, ...size })
    const { images, labels } = imageBatch(unseen, everyIndex(unseen))
    const pictures = () => constant(images, [UNSEEN, 3, HEIGHT, WIDTH])
    const { logits } = await numbersOf(() => ({ logits: model.forward(pictures()) }), { model: [model, weights], backend })
    const predicted = largestOf(logits, shapeClasses.length)
    const counts = countConfusions(unseen.labels, predicted, shapeClasses.length)

    const memory = new Map(layoutOf(model).parameters.map(({ name, size: count }) => [name, anyBits(count)]))
    const { loss } = await numbersOf(
      () => ({ loss: crossEntropy(model.forward(pictures()), constant(Array.from(labels, Number), [UNSEEN], 'int64')) }),
      { model: [model, memory], backend },
    )
    const unwritten = Number.isFinite(loss[0])
    log(
      `loss from ${losses[0]!.toFixed(3)} to ${meanOf(losses.slice(-50)).toFixed(3)}; ${(100 * accuracyOf(counts)).toFixed(1)} % of ${UNSEEN} unseen pictures are right; loss of unwritten weights: ${loss[0]}`,
    )

    await save(
      'loss',
      linePlot({
        title: `Learning ten shapes, ${BATCH} pictures per step`,
        x: { label: 'step' },
        y: { label: 'cross-entropy', log: true },
        lines: [
          { label: 'loss', y: losses },
          { label: 'a guess', y: losses.map(() => Math.log(10)) },
        ],
      }),
    )
    await save('confusion', confusionMatrix({ title: `What ${UNSEEN} unseen pictures were taken for`, counts, classes: shapeClasses }))
    // Grey is 0; a channel's weight above or below it makes the filter redder or less red.
    const kernels = weights.get('conv1.weight')!
    const most = Math.max(...kernels.map(Math.abs))
    const filters = rowsOf(Array.from(kernels), 75).map((kernel, i) => ({
      pixels: kernel.map((weight) => 127.5 * (1 + weight / most)),
      caption: `filter ${i + 1}`,
    }))
    await save('filters', imageGrid({ title: 'What the first layer looks for', images: filters, channels: 3, height: 5, width: 5 }))
    const star = shapeClasses.indexOf('star')
    const maps = await numbersOf(
      () => ({ y: relu(model.conv1.forward(constant(images.subarray(star * 2304, (star + 1) * 2304), [1, 3, HEIGHT, WIDTH]))) }),
      { model: [model, weights] },
    )
    const [rows, columns] = [HEIGHT - 4, WIDTH - 4]
    const answers = rowsOf(maps.y, rows * columns).map((map, i) => ({ pixels: greys(map), caption: `filter ${i + 1}` }))
    await save('maps', imageGrid({ title: 'Where it finds that in a star', images: answers, channels: 1, height: rows, width: columns }))
    const shown = everyIndex(unseen).slice(0, 28)
    const examples = shown.map((i) => {
      const [is, said] = [shapeClasses[unseen.labels[i]!]!, shapeClasses[predicted[i]!]!]
      return { pixels: pixelsOf(unseen, i), caption: is === said ? is : `${said}, not ${is}` }
    })
    await save('answers', imageGrid({ title: 'What it says of pictures it never saw', images: examples, channels: 3, ...size }))
    return { losses, counts, extents: extentsOf(model), unwritten }
  },

  check({ losses, counts, extents, unwritten }) {
    claim(close(losses[0]!, Math.log(10), 0.1), 'the loss begins at ln 10')
    claim(meanOf(losses.slice(-50)) < 0.5, 'the loss falls')
    claim(
      counts.flat().every((count) => Number.isInteger(count)) && counts.flat().reduce((sum, count) => sum + count, 0) === UNSEEN,
      'every unseen picture is counted once',
    )
    claim(accuracyOf(counts) > 0.8, 'more than 80 % of pictures never seen are right')
    claim(
      extents.map((extent) => extent.join(' × ')).join(', ') === '20 × 28, 10 × 14, 6 × 10, 3 × 5',
      'height stays height and width stays width',
    )
    claim(!unwritten, 'weights that nobody has written give no loss')
  },
}
