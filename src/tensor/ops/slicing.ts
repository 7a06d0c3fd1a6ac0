/** Primitives that cut and join: slice and its adjoint pad, concat and its adjoint narrow, flip. */
import { dot, forEachIndex, gatherArray, ndarray } from '../ndarray.ts'
import { definePrimitive } from '../primitive.ts'
import { formatShape, normalizeAxis, stridesOf } from '../shape.ts'
import { checkPerAxis, ShapeError, type Tensor } from '../tensor.ts'
import { reshape } from './movement.ts'

interface SliceAttributes {
  readonly starts: readonly number[]
  readonly stops: readonly number[]
  readonly steps: readonly number[]
}

const slicePrimitive = definePrimitive<SliceAttributes>('slice', {
  infer: ([x], { starts, stops, steps }) => {
    const shape = x!.shape.map((extent, axis) => {
      const [start, stop, step] = [starts[axis]!, stops[axis]!, steps[axis]!]
      if (start < 0 || stop > extent || stop <= start || step < 1) {
        throw new ShapeError(
          'slice',
          `${start}:${stop}:${step} on axis ${axis} of ${formatShape(x!.shape)}; needs 0 ≤ start < stop ≤ ${extent}, step ≥ 1`,
        )
      }
      return Math.ceil((stop - start) / step)
    })
    return [{ shape, dtype: x!.dtype }]
  },
  vjp: ({ inputs: [x], attributes: { starts, steps }, cotangents: [ct] }) => {
    const spread = steps.every((step) => step === 1) ? ct! : dilate(ct!, steps)
    const before = starts
    const after = x!.shape.map((extent, axis) => extent - starts[axis]! - spread.shape[axis]!)
    return [pad(spread, before, after)]
  },
  lower: (emitter, [x], { attributes: { starts, stops, steps }, inputs: [spec] }) => {
    const axes = spec!.shape.flatMap((extent, axis) => (starts[axis] === 0 && stops[axis] === extent && steps[axis] === 1 ? [] : [axis]))
    const along = (values: readonly number[]) => emitter.ints(axes.map((axis) => values[axis]!))
    return emitter.node('Slice', [x!, along(starts), along(stops), emitter.ints(axes), along(steps)])
  },
  evaluate: ([x], { starts, steps }, [out]) => {
    const strides = stridesOf(x!.shape)
    return [
      gatherArray(x!, out!.shape, (index) =>
        dot(
          index.map((i, axis) => starts[axis]! + i * steps[axis]!),
          strides,
        ),
      ),
    ]
  },
})

/**
 * x[starts:stops:steps], one entry per axis; steps are positive (see flip for the rest).
 *
 * @throws ShapeError where a list is not one whole number per axis, or a range leaves its axis or holds nothing
 *
 * @example
 * import { constant, slice } from 'divisi/tensor'
 * const [y] = await evaluate(() => [slice(constant([1, 2, 3, 4, 5]), [1], [5], [2])]) // [2, 4]
 */
export function slice(
  x: Tensor,
  starts: readonly number[],
  stops: readonly number[],
  steps: readonly number[] = x.shape.map(() => 1),
): Tensor {
  for (const [name, list] of Object.entries({ starts, stops, steps })) checkPerAxis('slice', name, list, x)
  const whole = x.shape.every((extent, axis) => starts[axis] === 0 && stops[axis] === extent && steps[axis] === 1)
  return whole ? x : slicePrimitive([x], { starts, stops, steps })[0]!
}

/**
 * x[start:stop:step] along one axis.
 *
 * @throws ShapeError where the range leaves the axis, holds nothing or is not of whole numbers; RangeError for an axis that is none
 *
 * @example
 * const [y] = await evaluate(() => [narrow(constant([1, 2, 3, 4], [2, 2]), -1, 1, 2)]) // [2, 4]
 */
export function narrow(x: Tensor, axis: number, start: number, stop: number, step = 1): Tensor {
  const along = normalizeAxis(axis, x.shape.length, 'narrow')
  return slice(
    x,
    x.shape.map((_, i) => (i === along ? start : 0)),
    x.shape.map((extent, i) => (i === along ? stop : extent)),
    x.shape.map((_, i) => (i === along ? step : 1)),
  )
}

/** Puts steps[axis] - 1 zeros after every element. */
function dilate(x: Tensor, steps: readonly number[]): Tensor {
  const zeros = x.shape.flatMap(() => [0, 0])
  const interleaved = reshape(
    x,
    x.shape.flatMap((extent) => [extent, 1]),
  )
  const padded = pad(
    interleaved,
    zeros,
    steps.flatMap((step) => [0, step - 1]),
  )
  const spread = reshape(
    padded,
    x.shape.map((extent, axis) => extent * steps[axis]!),
  )
  return slice(
    spread,
    x.shape.map(() => 0),
    x.shape.map((extent, axis) => (extent - 1) * steps[axis]! + 1),
  )
}

interface PadAttributes {
  readonly before: readonly number[]
  readonly after: readonly number[]
}

