/**
 * Truncated back-propagation through time (Williams & Peng 1990): a sequence is read in chunks, the state goes on from one to the next, and
 * gradients stop at the borders. What is computed is the same as in one piece; what is learned from is at most a chunk of the past: few
 * steps where events are short (onsets), more where they are long (chords).
 */
import { clip, concat, narrow, stopGradient, sub, type Tensor } from '../tensor/index.ts'
import { lengthsTensor } from './masking.ts'
import type { LstmCall, LstmResult, RecurrentCall, RecurrentLayer, RecurrentResult } from './recurrent.ts'
import type { LSTM } from './recurrent-layers.ts'

export interface ChunkOptions {
  /** Steps per chunk, the last one may have fewer. */
  readonly chunk: number
}

/**
 * Runs a recurrent layer over chunks of a sequence with the state carried and gradients stopped between them.
 *
 * @param layer of one direction: backwards there is no state that could go on
 * @returns what `layer.forward(x, call)` returns; a last state's gradient reaches the last chunk only
 * @throws RangeError for a layer of both directions and for chunks of no whole number of steps ≥ 1
 *
 * @example
 * const layer = new LSTM(2, 3)
 * const { outputs, c } = inChunks(layer, input('x', [1, 100, 2]), { chunk: 16 })
 * outputs.shape // [1, 100, 3]
 * c.shape // [1, 1, 3]
 */
export function inChunks(layer: LSTM, x: Tensor, options: LstmCall & ChunkOptions): LstmResult
export function inChunks(layer: RecurrentLayer, x: Tensor, options: RecurrentCall & ChunkOptions): RecurrentResult
export function inChunks(layer: RecurrentLayer, x: Tensor, { chunk, lengths, h0, c0 }: LstmCall & ChunkOptions): RecurrentResult {
  if (layer.bidirectional) {
    throw new RangeError(`inChunks: ${layer.type} reads in both directions; only the state of a forward one can go on from chunk to chunk`)
  }
  if (!Number.isInteger(chunk) || chunk < 1) throw new RangeError(`inChunks: chunk ${chunk}; allowed are whole numbers of steps ≥ 1`)
  const { batch, steps } = layer.extentsOf(x)
  const counts = lengths && lengthsTensor('inChunks', lengths, steps, batch)
  const axis = layer.batchFirst ? 1 : 0
  const starts = Array.from({ length: Math.ceil(steps / chunk) }, (_, k) => k * chunk)
  let states: Omit<LstmCall, 'lengths'> = { h0, c0 }
  const parts = starts.map((start) => {
    const stop = Math.min(start + chunk, steps)
    const within = counts && clip(sub(counts, start), 0, stop - start)
    const result = layer.forward(narrow(x, axis, start, stop), { ...states, lengths: within })
    states = { h0: stopGradient(result.h), c0: result.c && stopGradient(result.c) }
    return result
  })
  const outputs = concat(
    parts.map((part) => part.outputs),
    axis,
  )
  return { ...parts.at(-1)!, outputs }
}
