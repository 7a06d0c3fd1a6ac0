/**
 * Einstein summation: products of tensors whose axes are named by letters, lowered to transposes, one matrix product and sums for each pair
 * of operands. Of the layouts in which a pair can be multiplied the one is taken that moves the fewest numbers.
 */
import { formatShape, sizeOf } from '../shape.ts'
import { checkDtypes, ShapeError, type Tensor } from '../tensor.ts'
import { mul } from './arithmetic.ts'
import { matmul } from './matmul.ts'
import { reshape, sum, transpose } from './movement.ts'

/** A tensor and the letter of each of its axes. */
interface Labelled {
  readonly x: Tensor
  readonly labels: string
}

type Extents = ReadonlyMap<string, number>

function refuse(equation: string, problem: string): never {
  throw new ShapeError('einsum', `"${equation}": ${problem}`)
}

function intersection(a: string, b: string): string {
  return [...a].filter((label) => b.includes(label)).join('')
}

function without(a: string, b: string): string {
  return [...a].filter((label) => !b.includes(label)).join('')
}

/** The labels of `which` in the order that they have in `order`. */
function ordered(which: string, order: string): string {
  return intersection(order, which) + without(which, order)
}

function parse(equation: string, tensors: readonly Tensor[]): { operands: Labelled[]; output: string; extents: Extents } {
  const [left, right, ...more] = equation.replaceAll(' ', '').split('->') as [string, string | undefined, ...string[]]
  const terms = left.split(',')
  if (more.length > 0 || ![...terms, right ?? ''].every((term) => /^[a-zA-Z]*$/.test(term))) {
    refuse(equation, 'allowed are letters, commas between operands and one "->" before the output, as in "bij,bjk->bik"')
  }
  if (terms.length !== tensors.length) refuse(equation, `names ${terms.length} operand(s), ${tensors.length} are given`)
  const extents = new Map<string, number>()
  for (const [i, labels] of terms.entries()) {
    const { shape } = tensors[i]!
    if (labels.length !== shape.length) refuse(equation, `operand ${i} is "${labels}", its shape is ${formatShape(shape)}`)
    for (const [axis, label] of [...labels].entries()) {
      if (labels.indexOf(label) !== axis) refuse(equation, `"${label}" stands twice in operand ${i}; diagonals are not taken here`)
      const before = extents.get(label)
      if (before !== undefined && before !== shape[axis]) refuse(equation, `"${label}" is ${before} and ${shape[axis]}`)
      extents.set(label, shape[axis]!)
    }
  }
  const counted = [...left.replaceAll(',', '')]
  const output =
    right ??
    [...new Set(counted)]
      .filter((label) => counted.filter((other) => other === label).length === 1)
      .sort()
      .join('')
  for (const [i, label] of [...output].entries()) {
    if (!extents.has(label)) refuse(equation, `"${label}" of the output is in no operand`)
    if (output.indexOf(label) !== i) refuse(equation, `"${label}" stands twice in the output`)
  }
  return { operands: terms.map((labels, i) => ({ x: tensors[i]!, labels })), output, extents }
}

/** Sums over the axes that are not kept. */
function reduceTo({ x, labels }: Labelled, keep: string): Labelled {
  const axes = [...labels].flatMap((label, axis) => (keep.includes(label) ? [] : [axis]))
  return { x: sum(x, { axes }), labels: intersection(labels, keep) }
}

function permute({ x, labels }: Labelled, to: string): Tensor {
  return transpose(
    x,
    [...to].map((label) => labels.indexOf(label)),
  )
}

/** How a pair is multiplied: `batch` axes lead both operands, an operand without one of them is repeated along it. */
interface Layout {
  readonly batch: string
  readonly rows: string
  readonly inner: string
  readonly columns: string
}

/** The axes of one factor in order: those of the batch that it has, then those of a matrix. */
function leading(batch: string, labels: string): string {
  return intersection(batch, labels)
}

/** Whether a factor lies in memory as matrices rows × columns, or as their transposes, which a product reads as easily. */
function lies(labels: string, batch: string, rows: string, columns: string): boolean {
  const lead = leading(batch, labels)
  return labels === lead + rows + columns || labels === lead + columns + rows
}

/** Beginnings of `labels` that only this operand has: they may lead the product as a batch instead of being rows or columns. */
function promotable(labels: string, other: string): string[] {
  const end = [...labels].findIndex((label) => other.includes(label))
  const own = end < 0 ? labels : labels.slice(0, end)
  return Array.from({ length: own.length + 1 }, (_, i) => own.slice(0, i))
}

/** Orders of axes in which a · b can be computed; with a `target`, its order among them. */
function layouts(a: string, b: string, shared: { batch: string; inner: string }, target: string): Layout[] {
  const distinct = (choices: readonly string[]) => [...new Set(choices)]
  return [...promotable(a, b), ...promotable(b, a).slice(1)].flatMap((own) => {
    const rows = without(a, b + own)
    const columns = without(b, a + own)
    const batches = distinct([a, b, target].map((order) => own + ordered(shared.batch, order)))
    const inners = distinct([a, b].map((order) => ordered(shared.inner, order)))
    return batches.flatMap((batch) =>
      inners.flatMap((inner) =>
        distinct([rows, ordered(rows, target)]).flatMap((rows) =>
          distinct([columns, ordered(columns, target)]).map((columns) => ({ batch, rows, inner, columns })),
        ),
      ),
    )
  })
}

