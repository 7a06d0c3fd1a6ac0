/**
 * Learning a few examples by heart, the first thing to try with a new network: one that cannot do that has a bug, or a learning rate that is
 * wrong, and no data will help it (building block 3.45).
 */
import type { HostArray, Specs } from '../runtime/index.ts'
import type { Arrays } from '../tasks/index.ts'

/** The first examples of a batch in place of all of them, again and again until it is full. */
export function onlyFirst(batch: Arrays, specs: Specs, examples: number): Arrays {
  const repeat = (name: string, array: HostArray): HostArray => {
    const spec = specs[name]!
    const [count] = 'shape' in spec ? spec.shape : spec
    const size = array.length / count!
    const result = array.slice() as HostArray
    for (let at = examples; at < count!; at++) {
      const from = (at % examples) * size
      // Both are of one type, which `set` of a union of types cannot know.
      ;(result as Float32Array).set((array as Float32Array).subarray(from, from + size), at * size)
    }
    return result
  }
  return Object.fromEntries(Object.entries(batch).map(([name, array]) => [name, repeat(name, array)]))
}
