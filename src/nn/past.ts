/**
 * What causal layers remember: the steps before those that they are given. A network asks its `Past` for them wherever a layer reads back, and
 * so is one function for a whole signal, before which there is silence, and for a piece of it, before which there was the piece before.
 */
import { concat, formatShape, narrow, pad, type Shape, ShapeError, type Tensor } from '../tensor/index.ts'

export interface Past {
  /**
   * x (b, c, t, …) with the `steps` steps of the signal before it: (b, c, steps + t, …). In every trace of a network the calls are the same ones, in
   * the same order.
   */
  before(x: Tensor, steps: number): Tensor
}

/** The past of a signal that begins here: zeros. */
export const silentPast: Past = {
  before: (x, steps) =>
    pad(
      x,
      x.shape.map(() => 0).with(2, steps),
      x.shape.map(() => 0),
    ),
}

/**
 * A silent past that notes what it is asked for: the shapes of a state that holds all of it, by name.
 *
 * @example
 * const { past, shapes } = notedPast()
 * past.before(input('x', [1, 4, 10]), 2).shape // [1, 4, 12]
 * shapes // { '0': [1, 4, 2] }
 */
export function notedPast(): { readonly past: Past; readonly shapes: Readonly<Record<string, Shape>> } {
  const shapes: Record<string, Shape> = {}
  const before: Past['before'] = (x, steps) => {
    shapes[Object.keys(shapes).length] = x.shape.with(2, steps)
    return silentPast.before(x, steps)
  }
  return { past: { before }, shapes }
}

/**
 * The past that a state holds; `next` is the state after what was traced.
 *
 * @throws ShapeError, while tracing, for more than the state has, or steps of other shapes
 */
export function heldPast(state: Readonly<Record<string, Tensor>>): {
  readonly past: Past
  readonly next: Readonly<Record<string, Tensor>>
} {
  const next: Record<string, Tensor> = {}
  const before: Past['before'] = (x, steps) => {
    const name = String(Object.keys(next).length)
    const held = state[name]
    const wanted = x.shape.with(2, steps)
    if (held?.shape.join() !== wanted.join()) {
      throw new ShapeError(
        'heldPast',
        `state ${name} ${held ? formatShape(held.shape) : 'is not there'}; the network wants ${formatShape(wanted)}`,
      )
    }
    const joined = concat([held, x], 2)
    const end = joined.shape[2]!
    next[name] = narrow(joined, 2, end - steps, end)
    return joined
  }
  return { past: { before }, next }
}
