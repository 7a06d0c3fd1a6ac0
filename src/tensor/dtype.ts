/** Kinds of numbers, and how ONNX calls them (TensorProto.DataType of onnx.proto3). */

/** float32 is what is computed with; float16 is storage (and what WebGPU may compute in); the reference backend holds all of them as float64. */
export type DType = 'float32' | 'float16' | 'int32' | 'int64' | 'bool'

/** What a lowering may also use inside a primitive: counters of random numbers. */
export type ElementType = DType | 'uint32'

export const onnxElementType: Readonly<Record<ElementType, number>> = { float32: 1, float16: 10, int32: 6, int64: 7, bool: 9, uint32: 12 }

const scratch = new DataView(new ArrayBuffer(4))

/** The 16 bits of the binary16 number nearest to x; ties go to the even one (IEEE 754). */
export function halfBits(x: number): number {
  scratch.setFloat32(0, x)
  const bits = scratch.getUint32(0)
  const sign = (bits >>> 16) & 0x8000
  const exponent = ((bits >>> 23) & 0xff) - 112
  const fraction = bits & 0x7fffff
  if (exponent >= 31) return sign | (exponent === 143 && fraction !== 0 ? 0x7e00 : 0x7c00)
  if (exponent < -10) return sign
  // Subnormal halves keep fewer bits of the fraction, whose leading one becomes explicit.
  const [mantissa, shift] = exponent > 0 ? [(exponent << 23) | fraction, 13] : [fraction | 0x800000, 14 - exponent]
  const half = mantissa >>> shift
  const rest = mantissa & ((1 << shift) - 1)
  const middle = 1 << (shift - 1)
  return sign | (half + (rest > middle || (rest === middle && half & 1) ? 1 : 0))
}

/** The number that 16 bits of binary16 stand for. */
export function halfValue(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >>> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 31) return fraction ? Number.NaN : sign * Infinity
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25))
}
