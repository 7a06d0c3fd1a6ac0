type Image = readonly (readonly number[])[]

/** Windows over the image; what lies outside of it is 0. */
export function conv2d(image: readonly Image[], kernel: readonly Image[], padding: number, stride: number): number[][] {
  const k = kernel[0]!.length
  const [height, width] = [image[0]!.length, image[0]![0]!.length]
  const out = (size: number) => 1 + Math.floor((size + 2 * padding - k) / stride)
  return Array.from({ length: out(height) }, (_, r) =>
    Array.from({ length: out(width) }, (_, c) => {
      let sum = 0
      for (const [channel, taps] of kernel.entries())
        for (let i = 0; i < k; i++)
          for (let j = 0; j < k; j++) sum += taps[i]![j]! * (image[channel]![r * stride + i - padding]?.[c * stride + j - padding] ?? 0)
      return sum
    }),
  )
}
