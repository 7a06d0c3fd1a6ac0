/** A primitive is one definition with four facets: shape rule, derivative, ONNX lowering, float64 evaluation. A missing facet does not compile. */
import {
  currentPlace,
  type Emitter,
  type LowerContext,
  type NdArray,
  nextSerial,
  type OperationNode,
  type Tensor,
  type TensorSpec,
  type VjpContext,
} from './tensor.ts'

export interface Primitive<Attributes> {
  /** Shapes and dtypes of the outputs; throws a ShapeError for operands that do not fit. */
  readonly infer: (inputs: readonly TensorSpec[], attributes: Attributes) => readonly TensorSpec[]
  /** Cotangents of the inputs from those of the outputs (vector–Jacobian product). */
  readonly vjp: (context: VjpContext & { readonly attributes: Attributes }) => readonly (Tensor | undefined)[]
  /** ONNX nodes that compute it; returns one value name per output. */
  readonly lower: (
    emitter: Emitter,
    inputs: readonly string[],
    context: LowerContext & { readonly attributes: Attributes },
  ) => readonly string[]
  /** The plain, slow, float64 meaning. */
  readonly evaluate: (inputs: readonly NdArray[], attributes: Attributes, outputs: readonly TensorSpec[]) => readonly NdArray[]
  /** Multiply-adds, by which `summary` tells where a model's work is: of products of matrices and the like; what goes element by element has none. */
  readonly products?: (inputs: readonly TensorSpec[], attributes: Attributes, outputs: readonly TensorSpec[]) => number
}

/** All primitives by name, so that the generic tests can ask whether each one is covered. */
const defined = new Set<string>()

export function primitiveNames(): readonly string[] {
  return [...defined]
}

/** Applies a primitive: one tensor per output. */
export type Apply<Attributes> = (inputs: readonly Tensor[], attributes: Attributes) => Tensor[]

/** Turns the four facets into a function of tensors. */
export function definePrimitive<Attributes>(name: string, facets: Primitive<Attributes>): Apply<Attributes> {
  if (defined.has(name)) throw new Error(`definePrimitive: "${name}" is defined twice`)
  defined.add(name)
  return (inputs, attributes) => {
    const outputs = facets.infer(inputs, attributes)
    const node: OperationNode = {
      kind: 'operation',
      serial: nextSerial(),
      operation: {
        name,
        key: JSON.stringify(attributes) ?? '',
        vjp: (context) => facets.vjp({ ...context, attributes }),
        lower: (emitter, names, context) => facets.lower(emitter, names, { ...context, attributes }),
        evaluate: (arrays, specs) => facets.evaluate(arrays, attributes, specs),
        products: (given, specs) => facets.products?.(given, attributes, specs) ?? 0,
      },
      // A list of the caller's own may change.
      inputs: [...inputs],
      outputs,
      place: currentPlace(),
    }
    return outputs.map((spec, index) => ({ node, index, shape: spec.shape, dtype: spec.dtype }))
  }
}
