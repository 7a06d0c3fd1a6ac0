import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { readSafetensors, writeOnnx, writeSafetensors } from '../../src/formats/index.ts'
import { add, grad, input, matmul, mul, split, sum, tanh } from '../../src/tensor/index.ts'
import { writtenNodes } from '../tensor/support.ts'

describe('safetensors', () => {
  const tensors = new Map([
    ['b', { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4.5) }],
    ['a.weight', { shape: [], data: Float32Array.of(-0.1) }],
  ])
  const bytes = writeSafetensors({ tensors, metadata: { note: 'ü' } })

  it('gives back names, shapes, bits and metadata', () => {
    const read = readSafetensors(bytes)
    expect([...read.tensors]).toEqual([...tensors])
    expect(read.metadata).toEqual({ note: 'ü' })
  })

  it('has the layout of the format: header length, JSON padded to 8, little-endian values', () => {
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true))
    expect(length % 8).toBe(0)
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)))
    expect(header).toEqual({
      __metadata__: { note: 'ü' },
      b: { dtype: 'F32', shape: [2, 2], data_offsets: [0, 16] },
      'a.weight': { dtype: 'F32', shape: [], data_offsets: [16, 20] },
    })
    expect(new DataView(bytes.buffer).getFloat32(8 + length + 12, true)).toBe(4.5)
  })

  const forged = (header: unknown) => {
    const text = new TextEncoder().encode(JSON.stringify(header))
    const file = new Uint8Array(8 + text.length + 8)
    new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true)
    file.set(text, 8)
    return file
  }

  it('refuses every cut of the file and headers that lie', () => {
    for (let cut = 0; cut < bytes.length; cut++) expect(() => readSafetensors(bytes.subarray(0, cut)), `cut at ${cut}`).toThrow(RangeError)
    for (const entry of [
      { dtype: 'F32', shape: [2], data_offsets: [0, 4] },
      { dtype: 'F32', shape: [2], data_offsets: [4, 12] },
      { dtype: 'F32', shape: [-1], data_offsets: [0, -4] },
      { dtype: 'I64', shape: [1], data_offsets: [0, 8] },
      { dtype: 'F32', shape: [1], data_offsets: 'x' },
    ]) {
      expect(() => readSafetensors(forged({ x: entry })), JSON.stringify(entry)).toThrow(/safetensors: /)
    }
  })

  it.each([
    [null, /its header is no JSON object/],
    [[], /its header is no JSON object/],
    ['text', /its header is no JSON object/],
    [{ x: null }, /"x" is described by no JSON object/],
    [{ x: [1] }, /"x" is described by no JSON object/],
    [{ __metadata__: 5 }, /its "__metadata__" is no JSON object/],
    [{ __metadata__: { step: 5 } }, /"step" of its "__metadata__" is no text/],
  ])('refuses JSON of another form: %j', (header, problem) => {
    expect(() => readSafetensors(forged(header))).toThrow(problem)
    expect(() => readSafetensors(forged(header))).toThrow(/^safetensors: .*; the file is damaged or of another format$/)
  })

  it('reads half precision, subnormals and infinities included', () => {
    const text = new TextEncoder().encode(JSON.stringify({ x: { dtype: 'F16', shape: [5], data_offsets: [0, 10] } }))
    const file = new Uint8Array(8 + text.length + 10)
    const view = new DataView(file.buffer)
    view.setBigUint64(0, BigInt(text.length), true)
    file.set(text, 8)
    for (const [i, bits] of [0x3c00, 0xc100, 0x0001, 0x7c00, 0x3555].entries()) view.setUint16(8 + text.length + 2 * i, bits, true)
    expect(Array.from(readSafetensors(file).tensors.get('x')!.data)).toEqual([
      1,
      -2.5,
      2 ** -24,
      Number.POSITIVE_INFINITY,
      Math.fround(0.333251953125),
    ])
  })
})

describe('writeOnnx', () => {
  it('writes a file that ONNX Runtime opens from disk, with the names and shapes of the trace', async () => {
    const x = input('x', [2, 3])
    const { bytes, inputs, outputs } = writeOnnx({ y: add(mul(x, x), 1) })
    expect([inputs, outputs]).toEqual([{ x: { shape: [2, 3], dtype: 'float32' } }, { y: { shape: [2, 3], dtype: 'float32' } }])
    const folder = await mkdtemp(join(tmpdir(), 'divisi-onnx-'))
    await writeFile(join(folder, 'model.onnx'), bytes)
    const session = await InferenceSession.create(join(folder, 'model.onnx'))
    const { y } = await session.run({ x: new OrtTensor('float32', Float32Array.of(0, 1, 2, 3, 4, 5), [2, 3]) })
    expect(Array.from(y!.data as Float32Array)).toEqual([1, 2, 5, 10, 17, 26])
    await session.release()
    await rm(folder, { recursive: true })
  })

  it('writes equal work once', () => {
    const x = input('x', [4])
    const once = writeOnnx({ y: mul(x, x) }).nodes
    expect(writeOnnx({ y: add(mul(x, x), mul(x, x)) }).nodes).toBe(once + 1)
  })

  it('leaves out what nobody reads, and inputs that only that would have read', () => {
    const [x, unused] = [input('x', [4]), input('unused', [4])]
    const parts = split(x, 2, 0)
    mul(unused, 2)
    const graph = writeOnnx({ y: parts[0]! })
    expect([graph.nodes, Object.keys(graph.inputs)]).toEqual([1, ['x']])
  })

  // ONNX Runtime starts from the last of the nodes that nothing reads: see leavesLast.
  it('puts gradients at the end, that of the first layer before that of the last', () => {
    const [x, first, last] = [input('x', [1, 2]), input('first', [2, 2]), input('last', [2, 1])]
    const loss = sum(matmul(tanh(matmul(x, first)), last))
    const [dFirst, dLast] = grad(loss, [first, last])
    for (const outputs of [
      { loss, dFirst: dFirst!, dLast: dLast! },
      { dLast: dLast!, dFirst: dFirst!, loss },
    ]) {
      const names = writtenNodes(writeOnnx(outputs)).flatMap((node) => node.outputs)
      expect(names.slice(-3)).toEqual(['dFirst', 'dLast', 'loss'])
    }
  })

  it('stores weights given as bits of float16 in half the room', () => {
    const w = input('w', [1000])
    const [single, half] = [new Float32Array(1000), new Uint16Array(1000)].map((values) =>
      writeOnnx({ y: mul(w, 2) }, new Map([['w', values]])),
    )
    expect(single!.bytes.length - half!.bytes.length).toBeGreaterThan(1900)
    expect(half!.inputs).toEqual({})
  })

  it('refuses two inputs of one name, and an output named like an input', () => {
    expect(() => writeOnnx({ y: add(input('x', [1]), input('x', [1])) })).toThrow(/two different inputs are named "x"/)
    const x = input('x', [1])
    expect(() => writeOnnx({ x: mul(x, 2) })).toThrow(/"x" is an input and an output/)
  })
})
