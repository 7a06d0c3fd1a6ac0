/** What a stage of training takes over from the one before it, or from a file of weights: values by name. */
import type { StoredTensor } from '../formats/index.ts'
import { layoutOf, type Module } from '../nn/index.ts'

/** Values with their shapes, by name. */
export interface Learned {
  readonly network: ReadonlyMap<string, StoredTensor>
  /** Of the rival, where there was one. */
  readonly rival?: ReadonlyMap<string, StoredTensor>
}

/** Values to start from, by name; names that are not in it start fresh. */
export interface HandOver {
  readonly network: ReadonlyMap<string, Float32Array>
  readonly rival?: ReadonlyMap<string, Float32Array>
}

export interface CommonValues {
  /** Those that both have, copies. */
  readonly values: Map<string, Float32Array>
  /** Names of the network that start fresh: what was learned has none of that name, or one of another shape. */
  readonly fresh: readonly string[]
  /** Names of what was learned that the network has no place for. */
  readonly left: readonly string[]
}

/**
 * What was learned under the names and in the shapes that a network has.
 *
 * @example
 * const learned = new Map([
 *   ['weight', { shape: [1, 2], data: Float32Array.of(3, 4) }],
 *   ['bias', { shape: [2], data: Float32Array.of(1, 2) }],
 * ])
 * const { values, fresh, left } = commonValues(new Linear(2, 1), learned)
 * values.get('weight') // [3, 4]
 * fresh // ['bias']
 * left // ['bias']
 */
export function commonValues(network: Module, learned: ReadonlyMap<string, StoredTensor>): CommonValues {
  const { parameters, buffers } = layoutOf(network)
  const values = new Map<string, Float32Array>()
  const fresh: string[] = []
  for (const { name, parameter } of [...parameters, ...buffers]) {
    const stored = learned.get(name)
    if (stored && stored.shape.join() === parameter.shape.join()) values.set(name, stored.data.slice())
    else fresh.push(name)
  }
  return { values, fresh, left: [...learned.keys()].filter((name) => !values.has(name)) }
}
