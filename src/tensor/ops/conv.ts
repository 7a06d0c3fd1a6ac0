/**
 * Convolution in the sense of deep nets (cross-correlation) over any number of spatial axes, its transpose, and its weight gradient.
 * The three are each other's derivatives, so the family is closed: gradients of gradients need nothing more.
 */
import { forEachIndex, ndarray } from '../ndarray.ts'
import { type Apply, definePrimitive } from '../primitive.ts'
import { formatShape, type Shape, sizeOf, stridesOf } from '../shape.ts'
import { checkDtypes, type Emitter, type NdArray, ShapeError, type Tensor, type TensorSpec } from '../tensor.ts'
import { reshape, transpose } from './movement.ts'
import { flip } from './slicing.ts'

interface Geometry {
  readonly stride: readonly number[]
  /** Zeros [before, after] each spatial axis. */
  readonly padding: readonly (readonly [number, number])[]
  readonly dilation: readonly number[]
  readonly groups: number
}

interface TransposeGeometry extends Geometry {
  /** Spatial shape of the result: strides make several input sizes share one output size. */
  readonly output: Shape
}

interface KernelGeometry extends Geometry {
  readonly kernel: Shape
}

function onnxGeometry({ stride, padding, dilation, groups }: Geometry): Record<string, readonly number[] | number> {
  return {
    strides: stride,
    pads: [...padding.map(([before]) => before), ...padding.map(([, after]) => after)],
    dilations: dilation,
    group: groups,
  }
}

/** Calls visit(x, w, y) with flat positions for every product of the convolution y = x ⋆ w. */
function forEachProduct(x: Shape, w: Shape, y: Shape, geometry: Geometry, visit: (x: number, w: number, y: number) => void): void {
  const [ofX, ofW] = [stridesOf(x), stridesOf(w)]
  const perGroup = y[1]! / geometry.groups
  forEachIndex(y, (flatY, position) => {
    const firstChannel = Math.floor(position[1]! / perGroup) * w[1]!
    forEachIndex(w.slice(1), (flatTap, tap) => {
      let flatX = position[0]! * ofX[0]! + (firstChannel + tap[0]!) * ofX[1]!
      for (let axis = 0; axis < geometry.stride.length; axis++) {
        const at = position[axis + 2]! * geometry.stride[axis]! + tap[axis + 1]! * geometry.dilation[axis]! - geometry.padding[axis]![0]
        if (at < 0 || at >= x[axis + 2]!) return
        flatX += at * ofX[axis + 2]!
      }
      visit(flatX, position[1]! * ofW[0]! + flatTap, flatY)
    })
  })
}

const convPrimitive: Apply<Geometry> = definePrimitive<Geometry>('conv', {
  infer: ([x, w], geometry) => {
    const rank = geometry.stride.length + 2
    if (
      x!.shape.length !== rank ||
      w!.shape.length !== rank ||
      x!.shape[1] !== w!.shape[1]! * geometry.groups ||
      w!.shape[0]! % geometry.groups !== 0
    ) {
      throw new ShapeError(
        `conv${rank - 2}d`,
        `input ${formatShape(x!.shape)}, weight ${formatShape(w!.shape)}, groups ${geometry.groups}: needs (b, c, …) and (o, c/groups, …) with o divisible by groups`,
      )
    }
    checkDtypes(`conv${rank - 2}d`, [x!, w!])
    const spatial = geometry.stride.map((stride, axis) => {
      const [before, after] = geometry.padding[axis]!
      const reach = geometry.dilation[axis]! * (w!.shape[axis + 2]! - 1) + 1
      const extent = Math.floor((x!.shape[axis + 2]! + before + after - reach) / stride) + 1
      if (extent < 1)
        throw new ShapeError(
          `conv${rank - 2}d`,
          `the kernel ${formatShape(w!.shape)} is larger than the padded input ${formatShape(x!.shape)}`,
        )
      return extent
    })
    return [{ shape: [x!.shape[0]!, w!.shape[0]!, ...spatial], dtype: 'float32' }]
  },
  vjp: ({ inputs: [x, w], cotangents: [ct], attributes, needs }) => [
    needs[0] ? convInputGradient(ct!, w!, attributes, x!.shape.slice(2)) : undefined,
    needs[1] ? weightGradientPrimitive([x!, ct!], { ...attributes, kernel: w!.shape.slice(2) })[0]! : undefined,
  ],
  lower: (emitter, inputs, { attributes }) => emitter.node('Conv', inputs, onnxGeometry(attributes)),
  evaluate: ([x, w], geometry, [out]) => {
    const y = ndarray(out!.shape)
    forEachProduct(x!.shape, w!.shape, y.shape, geometry, (i, j, k) => {
      y.data[k]! += x!.data[i]! * w!.data[j]!
    })
    return [y]
  },
  products: ([, w], _, [y]) => sizeOf(y!.shape) * sizeOf(w!.shape.slice(1)),
})

