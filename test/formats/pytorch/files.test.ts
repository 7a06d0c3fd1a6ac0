/** Files of PyTorch 1.13, of both formats: every tensor has the values that PyTorch says (test/goldens/pytorch-files.py). */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import {
  type PytorchTensor,
  type PytorchValue,
  readPytorch,
  readPytorchStateDict,
  readSafetensors,
  type StoredIntegers,
  type StoredTensor,
  writeSafetensors,
} from '../../../src/formats/index.ts'
import { readPytorchFile } from '../../../src/models/index.ts'
import { Linear, loadStateDict } from '../../../src/nn/index.ts'
import { fixture, fixtures } from './support.ts'

interface Golden {
  readonly dtype: string
  readonly shape: readonly number[]
  /** Integers of 64 bits, and what JSON has no number for, as text. */
  readonly values: readonly (number | string | boolean)[]
}

const goldens: Readonly<Record<string, Record<string, Golden>>> = JSON.parse(
  readFileSync(new URL('../../goldens/pytorch-files.json', import.meta.url), 'utf8'),
)

function wanted({ dtype, values }: Golden): (number | bigint)[] {
  if (dtype === 'int64') return values.map((value) => BigInt(value))
  return values.map((value) => (typeof value === 'string' ? Number(value.replace('inf', 'Infinity')) : Number(value)))
}

function entriesOf(value: PytorchValue | undefined): [PytorchValue, PytorchValue][] {
  return value instanceof Map ? [...value] : []
}

const at = (value: PytorchValue | undefined, key: PytorchValue) => (value instanceof Map ? (value.get(key) as PytorchValue) : undefined)

describe('readPytorch', () => {
  it('has a golden for every file, and a file for every golden', () => {
    expect(fixtures.filter((name) => !name.startsWith('refused'))).toEqual(Object.keys(goldens).sort())
  })

  it.each(Object.keys(goldens))('reads %s: names, dtypes, shapes and values', (name) => {
    const { tensors } = readPytorch(fixture(name))
    expect([...tensors.keys()]).toEqual(Object.keys(goldens[name]!))
    for (const [path, golden] of Object.entries(goldens[name]!)) {
      const tensor = tensors.get(path) as PytorchTensor
      expect([tensor.dtype, tensor.shape], path).toEqual([golden.dtype, golden.shape])
      // Exact: every value of the narrow floats is a float32, and Python prints enough digits of the wide ones.
      expect(Array.from<number | bigint>(tensor.read()), path).toEqual(wanted(golden))
    }
  })

  it('gives arrays of the width of their numbers', () => {
    const { tensors } = readPytorch(fixture('dtypes.pth'))
    const classes = Object.fromEntries(Array.from(tensors, ([name, tensor]) => [name, tensor.read()[Symbol.toStringTag]]))
    expect(classes).toEqual({
      float32: 'Float32Array',
      float64: 'Float64Array',
      float16: 'Float32Array',
      bfloat16: 'Float32Array',
      int64: 'BigInt64Array',
      int32: 'Int32Array',
      int16: 'Int16Array',
      int8: 'Int8Array',
      uint8: 'Uint8Array',
      bool: 'Uint8Array',
    })
  })

  it('gives each reader arrays of its own: writing to them changes neither the file nor other tensors', () => {
    const file = fixture('views.pth')
    const { tensors } = readPytorch(file)
    for (const name of ['base', 'transposed'])
      tensors
        .get(name)!
        .read()
        .fill(99 as never)
    expect(file).toEqual(fixture('views.pth'))
    expect(tensors.get('same')!.read()[0]).toBe(0)
    expect(tensors.get('transposed')!.read()[0]).toBe(0)
  })

  it.each(['plain-legacy-protocol-0.pth', ...[1, 2, 3, 4, 5].map((protocol) => `plain-protocol-${protocol}.pth`)])(
    'reads plain data of Python: %s',
    (name) => {
      const { value, tensors } = readPytorch(fixture(name))
      expect(tensors.size).toBe(0)
      const expected: [PytorchValue, PytorchValue][] = [
        ['none', null],
        ['truth', [true, false]],
        ['integers', [0, 255, 256, 65535, 65536, -1, 2 ** 31, -(2 ** 31), 2 ** 53 - 1, 2n ** 53n, 2n ** 64n, -(2n ** 70n), -128, -32769]],
        ['floats', [0.5, -1e-300, Infinity, -Infinity]],
        ['texts', ['', 'ü€😀', 'line\nbreak \\u0041', 'x'.repeat(300)]],
        ['bytes', [Uint8Array.of(), Uint8Array.of(0, 255, 39, 10, 92), Uint8Array.of(97, 98)]],
        ['tuples', [[], [1], [1, 2], [1, 2, 3], [1, 2, 3, 4]]],
        ['set', new Set([1])],
        ['frozenset', new Set(['a'])],
        [3, new Map([['nested', new Map()]])],
        [
          'ordered',
          new Map([
            ['b', 1],
            ['a', 2],
          ]),
        ],
        [
          'counter',
          new Map([
            ['a', 2],
            ['b', 1],
          ]),
        ],
        ['__proto__', 1],
        ['long', Array.from({ length: 1001 }, () => null)],
        ['shared', [[1], [1]]],
      ]
      expect(entriesOf(value)).toEqual(expected)
      const shared = at(value, 'shared') as readonly PytorchValue[]
      expect(shared[0]).toBe(shared[1])
    },
  )

  it('reads what belongs to PyTorch and NumPy and is no tensor as text and numbers', () => {
    expect(entriesOf(readPytorch(fixture('of-torch.pth')).value)).toEqual([
      ['dtype', 'torch.bfloat16'],
      ['device', ['cpu', 'cuda:1']],
      ['size', [2, 3]],
      ['numpy', [0.1, 0.5, -3, 5, 200, true]],
    ])
  })

  it('reads the state of an optimiser and of a schedule as they are nested', () => {
    const { value } = readPytorch(fixture('training.pth'))
    const state = at(at(at(value, 'optimizer'), 'state'), 0)
    expect([...(state as Map<string, unknown>).keys()]).toEqual(['step', 'exp_avg', 'exp_avg_sq'])
    const [group] = at(at(value, 'optimizer'), 'param_groups') as readonly PytorchValue[]
    expect([at(group, 'lr'), at(group, 'betas'), at(group, 'params')]).toEqual([0.01, [0.9, 0.999], [0, 1]])
    expect([at(at(value, 'scheduler'), 'milestones'), at(at(value, 'scheduler'), 'last_epoch')]).toEqual([
      new Map([
        [2, 1],
        [5, 1],
      ]),
      1,
    ])
  })
})

