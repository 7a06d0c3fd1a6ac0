/**
 * Whether what a loss of logits gets are probabilities already. A softmax or sigmoid in the model and another in its loss train, badly, and
 * no number says so: with C classes the cross-entropy of a softmax cannot fall below log(1 + (C − 1)/e).
 */
import { warn } from '../nn/index.ts'
import type { OperationNode, Tensor } from '../tensor/index.ts'

/** Primitives that move numbers and leave them what they are. */
const moves: ReadonlySet<string> = new Set(['concat', 'expand', 'reshape', 'slice', 'split', 'transpose'])

/** The operation that made a tensor's numbers, seen through what only moved them. */
function makerOf({ node }: Tensor): OperationNode | undefined {
  let at = node
  while (at.kind === 'operation' && moves.has(at.operation.name)) at = at.inputs[0]!.node
  return at.kind === 'operation' ? at : undefined
}

/**
 * Warns where logits come out of the function that the loss is about to apply to them.
 *
 * @param way what else the loss could be given, and what follows if it is not
 */
export function warnOfProbabilities(who: string, logits: Tensor, name: 'softmax' | 'sigmoid', way: string): void {
  const maker = makerOf(logits)
  if (maker?.operation.name !== name) return
  const place = maker.place ? ` at "${maker.place}"` : ''
  warn('double-softmax', `${who}: the logits are the output of a ${name}${place}, and this loss applies another; ${way}`)
}
