/**
 * FrameTransformer's positional channel (carperbr 2023): a small convolutional network sees the spectrogram and sinusoids of each frame's position
 * (Vaswani et al. 2017, arXiv 1706.03762), halves both axes stage by stage, and what every stage extracts, brought back to full size, makes one channel.
 */
import type { StoredTensor } from '../../formats/index.ts'
import { checkExtent } from '../../nn/check.ts'
import { Module, type Reach, sinusoidalEncoding, wholeReach } from '../../nn/index.ts'
import { concat, expand, formatShape, interpolate, reshape, ShapeError, type Tensor } from '../../tensor/index.ts'
import { nameFields } from './name-fields.ts'
import { ResBlock } from './res-block.ts'

export interface ConvolutionalEmbeddingOptions {
  /** Maps that are extracted: one of the input and one after each halving. 9 by default, as in the original. */
  readonly depth?: number
  /** Frames whose sinusoids the original keeps in its state, and so the most that it takes; 4096 by default. */
  readonly maxFrames?: number
  /** Of the norms, 1e-8 by default. */
  readonly eps?: number
}

/** (b, channels, t, bins) → (b, 1, t, bins): `encoder1` …, `extract1` …, `out`. */
export class ConvolutionalEmbedding extends Module {
  readonly out: ResBlock
  readonly #encoders: readonly ResBlock[]
  readonly #extractors: readonly ResBlock[]
  readonly #channels: number
  readonly #bins: number
  readonly #maxFrames: number

  /** @throws RangeError for sizes that are no whole numbers ≥ 1, and bins that cannot be halved as often as there are stages */
  constructor(channels: number, bins: number, { depth = 9, maxFrames = 4096, eps = 1e-8 }: ConvolutionalEmbeddingOptions = {}) {
    super()
    checkExtent('ConvolutionalEmbedding', { channels, bins, depth, maxFrames })
    if (bins % 2 !== 0 || bins < 2 ** (depth - 1))
      throw new RangeError(
        `ConvolutionalEmbedding: ${bins} bins at depth ${depth}; needs an even number ≥ ${Math.max(2, 2 ** (depth - 1))}, or less depth`,
      )
    // Channels of the input with the sinusoids, then twice, four times, … those of the input.
    const widths = Array.from({ length: depth }, (_, i) => (i === 0 ? channels + 1 : 2 * i * channels))
    const binsAt = (stage: number) => Math.floor(bins / 2 ** stage)
    this.#extractors = widths.map((width, i) => new ResBlock(width, 1, binsAt(i), { kernel: 11, padding: 5, eps }))
    this.#encoders = widths
      .slice(1)
      .map((width, i) => new ResBlock(widths[i]!, width, binsAt(i), { downsample: true, stride: [2, 2], eps }))
    nameFields(this, 'extract', this.#extractors)
    nameFields(this, 'encoder', this.#encoders)
    this.out = new ResBlock(depth, 1, bins, { kernel: 1, padding: 0, eps })
    this.#channels = channels
    this.#bins = bins
    this.#maxFrames = maxFrames
  }

  /** @throws ShapeError for other channels or bins, and more than `maxFrames` frames */
  forward(x: Tensor): Tensor {
    const [b, c, t, f] = x.shape as [number, number, number, number]
    if (x.shape.length !== 4 || c !== this.#channels || f !== this.#bins || t > this.#maxFrames)
      throw new ShapeError(
        'ConvolutionalEmbedding',
        `input ${formatShape(x.shape)}; needs (b, ${this.#channels}, t, ${this.#bins}) with t in 1…${this.#maxFrames} (maxFrames)`,
      )
    const sinusoids = expand(reshape(sinusoidalEncoding(t, f), [1, 1, t, f]), [b, 1, t, f])
    let h = concat([x, sinusoids], 1)
    const maps = this.#extractors.map((extract, i) => {
      if (i > 0) h = this.#encoders[i - 1]!.forward(h)
      return interpolate(extract.forward(h), { size: [t, f], mode: 'bilinear', alignCorners: true })
    })
    return this.out.forward(concat(maps, 1))
  }

  override computed(): Readonly<Record<string, () => StoredTensor>> {
    return { pe: () => ({ shape: [1, 1, this.#bins, this.#maxFrames], data: storedSinusoids(this.#bins, this.#maxFrames) }) }
  }

  /** Every stage halves the frames, and resizing with the ends in place moves what lies between. */
  override reach(): Reach {
    return wholeReach
  }
}

/** sin(t·w) and cos(t·w) of each pair of bins, w = 10000^(−2i/bins): (bins, frames), as the original keeps them. */
function storedSinusoids(bins: number, frames: number): Float32Array {
  return Float32Array.from({ length: bins * frames }, (_, at) => {
    const [bin, frame] = [Math.floor(at / frames), at % frames]
    const angle = frame * 10000 ** (-(bin - (bin % 2)) / bins)
    return bin % 2 === 0 ? Math.sin(angle) : Math.cos(angle)
  })
}
