/** The part of Protocol Buffers' wire format that writing needs: varints, fixed 32-bit floats, length-delimited fields. */
import { concatBytes } from './bytes.ts'

/**
 * Bytes in pieces. A field is written into the message around it, and that into the next: large values, a network's weights, stay the pieces that they are,
 * and are copied once, by `joinFields`.
 */
export type Field = readonly Uint8Array[]

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
export function bytesField(number: number, value: string | Uint8Array | readonly Field[]): Field {
  const body = typeof value === 'string' ? [encoder.encode(value)] : value instanceof Uint8Array ? [value] : value.flat()
  const length = body.reduce((sum, piece) => sum + piece.length, 0)
  return compact([Uint8Array.from([...varint((number << 3) | 2), ...varint(length)]), ...body])
}

/** Neighbours that are small as one piece. */
function compact(pieces: Field): Field {
  const runs: Uint8Array[][] = []
  for (const piece of pieces) {
    const run = runs.at(-1)
    if (run && piece.length < large && run.at(-1)!.length < large) run.push(piece)
    else runs.push([piece])
  }
  return runs.map(concatBytes)
}

/** The bytes of a message of these fields. */
export function joinFields(fields: readonly Field[]): Uint8Array {
  return concatBytes(fields.flat())
}
