/** One function at several shapes: a program for each, made when it is first needed and kept while it is among those used last. */
import type { Tensor, TensorSpec } from '../tensor/index.ts'
import type { Feed, HostArray, Program, RunOptions } from './backend.ts'
import { type CompileOptions, compile, type Specs } from './compile.ts'

export interface SpecializeOptions extends CompileOptions {
  /** Programs kept at once, 4 by default: each holds the memory of its largest run. */
  readonly limit?: number
}

/** A function that is traced once per set of shapes. */
export interface Specialized<Name extends string> {
  /**
   * Traces and loads for these specs, ahead of the first run.
   *
   * @throws ShapeError where the operations of the function refuse them
   */
  prepare(specs: SpecsOf<Name>): Promise<void>
  /** Runs the function at the shapes of these specs. Calls that are the first of their shapes wait for one trace. */
  run(specs: SpecsOf<Name>, feeds: Readonly<Record<string, Feed>>, options?: RunOptions): Promise<Record<string, HostArray>>
  /** Frees all programs, once they have run what they were asked to; later runs are refused. */
  dispose(): Promise<void>
}

type SpecsOf<Name extends string> = Readonly<Record<Name, Specs[string]>>

interface Entry {
  readonly program: Promise<Program>
  /** What is under way: a program is not disposed before it has run what it was asked to. */
  readonly runs: Set<Promise<unknown>>
}

/** Equal for equal inputs, whatever the order of their names. */
function keyOf(specs: Specs): string {
  const described = (spec: TensorSpec | readonly number[]) => ('dtype' in spec ? [spec.dtype, ...spec.shape] : ['float32', ...spec])
  const named = Object.entries(specs).map(([name, spec]) => [name, ...described(spec)])
  return JSON.stringify(named.sort(([a], [b]) => (a! < b! ? -1 : 1)))
}

/**
 * A function of named tensors that runs at whatever shapes it is given. Another shape is another program; programs are traced and loaded
 * once and kept, the ones used last up to `limit`.
 *
 * @param f as for `compile`; it is called once per set of shapes
 *
 * @example
 * const doubled = specialize<'x'>(({ x }) => ({ y: mul(x, 2) }), { backend: createReferenceBackend() })
 * const { y } = await doubled.run({ x: [2] }, { x: Float32Array.of(1, 2) })
 * y // [2, 4]
 * await doubled.run({ x: [3] }, { x: Float32Array.of(1, 2, 3) })
 * await doubled.dispose()
 */
export function specialize<Name extends string>(
  f: (inputs: Readonly<Record<Name, Tensor>>) => Readonly<Record<string, Tensor>>,
  { limit = 4, ...options }: SpecializeOptions,
): Specialized<Name> {
  if (!Number.isInteger(limit) || limit < 1) throw new RangeError(`specialize: limit ${limit}; allowed are whole numbers ≥ 1`)
  /** In the order of their last use. */
  const entries = new Map<string, Entry>()
  let disposed = false

  const retire = async (key: string, { program, runs }: Entry): Promise<void> => {
    entries.delete(key)
    await Promise.allSettled(runs)
    const loaded = await program.catch(() => undefined)
    await loaded?.dispose()
  }
  const entryOf = (specs: SpecsOf<Name>): Entry => {
    const key = keyOf(specs)
    const entry: Entry = entries.get(key) ?? { program: compile(f, specs, options), runs: new Set() }
    // One that could not be made is forgotten: the next call tries again.
    entry.program.catch(() => {
      if (entries.get(key) === entry) entries.delete(key)
    })
    entries.delete(key)
    entries.set(key, entry)
    return entry
  }

  /** What a set of shapes has, once there is room for it. */
  const makeRoom = (specs: SpecsOf<Name>): { entry: Entry; ready: Promise<Program> } => {
    if (disposed) throw new Error('run: the specialized function is disposed; make another')
    const entry = entryOf(specs)
    const surplus = [...entries].slice(0, Math.max(0, entries.size - limit)).map(([key, oldest]) => retire(key, oldest))
    return { entry, ready: Promise.all([entry.program, ...surplus]).then(([program]) => program) }
  }

  return {
    prepare: async (specs) => {
      await makeRoom(specs).ready
    },
    run: async (specs, feeds, runOptions) => {
      const { entry, ready } = makeRoom(specs)
      const running = ready.then((program) => program.run(feeds, runOptions))
      entry.runs.add(running)
      try {
        return await running
      } finally {
        entry.runs.delete(running)
      }
    },
    dispose: async () => {
      disposed = true
      await Promise.all([...entries].map(([key, entry]) => retire(key, entry)))
    },
  }
}
