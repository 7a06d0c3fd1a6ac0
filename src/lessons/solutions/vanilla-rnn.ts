type List = readonly number[]
type Matrix = readonly List[]
type Weights = Readonly<{ W_xh: Matrix; W_hh: Matrix; B_h: List; W_hy: Matrix; B_y: List }>

/** The state is a variable of this network, not of the file: two networks do not share it. */
export function createRnn({ W_xh, W_hh, B_h, W_hy, B_y }: Weights): { step(x: List): number[]; reset(): void } {
  const product = (matrix: Matrix, x: List) => matrix.map((row) => row.reduce((sum, weight, i) => sum + weight * x[i]!, 0))
  const nothing = B_h.map(() => 0)
  let h: List = nothing
  return {
    step(x) {
      const [fromInput, fromState] = [product(W_xh, x), product(W_hh, h)]
      h = B_h.map((bias, i) => Math.tanh(fromInput[i]! + fromState[i]! + bias))
      return product(W_hy, h).map((value, i) => value + B_y[i]!)
    },
    reset() {
      h = nothing
    },
  }
}