const transposePrimitive: Apply<TransposeGeometry> = definePrimitive<TransposeGeometry>('convTranspose', {
  infer: ([y, w], { groups, output, stride }) => {
    const rank = stride.length + 2
    if (y!.shape.length !== rank || w!.shape.length !== rank || y!.shape[1] !== w!.shape[0] || w!.shape[0]! % groups !== 0) {
      throw new ShapeError(
        `convTranspose${stride.length}d`,
        `input ${formatShape(y!.shape)}, weight ${formatShape(w!.shape)}, groups ${groups}: needs (b, o, …) and (o, c/groups, …) with o divisible by groups`,
      )
    }
    checkDtypes(`convTranspose${stride.length}d`, [y!, w!])
    if (output.some((extent) => extent < 1))
      throw new ShapeError(`convTranspose${stride.length}d`, `padding leaves nothing of the output: ${formatShape(output)}`)
    return [{ shape: [y!.shape[0]!, w!.shape[1]! * groups, ...output], dtype: 'float32' }]
  },
  vjp: ({ inputs: [y, w], cotangents: [ct], attributes: { output, ...geometry }, needs }) => [
    needs[0] ? convPrimitive([ct!, w!], geometry)[0]! : undefined,
    needs[1] ? weightGradientPrimitive([ct!, y!], { ...geometry, kernel: w!.shape.slice(2) })[0]! : undefined,
  ],
  lower: (emitter, inputs, { attributes, inputs: [y, w] }) => {
    const { output, stride, padding, dilation } = attributes
    const outputPadding = output.map((extent, axis) => {
      const [before, after] = padding[axis]!
      return extent - ((y!.shape[axis + 2]! - 1) * stride[axis]! - before - after + dilation[axis]! * (w!.shape[axis + 2]! - 1) + 1)
    })
    return emitter.node('ConvTranspose', inputs, { ...onnxGeometry(attributes), output_padding: outputPadding })
  },
  evaluate: ([y, w], { output, ...geometry }, [out]) => {
    const x = ndarray(out!.shape)
    forEachProduct(x.shape, w!.shape, y!.shape, geometry, (i, j, k) => {
      x.data[i]! += y!.data[k]! * w!.data[j]!
    })
    return [x]
  },
  products: ([y, w]) => sizeOf(y!.shape) * sizeOf(w!.shape.slice(1)),
})

const weightGradientPrimitive: Apply<KernelGeometry> = definePrimitive<KernelGeometry>('convWeightGradient', {
  infer: ([x, y], { kernel, groups }) => [{ shape: [y!.shape[1]!, x!.shape[1]! / groups, ...kernel], dtype: 'float32' }],
  vjp: ({ inputs: [x, y], cotangents: [ct], attributes: { kernel, ...geometry }, needs }) => [
    needs[0] ? convInputGradient(y!, ct!, geometry, x!.shape.slice(2)) : undefined,
    needs[1] ? convPrimitive([x!, ct!], geometry)[0]! : undefined,
  ],
  lower: (emitter, [x, y], { attributes, inputs, outputs }) => [lowerWeightGradient(emitter, x!, y!, attributes, inputs, outputs[0]!)],
  evaluate: ([x, y], { kernel, ...geometry }, [out]) => {
    const w: NdArray = ndarray(out!.shape)
    forEachProduct(x!.shape, w.shape, y!.shape, geometry, (i, j, k) => {
      w.data[j]! += x!.data[i]! * y!.data[k]!
    })
    return [w]
  },
  products: ([, y], _, [w]) => sizeOf(y!.shape) * sizeOf(w!.shape.slice(1)),
})

/**
 * One batched matrix product per kernel tap, (b·g, o/g, n) × (b·g, n, c/g), summed over the batch: 73–77 GFLOP/s on two cores where a convolution
 * with a huge kernel reaches 27 and im2col 30 (ONNX Runtime 1.30). Taps are cut out by Pad with negative amounts, which copies faster than Slice.
 */
