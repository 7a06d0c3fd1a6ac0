type Image = readonly (readonly number[])[]

/** A map for each kernel. */
export function convLayer(image: readonly Image[], kernels: readonly (readonly Image[])[], biases: readonly number[]): number[][][] {
  const [height, width] = [image[0]!.length, image[0]![0]!.length]
  return kernels.map((kernel, n) => {
    const k = kernel[0]!.length
    return Array.from({ length: height - k + 1 }, (_, r) =>
      Array.from({ length: width - k + 1 }, (_, c) => {
        let sum = biases[n]!
        for (const [channel, taps] of kernel.entries())
          for (let i = 0; i < k; i++) for (let j = 0; j < k; j++) sum += taps[i]![j]! * image[channel]![r + i]![c + j]!
        return sum
      }),
    )
  })
}
