/**
 * Worker threads that make things on request, and things made ahead of the one asked for. Which member makes a thing and in which order changes
 * nothing about it: what is made is a function of the request alone.
 */
import { parentPort, type Worker } from 'node:worker_threads'
import { startWorker } from '../runtime/worker-thread.node.ts'

export interface TeamOptions {
  readonly workers: number
  /** Cloned to every member's `workerData`. */
  readonly workerData: unknown
  /** Shown in debuggers and profilers. */
  readonly name: string
}

export interface Team<Wish, Made> {
  ask(member: number, wish: Wish): Promise<Made>
  /** Ends the members; what is not delivered rejects. */
  close(): Promise<void>
}

type Reply<Made> = { readonly id: number } & ({ readonly made: Made } | { readonly error: string })

/**
 * Starts the members, worker modules that call `serveTeam`.
 *
 * @param importMetaUrl, module as for `startWorker`
 */
export function startTeam<Wish, Made>(importMetaUrl: string, module: string, { workers, workerData, name }: TeamOptions): Team<Wish, Made> {
  const waiting = new Map<number, { resolve(made: Made): void; reject(error: Error): void }>()
  let failure: Error | undefined
  let nextId = 0
  const fail = (error: Error): void => {
    failure ??= error
    for (const { reject } of waiting.values()) reject(failure)
    waiting.clear()
  }
  const members: Worker[] = Array.from({ length: workers }, (_, index) => {
    const worker = startWorker(importMetaUrl, module, { workerData, name: `${name} ${index}` })
    worker.on('message', (reply: Reply<Made>) => {
      const waiter = waiting.get(reply.id)
      waiting.delete(reply.id)
      if ('error' in reply) waiter?.reject(new Error(reply.error))
      else waiter?.resolve(reply.made)
    })
    worker.on('error', fail)
    worker.on('exit', (code) => fail(new Error(`${name}: a worker ended with code ${code}`)))
    return worker
  })
  return {
    ask: (member, wish) =>
      new Promise((resolve, reject) => {
        if (failure) return reject(failure)
        const id = nextId++
        waiting.set(id, { resolve, reject })
        members[member % workers]!.postMessage({ id, wish })
      }),
    close: async () => {
      fail(new Error(`${name}: closed`))
      await Promise.all(members.map((worker) => worker.terminate()))
    },
  }
}

/**
 * In a member: answers every request.
 *
 * @param buffersOf what is made whose buffers are handed over, not copied
 */
export function serveTeam<Wish, Made>(
  make: (wish: Wish) => Made | Promise<Made>,
  buffersOf: (made: Made) => readonly Float32Array[] = () => [],
): void {
  parentPort!.on('message', async ({ id, wish }: { id: number; wish: Wish }) => {
    try {
      const made = await make(wish)
      parentPort!.postMessage(
        { id, made },
        buffersOf(made).map(({ buffer }) => buffer as ArrayBuffer),
      )
    } catch (error) {
      parentPort!.postMessage({ id, error: error instanceof Error ? error.message : String(error) })
    }
  })
}

/**
 * What is asked for by number, with those begun that come next: as far apart as the last two that were asked for, because of several processes each
 * asks for its share.
 *
 * @param make gets, with the number, how many were made before: whose turn it is
 */
export function createAhead<Made>(
  make: (index: number, turn: number) => Promise<Made>,
  prefetch: number,
): (index: number) => Promise<Made> {
  const ahead = new Map<number, Promise<Made>>()
  let [turn, last, stride] = [0, -1, 1]
  const begin = (index: number): Promise<Made> => {
    const known = ahead.get(index)
    if (known) return known
    const made = make(index, turn++)
    // What nobody waits for must not end the process when it fails; the next request reports the failure.
    made.catch(() => {})
    ahead.set(index, made)
    return made
  }
  return async (index) => {
    // Jumps are no strides: back to the first batches, and from there to where the run is.
    if (last >= 0) stride = index > last && index - last <= longestStride ? index - last : 1
    last = index
    const wanted = begin(index)
    const next = Array.from({ length: prefetch }, (_, k) => index + (k + 1) * stride)
    for (const known of ahead.keys()) if (known !== index && !next.includes(known)) ahead.delete(known)
    for (const one of next) begin(one)
    const made = await wanted
    ahead.delete(index)
    return made
  }
}

/** Distances up to here are taken for the number of processes. */
const longestStride = 256
