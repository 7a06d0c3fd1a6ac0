/**
 * Open MPI's shared library through koffi: the few functions that `mpi.ts` calls, and its constants, which in Open MPI are addresses of symbols.
 * Calls that wait are not among them: requests are started and asked for ("non-blocking collectives", MPI 3.1, chapter 5.12), so that no call holds
 * up the event loop.
 */
import { createRequire } from 'node:module'
import type * as Koffi from 'koffi'

/** An address in memory. */
export type Address = bigint

export interface MpiLibrary {
  readonly version: string
  readonly rank: number
  readonly size: number
  /** Memory that does not move, for requests under way. */
  allocate(bytes: number): { readonly address: Address; readonly bytes: ArrayBuffer }
  free(address: Address): void
  /** Starts a collective on memory of its own; the number is that of the request. */
  start: {
    sum(values: Address, count: number): Address
    broadcast(values: Address, count: number, root: number): Address
    gather(bytes: Address, count: number, all: Address): Address
  }
  /** Whether a request is complete; once it is, its number means nothing any more. */
  done(request: Address): boolean
  /** Ends MPI; waits for the other ranks to do so too. */
  finish(): void
  /** Ends all ranks. */
  abort(exitCode: number): void
}

const wayOut =
  'install Open MPI (Debian, Ubuntu: apt-get install openmpi-bin libopenmpi3; Fedora: dnf install openmpi; macOS: brew install open-mpi), or give the path of its libmpi in DIVISI_MPI'

/** Where systems keep it; version 40 is the interface of Open MPI 4 and 5. */
const places =
  process.platform === 'darwin'
    ? ['libmpi.40.dylib', '/opt/homebrew/lib/libmpi.dylib', '/usr/local/lib/libmpi.dylib']
    : ['libmpi.so.40', '/usr/lib64/openmpi/lib/libmpi.so.40', 'libmpi.so']

function loadKoffi(): typeof Koffi {
  try {
    return createRequire(import.meta.url)('koffi') as typeof Koffi
  } catch (cause) {
    throw new Error('several processes: the package koffi, which calls Open MPI, is missing here; npm install koffi', { cause })
  }
}

function loadLibrary(koffi: typeof Koffi): Koffi.LibraryHandle {
  const asked = process.env.DIVISI_MPI
  const reasons: string[] = []
  for (const path of asked ? [asked] : places) {
    try {
      // Global: Open MPI opens its components later, and they look for its symbols.
      return koffi.load(path, { global: true, lazy: true })
    } catch (error) {
      reasons.push(`${path} (${(error as Error).message})`)
    }
  }
  throw new Error(`several processes: Open MPI's library is not found as ${reasons.join(', ')}; ${wayOut}`)
}

function symbolsOf(library: Koffi.LibraryHandle) {
  try {
    return {
      world: library.symbol('ompi_mpi_comm_world') as Address,
      float: library.symbol('ompi_mpi_float') as Address,
      byte: library.symbol('ompi_mpi_byte') as Address,
      add: library.symbol('ompi_mpi_op_sum') as Address,
      errorsReturn: library.symbol('ompi_mpi_errors_return') as Address,
    }
  } catch (cause) {
    throw new Error(`several processes: the library that answers to libmpi is not Open MPI's; ${wayOut}`, { cause })
  }
}

/** MPI_IN_PLACE of Open MPI's mpi.h. */
const inPlace = 1n
/** MPI_THREAD_FUNNELED: all calls come from one thread of a process that has others. */
const funneled = 1
const longestText = 1024

/** Loads Open MPI and joins the other processes; once per process. */
export function joinMpi(): MpiLibrary {
  const koffi = loadKoffi()
  const library = loadLibrary(koffi)
  const symbols = symbolsOf(library)
  const declare = (name: string, ...parameters: string[]) => library.func(name, 'int', parameters) as (...values: unknown[]) => number
  const allocate = (bytes: number) => {
    const address = koffi.alloc('uint8_t', bytes) as Address
    return { address, bytes: koffi.view(address, bytes) }
  }
  const text = allocate(longestText)
  const [number, request] = [allocate(4), allocate(8)]
  const [int, requestAddress] = [new Int32Array(number.bytes), new BigUint64Array(request.bytes)]
  const textOf = (write: () => void): string => {
    write()
    return Buffer.from(text.bytes, 0, int[0]).toString()
  }
  const errorString = declare('MPI_Error_string', 'int', 'void *', 'void *')
  const check = (what: string, code: number): void => {
    if (code !== 0) throw new Error(`MPI: ${what}: ${textOf(() => errorString(code, text.address, number.address))}`)
  }
  const intOf = (what: string, code: number): number => {
    check(what, code)
    return int[0]!
  }

  const version = textOf(() => declare('MPI_Get_library_version', 'void *', 'void *')(text.address, number.address))
  check('start', declare('MPI_Init_thread', 'void *', 'void *', 'int', 'void *')(null, null, funneled, number.address))
  const { world } = symbols
  // Errors become ours to report: a lost connection, for example.
  check('errors', declare('MPI_Comm_set_errhandler', 'void *', 'void *')(world, symbols.errorsReturn))
  const sum = declare('MPI_Iallreduce', 'intptr_t', 'void *', 'int', 'void *', 'void *', 'void *', 'void *')
  const broadcast = declare('MPI_Ibcast', 'void *', 'int', 'void *', 'int', 'void *', 'void *')
  const gather = declare('MPI_Iallgather', 'void *', 'int', 'void *', 'void *', 'int', 'void *', 'void *', 'void *')
  const test = declare('MPI_Test', 'void *', 'void *', 'void *')
  const started = (what: string, code: number): Address => {
    check(what, code)
    return requestAddress[0]!
  }
  return {
    version: /Open MPI v?([\d.]+)/.exec(version)?.[1] ?? 'of unknown version',
    rank: intOf('rank', declare('MPI_Comm_rank', 'void *', 'void *')(world, number.address)),
    size: intOf('size', declare('MPI_Comm_size', 'void *', 'void *')(world, number.address)),
    allocate,
    free: (address) => koffi.free(address),
    start: {
      sum: (values, count) => started('sum', sum(inPlace, values, count, symbols.float, symbols.add, world, request.address)),
      broadcast: (values, count, root) => started('broadcast', broadcast(values, count, symbols.float, root, world, request.address)),
      gather: (bytes, count, all) =>
        started('gather', gather(bytes, count, symbols.byte, all, count, symbols.byte, world, request.address)),
    },
    done: (address) => {
      requestAddress[0] = address
      return intOf('wait', test(request.address, number.address, null)) !== 0
    },
    finish: () => check('end', declare('MPI_Finalize')()),
    abort: (exitCode) => void declare('MPI_Abort', 'void *', 'int')(world, exitCode),
  }
}
