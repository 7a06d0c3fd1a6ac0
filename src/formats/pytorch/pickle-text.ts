/** Numbers and texts of pickles, those of protocol 0 included, which are lines that people can read. */
import { refuse } from './refuse.ts'

/** As a number where that is exact. */
export function plainInteger(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

/** The longest integer that is read, in bytes or digits: longer ones take a time that grows with the square of their length. */
const maxDigits = 1000

/** Two's complement, lowest byte first. */
export function integerOfBytes(bytes: Uint8Array): number | bigint {
  if (bytes.length > maxDigits) refuse(`it has an integer of ${bytes.length} bytes`)
  let value = 0n
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!)
  return plainInteger(BigInt.asIntN(8 * bytes.length, value))
}

export function latin1(bytes: Uint8Array): string {
  // In pieces: a call takes only so many arguments.
  let text = ''
  for (let at = 0; at < bytes.length; at += 4096) text += String.fromCharCode(...bytes.subarray(at, at + 4096))
  return text
}

/** The bytes of a text whose characters stand for one each. */
export function latin1Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 255) refuse('bytes that are written as text have a character beyond 255')
    bytes[i] = code
  }
  return bytes
}

export function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return refuse('it has a text that is no UTF-8')
  }
}

function start(text: string): string {
  return JSON.stringify(text.slice(0, 40))
}

/** A line of digits, with the L of Python 2's long integers. */
export function integerOfLine(line: Uint8Array): number | bigint {
  const text = latin1(line.subarray(0, maxDigits + 1))
  if (line.length > maxDigits || !/^[+-]?\d+L?$/.test(text)) refuse(`it has ${start(text)} where an integer should be`)
  return plainInteger(BigInt(text.replace(/^\+|L$/g, '')))
}

export function floatOfLine(line: Uint8Array): number {
  const text = latin1(line.subarray(0, maxDigits + 1))
  const named: Readonly<Record<string, number>> = { inf: Infinity, '-inf': -Infinity, nan: Number.NaN, '-nan': Number.NaN }
  if (Object.hasOwn(named, text)) return named[text]!
  if (line.length > maxDigits || !/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text))
    refuse(`it has ${start(text)} where a float should be`)
  return Number(text)
}

const escapes: Readonly<Record<string, string>> = {
  '\\': '\\',
  "'": "'",
  '"': '"',
  n: '\n',
  r: '\r',
  t: '\t',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
}

/** Python's notation of bytes: in quotes, with escapes. */
export function quotedBytes(line: Uint8Array): Uint8Array {
  const text = latin1(line).trim()
  const quote = text[0]
  if (text.length < 2 || (quote !== "'" && quote !== '"') || text.at(-1) !== quote)
    refuse(`it has ${start(text)} where a text in quotes should be`)
  return latin1Bytes(
    text.slice(1, -1).replace(/\\(?:x([0-9a-fA-F]{2})|(.)|$)/gs, (all, hex: string | undefined, letter: string | undefined) => {
      if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16))
      return escapes[letter ?? ''] ?? refuse(`it has the escape ${start(all)} in a text`)
    }),
  )
}

/** Python's raw-unicode-escape: Latin 1, and all else as \uXXXX or \UXXXXXXXX. */
export function escapedText(line: Uint8Array): string {
  return latin1(line).replace(/\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})/g, (_, short: string | undefined, long: string | undefined) => {
    const code = Number.parseInt(short ?? long ?? '', 16)
    return code <= 0x10ffff ? String.fromCodePoint(code) : refuse('it has a character beyond those of Unicode')
  })
}
