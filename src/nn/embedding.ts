/** Vectors for symbols: a table whose rows are looked up, learned with the rest of the network or given (word vectors) and left alone. */
import { equal, formatShape, gather, reshape, ShapeError, stopGradient, type Tensor, where } from '../tensor/index.ts'
import { checkExtent } from './check.ts'
import { normalInit } from './init.ts'
import { type Init, Module, type Parameter, parameter } from './module.ts'
import { pointwiseReach, type Reach } from './reach.ts'

/**
 * Rows of a table: indices (…) of int32 or int64, table (n, d) → (…, d). Only rows that are used get a gradient. Programs refuse indices of n and
 * more when they run; negative ones, which PyTorch refuses, count from the end as everywhere in divisi.
 *
 * @param paddingIndex symbol whose row gets none: what fills sequences up
 * @throws ShapeError for a table that is not (n, d), and for indices that are not whole numbers
 *
 * @example
 * const table = constant([1, 2, 3, 4, 5, 6], [3, 2])
 * const [y] = await evaluate(() => [embedding(constant([2, 0], [2], 'int64'), table)]) // [5, 6, 1, 2]
 */
export function embedding(indices: Tensor, table: Tensor, paddingIndex?: number): Tensor {
  if (table.shape.length !== 2) throw new ShapeError('embedding', `table ${formatShape(table.shape)}; needs (symbols, features)`)
  const rows = gather(table, indices, 0)
  if (paddingIndex === undefined) return rows
  const isPadding = reshape(equal(indices, paddingIndex), [...indices.shape, 1])
  return where(isPadding, stopGradient(rows), rows)
}

export interface EmbeddingOptions {
  /** Symbol that fills sequences up: its row gets no gradient, and starts as zeros where no table is given. */
  readonly paddingIndex?: number
  /** Rows to start from, symbols · features numbers: vectors that were trained elsewhere. Drawn from the normal distribution by default. */
  readonly table?: ArrayLike<number>
  /** The table is a buffer, which training leaves alone; false by default. */
  readonly freeze?: boolean
}

function startOf(features: number, { paddingIndex, table }: EmbeddingOptions): Init {
  if (table) return (values) => values.set(table)
  return (values, shape, random) => {
    normalInit(1)(values, shape, random)
    if (paddingIndex !== undefined) values.fill(0, paddingIndex * features, (paddingIndex + 1) * features)
  }
}

/** Symbols (…) of int32 or int64 → (…, features): `weight` (symbols, features). */
export class Embedding extends Module {
  readonly weight: Parameter
  readonly #paddingIndex: number | undefined

  /**
   * @throws RangeError for sizes that are no whole numbers ≥ 1, a padding index outside the table and a table of another size
   *
   * @example
   * const words = new Embedding(1000, 64, { paddingIndex: 0 })
   * words.forward(input('tokens', [2, 7], 'int64')).shape // [2, 7, 64]
   */
  constructor(symbols: number, features: number, options: EmbeddingOptions = {}) {
    super()
    checkExtent('Embedding', { symbols, features })
    const { paddingIndex, table, freeze = false } = options
    if (paddingIndex !== undefined && !(Number.isInteger(paddingIndex) && paddingIndex >= 0 && paddingIndex < symbols)) {
      throw new RangeError(`Embedding: paddingIndex ${paddingIndex} of ${symbols} symbols; allowed are whole numbers in 0…${symbols - 1}`)
    }
    if (table && table.length !== symbols * features) {
      throw new RangeError(`Embedding: a table of ${table.length} numbers for ${symbols} symbols; needs ${symbols} · ${features}`)
    }
    this.weight = parameter([symbols, features], startOf(features, options), freeze ? 'buffer' : 'parameter')
    this.#paddingIndex = paddingIndex
  }

  forward(indices: Tensor): Tensor {
    return embedding(indices, this.weight, this.#paddingIndex)
  }

  override reach(): Reach {
    return pointwiseReach
  }
}
