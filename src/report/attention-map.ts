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
}

const axis = (label: string, names: readonly string[] | undefined): CellAxis => (names ? { label, names } : { label })

/**
 * A map of attention weights, dark for 0 and pale for 1.
 *
 * @returns SVG
 * @throws RangeError for no weights, rows of different lengths, words of another number than rows or columns, sizes without room
 */
export function attentionMap({ weights, queries, keys, queryLabel = 'query', keyLabel = 'key', ...options }: AttentionMapOptions): string {
  return drawHeatMap('attentionMap', {
    height: 480,
    width: 560,
    ...options,
    rows: weights,
    x: axis(keyLabel, keys),
    y: axis(queryLabel, queries),
    value: { label: 'weight', from: 0, to: 1 },
  })
}
