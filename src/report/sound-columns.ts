/**
 * What a picture of a sound needs, gathered while its blocks stream by: for each column of the picture the range and the power of its samples, and a
 * short-time spectrum in bands that are equally wide in octaves. A song of ten hours takes as much memory as one of ten seconds: where there are more
 * columns than asked for, neighbours become one.
 */
import FFT from 'fft.js'
import type { AudioBlock } from '../audio/index.ts'
import { hann } from '../dsp/index.ts'

export interface SoundColumnsOptions {
  /** Hertz. */
  readonly sampleRate: number
  readonly channels: number
  /** Samples per channel, where they are known before: then there are `columns` columns or a few less, otherwise up to twice as many. */
  readonly frames?: number | undefined
  /** Default 1024. */
  readonly columns?: number
  /** Bands of the spectrum; default 160. */
  readonly bands?: number
}

/** A sound as columns; power is that of a sample's square, so that a sine of full scale has 0.5 in `squares` and 1 in its band of `spectrum`. */
export interface SoundColumns {
  readonly sampleRate: number
  /** Samples per channel of the whole sound. */
  readonly frames: number
  /** Samples from column to column; the last one may have less. */
  readonly stride: number
  readonly count: number
  /** Least and greatest sample of each column, over channels. */
  readonly low: Float32Array
  readonly high: Float32Array
  /** Mean square of the samples of each column, over channels. */
  readonly squares: Float32Array
  /** (count, bands): the mean power over frames (up to 16 of a column, evenly spread) and channels of the strongest bin of each band. */
  readonly spectrum: Float32Array
  /** Middles of the bands in hertz, equally far apart in octaves. */
  readonly frequencies: Float64Array
}

export interface SoundColumnsBuilder {
  /** Takes the next block. */
  add(block: AudioBlock): void
  /** What was gathered; no `add` after it. */
  finish(): SoundColumns
}

/** Seconds of a frame: long enough for the harmonics of a low voice, rounded to a power of two of samples. */
const FRAME_SECONDS = 0.093
/** Of a column of seconds so many say what its mean is, to a decibel; all of them would take the most of the time of a fast separation. */
const MOST_FRAMES = 16
const LOWEST_HERTZ = 40
/** Above it nothing is heard. */
const HIGHEST_HERTZ = 22_050

/** For each band the bins that it takes the greatest of, or, where it lies between two, how much it has of the upper one. */
function bandsOf(count: number, sampleRate: number, size: number) {
  const top = Math.min(HIGHEST_HERTZ, sampleRate / 2)
  const bottom = Math.min(LOWEST_HERTZ, top / 100)
  const step = Math.log(top / bottom) / count
  const frequencies = Float64Array.from({ length: count }, (_, b) => bottom * Math.exp(step * (b + 0.5)))
  const toBin = (hertz: number) => (hertz * size) / sampleRate
  const bins = Array.from(frequencies, (hertz) => {
    const [first, last] = [Math.ceil(toBin(hertz * Math.exp(-step / 2))), Math.floor(toBin(hertz * Math.exp(step / 2)))]
    if (first <= last) return { first, last, share: 0 }
    const below = Math.floor(toBin(hertz))
    return { first: below, last: below, share: toBin(hertz) - below }
  })
  return { frequencies, bins }
}

/**
 * Power spectra of frames of `size` samples, as bins 0 … size/2, meaned over channels: two channels are the parts of one complex transform, |Z(k)|² +
 * |Z(−k)|² = 2(|L(k)|² + |R(k)|²).
 */
function createSpectrum(size: number, channels: number): (frame: readonly Float32Array[], power: Float64Array) => void {
  const fft = new FFT(size)
  const [input, output] = [fft.createComplexArray(), fft.createComplexArray()]
  const window = hann(size)
  const scale = 2 / window.reduce((sum, value) => sum + value, 0)
  return (frame, power) => {
    power.fill(0)
    for (let c = 0; c < channels; c += 2) {
      const [left, right] = [frame[c]!, frame[c + 1]]
      for (let i = 0; i < size; i++) {
        const weight = scale * window[i]!
        input[2 * i] = weight * left[i]!
        input[2 * i + 1] = right ? weight * right[i]! : 0
      }
      fft.transform(output, input)
      for (let k = 0; k <= size / 2; k++) {
        const mirror = 2 * ((size - k) % size)
        power[k]! += (output[2 * k]! ** 2 + output[2 * k + 1]! ** 2 + output[mirror]! ** 2 + output[mirror + 1]! ** 2) / (2 * channels)
      }
    }
  }
}

/**
 * Gathers the columns of a sound of any length.
 *
 * @throws RangeError for rates, channels, columns and bands that are no whole numbers from 1 up, and blocks of other channels
 * @example
 * const builder = createSoundColumns({ sampleRate: 8000, channels: 1, frames: 8000 })
 * builder.add([Float32Array.from({ length: 8000 }, (_, n) => Math.sin((2 * Math.PI * 1000 * n) / 8000))])
 * const { count, squares } = builder.finish()
 * count // 1000
 * squares[500] // 0.5
 */
