/**
 * Ranks that MPI connects: processes of one host, or of many. Large arrays travel in chunks, a few of them under way at a time. Chunks are copied
 * through memory that does not move, because JavaScript's may while a request is under way.
 */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { type Collective, checkRoot, type Json, RanksLostError } from './collective.ts'
import { type Address, joinMpi, type MpiLibrary } from './mpi-library.ts'

export interface MpiOptions {
  /** Longest wait for the other ranks in one call, 120 s by default; work that takes longer belongs into `together`. */
  readonly limitSeconds?: number
}

/** Values per request: 1 MiB. */
const chunk = 1 << 18
/** Requests under way at a time. */
const lanes = 4
/** For so long a wait asks at every turn of the event loop; a longer one is for a rank that still computes, and must not take its processor. */
const eagerMs = 5
/** Bytes of a small thing that need one exchange; longer ones need two. */
const small = 1024

interface Lane {
  readonly address: Address
  readonly values: Float32Array
}

/** Joins the ranks that a launcher has started; once per process. */
export function createMpi({ limitSeconds = 120 }: MpiOptions = {}): Collective {
  const mpi = joinMpi()
  const { rank, size } = mpi
  const lane = (): Lane => {
    const { address, bytes } = mpi.allocate(4 * chunk)
    return { address, values: new Float32Array(bytes) }
  }
  const ring = Array.from({ length: lanes }, lane)
  const wait = waiter(mpi, limitSeconds)

  /** Runs a request per chunk of the values, in place, so that copying one overlaps with the way of others. */
  const inChunks = async (values: Float32Array, start: (address: Address, count: number) => Address, scale: number): Promise<void> => {
    const underWay: (() => Promise<void>)[] = []
    for (let offset = 0, turn = 0; offset < values.length; offset += chunk, turn++) {
      if (underWay.length === lanes) await underWay.shift()!()
      const part = values.subarray(offset, offset + chunk)
      const { address, values: own } = ring[turn % lanes]!
      own.set(part)
      const request = start(address, part.length)
      underWay.push(async () => {
        await wait(request)
        if (scale === 1) part.set(own.subarray(0, part.length))
        else for (let i = 0; i < part.length; i++) part[i] = own[i]! * scale
      })
    }
    for (const finish of underWay) await finish()
  }

  const exchange = async (bytes: Uint8Array): Promise<Uint8Array[]> => {
    const [own, all] = [mpi.allocate(bytes.length), mpi.allocate(bytes.length * size)]
    try {
      new Uint8Array(own.bytes).set(bytes)
      await wait(mpi.start.gather(own.address, bytes.length, all.address))
      const copy = new Uint8Array(all.bytes).slice()
      return Array.from({ length: size }, (_, r) => copy.subarray(r * bytes.length, (r + 1) * bytes.length))
    } finally {
      mpi.free(own.address)
      mpi.free(all.address)
    }
  }

  const allGather = async <T extends Json>(value: T): Promise<T[]> => {
    const text = Buffer.from(JSON.stringify(value))
    const packed = (room: number) => {
      const message = new Uint8Array(4 + room)
      new DataView(message.buffer).setUint32(0, text.length)
      message.set(text.subarray(0, room), 4)
      return message
    }
    const lengthOf = (message: Uint8Array) => new DataView(message.buffer, message.byteOffset).getUint32(0)
    let messages = await exchange(packed(small))
    const longest = Math.max(...messages.map(lengthOf))
    if (longest > small) messages = await exchange(packed(longest))
    return messages.map((message) => JSON.parse(Buffer.from(message.subarray(4, 4 + lengthOf(message))).toString()) as T)
  }

  return {
    rank,
    size,
    description: `Open MPI ${mpi.version}, ${size} ranks`,
    allReduce: (values, reduction) => inChunks(values, mpi.start.sum, reduction === 'mean' ? 1 / size : 1),
    broadcast: async (values, root = 0) => {
      checkRoot(root, size)
      await inChunks(values, (address, count) => mpi.start.broadcast(address, count, root), 1)
    },
    allGather,
    barrier: async () => void (await allGather(null)),
    dispose: async () => {
      // The end waits without a limit and holds up the event loop: everybody has to be there.
      await allGather(null)
      for (const { address } of ring) mpi.free(address)
      mpi.finish()
    },
    abort: (exitCode) => {
      mpi.abort(exitCode)
      process.exit(exitCode)
    },
  }
}

/** Waits for a request. What it asks of MPI also moves the data. */
function waiter(mpi: MpiLibrary, limitSeconds: number): (request: Address) => Promise<void> {
  return async (request) => {
    const begin = performance.now()
    while (!mpi.done(request)) {
      const waited = performance.now() - begin
      if (waited > 1000 * limitSeconds) {
        throw new RanksLostError(
          `rank ${mpi.rank} of ${mpi.size} waited ${limitSeconds} s for the others: one of them has ended or hangs; the same command goes on from the last checkpoint`,
        )
      }
      await (waited < eagerMs ? nextTurn() : sleep(1))
    }
  }
}
