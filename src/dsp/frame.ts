/** Overlapping frames of rows, the framing that transforms and windows share; its adjoint is overlap-add. */
import { concat, narrow, reshape, type Tensor } from '../tensor/index.ts'

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b)
}

/**
 * (rows, (frames − 1)·hop + length) → (rows, frames, length). Cut from blocks of the greatest common divisor, so any hop works without gathering.
 */
export function frame(x: Tensor, length: number, hop: number): Tensor {
  const [rows, samples] = x.shape as readonly [number, number]
  const frames = (samples - length) / hop + 1
  const block = gcd(length, hop)
  const step = hop / block
  const blocks = reshape(x, [rows, samples / block, block])
  const parts = Array.from({ length: length / block }, (_, i) => narrow(blocks, 1, i, i + (frames - 1) * step + 1, step))
  return concat(parts, 2)
}