const padPrimitive = definePrimitive<PadAttributes>('pad', {
  infer: ([x], { before, after }) => {
    const shape = x!.shape.map((extent, axis) => extent + before[axis]! + after[axis]!)
    if (shape.some((extent, axis) => extent < 1 || -before[axis]! >= x!.shape[axis]! || -after[axis]! >= x!.shape[axis]!)) {
      throw new ShapeError('pad', `before [${before}], after [${after}] leave nothing of ${formatShape(x!.shape)}`)
    }
    return [{ shape, dtype: x!.dtype }]
  },
  vjp: ({ attributes: { before, after }, cotangents: [ct] }) => [
    pad(
      ct!,
      before.map((n) => -n),
      after.map((n) => -n),
    ),
  ],
  lower: (emitter, [x], { attributes: { before, after } }) => emitter.node('Pad', [x!, emitter.ints([...before, ...after])]),
  evaluate: ([x], { before }, [out]) => {
    const strides = stridesOf(x!.shape)
    return [
      gatherArray(x!, out!.shape, (index) => {
        const from = index.map((i, axis) => i - before[axis]!)
        return from.some((i, axis) => i < 0 || i >= x!.shape[axis]!) ? undefined : dot(from, strides)
      }),
    ]
  },
})

/**
 * Zeros around a tensor, one amount per axis; negative amounts cut instead.
 *
 * @throws ShapeError where a list is not one whole number per axis, or cutting leaves nothing
 *
 * @example
 * const [y] = await evaluate(() => [pad(constant([1, 2, 3]), [2], [-1])]) // [0, 0, 1, 2]
 */
export function pad(x: Tensor, before: readonly number[], after: readonly number[]): Tensor {
  checkPerAxis('pad', 'before', before, x)
  checkPerAxis('pad', 'after', after, x)
  return before.every((n) => n === 0) && after.every((n) => n === 0) ? x : padPrimitive([x], { before, after })[0]!
}

const concatPrimitive = definePrimitive<{ axis: number }>('concat', {
  infer: (inputs, { axis }) => {
    const first = inputs[0]!
    for (const other of inputs) {
      if (
        other.dtype !== first.dtype ||
        other.shape.length !== first.shape.length ||
        other.shape.some((n, i) => i !== axis && n !== first.shape[i])
      ) {
        throw new ShapeError(
          'concat',
          `${formatShape(first.shape)} ${first.dtype} and ${formatShape(other.shape)} ${other.dtype} differ outside axis ${axis}`,
        )
      }
    }
    const total = inputs.reduce((extent, spec) => extent + spec.shape[axis]!, 0)
    return [{ shape: first.shape.map((extent, i) => (i === axis ? total : extent)), dtype: first.dtype }]
  },
  vjp: ({ inputs, attributes: { axis }, cotangents: [ct], needs }) => {
    let start = 0
    return inputs.map((x, i) => {
      const stop = start + x.shape[axis]!
      const part = needs[i] ? narrow(ct!, axis, start, stop) : undefined
      start = stop
      return part
    })
  },
  lower: (emitter, inputs, { attributes }) => emitter.node('Concat', inputs, { axis: attributes.axis }),
  evaluate: (inputs, { axis }, [out]) => {
    const result = ndarray(out!.shape)
    const strides = stridesOf(out!.shape)
    let offset = 0
    for (const x of inputs) {
      const start = offset * strides[axis]!
      forEachIndex(x.shape, (flat, index) => {
        result.data[start + dot(index, strides)] = x.data[flat]!
      })
      offset += x.shape[axis]!
    }
    return [result]
  },
})

/**
 * Joins tensors along an axis.
 *
 * @throws ShapeError for an empty list, and where dtypes or other axes differ
 *
 * @example
 * import { concat, constant } from 'divisi/tensor'
 * const [y] = await evaluate(() => [concat([constant([1, 2]), constant([3])], 0)]) // [1, 2, 3]
 */
export function concat(tensors: readonly Tensor[], axis: number): Tensor {
  const first = tensors[0]
  if (!first) throw new ShapeError('concat', 'an empty list has no shape')
  return tensors.length === 1 ? first : concatPrimitive(tensors, { axis: normalizeAxis(axis, first.shape.length, 'concat') })[0]!
}

const flipPrimitive = definePrimitive<{ axes: readonly number[] }>('flip', {
  infer: ([x]) => [{ shape: x!.shape, dtype: x!.dtype }],
  vjp: ({ attributes: { axes }, cotangents: [ct] }) => [flip(ct!, axes)],
  lower: (emitter, [x], { attributes: { axes } }) => {
    const all = (value: number) => emitter.ints(axes.map(() => value))
    return emitter.node('Slice', [x!, all(-1), all(-2147483647), emitter.ints(axes), all(-1)])
  },
  evaluate: ([x], { axes }) => {
    const strides = stridesOf(x!.shape)
    return [
      gatherArray(x!, x!.shape, (index) =>
        dot(
          index.map((i, axis) => (axes.includes(axis) ? x!.shape[axis]! - 1 - i : i)),
          strides,
        ),
      ),
    ]
  },
})

/** Reverses axes. */
export function flip(x: Tensor, axes: readonly number[]): Tensor {
  return flipPrimitive([x], { axes: axes.map((axis) => normalizeAxis(axis, x.shape.length, 'flip')) })[0]!
}