function lowerWeightGradient(
  emitter: Emitter,
  x: string,
  y: string,
  geometry: KernelGeometry,
  inputs: readonly TensorSpec[],
  out: TensorSpec,
): string {
  const { kernel, stride, padding, dilation, groups } = geometry
  const [xs, ys] = [inputs[0]!.shape, inputs[1]!.shape]
  const [batch, spatial] = [xs[0]!, ys.slice(2)]
  const positions = spatial.reduce((n, extent) => n * extent, 1)
  const rowsY = emitter.node('Reshape', [y, emitter.ints([batch * groups, ys[1]! / groups, positions])])[0]!
  const strided = stride.some((step) => step > 1)
  const taps: string[] = []
  forEachIndex(kernel, (_, tap) => {
    const starts = tap.map((k, axis) => k * dilation[axis]! - padding[axis]![0])
    const reach = spatial.map((extent, axis) => (extent - 1) * stride[axis]! + 1)
    const before = starts.map((start) => -start)
    const after = starts.map((start, axis) => start + reach[axis]! - xs[axis + 2]!)
    let part = x
    if ([...before, ...after].some((n) => n !== 0)) part = emitter.node('Pad', [x, emitter.ints([0, 0, ...before, 0, 0, ...after])])[0]!
    if (strided) {
      const axes = spatial.map((_, axis) => axis + 2)
      part = emitter.node('Slice', [
        part,
        emitter.ints(axes.map(() => 0)),
        emitter.ints(reach),
        emitter.ints(axes),
        emitter.ints(stride),
      ])[0]!
    }
    const columns = emitter.node('Reshape', [part, emitter.ints([batch * groups, xs[1]! / groups, positions])])[0]!
    const turned = emitter.node('Transpose', [columns], { perm: [0, 2, 1] })[0]!
    const product = emitter.node('MatMul', [rowsY, turned])[0]!
    const shaped = emitter.node('Reshape', [product, emitter.ints([batch, ys[1]!, xs[1]! / groups, 1])])[0]!
    taps.push(emitter.node('ReduceSum', [shaped, emitter.ints([0])], { keepdims: 0 })[0]!)
  })
  const joined = taps.length === 1 ? taps[0]! : emitter.node('Concat', taps, { axis: 2 })[0]!
  return emitter.node('Reshape', [joined, emitter.ints(out.shape)])[0]!
}

/** Gradient of a convolution's input. At stride 1 a convolution with flipped, transposed weights (115 GFLOP/s), else the transpose (42). */
function convInputGradient(y: Tensor, w: Tensor, geometry: Geometry, output: Shape): Tensor {
  const { stride, padding, dilation, groups } = geometry
  const kernel = w.shape.slice(2)
  const full = kernel.map((k, axis) => dilation[axis]! * (k - 1))
  const unit = stride.every((step) => step === 1) && padding.every(([before, after], axis) => before <= full[axis]! && after <= full[axis]!)
  if (!unit) return transposePrimitive([y, w], { ...geometry, output })[0]!
  const axes = kernel.map((_, axis) => axis + 3)
  const [outPer, inPer] = [w.shape[0]! / groups, w.shape[1]!]
  const grouped = transpose(reshape(w, [groups, outPer, inPer, ...kernel]), [0, 2, 1, ...axes])
  const turned = kernel.some((k) => k > 1) ? flip(grouped, axes) : grouped
  const weight = reshape(turned, [groups * inPer, outPer, ...kernel])
  const mirrored = padding.map(([before, after], axis) => [full[axis]! - before, full[axis]! - after] as const)
  return convPrimitive([y, weight], { stride, padding: mirrored, dilation, groups })[0]!
}

export type Extent = number | readonly number[]

export interface ConvOptions {
  /** Step of the kernel, 1 by default. */
  readonly stride?: Extent
  /** Zeros on both sides of each spatial axis, 0 by default; a pair [before, after] per axis makes it lopsided (causal). */
  readonly padding?: number | readonly (number | readonly [number, number])[]
  /** Distance between kernel taps, 1 by default. */
  readonly dilation?: Extent
  /** Channels are cut into this many independent groups, 1 by default. */
  readonly groups?: number
}

function perAxis(value: Extent | undefined, fallback: number, rank: number, who: string): readonly number[] {
  const list = typeof value === 'object' ? value : new Array<number>(rank).fill(value ?? fallback)
  if (list.length !== rank || list.some((n) => !Number.isInteger(n) || n < 1)) {
    throw new ShapeError(who, `needs ${rank} whole number(s) ≥ 1, got ${show(value)}`)
  }
  return list
}

