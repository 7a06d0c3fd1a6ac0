/**
 * Functions that read elements of a whole array by indices along an axis, each with its adjoint, which adds to the elements it reads:
 * gather with scatterAdd, takeAlongAxis with addAlongAxis. What is read is the part.
 */
import { ndarray } from '../ndarray.ts'
import { type Apply, definePrimitive, type Primitive } from '../primitive.ts'
import { formatShape, type Shape, sameShape } from '../shape.ts'
import { checkDtypes, type NdArray, normalizeAxis, ShapeError, type Tensor } from '../tensor.ts'
import { zerosLike } from './arithmetic.ts'
import { numbers } from './elementwise-rules.ts'
import { checkIndices } from './indices.ts'

interface Along {
  readonly axis: number
}

interface Indexing {
  /** The part's shape; throws a ShapeError in the name of `who` for indices of a shape that does not fit. */
  partShape(who: string, whole: Shape, indices: Shape, axis: number): Shape
  /** Calls visit(whole, part) with the flat positions of every element of the part and of the one of the whole that it shows. */
  forEachPair(who: string, whole: Shape, indices: NdArray, axis: number, visit: (whole: number, part: number) => void): void
  /** ONNX nodes of both, from (whole, indices) and from (whole, indices, updates). */
  readonly lower: { readonly read: Primitive<Along>['lower']; readonly add: Primitive<Along>['lower'] }
}

export interface Indexed {
  read(x: Tensor, indices: Tensor, axis: number): Tensor
  add(x: Tensor, indices: Tensor, updates: Tensor, axis: number): Tensor
}

/** Defines the primitives `names.read` and `names.add`. */
export function defineIndexing(names: { readonly read: string; readonly add: string }, indexing: Indexing): Indexed {
  const { partShape, forEachPair, lower } = indexing

  const readPrimitive: Apply<Along> = definePrimitive<Along>(names.read, {
    infer: ([x, indices], { axis }) => {
      checkIndices(names.read, indices!)
      return [{ shape: partShape(names.read, x!.shape, indices!.shape, axis), dtype: x!.dtype }]
    },
    vjp: ({ inputs: [x, indices], attributes, cotangents: [ct] }) => [
      addPrimitive([zerosLike(x!), indices!, ct!], attributes)[0],
      undefined,
    ],
    lower: lower.read,
    evaluate: ([x, indices], { axis }, [out]) => {
      const y = ndarray(out!.shape)
      forEachPair(names.read, x!.shape, indices!, axis, (from, to) => {
        y.data[to] = x!.data[from]!
      })
      return [y]
    },
  })

  const addPrimitive: Apply<Along> = definePrimitive<Along>(names.add, {
    infer: ([x, indices, updates], { axis }) => {
      checkIndices(names.add, indices!)
      const needed = partShape(names.add, x!.shape, indices!.shape, axis)
      if (!sameShape(updates!.shape, needed) || x!.dtype !== updates!.dtype) {
        throw new ShapeError(
          names.add,
          `updates ${formatShape(updates!.shape)} ${updates!.dtype} for ${formatShape(x!.shape)} ${x!.dtype} at indices ` +
            `${formatShape(indices!.shape)} of axis ${axis}; needs ${formatShape(needed)} ${x!.dtype}`,
        )
      }
      checkDtypes(names.add, [x!, updates!], numbers)
      return [{ shape: x!.shape, dtype: x!.dtype }]
    },
    vjp: ({ inputs: [, indices], attributes, cotangents: [ct], needs }) => [
      ct,
      undefined,
      needs[2] ? readPrimitive([ct!, indices!], attributes)[0] : undefined,
    ],
    lower: lower.add,
    evaluate: ([x, indices, updates], { axis }) => {
      const y = ndarray(x!.shape, x!.data.slice())
      forEachPair(names.add, x!.shape, indices!, axis, (to, from) => {
        y.data[to]! += updates!.data[from]!
      })
      return [y]
    },
  })

  return {
    read: (x, indices, axis) => readPrimitive([x, indices], { axis: normalizeAxis(axis, x.shape.length, names.read) })[0]!,
    add: (x, indices, updates, axis) => addPrimitive([x, indices, updates], { axis: normalizeAxis(axis, x.shape.length, names.add) })[0]!,
  }
}
