/**
 * A backend runs traced graphs. It is asynchronous and owns the memory that outlives a run, so that parameters, gradients and
 * optimiser state never cross to the caller between steps.
 */
import type { Weights } from '../formats/index.ts'
import { type DType, formatShape, type Shape, sizeOf, type Tensor, type TensorSpec } from '../tensor/index.ts'

/** Values on the caller's side; Uint16Array holds the bits of float16. The reference backend gives Float64Array where others give Float32Array. */
export type HostArray = Float32Array | Float64Array | Uint16Array | Int32Array | BigInt64Array | Uint8Array

/** One flat float32 array in the backend's memory. Ranges that leave it are refused, and so is every use after `free`. */
export interface DeviceArray {
  readonly length: number
  write(values: Float32Array, offset?: number): Promise<void>
  read(offset?: number, length?: number): Promise<Float32Array>
  /** A part of it as a program's input or output; nothing is copied. */
  view(offset: number, shape: Shape): DeviceView
  free(): Promise<void>
}

export interface DeviceView {
  readonly array: DeviceArray
  readonly offset: number
  readonly shape: Shape
}

export type Feed = HostArray | DeviceView

export interface RunOptions {
  /** Float32 outputs to write into device arrays, each view of its output's size; these are left out of the result. */
  readonly into?: Readonly<Record<string, DeviceView>>
}

/**
 * On how many nodes of a program's final graph each of ONNX Runtime's execution providers works (copies between them are nodes of the GPU's),
 * and which ones the CPU was left with.
 */
export interface Placement {
  /** `{ WebGpuExecutionProvider: 120, CPUExecutionProvider: 2 }` */
  readonly nodes: Readonly<Record<string, number>>
  /** Operators and names of the nodes that run on the CPU beside a GPU. */
  readonly onCpu: readonly string[]
}

/** A graph made ready to run. */
export interface Program {
  /** Inputs that the outputs depend on; feeds for others are ignored. */
  readonly inputs: Readonly<Record<string, TensorSpec>>
  readonly outputs: Readonly<Record<string, TensorSpec>>
  /** Where its nodes run, of backends that use a GPU and can tell (onnxruntime-web). */
  readonly placement?: Placement
  /** Feeds must have the size of their input. A host feed may be reused once the promise settles. */
  run(feeds: Readonly<Record<string, Feed>>, options?: RunOptions): Promise<Record<string, HostArray>>
  /** Frees its memory; later runs are refused. */
  dispose(): Promise<void>
}

export interface Backend {
  /** For people: `onnxruntime-node 1.30.0, cpu, 2 threads`. */
  readonly description: string
  /** Inputs named in `constants` become part of the program: kernels may then pre-pack them (1.3–1.6 times faster convolutions). */
  load(outputs: Readonly<Record<string, Tensor>>, constants?: Weights): Promise<Program>
  allocate(length: number): Promise<DeviceArray>
  /** Frees all that it holds. Runs that have not begun are refused, and so is everything that is asked later. */
  dispose(): Promise<void>
}

export function isView(feed: Feed): feed is DeviceView {
  return 'array' in feed
}

/** The entry of a name that may be one that plain objects inherit, `constructor` for example. */
export function entryOf<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined
}

const hostArrays: Readonly<Record<DType, string>> = {
  float32: 'Float32Array',
  float16: 'Uint16Array',
  int32: 'Int32Array',
  int64: 'BigInt64Array',
  bool: 'Uint8Array',
}

/**
 * Refuses feeds that are missing, of the wrong size or of another type than their input, by name.
 *
 * @param arrays those that the backend holds
 * @param width 'wide' for a backend that computes with float64
 */
export function checkFeeds(
  inputs: Readonly<Record<string, TensorSpec>>,
  feeds: Readonly<Record<string, Feed>>,
  arrays: ReadonlySet<DeviceArray>,
  width?: 'wide',
): void {
  for (const [name, spec] of Object.entries(inputs)) {
    const feed = entryOf(feeds, name)
    const size = sizeOf(spec.shape)
    const what = `the input "${name}" ${spec.dtype} ${formatShape(spec.shape)}`
    if (!feed) throw new RangeError(`run: ${what} has no feed; given are ${Object.keys(feeds).join(', ') || 'none'}`)
    if (isView(feed)) checkView(`the input "${name}"`, spec, feed, arrays)
    else checkHostArray(what, spec, feed, width)
    const given = isView(feed) ? sizeOf(feed.shape) : feed.length
    if (given !== size) throw new RangeError(`run: ${what} needs ${size} values, its feed has ${given}`)
  }
}

function checkHostArray(what: string, { dtype }: TensorSpec, feed: HostArray, width: 'wide' | undefined): void {
  // By tag: an array of another realm (a frame, a worker, a test's sandbox) is as good.
  const type = Object.prototype.toString.call(feed).slice(8, -1)
  if (type === hostArrays[dtype] || (width === 'wide' && dtype === 'float32' && type === 'Float64Array')) return
  throw new TypeError(`run: ${what} takes a ${hostArrays[dtype]} or a view of a device array, its feed is a ${type}`)
}

/** Refuses views for outputs that do not exist, and views that their output does not fill exactly. */
export function checkInto(
  outputs: Readonly<Record<string, TensorSpec>>,
  into: Readonly<Record<string, DeviceView>>,
  arrays: ReadonlySet<DeviceArray>,
): void {
  for (const [name, view] of Object.entries(into)) {
    const spec = entryOf(outputs, name)
    if (!spec) throw new RangeError(`run: into has "${name}", which is no output; the outputs are ${Object.keys(outputs).join(', ')}`)
    checkView(`the output "${name}"`, spec, view, arrays)
    if (sizeOf(view.shape) !== sizeOf(spec.shape)) {
      throw new RangeError(
        `run: the output "${name}" ${formatShape(spec.shape)} has ${sizeOf(spec.shape)} values, its view ${formatShape(view.shape)} holds ${sizeOf(view.shape)}`,
      )
    }
  }
}

function checkView(what: string, spec: TensorSpec, view: DeviceView, arrays: ReadonlySet<DeviceArray>): void {
  if (!arrays.has(view.array)) throw new RangeError(`run: the view for ${what} is of an array that is freed or belongs to another backend`)
  if (spec.dtype !== 'float32') throw new RangeError(`run: ${what} is ${spec.dtype}; device arrays hold float32`)
}

/** Refuses a range that leaves an array of `length` values. */
export function checkRange(who: string, offset: number, count: number, length: number): void {
  if (!Number.isInteger(offset) || !Number.isInteger(count) || offset < 0 || count < 0 || offset + count > length) {
    throw new RangeError(`${who}: ${count} values at ${offset} leave the array of ${length}; offset and length are whole numbers ≥ 0`)
  }
}

/** Refuses what is asked of an array after `free`. */
export function checkHeld(who: string, array: DeviceArray, arrays: ReadonlySet<DeviceArray>): void {
  if (!arrays.has(array)) throw new Error(`${who}: the array of ${array.length} values is freed; allocate another`)
}

/** The error of a program that runs after `dispose`. */
export function disposedProgram(outputs: Readonly<Record<string, TensorSpec>>): Error {
  return new Error(`run: the program of ${Object.keys(outputs).join(', ')} is disposed; load it again`)
}

/** The error of a backend that is used after `dispose`. */
export function disposedBackend(name: string): Error {
  return new Error(`${name}: the backend is disposed; create another`)
}
