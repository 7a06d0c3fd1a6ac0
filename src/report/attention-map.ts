/** Where each output of attention looks: weights of queries (rows) over keys (columns). */
import { type CellAxis, drawHeatMap } from './heat-map.ts'
import type { Values } from './line-plot.ts'
import type { PictureOptions } from './svg.ts'

export interface AttentionMapOptions extends PictureOptions {
  /** A row per query, a column per key; rows of a softmax sum to 1. */
  readonly weights: readonly Values[]
  /** Words of the queries, of outputs of a decoder for example. */
  readonly queries?: readonly string[]
  readonly keys?: readonly string[]
  /** What queries and keys are; 'query' and 'key' by default. */
  readonly queryLabel?: string
  readonly keyLabel?: string
  /** What the first and the last of both stand for in place of 0, 1, 2 …: moments, for example. */
  readonly range?: { readonly from: number; readonly to: number; readonly unit: string }
  /** The weight at the pale end of the bar, 1 by default; among many keys each has little. */
  readonly largest?: number
}

const axis = (label: string, names: readonly string[] | undefined, range: AttentionMapOptions['range']): CellAxis => ({
  label,
  ...(names ? { names } : range),
})

/**
 * A map of attention weights, dark for 0 and pale for 1, or for the `largest`.
 *
 * @returns SVG
 * @throws RangeError for no weights, rows of different lengths, words of another number than rows or columns, sizes without room
 */
export function attentionMap(given: AttentionMapOptions): string {
  const { weights, queries, keys, queryLabel = 'query', keyLabel = 'key', range, largest = 1, ...options } = given
  return drawHeatMap('attentionMap', {
    height: 480,
    width: 560,
    ...options,
    rows: weights,
    x: axis(keyLabel, keys, range),
    y: axis(queryLabel, queries, range),
    value: { label: 'weight', from: 0, to: largest },
  })
}
