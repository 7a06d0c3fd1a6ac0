/**
 * A backend runs traced graphs. It is asynchronous and owns the memory that outlives a run, so that parameters, gradients and
 * optimiser state never cross to the caller between steps.
 */
import type { Shape, Tensor, TensorSpec } from '../tensor/index.ts'

/** Values on the caller's side. The reference backend gives Float64Array where others give Float32Array. */
export type HostArray = Float32Array | Float64Array | BigInt64Array | Uint8Array

/** One flat float32 array in the backend's memory. */
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
  /** Outputs to write into device arrays; these are left out of the result. */
  readonly into?: Readonly<Record<string, DeviceView>>
}

/** A graph made ready to run. */
export interface Program {
  /** Inputs that the outputs depend on; feeds for others are ignored. */
  readonly inputs: Readonly<Record<string, TensorSpec>>
  readonly outputs: Readonly<Record<string, TensorSpec>>
  /** Feeds must have the size of their input. A host feed may be reused once the promise settles. */
  run(feeds: Readonly<Record<string, Feed>>, options?: RunOptions): Promise<Record<string, HostArray>>
  dispose(): Promise<void>
}

export interface Backend {
  /** For people: `onnxruntime-node 1.30.0, cpu, 2 threads`. */
  readonly description: string
  /** Inputs named in `constants` become part of the program: kernels may then pre-pack them (1.3–1.6 times faster convolutions). */
  load(outputs: Readonly<Record<string, Tensor>>, constants?: ReadonlyMap<string, Float32Array>): Promise<Program>
  allocate(length: number): Promise<DeviceArray>
  dispose(): Promise<void>
}

export function isView(feed: Feed): feed is DeviceView {
  return 'array' in feed
}

/** Refuses feeds that are missing or of the wrong size, by name. */
export function checkFeeds(inputs: Readonly<Record<string, TensorSpec>>, feeds: Readonly<Record<string, Feed>>): void {
  for (const [name, spec] of Object.entries(inputs)) {
    const feed = feeds[name]
    const size = spec.shape.reduce((n, extent) => n * extent, 1)
    if (!feed)
      throw new RangeError(
        `run: the input "${name}" ${spec.dtype} (${spec.shape}) has no feed; given are ${Object.keys(feeds).join(', ') || 'none'}`,
      )
    const given = isView(feed) ? feed.shape.reduce((n, extent) => n * extent, 1) : feed.length
    if (given !== size) throw new RangeError(`run: the input "${name}" (${spec.shape}) needs ${size} values, its feed has ${given}`)
  }
}
