/**
 * The names of Python's objects that a checkpoint may use, and what they become here: the whole list, nothing else is read. It is that of
 * `torch.load(weights_only=True)`, as far as state dicts have it, and NumPy's single numbers.
 */
import type { Shape } from '../../tensor/index.ts'
import { dtypes, type PytorchDType } from './dtypes.ts'
import { NumpyDType, numpyScalar } from './numpy-scalars.ts'
import { latin1Bytes } from './pickle-text.ts'
import { refuse, refuseUnsupported, saveWeightsAlone } from './refuse.ts'
import { PytorchTensor, Storage } from './tensor.ts'

/** A class or function of Python that can be called, by what is written here. */
class Callable {
  readonly name: string
  readonly apply: (args: readonly unknown[], maxBytes: number) => unknown

  constructor(name: string, apply: Callable['apply']) {
    this.name = name
    this.apply = apply
  }
}

/** A class of PyTorch's memory: persistent ids name the type of their numbers by it. */
export class StorageType {
  readonly dtype: PytorchDType

  constructor(dtype: PytorchDType) {
    this.dtype = dtype
  }
}

/** Far more than PyTorch's 64 axes at most are a mistake or malice. */
const maxRank = 64

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function isShape(value: unknown): value is Shape {
  return Array.isArray(value) && value.length <= maxRank && value.every(isCount)
}

function tensorOf(args: readonly unknown[], maxBytes: number, dtype?: PytorchDType): PytorchTensor {
  const [storage, offset, shape, strides] = args
  if (!(storage instanceof Storage) || !isCount(offset) || !isShape(shape) || !isShape(strides) || shape.length !== strides.length) {
    return refuse('a tensor is not made of a storage, an offset, a shape and strides')
  }
  return new PytorchTensor(storage, { dtype: dtype ?? storage.dtype, shape: [...shape], strides: [...strides], offset }, maxBytes)
}

function dtypeOf(value: unknown): PytorchDType {
  const name = typeof value === 'string' && value.startsWith('torch.') ? value.slice(6) : ''
  return Object.hasOwn(dtypes, name) ? (name as PytorchDType) : refuse('a tensor has no dtype')
}

/** `_rebuild_from_type_v2(function, class, args, state)`: a tensor with attributes of its own, which are left out. */
function rebuildFromType([rebuild, , args]: readonly unknown[], maxBytes: number): unknown {
  if (!(rebuild instanceof Callable) || rebuild.apply === rebuildFromType || !Array.isArray(args)) {
    return refuse('a tensor is not made of a function and its arguments')
  }
  return rebuild.apply(args, maxBytes)
}

function parameterOf([tensor]: readonly unknown[]): PytorchTensor {
  return tensor instanceof PytorchTensor ? tensor : refuse('a parameter is no tensor')
}

function dictOf([items]: readonly unknown[]): Map<unknown, unknown> {
  if (items === undefined) return new Map()
  if (items instanceof Map) return new Map(items)
  const pairs = Array.isArray(items) && items.every((pair) => Array.isArray(pair) && pair.length === 2)
  return pairs ? new Map(items as [unknown, unknown][]) : refuse('a dict is not made of pairs')
}

function setOf([items]: readonly unknown[]): Set<unknown> {
  return items === undefined || Array.isArray(items) ? new Set(items) : refuse('a set is not made of a list')
}

/** Up to protocol 2, bytes are written as the text whose characters they are in Latin 1. */
function bytesOf([text, encoding]: readonly unknown[]): Uint8Array {
  if (text === undefined) return new Uint8Array(0)
  if (text instanceof Uint8Array) return text
  const known = typeof text === 'string' && (encoding === 'latin1' || encoding === 'latin-1')
  return known ? latin1Bytes(text) : refuse('bytes are not made of a text in Latin 1')
}

function sizeOfTorch([shape]: readonly unknown[]): Shape {
  return isShape(shape) ? shape : refuse('a torch.Size is no list of extents')
}

function deviceName([type, index]: readonly unknown[]): string {
  if (typeof type !== 'string' || (index !== undefined && index !== null && !isCount(index))) return refuse('a torch.device has no name')
  return typeof index === 'number' ? `${type}:${index}` : type
}

const callables: Readonly<Record<string, Callable['apply']>> = {
  'collections.OrderedDict': dictOf,
  'collections.Counter': dictOf,
  'builtins.set': setOf,
  'builtins.frozenset': setOf,
  'builtins.bytes': bytesOf,
  'builtins.bytearray': bytesOf,
  '_codecs.encode': bytesOf,
  'torch._utils._rebuild_tensor': (args, maxBytes) => tensorOf(args, maxBytes),
  'torch._utils._rebuild_tensor_v2': (args, maxBytes) => tensorOf(args, maxBytes),
  'torch._utils._rebuild_tensor_v3': (args, maxBytes) => tensorOf(args, maxBytes, dtypeOf(args[6])),
  'torch._utils._rebuild_parameter': parameterOf,
  'torch._utils._rebuild_parameter_with_state': parameterOf,
  'torch._tensor._rebuild_from_type_v2': rebuildFromType,
  'torch.Size': sizeOfTorch,
  'torch.device': deviceName,
  'numpy.dtype': (args) => new NumpyDType(args),
  'numpy.core.multiarray.scalar': numpyScalar,
  'numpy._core.multiarray.scalar': numpyScalar,
}

/** Classes that are only named, by `_rebuild_from_type_v2`. */
const classes = ['torch.Tensor', 'torch.nn.parameter.Parameter']

const known = new Map<string, unknown>([
  ...Object.entries(callables).map(([name, apply]) => [name, new Callable(name, apply)] as const),
  ...classes.map((name) => [name, new Callable(name, () => refuse(`it makes a ${name} without values`))] as const),
  ...Object.entries(dtypes).map(([dtype, { storage }]) => [`torch.${storage}`, new StorageType(dtype as PytorchDType)] as const),
  ['torch.UntypedStorage', new StorageType('uint8')],
  ['torch.storage.UntypedStorage', new StorageType('uint8')],
  // As text, which is what they are good for without PyTorch.
  ...Object.keys(dtypes).map((dtype) => [`torch.${dtype}`, `torch.${dtype}`] as const),
])

/** Python 2's name of the module that Python 3 calls builtins; protocols up to 2 write it. */
const oldBuiltins = '__builtin__'

/** @throws RangeError, with the list of what is allowed and the way out, for every other name */
export function findGlobal(module: string, name: string): unknown {
  const path = `${module === oldBuiltins ? 'builtins' : module}.${name}`
  if (known.has(path)) return known.get(path)
  const shown = path.length > 200 ? `${path.slice(0, 200)}…` : path
  return refuseUnsupported(
    `it refers to ${JSON.stringify(shown)} of Python, which is not read here, and nothing was run; allowed are ${[...known.keys()].join(', ')}. ` +
      'A file with a whole model or other objects of Python in it needs the code that made it',
    saveWeightsAlone,
  )
}

export function callGlobal(callable: unknown, args: readonly unknown[], maxBytes: number): unknown {
  return callable instanceof Callable ? callable.apply(args, maxBytes) : refuse('its pickle calls what is no function')
}

/** Attributes of an OrderedDict (`_metadata`: versions of modules) are left out; a dtype of NumPy needs its own. */
export function setGlobalState(object: unknown, state: unknown): void {
  if (object instanceof NumpyDType) object.setState(state)
  else if (!(object instanceof Map)) refuse('its pickle sets the state of what has none')
}
