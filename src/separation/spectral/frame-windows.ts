/**
 * A network over whole spectrograms: windows of frames with context on both sides, of which only the middle is kept, after the separators of
 * tsurumeso/vocal-remover (2019) and FrameTransformer (carperbr, 2023).
 */
import type { SpectrogramShape } from '../../dsp/index.ts'

export interface FramePadding {
  /** Silent frames before the first and after the last one. */
  readonly left: number
  readonly right: number
  /** Frames from window to window. */
  readonly step: number
}

/**
 * How `frames` frames are padded for windows of `window` frames of which `margin` at each end are context: at least one frame more than needed,
 * and a whole step where they divide. Where the margins take all of the window, windows follow each other without overlap.
 *
 * @throws RangeError for sizes that leave no frame
 *
 * @example
 * framePadding(500, 256, 64) // { left: 64, right: 76, step: 128 }
 */
export function framePadding(frames: number, window: number, margin: number): FramePadding {
  const rest = window - 2 * margin
  if (!Number.isInteger(frames) || frames < 1) throw new RangeError(`framePadding: ${frames} frames; allowed are whole numbers ≥ 1`)
  if (!Number.isInteger(window) || !Number.isInteger(margin) || margin < 0 || window < 1 || rest < 0)
    throw new RangeError(`framePadding: window ${window}, margin ${margin}; allowed are whole numbers, 2·margin ≤ window`)
  const step = rest === 0 ? window : rest
  return { left: margin, right: step - (frames % step) + margin, step }
}

/** A network that estimates as many values as it is given, window by window. */
export interface FrameNetwork {
  /** The most frames that a window may have; no limit where left out. */
  readonly maxFrames?: number
  /** (b, channels, frames, bins) in row-major order → the same. */
  run(windows: Float32Array, shape: readonly [number, number, number, number]): Promise<Float32Array>
}

export interface FrameSizes {
  /** Frames of a window that are kept. */
  readonly crop: number
  /** Frames of context on each side, half of `crop` (rounded down) by default. */
  readonly padding?: number | undefined
}

/**
 * What FrameTransformer averages for its test-time augmentation. The last needs windows of 5120 frames, which networks with the sinusoidal
 * channel, made for 4096, do not take: the original fails there, and `checkSizes` says so.
 */
export const ttaSizes: readonly FrameSizes[] = [64, 128, 256, 512, 1024].map((crop) => ({ crop, padding: 2 * crop }))

/** @throws RangeError for sizes that are no whole numbers, and windows that the network does not take */
export function checkSizes(
  { crop, padding }: FrameSizes,
  { maxFrames = Infinity }: Pick<FrameNetwork, 'maxFrames'>,
): Required<FrameSizes> & { padding: number } {
  const context = padding ?? Math.floor(crop / 2)
  if (!Number.isInteger(crop) || crop < 1 || !Number.isInteger(context) || context < 0)
    throw new RangeError(`frame windows: crop ${crop}, padding ${context}; allowed are whole numbers, crop ≥ 1 and padding ≥ 0`)
  const window = crop + 2 * context
  if (window > maxFrames)
    throw new RangeError(
      `frame windows: crop ${crop} and padding ${context} make windows of ${window} frames; the network takes ${maxFrames}: choose smaller sizes`,
    )
  return { crop, padding: context }
}

export interface FrameWindowOptions extends FrameSizes {
  /** Windows that the network gets at once, 1 by default. */
  readonly batchSize?: number
}

/**
 * The network's estimate of all frames: (channels, frames, bins) → the same. Around them it sees silence.
 *
 * @throws RangeError for sizes that are none, or too large for the network; Error where it gives another number of values
 *
 * @example
 * const shape = { channels: 1, frames: 5, bins: 1 }
 * const network = { run: async (x: Float32Array) => x.map((v) => 2 * v) }
 * const doubled = await inFrameWindows(Float32Array.of(1, 2, 3, 4, 5), shape, network, { crop: 2, padding: 1 })
 * doubled // [2, 4, 6, 8, 10]
 */
export async function inFrameWindows(
  values: Float32Array,
  { channels, frames, bins }: SpectrogramShape,
  network: FrameNetwork,
  { batchSize = 1, ...sizes }: FrameWindowOptions,
): Promise<Float32Array> {
  if (!Number.isInteger(batchSize) || batchSize < 1) throw new RangeError(`batchSize: ${batchSize}; allowed are whole numbers ≥ 1`)
  const { crop, padding } = checkSizes(sizes, network)
  const { left, step } = framePadding(frames, crop + 2 * padding, padding)
  const length = crop + 2 * padding
  // A step of silence behind the last frame, where the frames divide, would be estimated for nothing.
  const count = Math.ceil(frames / step)
  const out = new Float32Array(values.length)
  for (let first = 0; first < count; first += batchSize) {
    const batch = Math.min(batchSize, count - first)
    const windows = new Float32Array(batch * channels * length * bins)
    for (let b = 0; b < batch; b++) {
      const start = (first + b) * step - left
      const [from, to] = [Math.max(0, start), Math.min(frames, start + length)]
      for (let c = 0; c < channels; c++) {
        const row = (b * channels + c) * length + from - start
        windows.set(values.subarray((c * frames + from) * bins, (c * frames + to) * bins), row * bins)
      }
    }
    const estimates = await network.run(windows, [batch, channels, length, bins])
    if (estimates.length !== batch * channels * length * bins)
      throw new Error(
        `the network gave ${estimates.length} values of (${batch}, ${channels}, ${length}, ${bins}); needs as many as it is given`,
      )
    for (let b = 0; b < batch; b++) {
      const start = (first + b) * step
      const kept = Math.min(step, frames - start)
      for (let c = 0; c < channels; c++) {
        const row = (b * channels + c) * length + padding
        out.set(estimates.subarray(row * bins, (row + kept) * bins), (c * frames + start) * bins)
      }
    }
  }
  return out
}
