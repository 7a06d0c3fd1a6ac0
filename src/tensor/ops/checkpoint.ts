/**
 * Two ways to choose what a derivative does. `checkpoint` forgets what a function computed and computes it again for the derivative (Chen et
 * al. 2016, arXiv 1604.06174): memory for time. `customDerivative` gives a function a derivative of its own.
 */
import { pullback } from '../autodiff.ts'
import { onnxElementType } from '../dtype.ts'
import { substitute, TensorMap, topologicalOrder } from '../graph.ts'
import { definePrimitive } from '../primitive.ts'
import { formatShape, sameShape } from '../shape.ts'
import { type Body, input, isFloat, type Node, nextSerial, ShapeError, type Tensor, withPlace } from '../tensor.ts'

/**
 * x, but not before `after` is known. Without it ONNX Runtime would find the second computation equal to the first, or run it early: the
 * memory that `checkpoint` is to save would be held all the same. Costs one pass over x, to which it adds c < c of a number c of `after`:
 * that is 0 for NaN and infinity, too, and ONNX Runtime does not know that it is.
 */
const barrierPrimitive = definePrimitive<null>('barrier', {
  infer: ([x]) => [{ shape: x!.shape, dtype: x!.dtype }],
  vjp: ({ cotangents: [ct] }) => [ct!, undefined],
  lower: (emitter, [x, after], { inputs: [, spec] }) => {
    const axes = spec!.shape.map((_, axis) => axis)
    const corner = emitter.node('Slice', [after!, emitter.ints(axes.map(() => 0)), emitter.ints(axes.map(() => 1)), emitter.ints(axes)])[0]!
    const scalar = emitter.node('Reshape', [axes.length === 0 ? after! : corner, emitter.ints([], [0])])[0]!
    const never = emitter.node('Less', [scalar, scalar])[0]!
    return emitter.node('Add', [x!, emitter.node('Cast', [never], { to: onnxElementType.float32 })[0]!])
  },
  evaluate: ([x]) => [x!],
})

interface Region {
  /** A closed copy of what was traced: inputs are the arguments, then what it read from outside. */
  readonly body: Body
  /** How many of the inputs are arguments. */
  readonly arguments: number
  readonly toJSON: () => number
}

const checkpointPrimitive = definePrimitive<Region>('checkpoint', {
  infer: ([y]) => [{ shape: y!.shape, dtype: y!.dtype }],
  vjp: ({ inputs: [, ...given], cotangents: [ct], needs: [, ...needs], attributes: { body, arguments: count } }) => {
    // What is computed again waits for the derivative. Weights that the function reads from outside need not: what depends on them alone is small.
    const again = given.map((x, i) =>
      x.dtype === 'float32' && (i < count || x.node.kind === 'operation') ? barrierPrimitive([x, ct!], null)[0]! : x,
    )
    const since = nextSerial()
    const replaced = new TensorMap<Tensor>()
    for (const [i, x] of body.inputs.entries()) replaced.set(x, again[i]!)
    const [output] = substitute(body.outputs, replaced, () => false)
    const wanted = again.filter((_, i) => needs[i])
    const known = (node: Node) => node.serial < since
    const parts = pullback([{ output: output!, cotangent: ct! }], wanted, { known })
    return [undefined, ...again.map((x) => parts[wanted.indexOf(x)])]
  },
  lower: (_, [y]) => [y!],
  evaluate: ([y]) => [y!],
})

/**
 * f(...x), whose inner values are not kept for the derivative but computed again. A network of n layers in √n checkpoints of √n layers needs
 * the memory of √n layers for one more pass forwards.
 *
 * @param f may read tensors from outside and make parameters of its own; gradients reach both, as they reach x. Gradients with respect to what f
 * computes do not exist outside of it: they are 0.
 *
 * @example
 * const x = constant([0.5])
 * const [dx] = await evaluate(() => grad(sum(checkpoint((h) => tanh(tanh(h)), x)), [x])) // [0.640]
 */
