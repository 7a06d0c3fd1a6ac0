/**
 * The processes of a run and what each does: all compute their parts of every update; the first one, which leads, also reads and writes the run's folder,
 * judges and tells. A run of one process has a crew of one.
 */
import { createHash } from 'node:crypto'
import { type Collective, createSolo, onRoot, SharedFailure, together } from '../distributed/index.ts'
import type { Checkpoint } from './checkpoint.node.ts'
import type { Recipe } from './recipe.node.ts'
import type { Trainer } from './trainer.ts'

export interface Crew {
  readonly leads: boolean
  readonly rank: number
  readonly size: number
  /** How they are connected: nothing of one process. */
  readonly description: string
  /** To be handed to trainers; undefined of one process. */
  readonly collective: Collective | undefined
  /** Work of the one that leads, while the others wait; theirs is undefined. */
  alone<T>(work: () => Promise<T>): Promise<T | undefined>
  /** The same with what it finds for all, as far as JSON carries it. */
  lead<T>(work: () => Promise<T>): Promise<T>
  /** Work of all. What one of them cannot do ends all, with its message. */
  all<T>(work: () => Promise<T>): Promise<T>
  /** Work of all, the one that leads first: it fills caches that others of its host then find. */
  inTurn<T>(work: () => Promise<T>): Promise<T>
  /** Whether any of them says so. */
  any(own: boolean): Promise<boolean>
  /** @throws SharedFailure where not all have the same; `what` names it */
  agreeOn(what: string, own: string): Promise<void>
  /** The leader's checkpoint, for all. */
  checkpoint(load: () => Promise<Checkpoint | undefined>): Promise<Checkpoint | undefined>
  /** Gives all the leader's weights and state where any bit differs; whether it did. */
  align(trainer: Trainer<string>): Promise<boolean>
}

function digestOf(arrays: ReadonlyMap<string, Float32Array>): string {
  const hash = createHash('sha256')
  for (const [name, { buffer, byteOffset, byteLength }] of arrays) hash.update(name).update(new Uint8Array(buffer, byteOffset, byteLength))
  return hash.digest('hex')
}

/**
 * @throws RangeError for a recipe whose updates cannot be shared out
 *
 * @example
 * requireShares({ accumulate: 4 }, 2)
 */
export function requireShares({ accumulate, crops = [] }: Pick<Recipe['training'], 'accumulate' | 'crops'>, size: number): void {
  const all = crops.length > 0 ? crops.map((crop) => crop.accumulate ?? accumulate ?? 1) : [accumulate ?? 1]
  for (const parts of all) {
    if (parts % size === 0) continue
    const wanted = size * Math.ceil(parts / size)
    throw new RangeError(
      `training.accumulate: updates of ${parts} ${parts === 1 ? 'part' : 'parts'} cannot be shared out evenly among ${size} processes; ` +
        `give accumulate: ${wanted}, with a batchSize that is smaller by as much for the same updates, or start a number of processes that divides ${parts}`,
    )
  }
}

export function createCrew(collective: Collective = createSolo()): Crew {
  const { rank, size, description } = collective
  const leads = rank === 0
  const alone: Crew['alone'] = (work) => together(collective, async () => (leads ? await work() : undefined))
  const broadcast = async (arrays: ReadonlyMap<string, Float32Array>) => {
    for (const values of arrays.values()) await collective.broadcast(values)
  }
  return {
    leads,
    rank,
    size,
    description: size > 1 ? description : '',
    collective: size > 1 ? collective : undefined,
    alone,
    lead: (work) => onRoot(collective, work),
    all: (work) => together(collective, work),
    inTurn: async (work) => {
      const first = await together(collective, async () => (leads ? { made: await work() } : undefined))
      return together(collective, async () => (first ? first.made : work()))
    },
    any: async (own) => (await collective.allGather(own)).includes(true),
    agreeOn: async (what, own) => {
      const odd = (await collective.allGather(own)).findIndex((other, _, [first]) => other !== first)
      if (odd >= 0)
        throw new SharedFailure(
          `rank ${odd} has not the same ${what} as rank 0; all processes need the same version of divisi, recipe and recordings`,
        )
    },
    checkpoint: async (load) => {
      const own = await alone(load)
      if (size === 1) return own
      const head = own && { facts: own.facts, lengths: [...own.arrays].map(([name, { length }]) => [name, length] as const) }
      const found = await onRoot(collective, async () => head ?? null)
      if (!found) return undefined
      const arrays = own?.arrays ?? new Map(found.lengths.map(([name, length]) => [name, new Float32Array(length)]))
      await broadcast(arrays)
      return { facts: found.facts, arrays }
    },
    align: async (trainer) => {
      if (size === 1) return false
      const differs = async () => new Set(await collective.allGather(digestOf(await trainer.snapshot()))).size > 1
      if (!(await differs())) return false
      const arrays = await trainer.snapshot()
      await broadcast(arrays)
      await trainer.restore(arrays, trainer.step)
      if (await differs()) throw new SharedFailure('the weights of the ranks differ after they were sent from rank 0; please report this')
      return true
    },
  }
}
