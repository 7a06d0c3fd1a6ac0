/** Damage to files, drawn by fast-check: flipped bits, extreme values in fields, cuts, gaps, repeats; and checksums made to fit it again. */

import fc from 'fast-check'
import { crc8, crc16Step, crc32WithHole } from '../../../src/audio/crc.ts'
import { parseFlacFrameHeader } from '../../../src/audio/flac-frames.ts'

/** Places are thousandths of a file, or bytes from its start: headers are where bytes matter most. */
type Place = { readonly thousandth: number } | { readonly byte: number }

export type Mutation =
  | { readonly kind: 'flip'; readonly place: Place; readonly bit: number }
  | { readonly kind: 'set'; readonly place: Place; readonly value: readonly number[] }
  | { readonly kind: 'cut'; readonly place: Place }
  | { readonly kind: 'drop' | 'repeat'; readonly place: Place; readonly length: number }

/** What fields of lengths, counts and rates are seldom tested with. */
const EXTREMES: readonly (readonly number[])[] = [
  [0],
  [1],
  [0x7f],
  [0x80],
  [0xff],
  [0, 0],
  [0xff, 0xff],
  [0x7f, 0xff],
  [0xff, 0x7f],
  [0, 0, 0, 0],
  [0xff, 0xff, 0xff, 0xff],
  [0xff, 0xff, 0xff, 0x7f],
  [0, 0, 0, 0x80],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
]

const anywhere = fc.record({ thousandth: fc.noBias(fc.integer({ min: 0, max: 1000 })) })
/** Seldom in the first four bytes, without which a file is of no kind that we know. */
const place: fc.Arbitrary<Place> = fc.oneof(fc.record({ byte: fc.noBias(fc.integer({ min: 4, max: 250 })) }), anywhere)

export const mutations: fc.Arbitrary<Mutation[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('flip' as const), place, bit: fc.integer({ min: 0, max: 7 }) }),
    fc.record({ kind: fc.constant('set' as const), place, value: fc.constantFrom(...EXTREMES) }),
    fc.record({ kind: fc.constant('cut' as const), place: anywhere }),
    fc.record({ kind: fc.constantFrom('drop' as const, 'repeat' as const), place, length: fc.integer({ min: 1, max: 4000 }) }),
  ),
  { minLength: 1, maxLength: 4 },
)

/** The file after the damage, one blow after the other. */
export function mutate(file: Uint8Array, list: readonly Mutation[]): Uint8Array {
  let bytes = Uint8Array.from(file)
  for (const mutation of list) {
    if (bytes.length === 0) break
    const at =
      'byte' in mutation.place ? mutation.place.byte % bytes.length : Math.floor((mutation.place.thousandth / 1000) * (bytes.length - 1))
    if (mutation.kind === 'flip') bytes[at] = bytes[at]! ^ (1 << mutation.bit)
    else if (mutation.kind === 'set') bytes.set(mutation.value.slice(0, bytes.length - at), at)
    else if (mutation.kind === 'cut') bytes = bytes.slice(0, at)
    else {
      const [head, piece, tail] = [bytes.subarray(0, at), bytes.subarray(at, at + mutation.length), bytes.subarray(at + mutation.length)]
      bytes = Uint8Array.from(Buffer.concat(mutation.kind === 'drop' ? [head, tail] : [head, piece, piece, tail]))
    }
  }
  return bytes
}

/** Makes the checksums of all Ogg pages true, so that damage reaches the codec. */
export function repairOgg(file: Uint8Array): Uint8Array {
  const bytes = Buffer.from(file)
  for (let at = bytes.indexOf('OggS'); at >= 0; at = bytes.indexOf('OggS', at + 4)) {
    if (at + 27 > bytes.length) break
    const lacing = bytes.subarray(at + 27, at + 27 + bytes[at + 26]!)
    const page = bytes.subarray(at, at + 27 + lacing.length + lacing.reduce((sum, lace) => sum + lace, 0))
    page.writeUInt32LE(crc32WithHole(page, 22), 22)
  }
  return bytes
}

/** Makes the checksums of FLAC frames true, as far as the undamaged file tells where they lie. */
export function repairFlac(file: Uint8Array, original: Uint8Array): Uint8Array {
  const bytes = Uint8Array.from(file)
  const starts: { at: number; headerBytes: number }[] = []
  for (let at = 0; at + 16 < original.length; at++) {
    const header = parseFlacFrameHeader(original, at)
    if (header?.number === starts.length) starts.push({ at, headerBytes: header.bytes })
  }
  starts.forEach(({ at, headerBytes }, index) => {
    const end = starts[index + 1]?.at ?? original.length
    if (end > bytes.length) return
    bytes[at + headerBytes - 1] = crc8(bytes, at, at + headerBytes - 1)
    let crc = 0
    for (let i = at; i < end - 2; i++) crc = crc16Step(crc, bytes[i]!)
    bytes.set([crc >> 8, crc & 0xff], end - 2)
  })
  return bytes
}
