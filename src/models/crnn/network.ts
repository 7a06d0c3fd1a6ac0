/**
 * CRNN: a convolutional network over bands and frames, a recurrent layer over the frames, which comes last, and a head (Choi et al. 2017, "Convolutional
 * recurrent neural networks for music classification", arXiv 1609.04243; Cakir et al. 2017, arXiv 1702.06286). It reads waveforms: bands are part of it.
 * Where an answer is wanted for each frame, only bands are pooled.
 */
import { logCompress, melFilterBank, pitchFilterBank, spectrogram } from '../../dsp/index.ts'
import {
  BatchNorm,
  Conv2d,
  chainReach,
  Dropout,
  GRU,
  Linear,
  LSTM,
  MaxPool2d,
  Module,
  type Reach,
  topState,
  windowReach,
} from '../../nn/index.ts'
import { constant, formatShape, matmul, relu, reshape, ShapeError, type Tensor, transpose, unsqueeze } from '../../tensor/index.ts'
import type { CrnnConfig } from './config.ts'
import { createHead, type Head, type Sequence } from './heads.ts'

/** Convolution of 3×3, batch norm, ReLU, maximum over neighbours: (b, c, t, f) → (b, c', t/poolFrames, f/poolBands). */
class ConvBlock extends Module {
  readonly conv: Conv2d
  readonly norm: BatchNorm
  readonly pool: MaxPool2d

  constructor(from: number, to: number, pool: readonly [frames: number, bands: number]) {
    super()
    this.conv = new Conv2d(from, to, 3, { padding: 1, bias: false })
    this.norm = new BatchNorm(to)
    this.pool = new MaxPool2d(pool)
  }

  forward(x: Tensor): Tensor {
    return this.pool.forward(relu(this.norm.forward(this.conv.forward(x))))
  }
}

/** Weights of bands by bins, transposed for frames: (bins, bands), with the level of a sine at full scale 1. */
function bandWeights({ scale, sampleRate, nFft, bands, lowest, perOctave }: CrnnConfig): Tensor {
  const bins = nFft / 2 + 1
  const bank =
    scale === 'pitch'
      ? pitchFilterBank({ sampleRate, nFft, bands, lowest, perOctave })
      : melFilterBank({ sampleRate, nFft, melBands: bands, fMin: lowest, norm: 'none' })
  // A sine of amplitude 1 has the magnitude Σw/2 in its bin, nFft/4 under a Hann window.
  const weights = Float64Array.from({ length: bank.length }, (_, i) => (4 / nFft) * bank[(i % bands) * bins + Math.floor(i / bands)]!)
  return constant(weights, [bins, bands])
}

/**
 * Waveforms to logits of labels.
 *
 * @example
 * const config = crnnConfig.parse({ architecture: 'crnn', labels: 'chords', sampleRate: 8000, nFft: 512, hopLength: 256, bands: 16 })
 * const perFrame = new Crnn(config).forward(input('audio', [1, 2560]))
 * perFrame.shape // [1, 11, 25]
 * new Crnn({ ...config, head: 'attention' }).forward(input('audio', [1, 2560])).shape // [1, 25]
 */
export class Crnn extends Module {
  readonly config: CrnnConfig
  readonly norm: BatchNorm
  readonly blocks: readonly ConvBlock[]
  readonly dense: Linear
  readonly recurrent: GRU | LSTM
  readonly dropout: Dropout
  readonly head: Head

  /** @throws RangeError for bands that nFft cannot tell apart or that pooling uses up */
  constructor(config: CrnnConfig) {
    super()
    const { bands, channels, poolBands, poolFrames, features, hidden, bidirectional, dropout, labels } = config
    const left = poolBands.reduce((rest, pool) => Math.floor(rest / pool), bands)
    if (left < 1)
      throw new RangeError(`Crnn: poolBands ${poolBands.join(', ')} leave nothing of ${bands} bands; their product may be ${bands} at most`)
    // Bands that cannot be are refused here, not in the middle of a trace.
    bandWeights(config)
    this.config = config
    this.norm = new BatchNorm(bands)
    this.blocks = channels.map((to, i) => new ConvBlock(channels[i - 1] ?? 1, to, [poolFrames[i]!, poolBands[i]!]))
    this.dense = new Linear(channels.at(-1)! * left, features)
    this.recurrent = new { gru: GRU, lstm: LSTM }[config.cell](features, hidden, { bidirectional })
    this.dropout = new Dropout(dropout)
    this.head = createHead(config.head, this.recurrent.outputSize, labels.length)
  }

  /** Whether it answers for each frame. */
  get perFrame(): boolean {
    return this.config.head === 'frames'
  }

  /** Samples from one frame of its answers to the next. */
  get frameLength(): number {
    return this.config.poolFrames.reduce((product, pool) => product * pool, this.config.hopLength)
  }

  /** Levels of bands, (b, n) → (b, t, bands), t = ⌊n/hop⌋ + 1; frame t is centred on sample t · hop. */
  levels(audio: Tensor): Tensor {
    const { nFft, hopLength, compression } = this.config
    const magnitudes = spectrogram(audio, { nFft, hopLength, power: 1 })
    return logCompress(matmul(magnitudes, bandWeights(this.config)), compression)
  }

  /** All but the head, (b, n) → sequences of features. */
  body(audio: Tensor): Sequence {
    const levels = transpose(this.norm.forward(transpose(this.levels(audio), [0, 2, 1])), [0, 2, 1])
    const maps = this.blocks.reduce((x, block) => block.forward(x), unsqueeze(levels, 1))
    const [b, c, t, f] = maps.shape as [number, number, number, number]
    const frames = relu(this.dense.forward(reshape(transpose(maps, [0, 2, 1, 3]), [b, t, c * f])))
    const { outputs, h } = this.recurrent.forward(this.dropout.forward(frames))
    return { outputs: this.dropout.forward(outputs), last: this.dropout.forward(topState(h, this.recurrent)) }
  }

  /**
   * Logits of the labels: (b, n) → (b, t, labels) with the head `frames`, (b, labels) with others.
   *
   * @throws ShapeError for other than (b, n), and for sounds of fewer frames than are pooled into one
   */
  forward(audio: Tensor): Tensor {
    if (audio.shape.length !== 2) throw new ShapeError('Crnn', `audio ${formatShape(audio.shape)}; needs (b, n)`)
    const { outputs, last } = this.body(audio)
    return this.head.forward(outputs, last)
  }

  override reach(): Reach {
    const { nFft, hopLength } = this.config
    const blocks = this.blocks.map((block) => block.reach())
    return chainReach([windowReach(nFft, hopLength, nFft / 2, 1), ...blocks, this.recurrent.reach(), this.head.reach()])
  }
}
