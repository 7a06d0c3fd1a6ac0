/** Sliding windows over the spatial axes of (b, c, …), as convolutions and pooling have them: options, counts, and where each tap reads. */
import { forEachIndex } from '../ndarray.ts'
import { formatShape, type Shape, stridesOf } from '../shape.ts'
import { ShapeError } from '../tensor.ts'

/** A whole number for all spatial axes, or one for each. */
export type Extent = number | readonly number[]

export interface WindowOptions {
  /** Step of the window, 1 by default. */
  readonly stride?: Extent
  /** Zeros on both sides of each spatial axis, 0 by default; a pair [before, after] per axis makes it lopsided (causal). */
  readonly padding?: number | readonly (number | readonly [number, number])[]
  /** Distance between taps, 1 by default. */
  readonly dilation?: Extent
}

export interface Steps {
  readonly stride: readonly number[]
  /** Padding [before, after] each spatial axis. */
  readonly padding: readonly (readonly [number, number])[]
  readonly dilation: readonly number[]
}

export interface Window extends Steps {
  readonly kernel: Shape
}

/** Of a convolution. */
export interface Geometry extends Steps {
  /** Channels are cut into this many independent groups. */
  readonly groups: number
}

export interface TransposeGeometry extends Geometry {
  /** Spatial shape of the result: strides make several input sizes share one output size. */
  readonly output: Shape
}

export interface KernelGeometry extends Geometry, Window {}

export function show(value: unknown): string {
  return typeof value === 'number' ? String(value) : JSON.stringify(value)
}

/** One number for each axis, from a list of them or one for all. */
export function spread<T>(value: number | readonly T[], rank: number): readonly (number | T)[] {
  return typeof value === 'object' ? value : new Array<number>(rank).fill(value)
}

/** One whole number ≥ 1 per axis. */
export function perAxis(value: Extent | undefined, fallback: Extent, rank: number, who: string): readonly number[] {
  const list = spread(value ?? fallback, rank)
  if (list.length !== rank || list.some((n) => !Number.isInteger(n) || n < 1)) {
    throw new ShapeError(who, `needs ${rank} whole number(s) ≥ 1, got ${show(value)}`)
  }
  return list
}

function paddingOf(padding: WindowOptions['padding'], rank: number, who: string): Steps['padding'] {
  const pairs = spread(padding ?? 0, rank).map((p) => (typeof p === 'number' ? ([p, p] as const) : p))
  if (pairs.length !== rank || pairs.some((pair) => pair.length !== 2 || pair.some((n) => !Number.isInteger(n) || n < 0))) {
    const lopsided = `[${new Array(rank).fill('[2, 0]').join(', ')}]`
    throw new ShapeError(
      `${who} padding`,
      `needs a whole number ≥ 0, or a list with such a number or a pair [before, after] for each of ${rank} spatial axes, got ${show(padding)}; a lopsided padding is ${lopsided}`,
    )
  }
  return pairs
}

export function stepsOf(options: WindowOptions, rank: number, who: string): Steps {
  return {
    stride: perAxis(options.stride, 1, rank, `${who} stride`),
    padding: paddingOf(options.padding, rank, who),
    dilation: perAxis(options.dilation, 1, rank, `${who} dilation`),
  }
}

export function windowOf(kernel: Extent, options: WindowOptions, rank: number, who: string): Window {
  return { kernel: perAxis(kernel, 1, rank, `${who} kernel`), ...stepsOf(options, rank, who) }
}

/** How many windows fit along each axis of the padded extents. */
export function windowCounts({ kernel, stride, padding, dilation }: Window, extents: Shape, who: string): Shape {
  return kernel.map((taps, axis) => {
    const [before, after] = padding[axis]!
    const count = Math.floor((extents[axis]! + before + after - dilation[axis]! * (taps - 1) - 1) / stride[axis]!) + 1
    if (count >= 1) return count
    throw new ShapeError(
      who,
      `the window ${formatShape(kernel)} with dilation [${dilation}] is larger than the input ${formatShape(extents)} with its padding`,
    )
  })
}

/**
 * Calls visit(window, tap, at) with flat positions for every tap of every window that lies inside the extents, taps of a window in row-major
 * order.
 */
export function forEachTap(
  { kernel, stride, padding, dilation }: Window,
  extents: Shape,
  counts: Shape,
  visit: (window: number, tap: number, at: number) => void,
): void {
  const strides = stridesOf(extents)
  forEachIndex(counts, (window, position) => {
    forEachIndex(kernel, (tap, offset) => {
      let flat = 0
      for (let axis = 0; axis < kernel.length; axis++) {
        const at = position[axis]! * stride[axis]! + offset[axis]! * dilation[axis]! - padding[axis]![0]
        if (at < 0 || at >= extents[axis]!) return
        flat += at * strides[axis]!
      }
      visit(window, tap, flat)
    })
  })
}