function paddingOf(padding: ConvOptions['padding'], rank: number, who: string): Geometry['padding'] {
  const list = typeof padding === 'object' ? padding : new Array<number>(rank).fill(padding ?? 0)
  const pairs = list.map((p) => (typeof p === 'number' ? ([p, p] as const) : p))
  if (pairs.length !== rank || pairs.some((pair) => pair.length !== 2 || pair.some((n) => !Number.isInteger(n) || n < 0))) {
    const lopsided = `[${new Array(rank).fill('[2, 0]').join(', ')}]`
    throw new ShapeError(
      `${who} padding`,
      `needs a whole number ≥ 0, or a list with such a number or a pair [before, after] for each of ${rank} spatial axes, got ${show(padding)}; a lopsided padding is ${lopsided}`,
    )
  }
  return pairs
}

function show(value: unknown): string {
  return typeof value === 'number' ? String(value) : JSON.stringify(value)
}

function geometryOf(options: ConvOptions, rank: number, who: string): Geometry {
  const groups = options.groups ?? 1
  if (!Number.isInteger(groups) || groups < 1) throw new ShapeError(`${who} groups`, `needs a whole number ≥ 1, got ${groups}`)
  return {
    stride: perAxis(options.stride, 1, rank, `${who} stride`),
    padding: paddingOf(options.padding, rank, who),
    dilation: perAxis(options.dilation, 1, rank, `${who} dilation`),
    groups,
  }
}

/**
 * (b, c, n) ⋆ (o, c/groups, k) → (b, o, n'), n' = ⌊(n + 2p − d(k−1) − 1)/s⌋ + 1.
 *
 * @throws ShapeError where shapes, groups and options do not fit each other or a dtype is not float32
 *
 * @example
 * const kernel = constant([1, 10], [1, 1, 2])
 * const causal = { padding: [[1, 0]] } as const
 * const [y] = await evaluate(() => [conv1d(constant([1, 2, 3], [1, 1, 3]), kernel, causal)]) // [10, 21, 32]
 */
export function conv1d(x: Tensor, weight: Tensor, options: ConvOptions = {}): Tensor {
  return convPrimitive([x, weight], geometryOf(options, 1, 'conv1d'))[0]!
}

/**
 * (b, c, h, w) ⋆ (o, c/groups, kh, kw) → (b, o, h', w').
 *
 * @throws ShapeError where shapes, groups and options do not fit each other or a dtype is not float32
 *
 * @example
 * const image = constant([1, 2, 3, 4], [1, 1, 2, 2])
 * const [y] = await evaluate(() => [conv2d(image, constant([1, 0, 0, 10], [1, 1, 2, 2]))]) // [41]
 */
export function conv2d(x: Tensor, weight: Tensor, options: ConvOptions = {}): Tensor {
  return convPrimitive([x, weight], geometryOf(options, 2, 'conv2d'))[0]!
}

/**
 * (b, o, h, w) with weight (o, c/groups, kh, kw) → (b, c, h', w'), h' = (h−1)s − 2p + d(k−1) + outputPadding + 1: the adjoint of conv2d.
 *
 * @throws ShapeError where shapes, groups and options do not fit each other, a dtype is not float32, or outputPadding is not below the stride
 *
 * @example
 * const kernel = constant([1, 2, 3, 4], [1, 1, 2, 2])
 * const [y] = await evaluate(() => [convTranspose2d(constant([5], [1, 1, 1, 1]), kernel)]) // [5, 10, 15, 20]
 */
export function convTranspose2d(x: Tensor, weight: Tensor, options: ConvOptions & { readonly outputPadding?: Extent } = {}): Tensor {
  const geometry = geometryOf(options, 2, 'convTranspose2d')
  const extra = typeof options.outputPadding === 'object' ? options.outputPadding : [options.outputPadding ?? 0, options.outputPadding ?? 0]
  if (extra.length !== 2 || extra.some((n, axis) => !Number.isInteger(n) || n < 0 || n >= geometry.stride[axis]!)) {
    throw new ShapeError(
      'convTranspose2d outputPadding',
      `needs whole numbers ≥ 0 below the stride [${geometry.stride}], got ${show(options.outputPadding)}`,
    )
  }
  const output = geometry.stride.map((stride, axis) => {
    const [before, after] = geometry.padding[axis]!
    return (x.shape[axis + 2]! - 1) * stride - before - after + geometry.dilation[axis]! * (weight.shape[axis + 2]! - 1) + 1 + extra[axis]!
  })
  return transposePrimitive([x, weight], { ...geometry, output })[0]!
}
