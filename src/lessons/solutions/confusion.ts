export function confusion(truth: readonly number[], predicted: readonly number[], classes: number): number[][] {
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0))
  for (const [i, label] of truth.entries()) counts[label]![predicted[i]!]!++
  return counts
}

export function accuracy(counts: readonly (readonly number[])[]): number {
  const right = counts.reduce((sum, row, i) => sum + row[i]!, 0)
  return right / counts.flat().reduce((sum, count) => sum + count, 0)
}
