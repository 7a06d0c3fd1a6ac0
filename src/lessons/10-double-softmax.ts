/** A softmax too many: the floor that cross-entropy cannot fall below. */
import { crossEntropy } from '../losses/index.ts'
import { Linear, type Warning, withWarnings } from '../nn/index.ts'
import { linePlot } from '../report/index.ts'
import { createRandom, softmax } from '../tensor/index.ts'
import { learn } from './compute.ts'
import { claim, close, type Lesson } from './lesson.ts'

const CLASSES = 10
const EXAMPLES = 60
const STEPS = 300

interface Found {
  readonly logits: readonly number[]
  readonly probabilities: readonly number[]
  /** Whether training on probabilities, and on logits, was warned of. */
  readonly warned: readonly boolean[]
}

const floor = Math.log(1 + (CLASSES - 1) / Math.E)

export const doubleSoftmax: Lesson<Found> = {
  name: 'double-softmax',
  title: 'Double softmax: a loss that cannot fall',
  numbers: ['2.9', '2.15'],
  idea: `Cross-entropy takes logits, any numbers, and makes probabilities of them by a softmax inside. A network that ends in a softmax of its own gives it numbers
between 0 and 1. The second softmax takes those for logits: even a network that is right and certain, 1 against nine 0s, gets the probability e/(e + 9). The loss has a floor,
and gradients that vanish on the way there.`,
  formula: `logits z: −log softmax(z)[y] → 0        probabilities p: −log softmax(p)[y] ≥ log(1 + (C − 1)/e) = ${floor.toFixed(5)} for C = ${CLASSES}`,
  correction: `The network of a source text ends in Softmax and would be trained with CrossEntropyLoss. Leave the softmax out, or give its logarithm to nllLoss; Divisi warns.`,
  claim: `On examples that a linear layer can tell apart, the loss of logits falls towards 0; behind a softmax it stays above ${floor.toFixed(5)}, and a warning is raised.`,

  async run({ backend, save, log }) {
    const random = createRandom(21)
    const x = Float32Array.from(
      { length: EXAMPLES * CLASSES },
      (_, i) => (Math.floor(i / CLASSES) % CLASSES === i % CLASSES ? 2 : 0) + 0.2 * random.normal(),
    )
    const y = BigInt64Array.from({ length: EXAMPLES }, (_, i) => BigInt(i % CLASSES))
    const train = async (twice: boolean) => {
      const model = new Linear(CLASSES, CLASSES)
      const heard: Warning[] = []
      const { losses } = await learn({
        model,
        inputs: { x: [EXAMPLES, CLASSES], y: { shape: [EXAMPLES], dtype: 'int64' } },
        loss: (given) =>
          withWarnings(
            (warning) => heard.push(warning),
            () => crossEntropy(twice ? softmax(model.forward(given.x), 1) : model.forward(given.x), given.y),
          ),
        batch: () => ({ x, y }),
        steps: STEPS,
        learningRate: 0.1,
        backend,
      })
      return { losses, warned: heard.some(({ code }) => code === 'double-softmax') }
    }
    const [right, twice] = [await train(false), await train(true)]
    await save(
      'losses',
      linePlot({
        title: 'Training with one softmax, and with one too many',
        x: { label: 'step' },
        y: { label: 'cross-entropy', unit: 'nats', log: true },
        lines: [
          { label: 'of logits', y: right.losses },
          { label: 'of probabilities', y: twice.losses },
          { label: `the floor, ${floor.toFixed(5)}`, y: right.losses.map(() => floor) },
        ],
      }),
    )
    log(
      `after ${STEPS} steps: logits ${right.losses.at(-1)!.toFixed(5)}, probabilities ${twice.losses.at(-1)!.toFixed(5)}, floor ${floor.toFixed(5)}`,
    )
    return { logits: right.losses, probabilities: twice.losses, warned: [twice.warned, right.warned] }
  },

  check({ logits, probabilities, warned }) {
    claim(logits.at(-1)! < 0.01, 'the loss of logits falls towards 0')
    // Losses are float32.
    claim(
      probabilities.every((loss) => loss > floor - 1e-5),
      'behind a softmax it stays above the floor',
    )
    claim(close(probabilities.at(-1)!, floor, 0.01), 'and comes near it')
    claim(close(floor, 1.46115, 5e-6), 'which is 1.46115 for ten classes')
    claim(warned.join() === 'true,false', 'a warning is raised, and only then')
  },
}
