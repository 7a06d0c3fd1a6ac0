/** The border that derivatives do not cross. */
import { definePrimitive } from '../primitive.ts'
import type { Tensor } from '../tensor.ts'

const stopPrimitive = definePrimitive<null>('stopGradient', {
  infer: ([x]) => [{ shape: x!.shape, dtype: x!.dtype }],
  vjp: () => [undefined],
  lower: (emitter, [x]) => emitter.node('Identity', [x!]),
  evaluate: ([x]) => [x!],
})

/** The same value, treated as a constant by grad. */
export function stopGradient(x: Tensor): Tensor {
  return stopPrimitive([x], null)[0]!
}
