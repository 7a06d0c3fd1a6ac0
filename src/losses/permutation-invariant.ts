/**
 * Permutation-invariant training (Yu et al. 2017, arXiv 1607.00325; Kolbæk et al. 2017, arXiv 1703.06284): where a network's outputs have no
 * order, the loss is that of the best assignment of outputs to targets.
 *
 * Up to 10 sources the best one is found in the graph, exactly: over sets of targets instead of permutations (Held & Karp 1962), n·2ⁿ⁻¹ sums
 * instead of n!·n. Beyond, or where the assignment itself is wanted, `assign` finds it between two programs: one gives `pairwiseLosses`,
 * the other takes the assignment as an input of `assignedLoss`.
 */
import {
  add,
  concat,
  constant,
  formatShape,
  gather,
  mean,
  min,
  mul,
  narrow,
  reshape,
  ShapeError,
  sum,
  type Tensor,
  takeAlongAxis,
  unsqueeze,
} from '../tensor/index.ts'
import { checkSameShape, type LossOptions, reduceLoss } from './reduction.ts'

/** Sums of the largest search in a graph: 5120 per example. */
const mostInGraph = 10

/**
 * The loss of every estimate against every target: (b, n, …) twice → (b, n, n), [estimate, target].
 *
 * @param loss of two tensors (b, …); gives a value per example, (b), or more, (b, …), whose mean counts
 * @throws ShapeError where the shapes differ, there is no source axis, or the loss has lost the batch
 *
 * @example
 * const [estimates, targets] = [constant([1, 5], [1, 2, 1]), constant([5, 2], [1, 2, 1])]
 * const loss = (a: Tensor, b: Tensor) => l1Loss(a, b, { reduction: 'none' })
 * const [pairs] = await evaluate(() => [pairwiseLosses(estimates, targets, loss)]) // [4, 1, 0, 3]
 */
export function pairwiseLosses(estimates: Tensor, targets: Tensor, loss: (estimate: Tensor, target: Tensor) => Tensor): Tensor {
  const who = 'pairwiseLosses'
  checkSameShape(who, { estimates, targets })
  const [b, n] = estimates.shape as readonly [number, number]
  if (estimates.shape.length < 2) throw new ShapeError(who, `${formatShape(estimates.shape)}: needs (b, n, …), n sources`)
  const source = (x: Tensor, i: number) => reshape(narrow(x, 1, i, i + 1), [b, ...x.shape.slice(2)])
  const pairs = Array.from({ length: n * n }, (_, k) => {
    const value = loss(source(estimates, Math.floor(k / n)), source(targets, k % n))
    if (value.shape[0] !== b)
      throw new ShapeError(
        who,
        `the loss gives ${formatShape(value.shape)}; needs a value per example, (${b}) or (${b}, …): reduction 'none'`,
      )
    return reshape(mean(value, { axes: value.shape.map((_, axis) => axis).slice(1) }), [b, 1])
  })
  return reshape(concat(pairs, 1), [b, n, n])
}

function checkPairs(who: string, { shape }: Tensor): number {
  if (shape.length !== 3 || shape[1] !== shape[2])
    throw new ShapeError(who, `losses ${formatShape(shape)}; needs (b, n, n), as pairwiseLosses gives them`)
  return shape[1]!
}

/** All sets of `size` of n targets, as bits, ascending. */
function setsOf(size: number, n: number): number[] {
  const count = (set: number): number => (set === 0 ? 0 : (set & 1) + count(set >> 1))
  return Array.from({ length: 2 ** n }, (_, set) => set).filter((set) => count(set) === size)
}

/**
 * The mean loss per source of the best assignment, exact for n ≤ 10: the least over all permutations. The gradient is that of the best one;
 * equally good ones share it.
 *
 * @param losses (b, n, n), as `pairwiseLosses` gives them
 * @returns a scalar, or (b) with the reduction 'none'
 * @throws ShapeError for another shape; RangeError for more than 10 sources
 *
 * @example
 * const losses = constant([4, 1, 0, 3], [1, 2, 2])
 * const [loss] = await evaluate(() => [permutationInvariantLoss(losses)]) // [0.5]
 */
export function permutationInvariantLoss(losses: Tensor, { reduction }: LossOptions = {}): Tensor {
  const who = 'permutationInvariantLoss'
  const n = checkPairs(who, losses)
  if (n > mostInGraph)
    throw new RangeError(`${who}: ${n} sources; allowed are 1…${mostInGraph}. Find the assignment with assign, and give it to assignedLoss`)
  const b = losses.shape[0]!
  // least[set]: the first |set| estimates against the targets of the set, in the best order. One more estimate takes one target of a larger set.
  let sets = [0]
  let least = constant(new Float64Array(b), [b, 1])
  for (let i = 0; i < n; i++) {
    const before = new Map(sets.map((set, place) => [set, place]))
    sets = setsOf(i + 1, n)
    const choices = sets.flatMap((set) => Array.from({ length: n }, (_, j) => ({ rest: before.get(set ^ (1 << j)), j })))
    const allowed = choices.flatMap(({ rest, j }) => (rest === undefined ? [] : [{ rest, j }]))
    const at = (list: readonly number[]) => constant(list, [list.length], 'int64')
    const row = reshape(narrow(losses, 1, i, i + 1), [b, n])
    const sums = add(gather(least, at(allowed.map(({ rest }) => rest)), 1), gather(row, at(allowed.map(({ j }) => j)), 1))
    least = min(reshape(sums, [b, sets.length, i + 1]), { axes: [2] })
  }
  return reduceLoss(who, mul(reshape(least, [b]), 1 / n), reduction)
}

/**
 * The mean loss per source of a given assignment: the second of two programs, for any number of sources.
 *
 * @param losses (b, n, n), as `pairwiseLosses` gives them
 * @param assignment int64 or int32 (b, n), the target of each estimate: `assign` of the first program's result
 * @returns a scalar, or (b) with the reduction 'none'
 * @throws ShapeError for other shapes
 *
 * @example
 * const losses = constant([4, 1, 0, 3], [1, 2, 2])
 * const [pairs] = await evaluate(() => [losses])
 * const targets = constant(Array.from(assign(pairs as Float64Array, 2), Number), [1, 2], 'int64')
 * const [loss] = await evaluate(() => [assignedLoss(losses, targets)]) // [0.5]
 */
export function assignedLoss(losses: Tensor, assignment: Tensor, { reduction }: LossOptions = {}): Tensor {
  const who = 'assignedLoss'
  const n = checkPairs(who, losses)
  const b = losses.shape[0]!
  if (formatShape(assignment.shape) !== formatShape([b, n]))
    throw new ShapeError(who, `assignment ${formatShape(assignment.shape)} for losses ${formatShape(losses.shape)}; needs (${b}, ${n})`)
  const chosen = takeAlongAxis(losses, unsqueeze(assignment, -1), 2)
  return reduceLoss(who, mul(sum(chosen, { axes: [1, 2] }), 1 / n), reduction)
}
