type Image = readonly (readonly number[])[]

export function unfold(image: readonly Image[], k: number, stride: number): number[][] {
  const [height, width] = [image[0]!.length, image[0]![0]!.length]
  const windows: number[][] = []
  for (let r = 0; r + k <= height; r += stride)
    for (let c = 0; c + k <= width; c += stride)
      windows.push(image.flatMap((map) => map.slice(r, r + k).flatMap((row) => row.slice(c, c + k))))
  return windows
}

export function fold(windows: Image, channels: number, height: number, width: number, k: number, stride: number): number[][][] {
  const image = Array.from({ length: channels }, () => Array.from({ length: height }, () => new Array<number>(width).fill(0)))
  const across = 1 + Math.floor((width - k) / stride)
  for (const [n, numbers] of windows.entries()) {
    const [top, left] = [Math.floor(n / across) * stride, (n % across) * stride]
    for (const [at, value] of numbers.entries()) {
      const [channel, inside] = [Math.floor(at / (k * k)), at % (k * k)]
      image[channel]![top + Math.floor(inside / k)]![left + (inside % k)]! += value
    }
  }
  return image
}
