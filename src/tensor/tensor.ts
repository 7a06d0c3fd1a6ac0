/**
 * A tensor is a promise of numbers: shape and dtype are known, the data is not. Tracing a function of tensors leaves a graph of nodes,
 * which `grad` differentiates, the runtime lowers to ONNX, and the reference backend evaluates in float64.
 */
import type { DType, ElementType } from './dtype.ts'
import { formatShape, isExtent, type Shape, sizeOf } from './shape.ts'

export interface TensorSpec {
  readonly shape: Shape
  readonly dtype: DType
}

export interface Tensor extends TensorSpec {
  readonly node: Node
  /** Which output of the node this is. */
  readonly index: number
}

/** Where a tensor comes from. Values of an input are given at run time, those of a constant are part of the graph. */
export type Node = InputNode | ConstantNode | OperationNode

let serial = 0

/** A number above those of all nodes so far. Serials tell what a function traced from what it was given. */
export function nextSerial(): number {
  return serial++
}

export interface InputNode {
  readonly kind: 'input'
  readonly serial: number
  /** Parameters are made before their model is: they get their name when the model is complete. */
  name: string
}

export interface ConstantNode {
  readonly kind: 'constant'
  readonly serial: number
  readonly data: Float64Array
}

export interface OperationNode {
  readonly kind: 'operation'
  /** Above those of its inputs. */
  readonly serial: number
  readonly operation: Operation
  readonly inputs: readonly Tensor[]
  /** A scan's derivative adds outputs to its node: what it wants remembered. */
  readonly outputs: readonly TensorSpec[]
  /** Path of the module that made it, for messages: `encoder.2.conv`. */
  readonly place: string
}

/** A primitive applied with its attributes: the facets that the graph's consumers call. */
export interface Operation {
  readonly name: string
  /** Attributes as text, equal for equal operations. */
  readonly key: string
  vjp(context: VjpContext): readonly (Tensor | undefined)[]
  lower(emitter: Emitter, inputs: readonly string[], context: LowerContext): readonly string[]
  evaluate(inputs: readonly NdArray[], outputs: readonly TensorSpec[]): readonly NdArray[]
  /** Multiplications that are added up; see `products` of a primitive. */
  products(inputs: readonly TensorSpec[], outputs: readonly TensorSpec[]): number
}

/**
 * What a derivative rule sees. `cotangents[i]` is float32, or undefined where nothing depends on output i; only inputs with `needs[i]` are asked
 * for, in float32.
 */
export interface VjpContext {
  readonly inputs: readonly Tensor[]
  readonly outputs: readonly Tensor[]
  readonly cotangents: readonly (Tensor | undefined)[]
  readonly needs: readonly boolean[]
}

export interface LowerContext {
  readonly inputs: readonly TensorSpec[]
  readonly outputs: readonly TensorSpec[]
  /** Outputs that something reads; the others may be left uncomputed (any name will do for them). */
  readonly used: readonly boolean[]
}

/** A function of tensors as a graph of its own: `inputs` are input nodes, everything else it reads is a constant. */
export interface Body {
  readonly inputs: readonly Tensor[]
  readonly outputs: readonly Tensor[]
}

/** A lowered body, as an attribute of the node that runs it. */
export interface Subgraph {
  readonly graph: unknown
}

export type OnnxAttribute =
  | number
  | string
  | readonly number[]
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  | { readonly strings: readonly string[] }
  | Subgraph

/**
 * Whose kernels run a graph: ONNX Runtime's for processors, those for WebGPU, which lack some operators and modes, or those for CUDA, which are written for as if
 * they were the processors' but for what they are known to compute wrong.
 */
export type Target = 'cpu' | 'webgpu' | 'cuda'

/** The writer of ONNX nodes that lowering rules speak to; names are ONNX value names. */
export interface Emitter {
  /** Rules look at it only where kernels differ; without a reason they write the same for all. */
  readonly target: Target
  /** An operator of ONNX's own set, or, written `com.microsoft:FusedMatMul`, of another domain. An input '' is left out. */
  node(opType: string, inputs: readonly string[], attributes?: Record<string, OnnxAttribute>, outputs?: number): string[]
  constant(values: ArrayLike<number>, shape: Shape, type: ElementType): string
  floats(values: ArrayLike<number>, shape: Shape): string
  ints(values: readonly number[], shape?: Shape): string
  /** Lowers a body; `captured` are input nodes of it that stand for values around it, by name. */
  subgraph(body: Body, captured: readonly (readonly [Tensor, string])[]): Subgraph
}

/** Values of the float64 reference: bool as 0 and 1, integers as whole numbers, float16 rounded to it. */
export interface NdArray {
  readonly shape: Shape
  readonly data: Float64Array
}

