/** Files of PyTorch that are refused: code, damage, and lies about sizes. Nothing in them is run, and each ends in one RangeError. */
import { existsSync } from 'node:fs'
import { deflateRawSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { readPytorch, readPytorchStateDict } from '../../../src/formats/index.ts'
import { checkpointOf, fixture, joined, little, type MadeEntry, storageOf, tensorOf, zipOf } from './support.ts'

const wayOut = /in Python, save the weights alone: torch\.save\(model\.state_dict\(\), path\), or safetensors\.torch\.save_file/

describe('what would need Python', () => {
  it.each([
    ['refused-system.pth', '"posix.system"'],
    ['refused-system-legacy.pth', '"posix.system"'],
    ['refused-module.pth', '"torch.nn.modules.linear.Linear"'],
    ['refused-module-legacy.pth', '"__main__.Tiny"'],
    ['refused-complex.pth', '"torch.ComplexFloatStorage"'],
  ])('is refused by its name, with what is allowed and the way out: %s', (name, culprit) => {
    const read = () => readPytorch(fixture(name))
    expect(read).toThrow(RangeError)
    expect(read).toThrow(`PyTorch file: it refers to ${culprit} of Python, which is not read here, and nothing was run; allowed are`)
    expect(read).toThrow(/allowed are collections\.OrderedDict, .*torch\._utils\._rebuild_tensor_v2, .*torch\.FloatStorage, /)
    expect(read).toThrow(wayOut)
    expect(existsSync('/tmp/divisi-was-harmed')).toBe(false)
  })

  it('is refused where it is a program of TorchScript', () => {
    expect(() => readPytorch(fixture('refused-script.pt'))).toThrow(/it holds a program of TorchScript; in Python/)
  })

  it.each([
    ['GLOBAL', 'cos\nsystem\n.'],
    ['STACK_GLOBAL', '\x8c\x02os\x8c\x06system\x93.'],
    ['INST', '(ios\nsystem\n.'],
    ['OBJ, from the memo', '(cos\nsystem\nq\0o.'],
    ['names that objects of JavaScript inherit', 'cconstructor\nconstructor\n.'],
    ['a class below one that is allowed', 'ccollections\nOrderedDict.__class__\n.'],
  ])('is refused by %s', (_, pickle) => {
    expect(() => readPytorch(checkpointOf(pickle))).toThrow(/it refers to "[\w.]+" of Python/)
  })

  it('has a name that is shortened where it is endless', () => {
    expect(() => readPytorch(checkpointOf(`c${'a'.repeat(100_000)}\nb\n.`))).toThrow(/"a{200}…" of Python/)
  })

  it.each([
    ['an extension', '\x82\x01.', /the byte 130 at 0 is no instruction/],
    ['buffers outside of the pickle', '\x97.', /the byte 151 at 0 is no instruction/],
    ['a class as data', 'ccollections\nOrderedDict\n.', /a value is a class or a storage of PyTorch, not data/],
    ['a storage as data', `}X\x01\0\0\0s${storageOf(0)}s.`, /the value "s" is a class or a storage of PyTorch, not data/],
    ['calls of what is no function', 'K\x01)R.', /its pickle calls what is no function/],
    ['a parameter without values', 'ctorch.nn.parameter\nParameter\n)R.', /it makes a torch\.nn\.parameter\.Parameter without values/],
    ['complex numbers of NumPy', 'cnumpy\ndtype\n(X\x03\0\0\0c16tR.', /a NumPy number has the dtype "c16", read are f8, f4, .*; in Python/],
    ['a dtype of NumPy that is no text', 'cnumpy\ndtype\n(]tR.', /a NumPy number has the dtype object, read are f8/],
    ['a dtype of NumPy without an order', 'cnumpy\ndtype\n(X\x02\0\0\0f8tRNb.', /a dtype of NumPy has no order of bytes/],
    [
      'a number of NumPy of too few bytes',
      'cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n(X\x02\0\0\0f8tRC\x03abctR.',
      /a number of NumPy is not its dtype and its bytes/,
    ],
    ['bytes that are no Latin 1', 'c_codecs\nencode\n(X\x03\0\0\0\xe2\x82\xacX\x06\0\0\0latin1tR.', /a character beyond 255/],
    ['a dict of no pairs', 'ccollections\nOrderedDict\n(]K\x01atR.', /a dict is not made of pairs/],
    ['a set of a number', 'cbuiltins\nset\n(K\x01tR.', /a set is not made of a list/],
    ['a size of texts', 'ctorch\nSize\n(X\0\0\0\0tR.', /a torch\.Size is no list of extents/],
    ['a device of numbers', 'ctorch\ndevice\n(K\x01tR.', /a torch\.device has no name/],
    ['a parameter of a number', 'ctorch._utils\n_rebuild_parameter\n(K\x01tR.', /a parameter is no tensor/],
    ['a tensor by a function that is none', 'ctorch._tensor\n_rebuild_from_type_v2\n(NN)tR.', /a tensor is not made of a function/],
    ['state of a list', ']Nb.', /its pickle sets the state of what has none/],
  ])('is refused as %s', (_, pickle, problem) => {
    expect(() => readPytorch(checkpointOf(pickle, { 0: new Uint8Array(0) }))).toThrow(problem)
  })
})

describe('files of other kinds', () => {
  it.each([
    ['nothing', new Uint8Array(0), /it is empty/],
    ['a page of the web', joined('<!DOCTYPE html>'), /the byte 60 at 0 is no instruction of a pickle/],
    [
      'a pickle of something else',
      joined('K\x01.'),
      /it is neither a zip file nor begins with the magic number of torch\.save; give a file/,
    ],
    [
      'a tar file',
      joined(new Uint8Array(257), 'ustar', new Uint8Array(300)),
      /it is a tar file, as PyTorch wrote before 0\.1\.10; load and save it/,
    ],
    ['another zip file', zipOf([{ name: 'a.npy', content: new Uint8Array(4) }]), /a zip file with 0 entries of the form <name>\/data\.pkl/],
    [
      'two checkpoints in one',
      zipOf(['a/data.pkl', 'b/data.pkl'].map((name) => ({ name, content: joined('N.') }))),
      /a zip file with 2 entries of the form/,
    ],
    [
      'a newer old format',
      joined('\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.', 'M\xea\x03.'),
      /its format has the version 1002, read is 1001/,
    ],
    ['a newer pickle', checkpointOf('\x80\x06N.'), /its pickle has the protocol 6, read are 0 to 5/],
  ])('are refused: %s', (_, file, problem) => {
    expect(() => readPytorch(file)).toThrow(problem)
  })
})

describe('zip files that lie', () => {
  const pickle: MadeEntry = { name: 'a/data.pkl', content: joined('N.') }
  const packed = (text: string) => new Uint8Array(deflateRawSync(joined(text)))
  const compressed = { ...pickle, method: 8, content: packed('N.'), length: 2, checkSum: 0x2a2a2a2a }

  it('are made rightly where they do not', () => {
    expect(readPytorch(zipOf([pickle])).value).toBe(null)
  })

  it.each<[string, Uint8Array, RegExp]>([
    ['a directory beyond the file', zipOf([pickle], { start: 5000 }), /its directory would be at byte 5000 of \d+/],
    ['a longer directory than the file', zipOf([pickle], { length: 5000 }), /its directory would be at byte \d+ of \d+/],
    ['more entries than the directory holds', zipOf([pickle], { count: 60_000 }), /its directory has 56 bytes for 60000 entries/],
    ['a directory that is none', zipOf([pickle], { start: 1 }), /its directory is not where it should be/],
    ['64-bit sizes that are not there', zipOf([{ ...pickle, length: 0xffffffff }]), /the entry "a\/data\.pkl" lacks its 64-bit sizes/],
    ['a 64-bit directory that is not there', zipOf([pickle], { start: 0xffffffff }), /it lacks the locator of its 64-bit directory/],
    ['an entry beyond the file', zipOf([{ ...pickle, start: 9999 }]), /its entry "a\/data\.pkl" would be at byte 9999 of/],
    ['an entry where none is', zipOf([{ ...pickle, start: 2 }]), /its entry "a\/data\.pkl" is not where it should be/],
    [
      'an entry that is longer than the file',
      zipOf([{ ...pickle, packed: 9999, length: 9999 }]),
      /entry "a\/data\.pkl" would be at byte \d+ of/,
    ],
    ['a length that is not the stored one', zipOf([{ ...pickle, length: 900 }]), /the entry "a\/data\.pkl" claims 900 bytes, stored in 2/],
    ['two entries of one name', zipOf([pickle, pickle]), /it has two entries "a\/data\.pkl"/],
    ['encryption', zipOf([{ ...pickle, flags: 1 }]), /the entry "a\/data\.pkl" is encrypted/],
    ['another compression', zipOf([{ ...pickle, method: 14 }]), /is compressed by method 14; read are 0 \(stored\) and 8 \(deflate\)/],
    ['more compressed data than claimed', zipOf([{ ...compressed, length: 1 }]), /has more than the 1 bytes that it claims/],
    ['less compressed data than claimed', zipOf([{ ...compressed, length: 5 }]), /has 2 of the 5 bytes that it claims/],
    ['a check sum that is wrong', zipOf([compressed]), /the entry "a\/data\.pkl" does not have its check sum/],
    [
      'what is no compressed data',
      zipOf([{ ...compressed, content: joined('\xff\xff') }]),
      /the entry "a\/data\.pkl" cannot be decompressed: /,
    ],
    ['compressed data that breaks off', zipOf([{ ...compressed, content: packed('N.').subarray(0, 2) }]), /cannot be decompressed: /],
    ['a ratio that compression does not have', zipOf([{ ...compressed, length: 100_000 }]), /claims 100000 bytes, stored in 4/],
    ['an order of bytes that is none', zipOf([pickle, { name: 'a/byteorder', content: joined('mixed') }]), /its order of bytes is "mixed"/],
  ])('are refused: %s', (_, file, problem) => {
    expect(() => readPytorch(file)).toThrow(problem)
    expect(() => readPytorch(file)).toThrow(/^PyTorch file: .*; the file is damaged or of another format$/)
  })

  it('of compressed zeros are refused by what they claim, before it is allocated', () => {
    const zeros = new Uint8Array(deflateRawSync(new Uint8Array(2 ** 28)))
    const bomb = zipOf([{ name: 'a/data.pkl', content: zeros, method: 8, length: 2 ** 28 }])
    expect(() => readPytorch(bomb)).toThrow(/the entry "a\/data\.pkl" would take more than the \d+ bytes of memory that are allowed/)
    // A claim that is small, of much data: decompression stops there.
    const small = zipOf([{ name: 'a/data.pkl', content: zeros, method: 8, length: 2 ** 20 }])
    expect(() => readPytorch(small)).toThrow(/has more than the 1048576 bytes that it claims/)
  })
})

describe('tensors that lie', () => {
  const file = (pickle: string) => checkpointOf(`${pickle}.`, { 0: new Uint8Array(24) })
  const storage = storageOf(6)

  it('are made rightly where they do not', () => {
    expect(readPytorch(file(tensorOf(storage, 0, [2, 3], [3, 1]))).tensors.get('')?.shape).toEqual([2, 3])
  })

  it.each<[string, string, RegExp]>([
    ['a storage without data', tensorOf(storageOf(6, 'other'), 0, [1], [1]), /it has no entry "a\/data\/other"/],
    [
      'a storage that is shorter than it claims',
      tensorOf(storageOf(7), 0, [1], [1]),
      /its storage "a\/data\/0" claims 28 bytes and has 24/,
    ],
    ['a storage of less than nothing', tensorOf(storageOf(0).replace('J\0\0\0\0', 'J\xff\xff\xff\xff'), 0, [0], [1]), /claims -4 bytes/],
    ['one storage of two sizes', `(${tensorOf(storage, 0, [1], [1])}${tensorOf(storageOf(5), 0, [1], [1])}t`, /has two types or sizes/],
    ['one number too many', tensorOf(storage, 0, [7], [1]), /a tensor \(7\) with the strides \(1\) from 0 on leaves its storage/],
    ['an offset', tensorOf(storage, 1, [2, 3], [3, 1]), /from 1 on leaves its storage/],
    ['strides', tensorOf(storage, 0, [2, 3], [4, 1]), /with the strides \(4, 1\) from 0 on leaves its storage/],
    ['extents whose product is beyond whole numbers', tensorOf(storage, 0, [2 ** 30, 2 ** 30], [0, 0]), /leaves its storage/],
    [
      'extents beyond whole numbers',
      tensorOf(storage, 0, [2 ** 60], [0]),
      /a tensor is not made of a storage, an offset, a shape and strides/,
    ],
    ['more extents than strides', tensorOf(storage, 0, [1, 1], [1]), /a tensor is not made of/],
    ['thousands of axes', tensorOf(storage, 0, new Array(5000).fill(1), new Array(5000).fill(1)), /a tensor is not made of/],
    ['no storage', 'ctorch._utils\n_rebuild_tensor_v2\n(K\x01K\0))\x89NtR', /a tensor is not made of/],
  ])('are refused: %s', (_, pickle, problem) => {
    expect(() => readPytorch(file(pickle))).toThrow(problem)
  })

  it('and one number that is expanded to billions is refused when it is read', () => {
    const expanded = file(tensorOf(storage, 0, [2 ** 20, 2 ** 11], [0, 0]))
    const { tensors } = readPytorch(expanded)
    expect(() => tensors.get('')!.read()).toThrow(/a tensor \(1048576, 2048\) takes 8589934592 bytes, more than the \d+ that are allowed/)
    expect(() => readPytorchStateDict(expanded)).toThrow(/would take more than the \d+ bytes of memory that are allowed/)
  })

  it('and many that are large each are refused together', () => {
    const large = tensorOf(storage, 0, [2 ** 20], [0])
    const many = file(`(${large.repeat(20)}t`)
    expect(() => readPytorchStateDict(many)).toThrow(/"16" and the tensors before it would take more than/)
    expect(readPytorchStateDict(many, { maxBytes: 2 ** 27 }).tensors.size).toBe(20)
  })

  it('and truth values that are neither 0 nor 1', () => {
    const truth = `${tensorOf(storageOf(3).replace('FloatStorage', 'BoolStorage'), 0, [3], [1])}.`
    const { tensors } = readPytorch(checkpointOf(truth, { 0: Uint8Array.of(0, 1, 7) }))
    expect(() => tensors.get('')!.read()).toThrow(/a tensor has the truth value 7, allowed are 0 and 1/)
  })

  it('and two tensors of one name', () => {
    const pickle = `}(X\x03\0\0\0a.b${tensorOf(storage, 0, [1], [1])}X\x01\0\0\0a}X\x01\0\0\0b${tensorOf(storage, 0, [1], [1])}su`
    expect(() => readPytorch(file(pickle))).toThrow(/two tensors have the name "a\.b"; save them under names without dots/)
  })
})

describe('pickles that lie', () => {
  it.each<[string, string, RegExp]>([
    ['no end', 'N', /it ends after byte 1, where 1 more are needed from 1 on/],
    ['an empty stack', '.', /its pickle takes more from the stack than there is/],
    ['a mark that is missing', 't.', /its pickle asks for a mark that is not there/],
    ['values below a mark', 'K\x01(s.', /its pickle takes more from the stack than there is/],
    ['a memo that is empty', 'h\x05.', /its pickle recalls 5, which it did not remember/],
    ['a text of 4 GB', 'X\xff\xff\xff\xffabc.', /it ends after byte \d+, where 4294967295 more are needed from 5 on/],
    ['bytes of 2^63', `\x8e\0\0\0\0\0\0\0\x80.`, /where 922337203685477\d+ more are needed/],
    ['an old text of negative length', 'T\xf0\xff\xff\xff.', /it claims -16 bytes at 5/],
    ['an integer of many digits', `L${'9'.repeat(5000)}\n.`, /it has "9{40}" where an integer should be/],
    ['an integer of many bytes', `\x8b\x88\x13\0\0${'\x01'.repeat(5000)}.`, /it has an integer of 5000 bytes/],
    ['an integer of letters', 'Ix\n.', /it has "x" where an integer should be/],
    ['a float of letters', 'F0x10\n.', /it has "0x10" where a float should be/],
    ['a text that is no UTF-8', 'X\x01\0\0\0\xff.', /it has a text that is no UTF-8/],
    ['a character beyond Unicode', 'V\\U00ffffff\n.', /it has a character beyond those of Unicode/],
    ['a text without quotes', 'Sabc\n.', /it has "abc" where a text in quotes should be/],
    ['an escape that is none', "S'\\q'\n.", /it has the escape "\\\\q" in a text/],
    ['items of a list', ']K\x01K\x02s.', /its pickle sets items of what is no dict/],
    ['a key without a value', '}(K\x01u.', /its pickle sets items of what is no dict/],
    ['what is appended to a dict', '}K\x01a.', /its pickle appends to what is no list/],
    ['what is added to a list', '](K\x01\x90.', /its pickle adds to what is no set/],
    ['a name that is no text', 'K\x01K\x02\x93.', /its pickle names an object by what is no text/],
    ['a reference to nothing', 'NQ.', /its pickle refers to what is no storage/],
    ['a tensor as a key', `}${tensorOf(storageOf(0), 0, [0], [1])}Ns.`, /a dict or set has a key that is no text, number or tuple/],
  ])('are refused: %s', (_, pickle, problem) => {
    const file = checkpointOf(pickle, { 0: new Uint8Array(0) })
    expect(() => readPytorch(file)).toThrow(problem)
    expect(() => readPytorch(file)).toThrow(/^PyTorch file: .*; the file is damaged or of another format$/)
  })

  it('by lists within lists without end', () => {
    expect(() => readPytorch(checkpointOf(`${'('.repeat(600)}${'t'.repeat(600)}.`))).toThrow(/more than 500 deep, or contain themselves/)
    expect(() => readPytorch(checkpointOf(']q\0h\0a.'))).toThrow(/more than 500 deep, or contain themselves/)
    expect(() => readPytorch(checkpointOf(`}${'('.repeat(600)}${'t'.repeat(600)}Ns.`))).toThrow(/more than 500 deep, or contain themselves/)
  })

  it('by a long name in many places', () => {
    const key = `X\x10\x27\0\0${'x'.repeat(10_000)}`
    expect(() => readPytorch(checkpointOf(`}${key}${tensorOf(storageOf(0), 0, [0], [1])}s.`, { 0: new Uint8Array(0) }))).toThrow(
      /a tensor has a name of more than 4096 characters/,
    )
  })

  it('by ten of ten of ten lists, which are small until they are looked at', () => {
    const tenfold = (at: number) => `(${`h${String.fromCharCode(at)}`.repeat(10)}lq${String.fromCharCode(at + 1)}0`
    const pickle = `]q\x000${Array.from({ length: 40 }, (_, at) => tenfold(at)).join('')}h\x28.`
    expect(() => readPytorch(checkpointOf(pickle))).toThrow(
      /its lists and dicts are far more, one within another, than a file of its length needs/,
    )
  })

  it('by millions of empty dicts of one byte each', () => {
    expect(() => readPytorch(checkpointOf(joined('(', '}'.repeat(1_000_000), 't.')))).toThrow(
      /its pickle would take more than the \d+ bytes of memory/,
    )
  })

  it('by a large set that is made again and again', () => {
    const pickle = joined('(', 'N'.repeat(10_000), 'lq\x01', 'cbuiltins\nset\nq\x02', 'h\x02h\x01\x85R'.repeat(10_000), '.')
    expect(() => readPytorch(checkpointOf(pickle))).toThrow(/its pickle would take more than the \d+ bytes of memory/)
  })
})

describe('files of the format before 1.6 that lie', () => {
  const magic = '\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.'
  const legacyStorage = (count: number, view = 'N') => storageOf(count).replace(/tQ$/, `${view}tQ`)
  const file = (pickle: string, keys: string, ...storages: Uint8Array[]) =>
    joined(magic, 'M\xe9\x03.', '}.', `${pickle}.`, `${keys}.`, ...storages)
  const key = '(X\x01\0\0\x000l'
  const numbers = joined(little(2, 8), new Uint8Array(8))
  const tensor = tensorOf(legacyStorage(2), 0, [2], [1])

  it('are made rightly where they do not', () => {
    expect(
      readPytorch(file(tensor, key, numbers))
        .tensors.get('')!
        .read(),
    ).toEqual(new Float32Array(2))
  })

  it.each<[string, Uint8Array, RegExp]>([
    ['no keys', file(tensor, 'N'), /it has no list of its storages/],
    ['keys that nothing refers to', file('N', key, numbers), /it lists a storage that nothing refers to/],
    ['a storage that is not listed', file(tensor, ']'), /it has no numbers of the storage "0"/],
    [
      'another count',
      file(tensor, key, joined(little(3, 8), new Uint8Array(12))),
      /its storage "0" has 3 numbers, where its pickle says 2/,
    ],
    ['numbers beyond the end', file(tensor, key, numbers.subarray(0, 15)), /it ends after byte \d+, where 8 more are needed/],
    ['one storage of two sizes', file(`(${tensor}${tensorOf(legacyStorage(3), 0, [2], [1])}t`, key, numbers), /has two types or sizes/],
    [
      'a view beyond its storage',
      file(tensorOf(legacyStorage(2, '(X\x01\0\0\0vK\x01K\x02t'), 0, [1], [1]), key, numbers),
      /its storage "0" has a view that is not in it/,
    ],
    ['a reference to nothing', file(tensorOf('NQ', 0, [1], [1]), key, numbers), /its pickle refers to what is no storage/],
  ])('are refused: %s', (_, bytes, problem) => {
    expect(() => readPytorch(bytes)).toThrow(problem)
  })

  it('and whole models with their code', () => {
    expect(() => readPytorch(file('(X\x06\0\0\0moduleNNNtQ', ']'))).toThrow(
      /it holds a whole model with its code; in Python, save the weights/,
    )
  })
})
