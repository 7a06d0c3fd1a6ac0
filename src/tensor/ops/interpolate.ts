/**
 * Resampling of the spatial axes as torch.nn.functional.interpolate does it: nearest, linear and bilinear, to a size or by a factor, with corners
 * aligned or not. Output element i of an axis lies at (i + ½)·r − ½ of the input, r = in/out or 1/factor; with corners aligned at
 * i·(in − 1)/(out − 1); nearest takes ⌊i·r⌋.
 */
import { forEachIndex, ndarray } from '../ndarray.ts'
import { type Apply, definePrimitive } from '../primitive.ts'
import { formatShape, type Shape, sizeOf, stridesOf } from '../shape.ts'
import { checkDtypes, type Emitter, type NdArray, ShapeError, type Tensor } from '../tensor.ts'
import { upsampleNearest } from './resize.ts'
import { type Extent, perAxis, show, spread } from './window.ts'

interface Resampling {
  readonly nearest: boolean
  readonly alignCorners: boolean
  readonly input: Shape
  readonly output: Shape
  /** Input elements per output element, by axis. */
  readonly ratios: readonly number[]
}

/** Where an output element reads: x[low]·(1 − fraction) + x[high]·fraction. */
interface Sample {
  readonly low: number
  readonly high: number
  readonly fraction: number
}

function samplesOf({ nearest, alignCorners, input, output, ratios }: Resampling, axis: number): Sample[] {
  const [from, to, ratio] = [input[axis]!, output[axis]!, ratios[axis]!]
  return Array.from({ length: to }, (_, i) => {
    // A factor's reciprocal times i misses whole numbers by a rounding.
    const nearestAt = ratio === from / to ? Math.floor((i * from) / to) : Math.floor(i * ratio + 1e-9)
    const linearAt = alignCorners ? (to === 1 ? 0 : (i * (from - 1)) / (to - 1)) : Math.max(0, (i + 0.5) * ratio - 0.5)
    const at = nearest ? nearestAt : linearAt
    const low = Math.min(Math.floor(at), from - 1)
    return { low, high: Math.min(low + 1, from - 1), fraction: at - Math.floor(at) }
  })
}

/** Calls visit(out, in, weight) with positions among the spatial elements of one image. */
function forEachSample(resampling: Resampling, visit: (out: number, at: number, weight: number) => void): void {
  const { input, output } = resampling
  const samples = input.map((_, axis) => samplesOf(resampling, axis))
  const strides = stridesOf(input)
  const corners = input.map(() => 2)
  forEachIndex(output, (out, index) => {
    forEachIndex(corners, (_, corner) => {
      let [at, weight] = [0, 1]
      for (let axis = 0; axis < input.length; axis++) {
        const { low, high, fraction } = samples[axis]![index[axis]!]!
        at += (corner[axis] ? high : low) * strides[axis]!
        weight *= corner[axis] ? fraction : 1 - fraction
      }
      if (weight !== 0) visit(out, at, weight)
    })
  })
}

/** (in, out) or its transpose, for products with rows on the left. */
function matrix(emitter: Emitter, resampling: Resampling, axis: number, transposed: boolean): string {
  const [rows, columns] = [resampling.input[axis]!, resampling.output[axis]!]
  const values = new Float64Array(rows * columns)
  const position = (row: number, column: number) => (transposed ? column * rows + row : row * columns + column)
  for (const [column, { low, high, fraction }] of samplesOf(resampling, axis).entries()) {
    values[position(low, column)]! += 1 - fraction
    values[position(high, column)]! += fraction
  }
  return emitter.floats(values, transposed ? [columns, rows] : [rows, columns])
}

