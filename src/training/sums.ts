/** Losses and their terms, added up over parts of an update and over the processes that share them out. */
import type { Collective } from '../distributed/collective.ts'
import type { Losses } from './phase.ts'

export function addTerms(a: Losses['terms'], b: Losses['terms']): Losses['terms'] {
  return Object.fromEntries(Object.keys({ ...a, ...b }).map((name) => [name, (a[name] ?? 0) + (b[name] ?? 0)]))
}

interface Sums {
  readonly count: number
  readonly total: number
  readonly other: number
  readonly terms: Losses['terms']
}

/** The same numbers on every rank. As texts, because JSON has no numbers that are not finite. */
export async function sumsOfRanks(ranks: Collective, { count, total, other, terms }: Sums): Promise<Sums> {
  const named = Object.entries(terms).map(([name, value]) => [name, String(value)] as const)
  const all = await ranks.allGather({ count, total: String(total), other: String(other), terms: Object.fromEntries(named) })
  const counts = all.map((own) => own.count)
  if (new Set(counts).size > 1) throw new RangeError(`update: the ranks have ${counts.join(', ')} parts; all need as many`)
  const sum = (key: 'total' | 'other') => all.reduce((before, words) => before + Number(words[key]), 0)
  const ofRanks = all.map((own) => Object.fromEntries(Object.entries(own.terms).map(([name, text]) => [name, Number(text)])))
  return { count: counts.reduce((a, b) => a + b, 0), total: sum('total'), other: sum('other'), terms: ofRanks.reduce(addTerms, {}) }
}