export function createSoundColumns(options: SoundColumnsOptions): SoundColumnsBuilder {
  const { sampleRate, channels, frames, columns = 1024, bands = 160 } = options
  for (const [name, value] of Object.entries({ sampleRate, channels, columns, bands }))
    if (!Number.isSafeInteger(value) || value < 1)
      throw new RangeError(`createSoundColumns: ${name} ${value}; allowed are whole numbers from 1`)
  const size = Math.max(64, 2 ** Math.round(Math.log2(FRAME_SECONDS * sampleRate)))
  const half = size / 2
  const { frequencies, bins } = bandsOf(bands, sampleRate, size)
  const spectrumOf = createSpectrum(size, channels)
  const power = new Float64Array(half + 1)

  const room = 2 * columns
  let stride = frames === undefined ? Math.ceil(size / 16) : Math.max(1, Math.ceil(frames / columns))
  const low = new Float32Array(room).fill(Number.POSITIVE_INFINITY)
  const high = new Float32Array(room).fill(Number.NEGATIVE_INFINITY)
  const squares = new Float64Array(room) // sums
  const spectrum = new Float32Array(room * bands) // sums
  const framesIn = new Uint32Array(room)
  let end = 0
  let frame = 0 // the next one, counted from the start at the stride of now

  // The newest samples, so many that the next frame has its first half; the sound begins in silence.
  const recent = Array.from({ length: channels }, () => new Float32Array(4 * size))
  let held = half
  let oldest = -half // position of recent[0]

  /** Frames of a column, evenly spread: half overlapping, as far as there are no more than enough. A narrow column has one in its middle. */
  const perColumn = (): number => Math.min(MOST_FRAMES, Math.ceil(stride / half))
  const middle = (): number => Math.floor(((frame + 0.5) * stride) / perColumn())

  const merge = (): void => {
    for (let c = 0; c < room / 2; c++) {
      const [a, b] = [2 * c, 2 * c + 1]
      low[c] = Math.min(low[a]!, low[b]!)
      high[c] = Math.max(high[a]!, high[b]!)
      squares[c] = squares[a]! + squares[b]!
      framesIn[c] = framesIn[a]! + framesIn[b]!
      for (let k = 0; k < bands; k++) spectrum[c * bands + k] = spectrum[a * bands + k]! + spectrum[b * bands + k]!
    }
    low.fill(Number.POSITIVE_INFINITY, room / 2)
    high.fill(Number.NEGATIVE_INFINITY, room / 2)
    squares.fill(0, room / 2)
    framesIn.fill(0, room / 2)
    spectrum.fill(0, (room / 2) * bands)
    const before = middle()
    stride *= 2
    // Wider columns have frames further apart: the next one is the first that is not before what was next.
    frame = Math.floor((before * perColumn()) / stride)
    while (middle() < before) frame++
  }

  const addFrame = (): void => {
    const start = middle() - half - oldest
    spectrumOf(
      recent.map((samples) => samples.subarray(start, start + size)),
      power,
    )
    const column = Math.floor(middle() / stride)
    framesIn[column]!++
    for (const [b, { first, last, share }] of bins.entries()) {
      let most = power[first]! + share * (power[Math.min(half, first + 1)]! - power[first]!)
      for (let k = first + 1; k <= last; k++) most = Math.max(most, power[k]!)
      spectrum[column * bands + b]! += most
    }
    frame++
  }

  /** Appends a piece of at most `size` samples, or silence. */
  const hold = (piece: AudioBlock | undefined, length: number): void => {
    if (held + length > 4 * size) {
      const drop = Math.min(held, middle() - half - oldest)
      for (const samples of recent) samples.copyWithin(0, drop, held)
      held -= drop
      oldest += drop
    }
    for (const [c, samples] of recent.entries()) {
      if (piece) samples.set(piece[c]!, held)
      else samples.fill(0, held, held + length)
    }
    held += length
    while (middle() + half <= oldest + held && middle() < end) addFrame()
  }

  const measure = (piece: AudioBlock, length: number): void => {
    for (let from = 0; from < length; ) {
      const column = Math.floor((end + from) / stride)
      const to = Math.min(length, (column + 1) * stride - end)
      let [least, most, sum] = [low[column]!, high[column]!, squares[column]!]
      for (const samples of piece) {
        for (let i = from; i < to; i++) {
          const value = samples[i]!
          if (value < least) least = value
          if (value > most) most = value
          sum += value * value
        }
      }
      ;[low[column], high[column], squares[column]] = [least, most, sum]
      from = to
    }
  }

  return {
    add(block) {
      const length = block[0]?.length ?? 0
      if (block.length !== channels) throw new RangeError(`createSoundColumns: a block of ${block.length} channels; needs ${channels}`)
      for (let from = 0; from < length; from += size) {
        const piece = block.map((samples) => samples.subarray(from, from + size))
        const count = piece[0]!.length
        while (end + count > room * stride) merge()
        measure(piece, count)
        end += count
        hold(piece, count)
      }
    },
    finish() {
      hold(undefined, size)
      if (end > 0 && frame === 0) addFrame() // a sound that ends before the middle of its first column
      const count = Math.ceil(end / stride)
      const samplesIn = (c: number) => channels * (Math.min(end, (c + 1) * stride) - c * stride)
      // A last column too short for a frame of its own looks like the one before.
      if (count > 1 && framesIn[count - 1] === 0) {
        framesIn[count - 1] = framesIn[count - 2]!
        spectrum.copyWithin((count - 1) * bands, (count - 2) * bands, (count - 1) * bands)
      }
      return {
        sampleRate,
        frames: end,
        stride,
        count,
        low: low.slice(0, count),
        high: high.slice(0, count),
        squares: Float32Array.from({ length: count }, (_, c) => squares[c]! / samplesIn(c)),
        spectrum: spectrum.slice(0, count * bands).map((sum, i) => sum / Math.max(1, framesIn[Math.floor(i / bands)]!)),
        frequencies,
      }
    },
  }
}
