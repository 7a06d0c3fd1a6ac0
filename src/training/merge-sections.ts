/** A stage's sections over those of its recipe. */

type Section = Readonly<Record<string, unknown>>

/** Keys that say which of several things a section is: sections of different things are not mixed. */
const kinds = ['name', 'source', 'architecture', 'kind'] as const

const isSection = (value: unknown): value is Section => typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * What is in `over` in place of what is in `base`, key by key, through all sections below; lists are values. `null` takes a key out. Where both are
 * sections that say what they are (`name`, `source`, `architecture`, `kind`) and say different things, the one of `over` stands alone.
 *
 * @example
 * const base = { steps: 10, schedule: { name: 'cosine', tMax: 10 }, patience: 3 }
 * mergeSections(base, { steps: 20, patience: null }) // { steps: 20, schedule: { name: 'cosine', tMax: 10 } }
 * mergeSections(base, { schedule: { name: 'constant' } }) // { steps: 10, schedule: { name: 'constant' }, patience: 3 }
 */
export function mergeSections(base: unknown, over: unknown): unknown {
  if (over === undefined) return base
  if (!isSection(base) || !isSection(over)) return over
  const other = kinds.some((key) => key in base && key in over && base[key] !== over[key])
  const from = other ? {} : base
  const keys = new Set([...Object.keys(from), ...Object.keys(over)])
  const merged = [...keys].map((key) => [key, over[key] === null ? undefined : mergeSections(from[key], over[key])] as const)
  return Object.fromEntries(merged.filter(([, value]) => value !== undefined))
}
