/** Signals of test/goldens/bss_eval.py, made by the same formulas. */

/** A chirp whose samples are as good as noise. */
export function source(length: number, a: number, b: number): Float64Array {
  return Float64Array.from({ length }, (_, i) => Math.sin((a * i * i + b) % (2 * Math.PI)))
}

/** Source j: two channels with something in common. */
export function stereo(length: number, j: number): Float64Array[] {
  const [left, right] = [source(length, 0.31 + 0.17 * j, j), source(length, 0.47 + 0.11 * j, 2 * j)]
  return [left, left.map((x, i) => 0.5 * x + 0.4 * right[i]!)]
}

/** Estimates: a filtered version of the source, some of the next one with its channels exchanged, and something new. */
export function blend(references: readonly Float64Array[][]): Float64Array[][] {
  return references.map((reference, j) =>
    reference.map((x, c) => {
      const other = references[(j + 1) % references.length]!.toReversed()[c]!
      const fresh = source(x.length, 0.83 + 0.05 * j + 0.2 * c, 1)
      return x.map((value, i) => 0.9 * value + 0.2 * (x[i - 3] ?? 0) + 0.15 * other[i]! + 0.05 * fresh[i]!)
    }),
  )
}

/** Two stereo sources, the second with a pause. */
export function pausing(): Float64Array[][] {
  const sources = [stereo(4000, 0), stereo(4000, 1)]
  for (const x of sources[1]!) x.fill(0, 1200, 2300)
  return sources
}

/** Three mono sources. */
export function trio(): Float64Array[][] {
  return [0, 1, 2].map((j) => stereo(3000, j).slice(1))
}
