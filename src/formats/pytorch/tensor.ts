/** Tensors of a checkpoint: shapes over stretches of memory that lie in the file until they are read. */
import { formatShape, type Shape, sizeOf } from '../../tensor/index.ts'
import type { ByteSource } from '../byte-source.ts'
import { factsOf, type PytorchArray, type PytorchDType } from './dtypes.ts'
import { refuse } from './refuse.ts'

/** Memory that one or more tensors look at. */
export class Storage {
  readonly name: string
  readonly dtype: PytorchDType
  /** How many numbers it holds. */
  readonly count: number
  readonly bigEndian: boolean
  readonly #open: () => ByteSource
  #whole: Uint8Array | undefined

  /** @param open gives its bytes, at least count × width of them */
  constructor(name: string, dtype: PytorchDType, count: number, open: () => ByteSource, bigEndian = false) {
    this.name = name
    this.dtype = dtype
    this.count = count
    this.bigEndian = bigEndian
    this.#open = open
  }

  get byteLength(): number {
    return this.count * factsOf(this.dtype).width
  }

  source(): ByteSource {
    return this.#open()
  }

  /** All of it in memory, kept for further tensors that are no plain run of it. */
  whole(): Uint8Array {
    this.#whole ??= this.#open().view(0, this.byteLength)
    return this.#whole
  }
}

export interface TensorPlace {
  readonly dtype: PytorchDType
  readonly shape: Shape
  /** Numbers of the storage from one index to the next, per axis. */
  readonly strides: readonly number[]
  /** The number of the storage that comes first. */
  readonly offset: number
}

const littleEndianMachine = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

function reverseEach(bytes: Uint8Array, width: number): void {
  if (width === 1) return
  for (let at = 0; at < bytes.length; at += width) bytes.subarray(at, at + width).reverse()
}

/** Row-major order without gaps; strides of axes with one index do not matter. */
function isPlainRun({ shape, strides }: TensorPlace): boolean {
  let run = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== run) return false
    run *= shape[axis]!
  }
  return true
}

/** The bytes of a tensor of at least one number, in row-major order. */
function gather(bytes: Uint8Array, { shape, strides, offset }: TensorPlace, width: number, target: Uint8Array): void {
  const index = shape.map(() => 0)
  let from = offset
  for (let at = 0; at < target.length; at += width) {
    for (let k = 0; k < width; k++) target[at + k] = bytes[from * width + k]!
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]!++
      from += strides[axis]!
      if (index[axis]! < shape[axis]!) break
      from -= index[axis]! * strides[axis]!
      index[axis] = 0
    }
  }
}

/** A tensor of a checkpoint: its dtype and shape are known, its values are read from the file when they are asked for. */
export class PytorchTensor {
  readonly dtype: PytorchDType
  readonly shape: Shape
  readonly #place: TensorPlace
  readonly #storage: Storage
  readonly #maxBytes: number

  /** @throws RangeError where the tensor does not lie within its storage */
  constructor(storage: Storage, place: TensorPlace, maxBytes: number) {
    const { dtype, shape, strides, offset } = place
    const { width } = factsOf(dtype)
    const last = offset + shape.reduce((sum, extent, axis) => sum + (extent - 1) * strides[axis]!, 0)
    const fits = sizeOf(shape) === 0 || (last + 1) * width <= storage.byteLength
    if (!fits || !Number.isSafeInteger(sizeOf(shape))) {
      refuse(
        `a tensor ${formatShape(shape)} with the strides ${formatShape(strides)} from ${offset} on leaves its storage "${storage.name}"`,
      )
    }
    this.dtype = dtype
    this.shape = shape
    this.#place = place
    this.#storage = storage
    this.#maxBytes = maxBytes
  }

  /** Bytes of the array that `read` gives. */
  get byteLength(): number {
    return sizeOf(this.shape) * factsOf(this.dtype).widthRead
  }

  /**
   * The values in row-major order, in an array of their own: float16 and bfloat16 as float32, truth values as 0 and 1, all others as they are.
   *
   * @throws RangeError where the file is cut short, or the values are more than the `maxBytes` that the file was opened with
   */
  read(): PytorchArray {
    const { width, arrayOf } = factsOf(this.dtype)
    if (this.byteLength > this.#maxBytes) {
      throw new RangeError(
        `PyTorch file: a tensor ${formatShape(this.shape)} takes ${this.byteLength} bytes, more than the ${this.#maxBytes} that are allowed; ` +
          'if the file is from a source you trust, give a larger maxBytes',
      )
    }
    const bytes = new Uint8Array(sizeOf(this.shape) * width)
    if (bytes.length > 0) {
      if (isPlainRun(this.#place)) this.#storage.source().copy(this.#place.offset * width, bytes)
      else gather(this.#storage.whole(), this.#place, width, bytes)
    }
    if (this.#storage.bigEndian === littleEndianMachine) reverseEach(bytes, width)
    return arrayOf(bytes.buffer)
  }
}
