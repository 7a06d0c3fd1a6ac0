/**
 * Large convolutions of very few channels, which leave kernels little to do: neighbouring frames are made channels, a block of them at a time, and the kernel
 * a band in a matrix over these channels, so that one axis of the convolution is a matrix product. Equal to conv2d but for the order of sums.
 *
 * Two threads, ONNX Runtime 1.30, 256 frames × 1024 bins, ms as it is → folded (forward, gradient of the input, of the weight): 1 → 1 channel, 11 × 11
 * 2.6, 2.5, 12.5 → 1.6, 1.5, 2.0; 7 × 7 1.4, 1.0, 4.7 → 1.2, 0.9, 1.4; 5 → 1, 11 × 11 12.9, 5.7, 15.4 → 6.7, 4.9, 6.0. With 3 × 3 it gains nothing, and
 * neither with many channels. The weight's gradient, which needs a copy of the map for every tap otherwise (127 MB with 11 × 11), is where most is won.
 */
import { concat, constant, conv2d, matmul, narrow, pad, reshape, type Tensor, transpose } from '../../tensor/index.ts'

/** Frames of a block. From 8 to 32 the time hardly changes. */
const block = 16

export interface FoldGeometry {
  /** Zeros at both ends of the frames and of the bins. */
  readonly padding: readonly [frames: number, bins: number]
  readonly groups: number
}

/** Whether folding is the faster way: x (b, c, t, f) ⋆ weight (o, c/groups, kt, kf) at stride 1. */
export function gainsByFolding(x: Tensor, weight: Tensor, groups: number): boolean {
  const [outputs, inPer, taps] = weight.shape as [number, number, number, number]
  return taps >= 7 && taps <= block + 1 && inPer <= 8 && outputs / groups <= 2 && x.shape[2]! >= 2 * block
}

/**
 * As conv2d at stride 1, x (b, c, t, f) ⋆ weight (o, c/groups, kt, kf) → (b, o, t', f'), for kernels of at most 17 frames.
 *
 * @throws ShapeError where shapes and groups do not fit each other
 *
 * @example
 * const x = constant([1, 2, 3], [1, 1, 3, 1])
 * const [y] = await evaluate(() => [foldedConv2d(x, constant([10, 1], [1, 1, 2, 1]), { padding: [1, 0], groups: 1 })]) // [1, 12, 23, 30]
 */
export function foldedConv2d(x: Tensor, weight: Tensor, { padding: [before, sides], groups }: FoldGeometry): Tensor {
  const [b, c, t, f] = x.shape as [number, number, number, number]
  const [outputs, inPer, taps, width] = weight.shape as [number, number, number, number]
  const frames = t + 2 * before - taps + 1
  const count = Math.ceil(frames / block)
  const seen = block + taps - 1
  // Blocks of frames, and what the kernel sees of the next block behind each.
  const padded = pad(x, [0, 0, before, 0], [0, 0, (count + 1) * block - t - before, 0])
  const blocks = reshape(padded, [b, c, count + 1, block, f])
  const next = narrow(narrow(blocks, 2, 1, count + 1), 3, 0, taps - 1)
  const rows = concat([narrow(blocks, 2, 0, count), next], 3)
  // Between channels of one, there is nothing to move.
  const folded = reshape(c === 1 ? rows : transpose(rows, [0, 2, 1, 3, 4]), [b * count, c * seen, 1, f])
  const banded = matmul(bandOf(taps), reshape(transpose(weight, [2, 0, 1, 3]), [taps, outputs * inPer * width]))
  const kernel = transpose(reshape(banded, [block, seen, outputs, inPer, width]), [2, 0, 3, 1, 4])
  const y = conv2d(folded, reshape(kernel, [outputs * block, inPer * seen, 1, width]), { padding: [0, sides], groups })
  const bins = y.shape[3]!
  const unfolded = reshape(y, [b, count, outputs, block, bins])
  const inOrder = reshape(outputs === 1 ? unfolded : transpose(unfolded, [0, 2, 1, 3, 4]), [b, outputs, count * block, bins])
  return narrow(inOrder, 2, 0, frames)
}

/** Which tap frame i of a block meets in row r of what it sees, r − i: (block · seen, taps). */
function bandOf(taps: number): Tensor {
  const seen = block + taps - 1
  const band = new Float64Array(block * seen * taps)
  for (let i = 0; i < block; i++) for (let tap = 0; tap < taps; tap++) band[(i * seen + i + tap) * taps + tap] = 1
  return constant(band, [block * seen, taps])
}