/** One product per axis that changes: all rows at once along the last one, plane by plane along the others. */
function lowerProducts(emitter: Emitter, x: string, lead: Shape, resampling: Resampling, adjoint: boolean): string {
  const [from, to] = adjoint ? [resampling.output, resampling.input] : [resampling.input, resampling.output]
  const reshape = (value: string, shape: Shape) => emitter.node('Reshape', [value, emitter.ints(shape)])[0]!
  const extents = [...from]
  let value = x
  for (let axis = from.length - 1; axis >= 0; axis--) {
    if (from[axis] === to[axis] && resampling.ratios[axis] === 1) continue
    const after = sizeOf(extents.slice(axis + 1))
    const before = sizeOf(lead) * sizeOf(extents.slice(0, axis))
    value =
      after === 1
        ? emitter.node('MatMul', [reshape(value, [before, from[axis]!]), matrix(emitter, resampling, axis, adjoint)])[0]!
        : emitter.node('MatMul', [matrix(emitter, resampling, axis, !adjoint), reshape(value, [before, from[axis]!, after])])[0]!
    extents[axis] = to[axis]!
  }
  return reshape(value, [...lead, ...to])
}

/**
 * ONNX Runtime's Resize takes 9.3 ms where the products take 27.5 (16 channels, 256 × 128 doubled, two threads). It computes positions in
 * float32, which errs by 10⁻⁵ in an axis of 500 unless they are fractions of powers of two, as they are where a power of two is the factor.
 */
function suitsResize({ alignCorners, input, output, ratios }: Resampling): boolean {
  return !alignCorners && ratios.every((ratio, axis) => Number.isInteger(Math.log2(ratio)) && output[axis]! * ratio === input[axis])
}

const interpolatePrimitive: Apply<Resampling> = definePrimitive<Resampling>('interpolate', {
  infer: ([x], { output }) => [{ shape: [...x!.shape.slice(0, 2), ...output], dtype: 'float32' }],
  vjp: ({ cotangents: [ct], attributes }) => adjointPrimitive([ct!], attributes),
  lower: (emitter, [x], { attributes, inputs: [spec] }) => {
    const { input, output, nearest } = attributes
    const lead = spec!.shape.slice(0, 2)
    if (nearest) {
      return [
        input.reduce((value, extent, axis) => {
          if (extent === output[axis] && attributes.ratios[axis] === 1) return value
          const indices = samplesOf(attributes, axis).map(({ low }) => low)
          return emitter.node('Gather', [value, emitter.ints(indices)], { axis: axis + 2 })[0]!
        }, x!),
      ]
    }
    if (!suitsResize(attributes)) return [lowerProducts(emitter, x!, lead, attributes, false)]
    const plane = (extents: Shape) => emitter.ints([...lead, ...(extents.length === 1 ? [1] : []), ...extents])
    const image = emitter.node('Reshape', [x!, plane(input)])[0]!
    const resized = emitter.node('Resize', [image, '', '', plane(output)], {
      mode: 'linear',
      coordinate_transformation_mode: 'half_pixel',
    })[0]!
    return emitter.node('Reshape', [resized, emitter.ints([...lead, ...output])])
  },
  evaluate: ([x], attributes, [out]) => resample(x!, out!.shape, attributes, false),
})

const adjointPrimitive: Apply<Resampling> = definePrimitive<Resampling>('interpolateAdjoint', {
  infer: ([y], { input }) => [{ shape: [...y!.shape.slice(0, 2), ...input], dtype: 'float32' }],
  vjp: ({ cotangents: [ct], attributes }) => interpolatePrimitive([ct!], attributes),
  // Products of matrices that are mostly zeros: 4.5 ms (32 channels, 128 × 64 doubled) and 23.5 ms (16, 256 × 128) where PyTorch, which scatters,
  // takes 4.2 and 12.5; the work grows with the square of an axis.
  lower: (emitter, [y], { attributes, inputs: [spec] }) => [lowerProducts(emitter, y!, spec!.shape.slice(0, 2), attributes, true)],
  evaluate: ([y], attributes, [out]) => resample(y!, out!.shape, attributes, true),
})

