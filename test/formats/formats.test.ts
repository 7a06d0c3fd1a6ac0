import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import {
  readSafetensors,
  type StoredHalves,
  type StoredIntegers,
  type StoredTensor,
  writeOnnx,
  writeSafetensors,
} from '../../src/formats/index.ts'
import { add, createRandom, grad, input, matmul, mul, reshape, split, sum, tanh, transpose } from '../../src/tensor/index.ts'
import { countOps, writtenNodes } from '../tensor/support.ts'

/** A file of a header and so many bytes of data. */
function bytesOf(header: unknown, size: number): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(header))
  const file = new Uint8Array(8 + text.length + size)
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true)
  file.set(text, 8)
  return file
}

const f32 = (range: readonly number[], shape: readonly number[] = [1]) => ({ dtype: 'F32', shape, data_offsets: range })

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

  it('5.7 begins every array at a multiple of its values’ width, where PyTorch can view it', () => {
    const mixed = new Map<string, StoredTensor | StoredIntegers | StoredHalves>([
      ['mask', { shape: [3], data: Uint8Array.of(0, 1, 1) }],
      ['half', { shape: [1], data: Uint16Array.of(0x3c00) }],
      ['weight', { shape: [3], data: Float32Array.of(1, 2, 3) }],
      ['count', { shape: [], data: BigInt64Array.of(7n) }],
      ['indices', { shape: [1], data: Int32Array.of(5) }],
    ])
    const file = writeSafetensors({ tensors: mixed, metadata: {} })
    const length = Number(new DataView(file.buffer).getBigUint64(0, true))
    const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length)))
    for (const [name, { data }] of mixed) expect(header[name].data_offsets[0] % data.BYTES_PER_ELEMENT, name).toBe(0)
    expect(readSafetensors(file).integers.get('mask')).toEqual(mixed.get('mask'))
    expect(readSafetensors(file).tensors.get('weight')).toEqual(mixed.get('weight'))
  })

  it('5.7 keeps every dtype that it writes, bit for bit', () => {
    const random = createRandom(5)
    const whole = (low: number, high: number) => Array.from({ length: 12 }, () => random.integer(low, high))
    const floats = Float32Array.of(0, -0, 1 / 3, 1e-45, -3.4028234663852886e38, Infinity, -Infinity, Number.NaN)
    const stored = new Map<string, StoredTensor | StoredIntegers | StoredHalves>([
      ['10', { shape: [2, 2, 2], data: floats }],
      ['half', { shape: [3], data: Uint16Array.of(0x3c00, 0xc100, 0x0001) }],
      ['9', { shape: [12], data: Int32Array.from(whole(-(2 ** 31), 2 ** 31 - 1)) }],
      ['__proto__', { shape: [3, 4], data: BigInt64Array.from(whole(-(2 ** 40), 2 ** 40), (n) => BigInt(n) * 2_000_003n) }],
      ['mask', { shape: [2, 3], data: Uint8Array.of(0, 1, 1, 0, 0, 1) }],
      ['scalar', { shape: [], data: BigInt64Array.of(-(2n ** 63n)) }],
      ['empty', { shape: [0, 3], data: new Float32Array(0) }],
    ])
    const read = readSafetensors(writeSafetensors({ tensors: stored, metadata: { a: 'b' } }))
    expect([...read.tensors]).toEqual([
      ['10', stored.get('10')],
      ['empty', stored.get('empty')],
      ['half', { shape: [3], data: Float32Array.of(1, -2.5, 2 ** -24) }],
    ])
    expect([...read.integers]).toEqual(['__proto__', 'scalar', '9', 'mask'].map((name) => [name, stored.get(name)]))
    const bits = ({ buffer, byteOffset, length }: Float32Array) => new Uint32Array(buffer, byteOffset, length)
    expect(bits(read.tensors.get('10')!.data)).toEqual(bits(floats))
  })

  it('5.7 reads floats where they lie, and copies them where they do not begin at a multiple of four', () => {
    const tensors = new Map([['weight', { shape: [3], data: Float32Array.of(0.1, -2, 1e-40) }]])
    const file = writeSafetensors({ tensors, metadata: {} })
    expect(readSafetensors(file).tensors.get('weight')!.data.buffer).toBe(file.buffer)
    const moved = new Uint8Array(file.length + 1)
    moved.set(file, 1)
    const copied = readSafetensors(moved.subarray(1)).tensors
    expect(copied).toEqual(tensors)
    expect(copied.get('weight')!.data.buffer).not.toBe(moved.buffer)
  })

  it('5.7 refuses to write what it could not read', () => {
    const write = (name: string, data: Float32Array | Uint8Array) => () =>
      writeSafetensors({ tensors: new Map([[name, { shape: [2], data } as StoredTensor | StoredIntegers]]), metadata: {} })
    expect(write('x', new Float32Array(3))).toThrow(/"x" has 3 values for the shape \(2\)/)
    expect(write('__metadata__', new Float32Array(2))).toThrow(/"__metadata__" is no name of a tensor/)
    expect(write('x', Uint8Array.of(0, 2))).toThrow(/"x" has the truth value 2; allowed are 0 and 1/)
    expect(write('x', new Float64Array(2) as unknown as Float32Array)).toThrow(
      /"x" is a Float64Array; allowed are Float32Array, Uint16Array/,
    )
  })

  it('5.7 reads BF16 and F64 as the nearest float32', () => {
    const file = bytesOf(
      { b: { dtype: 'BF16', shape: [3], data_offsets: [0, 6] }, d: { dtype: 'F64', shape: [1], data_offsets: [6, 14] } },
      14,
    )
    const view = new DataView(file.buffer, file.length - 14)
    for (const [i, bits] of [0x3f80, 0xc049, 0x7f80].entries()) view.setUint16(2 * i, bits, true)
    view.setFloat64(6, 0.1, true)
    const read = readSafetensors(file).tensors
    expect(read.get('b')!.data).toEqual(Float32Array.of(1, -3.140625, Infinity))
    expect(read.get('d')!.data).toEqual(Float32Array.of(0.1))
  })

  it.each<[string, object, number, RegExp]>([
    ['two tensors in the same bytes', { a: f32([0, 4]), b: f32([0, 4]) }, 4, /"b" begins at byte 0 of the data, where 4 is next/],
    ['overlapping tensors', { a: f32([0, 8], [2]), b: f32([4, 8]) }, 8, /"b" begins at byte 4 of the data, where 8 is next/],
    ['a gap', { a: f32([0, 4]), b: f32([8, 12]) }, 12, /"b" begins at byte 8 of the data, where 4 is next/],
    ['bytes after the last tensor', { a: f32([0, 4]) }, 5, /its tensors have 4 bytes, the file has 5 for them/],
    ['a tensor beyond the file', { a: f32([0, 400], [100]) }, 8, /its tensors have 400 bytes, the file has 8/],
    ['an extent that overflows', { a: f32([0, 4], [2 ** 40, 2 ** 40]) }, 4, /does not fit its bytes 0–4/],
    ['an offset beyond whole numbers', { a: f32([0, 2 ** 60]) }, 4, /no valid shape and offsets/],
    [
      'a dtype that objects inherit',
      { a: { ...f32([0, 4]), dtype: 'constructor' } },
      4,
      /the dtype constructor, read are F32, F16.*; convert it where the file is written$/,
    ],
    ['truth values that are none', { a: { dtype: 'BOOL', shape: [1], data_offsets: [0, 1] } }, 1, /truth values that are neither 0 nor 1/],
  ])('5.7 refuses hostile files: %s', (_, header, size, problem) => {
    const file = bytesOf(header, size)
    file[file.length - 1] = 7
    expect(() => readSafetensors(file)).toThrow(problem)
  })

  it('5.7 refuses a header that claims more than there is, before anything is allocated', () => {
    const file = new Uint8Array(16)
    new DataView(file.buffer).setBigUint64(0, 2n ** 63n, true)
    expect(() => readSafetensors(file)).toThrow(/its header claims \d+ bytes, the file has 16/)
  })

  const forged = (header: unknown) => bytesOf(header, 8)

  it('refuses every cut of the file and headers that lie', () => {
    for (let cut = 0; cut < bytes.length; cut++) expect(() => readSafetensors(bytes.subarray(0, cut)), `cut at ${cut}`).toThrow(RangeError)
    for (const entry of [
      { dtype: 'F32', shape: [2], data_offsets: [0, 4] },
      { dtype: 'F32', shape: [2], data_offsets: [4, 12] },
      { dtype: 'F32', shape: [-1], data_offsets: [0, -4] },
      { dtype: 'C64', shape: [1], data_offsets: [0, 8] },
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
    const file = bytesOf({ x: { dtype: 'F16', shape: [5], data_offsets: [0, 10] } }, 10)
    const view = new DataView(file.buffer, file.length - 10)
    for (const [i, bits] of [0x3c00, 0xc100, 0x0001, 0x7c00, 0x3555].entries()) view.setUint16(2 * i, bits, true)
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

  // The search for what a loss depends on meets all that was made of weights before it meets the layers.
  it('has the gradients of transposed weights in that order, too', () => {
    const [x, ...weights] = [input('x', [1, 2]), input('a', [3, 2]), input('b', [4, 3]), input('c', [5, 4])]
    const loss = sum(weights.reduce((h, weight) => tanh(matmul(h, transpose(weight, [1, 0]))), x!))
    const gradients = Object.fromEntries(grad(loss, weights).map((gradient, i) => [`d${'abc'[i]}`, gradient]))
    const nodes = writtenNodes(writeOnnx({ loss, ...gradients }))
    expect(nodes.flatMap((node) => node.outputs).slice(-4)).toEqual(['da', 'db', 'dc', 'loss'])
    // Products as they are: a transposition behind them would be a pass over each of them.
    expect(nodes.slice(-4, -1).map((node) => node.opType)).toEqual(['MatMul', 'MatMul', 'MatMul'])
  })

  it('makes one of reshapes that follow each other, whichever operations they belong to', () => {
    const x = input('x', [2, 6])
    const total = sum(reshape(x, [2, 2, 3]), { axes: [0] })
    const counts = countOps(writeOnnx({ y: reshape(reshape(total, [6, 1]), [3, 2]) }))
    expect(counts).toEqual({ Reshape: 2, ReduceSum: 1 })
  })

  it('stores large weights as they are read: reshaped and transposed', async () => {
    const [rows, columns] = [257, 300]
    const values = Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(i))
    const [x, w] = [input('x', [2, columns]), input('w', [1, rows, columns])]
    const turned = matmul(x, transpose(reshape(w, [rows, columns]), [1, 0]))
    const inMaps = matmul(reshape(x, [1, 2, columns]), transpose(w, [0, 2, 1]))
    // Read as it is, too, and an output that is one.
    const outputs = { turned, inMaps, plain: matmul(turned, reshape(w, [rows, columns])), copy: transpose(w, [2, 1, 0]) }
    const { bytes } = writeOnnx(outputs, new Map([['w', values]]))
    expect(countOps({ bytes }).Transpose).toBe(1)
    const session = await InferenceSession.create(bytes, { logSeverityLevel: 3 })
    const given = Float32Array.from({ length: 2 * columns }, (_, i) => Math.cos(i))
    const results = await session.run({ x: new OrtTensor('float32', given, [2, columns]) })
    const expected = Array.from({ length: 2 * rows }, (_, at) => {
      const [i, o] = [Math.floor(at / rows), at % rows]
      return given.subarray(i * columns, (i + 1) * columns).reduce((total, value, k) => total + value * values[o * columns + k]!, 0)
    })
    // Sums of 300 products in float32.
    for (const name of ['turned', 'inMaps'])
      expect(Math.max(...expected.map((value, i) => Math.abs(value - Number(results[name]!.data[i]))))).toBeLessThan(1e-4)
    expect(Array.from(results.copy!.data as Float32Array).slice(0, 3)).toEqual([0, columns, 2 * columns].map((i) => values[i]))
    await session.release()
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
