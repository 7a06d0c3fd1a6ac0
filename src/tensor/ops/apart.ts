/**
 * Computing a part of a program as a program of its own, with one turn of a loop. ONNX Runtime plans ahead which values share memory: a value of a certain
 * shape takes that of an earlier one of the same shape, and keeps it in between, however long that is. In a U-Net the decoder has the shapes of the encoder,
 * so that memory of nearly all the encoder's values is held until the decoder wants it. The plan ends where a loop's body does.
 */
import type { Tensor } from '../tensor.ts'
import { reshape } from './movement.ts'
import { scan } from './scan.ts'

/**
 * What `f` makes of tensors; memory of what it computes on the way is given back before anything else is computed. It may use other tensors, such as
 * parameters. Derivatives keep what they need as those of loops do, so that nothing is won where they are taken.
 *
 * @throws whatever `f` throws, and ShapeError without inputs
 *
 * @example
 * const [y] = await evaluate(() => apart((x) => [mul(x, x), add(x, 1)], [constant([1, 2, 3], [3])]))
 * y // [1, 4, 9]
 */
export function apart(f: (...inputs: Tensor[]) => readonly Tensor[], inputs: readonly Tensor[]): Tensor[] {
  const sequences = inputs.map((x) => reshape(x, [1, ...x.shape]))
  const { outputs } = scan((_, part) => ({ carry: [], outputs: [...f(...part)] }), { carry: [], sequences })
  return outputs.map((y) => reshape(y, y.shape.slice(1)))
}
