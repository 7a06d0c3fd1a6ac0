/** What tests of tensor functions share: both backends of Node, numbers to compute with, and a look into models that were written. */
import { afterAll, beforeAll, describe } from 'vitest'
import type { OnnxGraph } from '../../src/formats/index.ts'
import { type Backend, createOnnxRuntimeBackend, createReferenceBackend, evaluate } from '../../src/runtime/index.ts'
import { constant, type Shape, sizeOf, type Tensor } from '../../src/tensor/index.ts'

/** Runs tensors and gives their numbers. */
export type Numbers = (...tensors: readonly Tensor[]) => Promise<number[][]>

/** A backend from the first to the last test of a file or of a `describe`. */
function during(create: () => Promise<Backend>): () => Backend {
  let backend: Backend
  beforeAll(async () => {
    backend = await create()
  })
  afterAll(() => backend.dispose())
  return () => backend
}

/** onnxruntime-node for the tests of a file or of a `describe`. */
export function onnxRuntime({ threads = 1 } = {}): () => Backend {
  return during(() => createOnnxRuntimeBackend({ threads }))
}

/** Declares tests once for the reference and once for onnxruntime-node. */
export function onNodeBackends(declare: (numbers: Numbers, backend: () => Backend) => void, { threads = 1 } = {}): void {
  describe.each([
    { name: 'reference', create: async () => createReferenceBackend() },
    { name: 'onnxruntime-node', create: () => createOnnxRuntimeBackend({ threads }) },
  ])('on $name', ({ create }) => {
    const backend = during(create)
    declare(async (...tensors) => (await evaluate(() => tensors, backend())).map((values) => Array.from(values, Number)), backend)
  })
}

/** Whole numbers from -5 to 5 in an order that repeats after 11: sums of their products are exact, and no mistake of order goes unseen. */
export function sequence(...shape: Shape): Tensor {
  return constant(
    Array.from({ length: sizeOf(shape) }, (_, i) => ((i * 7) % 11) - 5),
    shape,
  )
}

/** A number drawn for each element. */
export function drawn(shape: Shape, draw: () => number): Tensor {
  return constant(
    Array.from({ length: sizeOf(shape) }, () => draw()),
    shape,
  )
}

interface Message {
  readonly [field: number]: readonly (Uint8Array | bigint)[]
}

/** The fields of a Protocol Buffers message: enough of the format to count nodes. */
function readMessage(bytes: Uint8Array): Message {
  const fields: Record<number, (Uint8Array | bigint)[]> = {}
  let at = 0
  const varint = (): bigint => {
    let [value, shift] = [0n, 0n]
    for (;;) {
      const byte = bytes[at++]!
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 128) return value
      shift += 7n
    }
  }
  while (at < bytes.length) {
    const key = Number(varint())
    const list = fields[key >> 3] ?? []
    fields[key >> 3] = list
    if ((key & 7) === 0) list.push(varint())
    else {
      const length = (key & 7) === 5 ? 4 : Number(varint())
      list.push(bytes.subarray(at, at + length))
      at += length
    }
  }
  return fields
}

export interface WrittenNode {
  readonly opType: string
  readonly outputs: readonly string[]
}

/** The nodes of a model in their order, those of bodies before the node that has them. */
export function writtenNodes({ bytes }: Pick<OnnxGraph, 'bytes'>): WrittenNode[] {
  const text = (field: Uint8Array | bigint) => new TextDecoder().decode(field as Uint8Array)
  const visit = (graph: Uint8Array): WrittenNode[] =>
    ((readMessage(graph)[1] ?? []) as Uint8Array[]).flatMap((node) => {
      const fields = readMessage(node)
      const bodies = ((fields[5] ?? []) as Uint8Array[]).flatMap((attribute) => (readMessage(attribute)[6] ?? []) as Uint8Array[])
      return [...bodies.flatMap(visit), { opType: text(fields[4]![0]!), outputs: (fields[2] ?? []).map(text) }]
    })
  return visit(readMessage(bytes)[7]![0] as Uint8Array)
}

/** How many nodes of each operator a model has, bodies included. */
export function countOps(graph: Pick<OnnxGraph, 'bytes'>): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { opType } of writtenNodes(graph)) counts[opType] = (counts[opType] ?? 0) + 1
  return counts
}