export function checkpoint(f: (...x: Tensor[]) => Tensor, ...x: readonly Tensor[]): Tensor {
  const since = nextSerial()
  const y = f(...x)
  const outside = (node: Node) => node.serial < since || node.kind === 'input'
  if (outside(y.node)) return y
  const order = topologicalOrder([y], outside)
  const placeholders = new TensorMap<Tensor>()
  const [inner, outer]: [Tensor[], Tensor[]] = [[], []]
  for (const given of [...x, ...order.flatMap((node) => node.inputs)]) {
    if (!outside(given.node) || placeholders.get(given)) continue
    const placeholder = input('of a checkpoint', given.shape, given.dtype)
    placeholders.set(given, placeholder)
    inner.push(placeholder)
    outer.push(given)
  }
  const count = outer.filter((given) => x.some((argument) => argument.node === given.node && argument.index === given.index)).length
  const body = { inputs: inner, outputs: substitute([y], placeholders, outside) }
  const id = nextSerial()
  return checkpointPrimitive([y, ...outer], { body, arguments: count, toJSON: () => id })[0]!
}

/** What a derivative of one's own is given. */
export interface DerivativeContext {
  readonly inputs: readonly Tensor[]
  readonly output: Tensor
  /** float32, of the output's shape. */
  readonly cotangent: Tensor
}

/** Cotangents of the inputs, each float32 and of its input's shape, also of float16 ones; undefined where an input has none. */
export type DerivativeRule = (context: DerivativeContext) => readonly (Tensor | undefined)[]

const customPrimitive = definePrimitive<{ readonly rule: DerivativeRule; readonly toJSON: () => number }>('customDerivative', {
  infer: ([y]) => [{ shape: y!.shape, dtype: y!.dtype }],
  vjp: ({ inputs: [, ...inputs], outputs: [output], cotangents: [cotangent], attributes: { rule } }) => {
    const parts = withPlace('derivative', () => rule({ inputs, output: output!, cotangent: cotangent! }))
    if (parts.length > inputs.length) {
      throw new ShapeError(
        'customDerivative',
        `the rule gives ${parts.length} cotangents for ${inputs.length} input(s); needs one for each`,
      )
    }
    for (const [i, x] of inputs.entries()) {
      const part = parts[i]
      if (!part || (isFloat(x) && part.dtype === 'float32' && sameShape(part.shape, x.shape))) continue
      const needed = isFloat(x) ? `needs float32 ${formatShape(x.shape)}` : 'needs undefined: there is no derivative by whole numbers'
      throw new ShapeError(
        'customDerivative',
        `the rule gives ${part.dtype} ${formatShape(part.shape)} for input ${i}, which is ${x.dtype} ${formatShape(x.shape)}; ${needed}`,
      )
    }
    return [undefined, ...inputs.map((_, i) => parts[i])]
  },
  lower: (_, [y]) => [y!],
  evaluate: ([y]) => [y!],
})

/**
 * f with another derivative than the one its operations would give: a straight-through estimator, a gradient reversed or clipped, a form that is
 * stable where the chain rule is not.
 *
 * @param rule cotangents of the arguments from the cotangent of the result; it may close over any tensor, those of a scan's step included
 * @throws ShapeError, when a gradient is taken, where the rule gives more cotangents than there are arguments, or one that is not float32
 * of its argument's shape
 *
 * @example
 * // Rounds, and lets the gradient through as if it had not.
 * const quantise = customDerivative(
 *   (x) => cast(cast(x, 'int32'), 'float32'),
 *   ({ cotangent }) => [cotangent],
 * )
 * const x = constant([1.7, 2.2])
 * const [y, dx] = await evaluate(() => [quantise(x), grad(sum(mul(quantise(x), 3)), [x])[0]!])
 * y // [1, 2]
 * dx // [3, 3]
 */
export function customDerivative(f: (...x: Tensor[]) => Tensor, rule: DerivativeRule): (...x: Tensor[]) => Tensor {
  return (...x) => {
    const id = nextSerial()
    return customPrimitive([f(...x), ...x], { rule, toJSON: () => id })[0]!
  }
}
