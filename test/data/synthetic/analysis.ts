/** Measurements the tests of the synthesiser share; simple and slow on purpose. */

/** Hertz of a voiced stretch: the shortest lag whose normalised autocorrelation comes near the best one, refined by a parabola. */
export function fundamental(
  samples: ArrayLike<number>,
  from: number,
  length: number,
  sampleRate: number,
  lowest = 60,
  highest = 1200,
): number {
  const [shortest, longest] = [Math.floor(sampleRate / highest), Math.ceil(sampleRate / lowest)]
  const correlation = (lag: number): number => {
    let [xy, xx, yy] = [0, 1e-12, 1e-12]
    for (let i = from; i < from + length; i++) {
      const [x, y] = [samples[i]!, samples[i + lag]!]
      xy += x * y
      xx += x * x
      yy += y * y
    }
    return xy / Math.sqrt(xx * yy)
  }
  const values = new Map<number, number>()
  for (let lag = shortest; lag <= longest; lag++) values.set(lag, correlation(lag))
  const best = Math.max(...values.values())
  for (let lag = shortest + 1; lag < longest; lag++) {
    const [a, b, c] = [values.get(lag - 1)!, values.get(lag)!, values.get(lag + 1)!]
    if (b > 0.93 * best && b >= a && b >= c) return sampleRate / (lag + (0.5 * (a - c)) / (a - 2 * b + c))
  }
  return Number.NaN
}

/** Mean power at a frequency over Hann windows of `size` samples, half overlapping, in decibels (Goertzel). */
export function powerAt(samples: ArrayLike<number>, hertz: number, sampleRate: number, size = 1024): number {
  let [total, windows] = [0, 0]
  const step = (2 * Math.PI * hertz) / sampleRate
  for (let start = 0; start + size <= samples.length; start += size / 2) {
    let [re, im] = [0, 0]
    for (let i = 0; i < size; i++) {
      const x = samples[start + i]! * (0.5 - 0.5 * Math.cos((2 * Math.PI * i) / size))
      re += x * Math.cos(step * i)
      im += x * Math.sin(step * i)
    }
    total += re * re + im * im
    windows++
  }
  return 10 * Math.log10(total / Math.max(1, windows) + 1e-20)
}

export function rms(samples: ArrayLike<number>, from = 0, to = samples.length): number {
  let sum = 0
  for (let i = from; i < to; i++) sum += samples[i]! ** 2
  return Math.sqrt(sum / Math.max(1, to - from))
}

export function loudest(samples: ArrayLike<number>): number {
  let most = 0
  for (let i = 0; i < samples.length; i++) most = Math.max(most, Math.abs(samples[i]!))
  return most
}

export function cents(a: number, b: number): number {
  return 1200 * Math.log2(a / b)
}