function resample(from: NdArray, shape: Shape, resampling: Resampling, adjoint: boolean): NdArray[] {
  const result = ndarray(shape)
  const [read, written] = [sizeOf(from.shape.slice(2)), sizeOf(shape.slice(2))]
  for (let image = 0; image < shape[0]! * shape[1]!; image++) {
    forEachSample(resampling, (out, at, weight) => {
      const [source, target] = adjoint ? [out, at] : [at, out]
      result.data[image * written + target]! += weight * from.data[image * read + source]!
    })
  }
  return [result]
}

export interface InterpolateOptions {
  /** Spatial extents of the result: one number for all axes or one each. Either this or `scale` is given. */
  readonly size?: Extent
  /** Factors by which extents grow (then rounded down), not necessarily whole: one number for all axes or one each. */
  readonly scale?: Extent
  /** 'nearest' by default; 'linear' is for one spatial axis, 'bilinear' for two. */
  readonly mode?: 'nearest' | 'linear' | 'bilinear'
  /** Whether first and last elements stay in place; otherwise (the default) the edges of the elements do. Not for 'nearest'. */
  readonly alignCorners?: boolean
}

function scalesOf(scale: Extent, rank: number): readonly number[] {
  const list = spread(scale, rank)
  if (list.length !== rank || list.some((factor) => !Number.isFinite(factor) || factor <= 0)) {
    throw new ShapeError('interpolate scale', `needs ${rank} number(s) > 0, got ${show(scale)}`)
  }
  return list
}

/**
 * (b, c, …) resampled to another size, for one or two spatial axes ('nearest' for three as well).
 *
 * @throws ShapeError where x is not (b, c, …) of float32, the mode is for another number of axes, not one of size and scale is given, or the
 * result is empty
 *
 * @example
 * const x = constant([0, 4], [1, 1, 2])
 * const [y] = await evaluate(() => [interpolate(x, { size: 4, mode: 'linear' })]) // [0, 1, 3, 4]
 * const [z] = await evaluate(() => [interpolate(x, { size: 3, mode: 'linear', alignCorners: true })]) // [0, 2, 4]
 * const [n] = await evaluate(() => [interpolate(x, { scale: 1.5 })]) // [0, 0, 4]
 */
export function interpolate(x: Tensor, options: InterpolateOptions): Tensor {
  const { size, scale, mode = 'nearest', alignCorners = false } = options
  checkDtypes('interpolate', [x])
  const rank = x.shape.length - 2
  const allowed = { nearest: [1, 2, 3], linear: [1], bilinear: [2] }[mode]
  if (!allowed) throw new ShapeError('interpolate mode', `${show(mode)}; allowed are nearest, linear and bilinear`)
  if (!allowed.includes(rank)) {
    throw new ShapeError('interpolate', `mode ${mode} needs (b, c, …) with ${allowed.join(', ')} spatial axes, got ${formatShape(x.shape)}`)
  }
  if ((size === undefined) === (scale === undefined)) throw new ShapeError('interpolate', 'needs either size or scale')
  if (alignCorners && mode === 'nearest') throw new ShapeError('interpolate alignCorners', 'nearest has no corners; use linear or bilinear')
  const input = x.shape.slice(2)
  const scales = scale === undefined ? undefined : scalesOf(scale, rank)
  const output = scales ? input.map((extent, axis) => Math.floor(extent * scales[axis]!)) : perAxis(size, 1, rank, 'interpolate size')
  if (output.some((extent) => extent < 1)) {
    throw new ShapeError('interpolate', `scale ${show(scale)} leaves nothing of ${formatShape(x.shape)}`)
  }
  const ratios = input.map((extent, axis) => (scales ? 1 / scales[axis]! : extent / output[axis]!))
  const factors = output.map((extent, axis) => extent / input[axis]!)
  const exact = factors.every((factor, axis) => Math.abs(factor * ratios[axis]! - 1) < 1e-12)
  if (exact && factors.every((factor) => factor === 1)) return x
  if (exact && mode === 'nearest' && factors.every(Number.isInteger)) return upsampleNearest(x, [1, 1, ...factors])
  return interpolatePrimitive([x], { nearest: mode === 'nearest', alignCorners, input, output, ratios })[0]!
}
