/**
 * MDenseNet (Takahashi & Mitsufuji 2017, section 3): a U-Net of dense blocks. On the way down 1×1 convolutions and means of 2×2 bins, on the way up
 * transposed convolutions and the blocks of the same level beside them. With LSTMs beside some of its blocks it is MDenseLSTM.
 */
import { AvgPool2d, Conv2d, ConvTranspose2d, chainReach, Module, type Reach } from '../../nn/index.ts'
import { concat, narrow, pad, type Tensor } from '../../tensor/index.ts'
import { DenseBlock, FrameLstm } from './dense-block.ts'

export interface BandOptions {
  /** Channels of the spectrogram, and bins of the band. */
  readonly inputs: number
  readonly bins: number
  readonly first: number
  readonly growth: number
  readonly layers: number
  readonly levels: number
  readonly compression: number
  readonly units: number
  readonly lstmLevels: readonly number[]
}

/** A dense block, and beside its maps the one of an LSTM: (b, c, t, f) → (b, outputs, t, f). */
class BandBlock extends Module {
  readonly dense: DenseBlock
  readonly recurrent: FrameLstm | undefined
  readonly outputs: number

  constructor(inputs: number, bins: number, { growth, layers, units }: BandOptions, withLstm: boolean) {
    super()
    this.dense = new DenseBlock(inputs, growth, layers)
    this.recurrent = withLstm ? new FrameLstm(this.dense.outputs, bins, units) : undefined
    this.outputs = this.dense.outputs + Number(withLstm)
  }

  forward(x: Tensor): Tensor {
    const h = this.dense.forward(x)
    return this.recurrent ? concat([h, this.recurrent.forward(h)], 1) : h
  }
}

/** Features of a band, (b, inputs, t, bins) → (b, outputs, t, bins). */
export class DenseBand extends Module {
  readonly first: Conv2d
  readonly encoder: readonly BandBlock[]
  readonly compress: readonly Conv2d[]
  readonly pool: AvgPool2d
  /** Coarsest level first. */
  readonly raise: readonly ConvTranspose2d[]
  readonly decoder: readonly BandBlock[]
  readonly outputs: number
  readonly #bins: number

  constructor(options: BandOptions) {
    super()
    const { inputs, bins, first, levels, compression, lstmLevels } = options
    const factor = 2 ** levels
    const finest = Math.ceil(bins / factor) * factor
    const block = (channels: number, level: number) => new BandBlock(channels, finest / 2 ** level, options, lstmLevels.includes(level))
    const squeezed = (channels: number) => Math.max(1, Math.ceil(compression * channels))
    const encoder = [block(first, 0)]
    for (let level = 1; level <= levels; level++) encoder.push(block(squeezed(encoder[level - 1]!.outputs), level))
    const raise: ConvTranspose2d[] = []
    const decoder: BandBlock[] = []
    for (let level = levels - 1; level >= 0; level--) {
      const below = (decoder.at(-1) ?? encoder[levels]!).outputs
      raise.push(new ConvTranspose2d(below, below, [2, 2], { stride: 2 }))
      decoder.push(block(below + encoder[level]!.outputs, level))
    }
    this.first = new Conv2d(inputs, first, [3, 3], { padding: 'same' })
    this.encoder = encoder
    this.compress = encoder.slice(0, -1).map(({ outputs }) => new Conv2d(outputs, squeezed(outputs), [1, 1]))
    this.pool = new AvgPool2d(2)
    this.raise = raise
    this.decoder = decoder
    this.outputs = decoder.at(-1)!.outputs
    this.#bins = bins
  }

  /** Axes that the levels cannot halve are filled up with silence. */
  forward(x: Tensor): Tensor {
    const frames = x.shape[2]!
    const factor = 2 ** this.raise.length
    const spare = [frames, this.#bins].map((extent) => (factor - (extent % factor)) % factor)
    let h = this.encoder[0]!.forward(this.first.forward(pad(x, [0, 0, 0, 0], [0, 0, ...spare])))
    const skips = [h]
    for (const [i, compress] of this.compress.entries()) {
      h = this.encoder[i + 1]!.forward(this.pool.forward(compress.forward(h)))
      skips.push(h)
    }
    for (const [i, raise] of this.raise.entries()) {
      h = this.decoder[i]!.forward(concat([raise.forward(h), skips.at(-2 - i)!], 1))
    }
    return narrow(narrow(h, 2, 0, frames), 3, 0, this.#bins)
  }

  /** The way through all levels; what the skips see lies within. */
  override reach(): Reach {
    const down = this.encoder.flatMap((block, i) => (i === 0 ? [block] : [this.pool, block]))
    const up = this.raise.flatMap((raise, i) => [raise, this.decoder[i]!])
    return chainReach([this.first, ...down, ...up].map((layer) => layer.reach()))
  }
}
