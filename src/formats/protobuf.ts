/** The part of Protocol Buffers' wire format that writing needs: varints, fixed 32-bit floats, length-delimited fields. */
import { concatBytes } from './bytes.ts'

/**
 * Bytes in pieces. A field is written into the message around it, and that into the next: large values, a network's weights, stay the pieces that they are,
 * and are copied once, by `joinFields`.
 */
export type Field = readonly Piece[]

/** Bytes that are there, or that are made when the message is complete, some after the other. */
export type Piece = Uint8Array | LateBytes

export interface LateBytes {
  readonly length: number
  pieces(): Iterable<Uint8Array>
}

/** Pieces of at least so many bytes are not joined with what is around them. */
const large = 1 << 16

const encoder = new TextEncoder()

function varint(value: number): number[] {
  const bytes: number[] = []
  // 64-bit two's complement: BigInt only where 32-bit arithmetic would lose bits.
  let rest = BigInt.asUintN(64, BigInt(value))
  do {
    const low = Number(rest & 0x7fn)
    rest >>= 7n
    bytes.push(rest > 0n ? low | 0x80 : low)
  } while (rest > 0n)
  return bytes
}

/** An integer, enum or bool field. */
export function integerField(number: number, value: number): Field {
  return [Uint8Array.from([...varint(number << 3), ...varint(value)])]
}

/** A 32-bit float field. */
export function floatField(number: number, value: number): Field {
  const out = new Uint8Array(5)
  out[0] = (number << 3) | 5
  new DataView(out.buffer).setFloat32(1, value, true)
  return [out]
}

/** A string, bytes, packed or message field. */
export function bytesField(number: number, value: string | Piece | readonly Field[]): Field {
  const isMessage = (x: Piece | readonly Field[]): x is readonly Field[] => Array.isArray(x)
  const body = typeof value === 'string' ? [encoder.encode(value)] : isMessage(value) ? value.flat() : [value]
  const length = body.reduce((sum, piece) => sum + piece.length, 0)
  return compact([Uint8Array.from([...varint((number << 3) | 2), ...varint(length)]), ...body])
}

/** Neighbours that are small as one piece. */
function compact(pieces: Field): Field {
  const runs: Piece[][] = []
  const isSmall = (piece: Piece): piece is Uint8Array => piece instanceof Uint8Array && piece.length < large
  for (const piece of pieces) {
    const run = runs.at(-1)
    if (run && isSmall(piece) && isSmall(run.at(-1)!)) run.push(piece)
    else runs.push([piece])
  }
  return runs.map((run) => (run.length === 1 ? run[0]! : concatBytes(run as Uint8Array[])))
}

/** The bytes of a message of these fields. */
export function joinFields(fields: readonly Field[]): Uint8Array {
  const pieces = fields.flat()
  const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    for (const bytes of piece instanceof Uint8Array ? [piece] : piece.pieces()) {
      whole.set(bytes, at)
      at += bytes.length
    }
  }
  return whole
}
