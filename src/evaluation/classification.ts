/** How good a classifier is: which class was taken for which, and how often it was right. */

/** counts[true][predicted]: whole numbers. */
export type ConfusionCounts = readonly (readonly number[])[]

function checkClasses(name: string, labels: ArrayLike<number>, classes: number): void {
  const at = Array.from(labels).findIndex((label) => !Number.isInteger(label) || label < 0 || label >= classes)
  if (at >= 0) throw new RangeError(`countConfusions: ${name}[${at}] is ${labels[at]}; allowed are whole numbers from 0 to ${classes - 1}`)
}

/**
 * The confusion matrix: how many examples of each true class (row) were taken for each class (column).
 *
 * @param truth class indices, one per example
 * @param predicted as many
 * @throws RangeError for lists of different lengths and indices outside 0…classes − 1
 *
 * @example
 * countConfusions([0, 0, 1], [0, 1, 1], 2) // [[1, 1], [0, 1]]
 */
export function countConfusions(truth: ArrayLike<number>, predicted: ArrayLike<number>, classes: number): number[][] {
  if (!Number.isInteger(classes) || classes < 1)
    throw new RangeError(`countConfusions: classes ${classes}; allowed are whole numbers from 1`)
  if (truth.length !== predicted.length)
    throw new RangeError(`countConfusions: ${truth.length} true classes and ${predicted.length} predicted ones; needs as many of both`)
  checkClasses('truth', truth, classes)
  checkClasses('predicted', predicted, classes)
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0))
  for (let i = 0; i < truth.length; i++) counts[truth[i]!]![predicted[i]!]!++
  return counts
}

/**
 * The share of examples that are on the diagonal; NaN where there are none.
 *
 * @example
 * accuracyOf([[1, 1], [0, 2]]) // 0.75
 */
export function accuracyOf(counts: ConfusionCounts): number {
  const right = counts.reduce((sum, row, i) => sum + row[i]!, 0)
  return right / counts.flat().reduce((sum, count) => sum + count, 0)
}

/**
 * The index of the largest of each row: what a classifier says, of its logits or probabilities (b, classes). The first of equals.
 *
 * @throws RangeError where the numbers do not fill rows
 *
 * @example
 * largestOf([0.1, 2, -1, 5, 4, 3], 3) // [1, 0]
 */
export function largestOf(values: ArrayLike<number>, classes: number): number[] {
  if (!(classes >= 1) || values.length % classes !== 0)
    throw new RangeError(`largestOf: ${values.length} numbers for ${classes} classes; needs a multiple`)
  return Array.from({ length: values.length / classes }, (_, row) => {
    let best = 0
    for (let c = 1; c < classes; c++) if (values[row * classes + c]! > values[row * classes + best]!) best = c
    return best
  })
}
