/**
 * ONNX nodes for a transposition. ONNX Runtime (1.30, CPU) swaps the axes of many small matrices one after the other and wakes its threads for each of them:
 * 65536 kernels of 3 × 3, the weight of a convolution from 512 to 128 channels, take 48 to 70 ms on two threads, and 0.8 on one. Matrices' elements
 * as rows, the rows reordered, and back again take 0.33 ms: three passes, each of which is one piece of work. (By Gather alone 4.0 ms.)
 */
import { type Shape, sizeOf } from '../shape.ts'
import type { Emitter } from '../tensor.ts'

/** From so many matrices on, and up to so many elements in each, the detour is faster: 4096 of 9 × 9 take 1.0 → 0.3 ms, 4096 of 16 × 16 1.2 either way. */
const [many, small] = [2048, 128]

/** Extents and order without axes of extent 1 and with those joined that stay beside each other. */
function joined(shape: Shape, permutation: readonly number[]): { readonly shape: readonly number[]; readonly order: readonly number[] } {
  const kept = permutation.filter((axis) => shape[axis] !== 1)
  const sources = [...kept].sort((a, b) => a - b)
  const follows = (axis: number, before: number | undefined) =>
    before !== undefined && sources.indexOf(axis) === sources.indexOf(before) + 1
  const groups: number[][] = []
  for (const [i, axis] of kept.entries()) {
    if (follows(axis, kept[i - 1])) groups.at(-1)!.push(axis)
    else groups.push([axis])
  }
  const bySource = [...groups].sort(([a], [b]) => a! - b!)
  return {
    shape: bySource.map((group) => sizeOf(group.map((axis) => shape[axis]!))),
    order: groups.map((group) => bySource.indexOf(group)),
  }
}

export function lowerTransposition(emitter: Emitter, x: string, shape: Shape, permutation: readonly number[]): readonly string[] {
  const { shape: extents, order } = joined(shape, permutation)
  const after = emitter.ints(permutation.map((axis) => shape[axis]!))
  if (extents.length <= 1) return emitter.node('Reshape', [x, after])
  const [count, rows, columns] = extents as [number, number, number]
  const swaps = extents.length === 3 && order.join() === '0,2,1'
  if (emitter.target === 'webgpu' || !swaps || count < many || rows * columns > small)
    return emitter.node('Transpose', [x], { perm: permutation })
  const elements = Array.from({ length: rows * columns }, (_, i) => (i % rows) * columns + Math.floor(i / rows))
  const matrices = emitter.node('Reshape', [x, emitter.ints([count, rows * columns])])[0]!
  const byElement = emitter.node('Transpose', [matrices], { perm: [1, 0] })[0]!
  const reordered = emitter.node('Gather', [byElement, emitter.ints(elements)], { axis: 0 })[0]!
  const back = emitter.node('Transpose', [reordered], { perm: [1, 0] })[0]!
  // ONNX Runtime would move the transposition behind the last reshape, as a new node, and where that is a gradient, what is computed before it is no longer
  // what was before it (formats/onnx.ts, leavesLast). It moves nothing past a Gather: this one takes all rows, in 0.1 ms.
  const blocks = shape.find((extent) => extent > 1)!
  const rest = emitter.node('Reshape', [back, emitter.ints([blocks, (count * rows * columns) / blocks])])[0]!
  const same = emitter.node('Gather', [rest, emitter.ints([...Array(blocks).keys()])], { axis: 0 })[0]!
  return emitter.node('Reshape', [same, after])
}
