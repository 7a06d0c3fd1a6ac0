/**
 * What the runners of golden cases share: the format of the files (tensors, generated values), and comparisons that say where numbers differ.
 * The format is that of the numbers recorded from the original FrameTransformer (carperbr, 2023); tolerances come with the cases.
 */
import { z } from 'zod'
import type { Backend } from '../../../src/runtime/index.ts'
import { type Shape, sizeOf } from '../../../src/tensor/index.ts'

/** Values in C order; of complex tensors real and imaginary parts in turn. */
export const goldenTensor = z.object({
  shape: z.array(z.number().int()),
  data: z.array(z.number()),
  complex: z.boolean().optional(),
})
export type GoldenTensor = z.output<typeof goldenTensor>

/** A file: what it holds beside its name depends on its kind. */
export const golden = z.looseObject({ name: z.string().min(1) })
export type Golden = z.output<typeof golden>

/** What cases run on: float32 as in use, and the meaning of all primitives in float64. */
export interface Backends {
  readonly onnxRuntime: Backend
  readonly reference: Backend
}

/** Checks one case: throws, as `expect` does, where the numbers are not those of the file. */
export type Runner = (golden: Golden, backends: Backends) => void | Promise<void>

/** `generator_et_app_nfft512` → `generator_et_app`. */
export function kindOf(name: string): string {
  return name.replace(/(_(nfft)?\d+)+$/, '')
}

/** mulberry32: numbers in [0, 1) with equal bits everywhere. */
export function uniformNumbers(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Shape, seed and range of a tensor that the files do not spell out. */
export const generated = z.tuple([z.array(z.number().int()), z.number().int(), z.number(), z.number()])
export type Generated = z.output<typeof generated>

export function generatedValues([shape, seed, low, high]: Generated): Float32Array {
  const next = uniformNumbers(seed)
  return Float32Array.from({ length: sizeOf(shape) }, () => low + (high - low) * next())
}

export function largest(values: ArrayLike<number>): number {
  let most = 0
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]!))
  return most
}

/**
 * @param tolerance largest difference, absolute
 * @throws Error that names the element that differs most
 */
export function expectClose(what: string, actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  if (actual.length !== expected.length) throw new Error(`${what}: ${actual.length} values; expected ${expected.length}`)
  let [worst, at] = [0, -1]
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i]! - expected[i]!)
    if (!(difference <= worst)) [worst, at] = [difference, i]
    if (Number.isNaN(difference)) break
  }
  if (!(worst <= tolerance))
    throw new Error(
      `${what}: element ${at} of ${expected.length} is ${actual[at]}; expected ${expected[at]} ± ${tolerance}, off by ${worst}`,
    )
}

export function expectShape(what: string, actual: Shape, expected: Shape): void {
  if (actual.join() !== expected.join()) throw new Error(`${what}: shape [${actual.join(', ')}]; expected [${expected.join(', ')}]`)
}
