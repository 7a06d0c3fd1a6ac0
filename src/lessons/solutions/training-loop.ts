export function train(x: readonly number[], y: readonly number[], steps: number, rate: number): { w: number; b: number; losses: number[] } {
  let [w, b] = [0, 0]
  const losses: number[] = []
  for (let step = 0; step < steps; step++) {
    const errors = x.map((value, i) => w * value + b - y[i]!)
    losses.push(errors.reduce((sum, e) => sum + e * e, 0) / x.length)
    const dw = (2 * errors.reduce((sum, e, i) => sum + e * x[i]!, 0)) / x.length
    const db = (2 * errors.reduce((sum, e) => sum + e, 0)) / x.length
    w -= rate * dw
    b -= rate * db
  }
  return { w, b, losses }
}