describe('readPytorchStateDict', () => {
  it('gives what loadStateDict takes, out of a part of the file', () => {
    const { tensors, integers } = readPytorchStateDict(fixture('training.pth'), { prefix: 'model.' })
    const values = loadStateDict(new Linear(3, 2), tensors)
    expect(Array.from(values.get('weight')!)).toEqual(goldens['training.pth']!['model.weight']!.values)
    expect(integers.size).toBe(0)
  })

  it('parts floats, as float32, from whole numbers and truth values', () => {
    const { tensors, integers } = readPytorchStateDict(fixture('dtypes.pth'))
    expect([...tensors.keys()]).toEqual(['float32', 'float64', 'float16', 'bfloat16'])
    expect(tensors.get('float64')!.data).toEqual(Float32Array.of(0.1, Infinity, -Infinity))
    expect(Object.fromEntries(Array.from(integers, ([name, { data }]) => [name, data]))).toEqual({
      int64: BigInt64Array.of(2n ** 63n - 1n, -(2n ** 63n), 7n),
      int32: Int32Array.of(2 ** 31 - 1, -(2 ** 31)),
      int16: Int32Array.of(2 ** 15 - 1, -(2 ** 15)),
      int8: Int32Array.of(127, -128, 1),
      uint8: Int32Array.of(255, 0, 1),
      bool: Uint8Array.of(1, 0, 1),
    })
  })

  it('gives what becomes a safetensors file', () => {
    const { tensors, integers } = readPytorchStateDict(fixture('dtypes.pth'))
    const again = readSafetensors(
      writeSafetensors({ tensors: new Map<string, StoredTensor | StoredIntegers>([...tensors, ...integers]), metadata: {} }),
    )
    expect(new Map(again.tensors)).toEqual(tensors)
    expect(new Map(again.integers)).toEqual(integers)
  })

  it('takes the module. of DataParallel off where all names have it, unless it is told not to', () => {
    expect([...readPytorchStateDict(fixture('parallel.pth')).tensors.keys()]).toEqual(['weight', 'bias'])
    expect([...readPytorchStateDict(fixture('parallel.pth'), { stripModule: false }).tensors.keys()]).toEqual([
      'module.weight',
      'module.bias',
    ])
    expect([...readPytorchStateDict(fixture('parallel.pth'), { prefix: 'module.' }).tensors.keys()]).toEqual(['weight', 'bias'])
  })

  it('says which prefixes there are', () => {
    expect(() => readPytorchStateDict(fixture('training.pth'), { prefix: 'net.' })).toThrow(
      /prefix: "net\."; no tensor's name begins so, they begin with model, optimizer$/,
    )
  })

  it('refuses to give more than maxBytes, before it reads, and takes no senseless limit', () => {
    expect(() => readPytorchStateDict(fixture('tensor.pth'), { maxBytes: 20 })).toThrow(
      /20 bytes of memory that are allowed; .* larger maxBytes/,
    )
    expect(() => readPytorchStateDict(fixture('tensor.pth'), { maxBytes: Number.NaN })).toThrow(
      /maxBytes: NaN; allowed are numbers above 0/,
    )
  })
})

describe('readPytorchFile', () => {
  const path = (name: string) => fileURLToPath(new URL(`../../fixtures/pytorch/${name}`, import.meta.url))

  it.each(Object.keys(goldens))('reads %s from disk as from memory', (name) => {
    expect(readPytorchFile(path(name))).toEqual(readPytorchStateDict(fixture(name)))
  })

  it('names the file where it refuses it, and what is no file', () => {
    expect(() => readPytorchFile(path('refused-system.pth'))).toThrow(/refused-system\.pth: PyTorch file: it refers to "posix\.system"/)
    expect(() => readPytorchFile(path(''))).toThrow(/it is no ordinary file/)
    expect(() => readPytorchFile(path('missing.pth'))).toThrow(/ENOENT/)
  })
})
