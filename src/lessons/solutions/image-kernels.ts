/** A binomial of [1, 2, 1]. */
export function blurKernel(): number[][] {
  const line = [1, 2, 1]
  return line.map((a) => line.map((b) => (a * b) / 16))
}

/** Sobel's, of vertical edges. */
export function edgeKernel(): number[][] {
  return [1, 2, 1].map((a) => [-a, 0, a])
}

/** The image, less what a Laplacian finds. */
export function sharpenKernel(): number[][] {
  return [
    [0, -1, 0],
    [-1, 5, -1],
    [0, -1, 0],
  ]
}
