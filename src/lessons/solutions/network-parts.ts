type List = readonly number[]

export function relu(list: List): number[] {
  return list.map((value) => Math.max(0, value))
}

export function maxPool(image: readonly List[]): number[][] {
  return Array.from({ length: Math.floor(image.length / 2) }, (_, r) =>
    Array.from({ length: Math.floor(image[0]!.length / 2) }, (_, c) =>
      Math.max(image[2 * r]![2 * c]!, image[2 * r]![2 * c + 1]!, image[2 * r + 1]![2 * c]!, image[2 * r + 1]![2 * c + 1]!),
    ),
  )
}

export function flatten(images: readonly (readonly List[])[]): number[] {
  return images.flat(2)
}

export function linear(list: List, weights: readonly List[], biases: List): number[] {
  return weights.map((row, n) => row.reduce((sum, weight, i) => sum + weight * list[i]!, biases[n]!))
}

/** Less the maximum, so that nothing overflows; it cancels. */
export function softmax(list: List): number[] {
  const highest = Math.max(...list)
  const powers = list.map((value) => Math.exp(value - highest))
  const total = powers.reduce((sum, power) => sum + power, 0)
  return powers.map((power) => power / total)
}