/** A named input of the graph under trace; values come in when it runs. */
export function input(name: string, shape: Shape, dtype: DType = 'float32'): Tensor {
  for (const extent of shape) {
    if (!isExtent(extent)) {
      throw new RangeError(`input "${name}": shape ${formatShape(shape)} has the extent ${extent}; extents are whole numbers ≥ 1`)
    }
  }
  return { node: { kind: 'input', serial: nextSerial(), name }, index: 0, shape, dtype }
}

const wholeRange = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  bool: [0, 1],
} as const

/**
 * Numbers that are part of the graph.
 *
 * @param shape a vector by default, a scalar for a plain number
 * @throws RangeError for a shape that the values do not fill or that has an extent other than a whole number ≥ 1, and for values that the dtype
 * does not hold: int32, int64 (as far as JavaScript's numbers are exact, ±(2⁵³ - 1)) and bool, which is 0 or 1
 *
 * @example
 * const half = constant(0.5)
 * const kernel = constant([1, 2, 1], [3])
 */
export function constant(values: number | ArrayLike<number>, shape?: Shape, dtype: DType = 'float32'): Tensor {
  const data = typeof values === 'number' ? Float64Array.of(values) : Float64Array.from(values)
  const extents = shape ?? (typeof values === 'number' ? [] : [data.length])
  const extent = extents.find((n) => !isExtent(n))
  if (extent !== undefined) {
    throw new RangeError(`constant: shape ${formatShape(extents)} has the extent ${extent}; extents are whole numbers ≥ 1`)
  }
  if (sizeOf(extents) !== data.length) {
    throw new RangeError(`constant: ${data.length} values do not fill the shape ${formatShape(extents)} of ${sizeOf(extents)}`)
  }
  if (dtype === 'int32' || dtype === 'int64' || dtype === 'bool') {
    const [low, high] = wholeRange[dtype]
    const wrong = data.find((value) => !(Number.isInteger(value) && value >= low && value <= high))
    if (wrong !== undefined) throw new RangeError(`constant: ${wrong} as ${dtype}; allowed are whole numbers from ${low} to ${high}`)
  }
  return { node: { kind: 'constant', serial: nextSerial(), data }, index: 0, shape: extents, dtype }
}

let places: string[] = []

/** Runs a trace inside a named place, so that nodes and errors know their module. */
export function withPlace<T>(name: string, trace: () => T): T {
  places.push(name)
  try {
    return trace()
  } finally {
    places.pop()
  }
}

/** Runs a trace at the full place of an earlier one: a derivative belongs where its function was traced. */
export function atPlace<T>(place: string, trace: () => T): T {
  const outer = places
  places = place ? [place] : []
  try {
    return trace()
  } finally {
    places = outer
  }
}

export function currentPlace(): string {
  return places.join('.')
}

/** A wrong shape or argument met while tracing: names the function, the shapes and the place in the model. */
export class ShapeError extends RangeError {
  constructor(who: string, problem: string) {
    const place = currentPlace()
    super(`${place ? `${place}: ` : ''}${who}: ${problem}`)
    this.name = 'ShapeError'
  }
}

/** An axis counted from the front; negative ones count from the end. */
export function normalizeAxis(axis: number, rank: number, who: string): number {
  const normal = axis < 0 ? axis + rank : axis
  if (!Number.isInteger(axis) || normal < 0 || normal >= rank) {
    const allowed = rank === 0 ? 'a scalar has none; reshape it first' : `allowed are ${-rank}…${rank - 1}`
    throw new ShapeError(who, `axis ${axis} is outside a tensor of rank ${rank}; ${allowed}`)
  }
  return normal
}

/** Whether derivatives flow through numbers of this kind. */
export function isFloat({ dtype }: TensorSpec): boolean {
  return dtype === 'float32' || dtype === 'float16'
}

/** Refuses operands of a dtype that the backends do not compute with. */
export function checkDtypes(who: string, operands: readonly TensorSpec[], allowed: readonly DType[] = ['float32']): void {
  if (operands.every(({ dtype }) => allowed.includes(dtype))) return
  const given = operands.map(({ dtype, shape }) => `${dtype} ${formatShape(shape)}`).join(', ')
  const list = [allowed.slice(0, -1).join(', '), allowed.at(-1)].filter(Boolean).join(' or ')
  throw new ShapeError(who, `needs ${list}, got ${given}; convert with cast`)
}

/** Refuses a list that is not one whole number (at least `least`) per axis. */
export function checkPerAxis(
  who: string,
  name: string,
  list: readonly number[],
  { shape }: TensorSpec,
  least = Number.NEGATIVE_INFINITY,
): void {
  if (list.length === shape.length && list.every((n) => Number.isInteger(n) && n >= least)) return
  const bound = Number.isFinite(least) ? ` ≥ ${least}` : ''
  throw new ShapeError(who, `${name} [${list}] for ${formatShape(shape)}: needs ${shape.length} whole number(s)${bound}, one per axis`)
}