function sizeOfLabels(labels: string, extents: Extents): number {
  return sizeOf([...labels].map((label) => extents.get(label)!))
}

/** One factor as (batch…, rows, columns), with extent 1 where it has not the batch's axis. */
function matrices(operand: Labelled, { batch, rows, columns }: { batch: string; rows: string; columns: string }, extents: Extents): Tensor {
  const lead = leading(batch, operand.labels)
  const shape = [...batch].map((label) => (lead.includes(label) ? extents.get(label)! : 1))
  const [height, width] = [sizeOfLabels(rows, extents), sizeOfLabels(columns, extents)]
  if (operand.labels === lead + columns + rows && rows !== '' && columns !== '') {
    const x = reshape(operand.x, [...shape, width, height])
    return transpose(x, [...shape.keys(), shape.length + 1, shape.length])
  }
  return reshape(permute(operand, lead + rows + columns), [...shape, height, width])
}

/** Aligned to axes of which an operand may lack some, which become 1. */
function aligned(operand: Labelled, labels: string, extents: Extents): Tensor {
  return reshape(
    permute(operand, intersection(labels, operand.labels)),
    [...labels].map((label) => (operand.labels.includes(label) ? extents.get(label)! : 1)),
  )
}

/** The product of two operands, summed over what is not kept; the order of its axes is free where `target` is empty. */
function contract(first: Labelled, second: Labelled, keep: string, target: string, extents: Extents): Labelled {
  const a = reduceTo(first, second.labels + keep)
  const b = reduceTo(second, first.labels + keep)
  const both = intersection(a.labels, b.labels)
  const [batch, inner] = [intersection(both, keep), without(both, keep)]
  const [rows, columns] = [without(a.labels, both), without(b.labels, both)]
  if (inner === '' || rows + columns === '') {
    const labels = ordered(a.labels + columns, inner === '' ? target : '')
    return reduceTo({ x: mul(aligned(a, labels, extents), aligned(b, labels, extents)), labels }, keep)
  }
  const cost = (left: Labelled, right: Labelled, { batch, rows, inner, columns }: Layout): number =>
    (lies(left.labels, batch, rows, inner) ? 0 : sizeOf(left.x.shape)) +
    (lies(right.labels, batch, inner, columns) ? 0 : sizeOf(right.x.shape)) +
    (target === '' || target === batch + rows + columns ? 0 : sizeOfLabels(batch + rows + columns, extents)) +
    // Numbers to be moved are whole; where they are equal, few large products are better than many small ones.
    batch.length / 100
  const choices = [[a, b] as const, [b, a] as const].flatMap(([left, right]) =>
    layouts(left.labels, right.labels, { batch, inner }, target).map((layout) => ({
      left,
      right,
      layout,
      cost: cost(left, right, layout),
    })),
  )
  const { left, right, layout } = choices.reduce((best, choice) => (choice.cost < best.cost ? choice : best))
  const product = matmul(
    matrices(left, { batch: layout.batch, rows: layout.rows, columns: layout.inner }, extents),
    matrices(right, { batch: layout.batch, rows: layout.inner, columns: layout.columns }, extents),
  )
  const labels = layout.batch + layout.rows + layout.columns
  return {
    x: reshape(
      product,
      [...labels].map((label) => extents.get(label)!),
    ),
    labels,
  }
}

/**
 * Sum of products over the axes whose letters the output has not: `einsum('bij,bjk->bik', a, b)` is a batched matrix product. Without
 * "->" the output has the letters that stand once, in alphabetical order. Several operands are multiplied from left to right.
 *
 * @throws ShapeError where the equation has other characters than letters, commas and one arrow (ellipses among them), does not fit the
 * operands' number and shapes, repeats a letter within an operand (diagonals) or the output, or a dtype is not float32
 *
 * @example
 * const [a, b] = [constant([1, 2, 3, 4], [2, 2]), constant([10, 1])]
 * const [y, outer] = await evaluate(() => [einsum('ij,j->i', a, b), einsum('i,j->ji', b, b)])
 * y // [12, 34]
 * outer // [100, 10, 10, 1]
 */
export function einsum(equation: string, ...tensors: readonly Tensor[]): Tensor {
  checkDtypes('einsum', tensors)
  const { operands, output, extents } = parse(equation, tensors)
  const [first, ...rest] = operands as [Labelled, ...Labelled[]]
  const result = rest.reduce((product, operand, i) => {
    const later = rest.slice(i + 1)
    const keep = output + later.map(({ labels }) => labels).join('')
    return contract(product, operand, keep, later.length === 0 ? output : '', extents)
  }, first)
  return permute(reduceTo(result, output), output)
}
