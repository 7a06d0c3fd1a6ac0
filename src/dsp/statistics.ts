/**
 * Mean and standard deviation of every feature over a training set, in one pass over blocks of frames and without cancellation (Chan, Golub &
 * LeVeque 1983).
 */

export interface FeatureStatistics {
  readonly mean: Float64Array
  /** Population's, not below the floor. */
  readonly std: Float64Array
  /** Frames seen. */
  readonly count: number
}

export interface StatisticsCollector {
  /**
   * @param values frames of all features, (frames, features) in row-major order
   * @throws RangeError where they are no whole number of frames, or not finite
   */
  add(values: Float32Array | Float64Array): void
  /**
   * @param floor least standard deviation, as a part of the largest one: features that hardly change would otherwise become noise
   * @throws RangeError where no frame was added, or all features are constant, and for a floor outside 0…1
   */
  result(floor?: number): FeatureStatistics
}

/**
 * Collects the statistics of features, one block of frames after the other.
 *
 * @throws RangeError for a number of features that is no whole number ≥ 1
 *
 * @example
 * const collector = collectStatistics(2)
 * collector.add(Float32Array.of(1, 10, 3, 30))
 * collector.result().mean // Float64Array [2, 20]
 * collector.result().std // Float64Array [1, 10]
 */
export function collectStatistics(features: number): StatisticsCollector {
  if (!Number.isInteger(features) || features < 1) throw new RangeError(`features: ${features}; allowed are whole numbers ≥ 1`)
  const mean = new Float64Array(features)
  const squares = new Float64Array(features)
  let count = 0
  return {
    add(values) {
      const frames = values.length / features
      if (!Number.isInteger(frames)) throw new RangeError(`statistics: ${values.length} values are no whole frames of ${features} features`)
      const bad = values.findIndex((value) => !Number.isFinite(value))
      if (bad >= 0) throw new RangeError(`statistics: feature ${bad % features} of frame ${Math.floor(bad / features)} is ${values[bad]}`)
      for (let t = 0; t < frames; t++) {
        count++
        for (let f = 0; f < features; f++) {
          const difference = values[t * features + f]! - mean[f]!
          mean[f]! += difference / count
          squares[f]! += difference * (values[t * features + f]! - mean[f]!)
        }
      }
    },
    result(floor = 1e-4) {
      if (!(floor >= 0 && floor <= 1)) throw new RangeError(`statistics: floor ${floor}; allowed are numbers in 0…1`)
      if (count === 0) throw new RangeError('statistics: no frames were added')
      const std = squares.map((sum) => Math.sqrt(sum / count))
      const largest = std.reduce((a, b) => Math.max(a, b))
      if (largest === 0) throw new RangeError(`statistics: all ${features} features are constant over ${count} frames`)
      return { mean: mean.slice(), std: std.map((value) => Math.max(value, floor * largest)), count }
    },
  }
}
