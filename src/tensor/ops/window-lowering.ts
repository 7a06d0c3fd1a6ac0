/** ONNX nodes of sliding windows: what each tap reads, cut out, side by side, and added back. */
import { forEachIndex } from '../ndarray.ts'
import { type Shape, sizeOf } from '../shape.ts'
import type { Emitter } from '../tensor.ts'
import type { Steps, Window } from './window.ts'

/** ONNX attributes of windows. */
export function windowAttributes({ stride, padding, dilation }: Steps) {
  return {
    strides: stride,
    pads: [...padding.map(([before]) => before), ...padding.map(([, after]) => after)],
    dilations: dilation,
  }
}

/**
 * Every stride-th element from each of its starts: gives the name of a phase. Axes are filled up to whole strides (`extents` of them).
 * In two dimensions SpaceToDepth takes all phases in one pass; WebGPU has no kernel for it.
 */
export function takePhases(
  emitter: Emitter,
  x: string,
  { shape, stride, extents }: { readonly shape: Shape; readonly stride: readonly number[]; readonly extents: Shape },
  fill = 0,
): (phase: readonly number[]) => string {
  if (stride.every((step) => step === 1)) return () => x
  const missing = stride.map((step, axis) => Math.max(0, extents[axis]! * step - shape[axis + 2]!))
  const whole = padded(
    emitter,
    x,
    stride.map(() => 0),
    missing,
    fill,
  )
  const step = stride[0]!
  if (stride.length === 2 && stride[1] === step && emitter.target !== 'webgpu') {
    const deep = emitter.node('SpaceToDepth', [whole], { blocksize: step })[0]!
    const parts = emitter.node('Split', [deep], { axis: 1, num_outputs: step * step }, step * step)
    return ([row, column]) => parts[row! * step + column!]!
  }
  const known = new Map<string, string>()
  return (phase) => {
    const key = phase.join()
    const before = known.get(key)
    if (before !== undefined) return before
    const ends = stride.map((every, axis) => extents[axis]! * every)
    const axes = stride.map((_, axis) => axis + 2)
    const part = emitter.node('Slice', [whole, emitter.ints(phase), emitter.ints(ends), emitter.ints(axes), emitter.ints(stride)])[0]!
    known.set(key, part)
    return part
  }
}

/** Pads (or with negative amounts cuts) the spatial axes. */
function padded(emitter: Emitter, x: string, before: readonly number[], after: readonly number[], fill: number): string {
  if ([...before, ...after].every((n) => n === 0)) return x
  const amounts = emitter.ints([0, 0, ...before, 0, 0, ...after])
  return emitter.node('Pad', fill === 0 ? [x, amounts] : [x, amounts, emitter.floats([fill], [])])[0]!
}

/** For each tap in row-major order what all windows read there, (b, c, …counts): the elements of x, `fill` outside. */
export function cutTaps(emitter: Emitter, x: string, shape: Shape, window: Window, counts: Shape, fill = 0): string[] {
  const { kernel, stride, padding, dilation } = window
  const extents = stride.map((step, axis) => Math.ceil(shape[axis + 2]! / step))
  const phaseOf = takePhases(emitter, x, { shape, stride, extents }, fill)
  const taps: string[] = []
  forEachIndex(kernel, (_, offset) => {
    const at = offset.map((k, axis) => k * dilation[axis]! - padding[axis]![0])
    const phase = at.map((n, axis) => ((n % stride[axis]!) + stride[axis]!) % stride[axis]!)
    const shift = at.map((n, axis) => (n - phase[axis]!) / stride[axis]!)
    const outside = shift.some((n, axis) => n >= extents[axis]! || n + counts[axis]! <= 0)
    const after = shift.map((n, axis) => n + counts[axis]! - extents[axis]!)
    taps.push(
      outside
        ? emitter.node('Expand', [emitter.floats([fill], []), emitter.ints([...shape.slice(0, 2), ...counts])])[0]!
        : padded(
            emitter,
            phaseOf(phase),
            shift.map((n) => 0 - n),
            after,
            fill,
          ),
    )
  })
  return taps
}

/** Taps of cutTaps side by side: (b, c·taps, windows). */
export function stackTaps(emitter: Emitter, taps: readonly string[], [batch, channels]: Shape, counts: Shape): string {
  const columns = taps.map((tap) => emitter.node('Reshape', [tap, emitter.ints([batch!, channels!, 1, sizeOf(counts)])])[0]!)
  const joined = columns.length === 1 ? columns[0]! : emitter.node('Concat', columns, { axis: 2 })[0]!
  return emitter.node('Reshape', [joined, emitter.ints([batch!, channels! * taps.length, sizeOf(counts)])])[0]!
}

/**
 * The adjoint of stackTaps ∘ cutTaps: adds what stands in (b, c·taps, windows) to where its tap reads, (b, c, …extents). ONNX Runtime's Col2Im
 * (1.30) gives wrong sums with dilation in one dimension, of all images but the first, and in three. A line is added up as a plane of height 1;
 * of three dimensions planes first, then depth.
 */
export function addTaps(
  emitter: Emitter,
  columns: string,
  [batch, channels]: Shape,
  window: Window,
  counts: Shape,
  extents: Shape,
): string {
  const add = (from: string, { kernel, ...steps }: Window, image: Shape) =>
    emitter.node('Col2Im', [from, emitter.ints(image), emitter.ints(kernel)], windowAttributes(steps))[0]!
  if (extents.length === 2) return add(columns, window, extents)
  const reshape = (x: string, shape: Shape) => emitter.node('Reshape', [x, emitter.ints(shape)])[0]!
  const { kernel, stride, padding, dilation } = window
  if (extents.length === 1) {
    const line = { kernel: [1, ...kernel], stride: [1, ...stride], padding: [[0, 0] as const, ...padding], dilation: [1, ...dilation] }
    return reshape(add(columns, line, [1, ...extents]), [batch!, channels!, ...extents])
  }
  const [taps, ...planeTaps] = kernel
  const [slices, ...planeCounts] = counts
  const [depth, ...plane] = extents
  const images = batch! * channels!
  const split = reshape(columns, [images, taps!, sizeOf(planeTaps), slices!, sizeOf(planeCounts)])
  const byPlane = reshape(emitter.node('Transpose', [split], { perm: [0, 1, 3, 2, 4] })[0]!, [
    images * taps! * slices!,
    sizeOf(planeTaps),
    sizeOf(planeCounts),
  ])
  const planes = add(byPlane, { kernel: planeTaps, stride: stride.slice(1), padding: padding.slice(1), dilation: dilation.slice(1) }, plane)
  const lines = { kernel: [taps!, 1], stride: [stride[0]!, 1], padding: [padding[0]!, [0, 0] as const], dilation: [dilation[0]!, 1] }
  return reshape(add(reshape(planes, [images, taps!, slices! * sizeOf(plane)]), lines, [depth!, sizeOf(plane)]), [
    batch!,
    channels!,
    ...extents,
  ])
}
