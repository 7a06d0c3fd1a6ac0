/** Each sample of f starts a copy of g. */
export function convolve(f: readonly number[], g: readonly number[]): number[] {
  const y = new Array<number>(f.length + g.length - 1).fill(0)
  for (const [n, a] of f.entries()) for (const [m, b] of g.entries()) y[n + m]! += a * b
  return y
}
