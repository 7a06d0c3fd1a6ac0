/** Single numbers of NumPy, which losses and learning rates in checkpoints often are. */
import { plainInteger } from './pickle-text.ts'
import { refuse, refuseUnsupported, saveWeightsAlone } from './refuse.ts'

const readers: Readonly<Record<string, (view: DataView, little: boolean) => number | bigint | boolean>> = {
  f8: (view, little) => view.getFloat64(0, little),
  f4: (view, little) => view.getFloat32(0, little),
  i8: (view, little) => view.getBigInt64(0, little),
  i4: (view, little) => view.getInt32(0, little),
  i2: (view, little) => view.getInt16(0, little),
  i1: (view) => view.getInt8(0),
  u8: (view, little) => view.getBigUint64(0, little),
  u4: (view, little) => view.getUint32(0, little),
  u2: (view, little) => view.getUint16(0, little),
  u1: (view) => view.getUint8(0),
  b1: (view) => view.getUint8(0) !== 0,
}

export class NumpyDType {
  readonly code: string
  bigEndian = false

  /** @param args of numpy.dtype: the code, and whether to align and to copy */
  constructor([code]: readonly unknown[]) {
    if (typeof code !== 'string' || !Object.hasOwn(readers, code)) {
      refuseUnsupported(
        `a NumPy number has the dtype ${typeof code === 'string' ? JSON.stringify(code.slice(0, 20)) : typeof code}, read are ${Object.keys(readers).join(', ')}`,
        saveWeightsAlone,
      )
    }
    this.code = code
  }

  /** @param state whose second item is the order of bytes */
  setState(state: unknown): void {
    const order = Array.isArray(state) ? (state as readonly unknown[])[1] : undefined
    if (order !== '<' && order !== '>' && order !== '|') refuse('a dtype of NumPy has no order of bytes')
    this.bigEndian = order === '>'
  }
}

/** @param args of numpy.core.multiarray.scalar: dtype and bytes */
export function numpyScalar([dtype, bytes]: readonly unknown[]): number | bigint | boolean {
  if (!(dtype instanceof NumpyDType) || !(bytes instanceof Uint8Array) || bytes.length !== Number(dtype.code[1])) {
    return refuse('a number of NumPy is not its dtype and its bytes')
  }
  const value = readers[dtype.code]!(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), !dtype.bigEndian)
  return typeof value === 'bigint' ? plainInteger(value) : value
}
