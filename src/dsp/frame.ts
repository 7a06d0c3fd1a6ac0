/** Overlapping frames of rows, the framing that transforms and windows share; its adjoint is overlap-add. */
import { concat, narrow, pad, reshape, type Tensor } from '../tensor/index.ts'

/**
 * (rows, (frames − 1)·hop + length) → (rows, frames, length). Put together from blocks of one hop, of which a frame begins at each: any hop works
 * without gathering, and with no more than ⌈length/hop⌉ copies.
 */
export function frame(x: Tensor, length: number, hop: number): Tensor {
  const [rows, samples] = x.shape as readonly [number, number]
  const frames = (samples - length) / hop + 1
  const blocksOfFrame = Math.ceil(length / hop)
  const beyond = blocksOfFrame * hop - length
  const whole = beyond > 0 ? pad(x, [0, 0], [0, beyond]) : x
  const blocks = reshape(whole, [rows, frames + blocksOfFrame - 1, hop])
  const framed = concat(
    Array.from({ length: blocksOfFrame }, (_, i) => narrow(blocks, 1, i, i + frames)),
    2,
  )
  return beyond > 0 ? narrow(framed, 2, 0, length) : framed
}
