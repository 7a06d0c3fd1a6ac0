/** An input that a network of the table takes, for whoever wants to trace it: to count what it computes, to draw it. */
import { input, type Tensor } from '../tensor/index.ts'
import type { Network } from './architectures.ts'
import { windowLengthOf } from './create-separator.ts'
import { Crnn } from './crnn/network.ts'
import { LeNet } from './lenet/network.ts'
import { SeparationNetwork } from './separation-network.ts'
import { Seq2Seq } from './seq2seq/network.ts'
import { SequenceClassifier } from './sequence-classifier/network.ts'

export interface ExampleSizes {
  /** Seconds of sound: the window of `separate`, or what the network was made for, by default. */
  readonly seconds?: number | undefined
  /** Frames of the spectrogram in their place, or symbols of a sequence, 100 by default. */
  readonly frames?: number | undefined
}

export interface ExampleInput {
  /** By name, one example of each. */
  readonly tensors: Readonly<Record<string, Tensor>>
  /** How much it is, to print: `512 frames, 11.9 s at 44100 Hz`. */
  readonly size: string
  /** Calls the network's `forward`. */
  run(): unknown
}

const whole = (network: Network, name: string, value: number): number => {
  if (!Number.isInteger(value) || value < 1) throw new RangeError(`${name}: ${value}; ${network.type} takes whole numbers ≥ 1`)
  return value
}

/** @throws RangeError for a size that the network has no use for */
function only(network: Network, sizes: ExampleSizes, allowed: readonly (keyof ExampleSizes)[]): void {
  for (const name of ['seconds', 'frames'] as const) {
    if (sizes[name] === undefined || allowed.includes(name)) continue
    const others = allowed.length > 0 ? `give ${allowed.join(' or ')} in its place` : 'its input has one size'
    throw new RangeError(`${name}: ${sizes[name]}; ${network.type} has none, ${others}`)
  }
  if (sizes.seconds !== undefined && sizes.frames !== undefined)
    throw new RangeError(`seconds: ${sizes.seconds}, frames: ${sizes.frames}; they say the same, give one of them`)
}

const secondsText = (samples: number, rate: number) => `${Number((samples / rate).toPrecision(3))} s at ${rate} Hz`

/**
 * One example for a network.
 *
 * @throws RangeError for sizes that are none, or that networks of this kind have not
 *
 * @example
 * const network = createNetwork(networkConfig.parse({ architecture: 'lenet', classes: ['cat', 'dog'] }))
 * const { tensors, size } = exampleInput(network)
 * tensors.pictures!.shape // [1, 3, 32, 32]
 */
export function exampleInput(network: Network, sizes: ExampleSizes = {}): ExampleInput {
  if (network instanceof SeparationNetwork) {
    const { transform, channels, config } = network
    only(network, sizes, transform ? ['seconds', 'frames'] : ['seconds'])
    const samples = windowLengthOf(network, sizes)
    const mixture = input('mixture', [1, channels, samples])
    const frames = transform ? `${Math.floor(samples / transform.hopLength) + 1} frames, ` : ''
    return { tensors: { mixture }, size: `${frames}${secondsText(samples, config.sampleRate)}`, run: () => network.forward(mixture) }
  }
  if (network instanceof Crnn) {
    only(network, sizes, ['seconds', 'frames'])
    const { sampleRate, hopLength, seconds } = network.config
    const { frames } = sizes
    const samples =
      frames === undefined ? Math.round((sizes.seconds ?? seconds) * sampleRate) : (whole(network, 'frames', frames) - 1) * hopLength + 1
    const audio = input('audio', [1, whole(network, 'seconds × sampleRate', samples)])
    const size = `${Math.floor(samples / hopLength) + 1} frames, ${secondsText(samples, sampleRate)}`
    return { tensors: { audio }, size, run: () => network.forward(audio) }
  }
  if (network instanceof LeNet) {
    only(network, sizes, [])
    const { channels, size } = network.config
    const pictures = input('pictures', [1, channels, ...size])
    return { tensors: { pictures }, size: `${size.join(' × ')} pixels`, run: () => network.forward(pictures) }
  }
  only(network, sizes, ['frames'])
  const symbols = whole(network, 'frames', sizes.frames ?? 100)
  const ids = (name: string) => input(name, [1, symbols], 'int32')
  const lengths = input('lengths', [1], 'int32')
  if (network instanceof Seq2Seq) {
    const [source, target] = [ids('source'), ids('target')]
    return {
      tensors: { source, lengths, target },
      size: `${symbols} symbols in and out`,
      run: () => network.forward(source, { lengths, target }),
    }
  }
  if (network instanceof SequenceClassifier) {
    const sequence = ids('ids')
    return { tensors: { ids: sequence, lengths }, size: `${symbols} symbols`, run: () => network.forward(sequence, lengths) }
  }
  throw new Error(`${network.type}: exampleInput knows no input of it; add its line`)
}
