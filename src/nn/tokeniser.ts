/**
 * Text, chords or notes as numbers: a vocabulary says which symbol has which id, a tokeniser cuts text into symbols and joins them again.
 * Vocabularies are plain JSON and travel with the models that were trained with them.
 */

/**
 * How text is cut. 'characters': Unicode code points. 'words': runs of letters and digits, and every other character by itself; one space
 * between two words is understood and takes no symbol. 'symbols': what stands between white space (`C:maj7`, `F#4`), all of it one space.
 */
export type TokenKind = 'words' | 'characters' | 'symbols'

/** What a tokeniser is made of; JSON. The ids of `symbols` follow those of the four special ones. */
export interface Vocabulary {
  readonly kind: TokenKind
  readonly symbols: readonly string[]
}

/** Ids that every vocabulary has: what fills sequences up, what is not in it, and where a text starts and ends. */
export const specialTokens = { pad: 0, unknown: 1, start: 2, end: 3 } as const

const specialCount = Object.keys(specialTokens).length

/** Stands where text had a symbol that the vocabulary has not. */
const unknownText = '\u{fffd}'
const unknown: unique symbol = Symbol('unknown')

const kinds: readonly TokenKind[] = ['words', 'characters', 'symbols']
const word = /^[\p{L}\p{M}\p{N}_]+$/u

/** Text as symbols; without loss but for the white space of 'symbols'. */
function cut(text: string, kind: TokenKind): string[] {
  if (kind === 'characters') return Array.from(text)
  if (kind === 'symbols') return text.split(/\s+/u).filter(Boolean)
  const pieces = text.match(/[\p{L}\p{M}\p{N}_]+|[^\p{L}\p{M}\p{N}_]/gu) ?? []
  return pieces.filter((piece, i) => !(piece === ' ' && isWord(pieces[i - 1]) && isWord(pieces[i + 1])))
}

function isWord(piece: string | undefined): boolean {
  return piece !== undefined && word.test(piece)
}

/** Symbols as text, `unknown` for those that the vocabulary has not: most of them were words. */
function join(symbols: readonly (string | typeof unknown)[], kind: TokenKind): string {
  const texts = symbols.map((symbol) => (symbol === unknown ? unknownText : symbol))
  if (kind !== 'words') return texts.join(kind === 'symbols' ? ' ' : '')
  const words = symbols.map((symbol) => symbol === unknown || isWord(symbol))
  return texts.reduce((text, symbol, i) => text + (words[i - 1] && words[i] ? ' ' : '') + symbol, '')
}

export interface VocabularyOptions {
  /** 'words' by default. */
  readonly kind?: TokenKind
  /** Symbols that are rarer in the texts are left out; 1 by default: none is. */
  readonly minCount?: number
  /** The most frequent ones only, special ones not counted; all by default. */
  readonly maxSize?: number
}

/**
 * Collects the symbols of texts, the most frequent first, equally frequent ones by code point.
 *
 * @throws RangeError for another kind, and for limits that are no whole numbers ≥ 1
 *
 * @example
 * const vocabulary = buildVocabulary(['C Am F G', 'C F C'], { kind: 'symbols' })
 * vocabulary.symbols // ['C', 'F', 'Am', 'G']
 */
export function buildVocabulary(
  texts: Iterable<string>,
  { kind = 'words', minCount = 1, maxSize = Number.POSITIVE_INFINITY }: VocabularyOptions = {},
): Vocabulary {
  checkKind('buildVocabulary', kind)
  for (const [name, limit] of Object.entries({ minCount, maxSize })) {
    if (!(limit >= 1 && (Number.isInteger(limit) || limit === Number.POSITIVE_INFINITY))) {
      throw new RangeError(`buildVocabulary: ${name} ${limit}; allowed are whole numbers ≥ 1`)
    }
  }
  const counts = new Map<string, number>()
  for (const text of texts) for (const symbol of cut(text, kind)) counts.set(symbol, (counts.get(symbol) ?? 0) + 1)
  const ordered = [...counts].filter(([, count]) => count >= minCount).sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
  return { kind, symbols: ordered.slice(0, maxSize).map(([symbol]) => symbol) }
}

export interface EncodeOptions {
  /** Puts the start symbol in front; false by default. */
  readonly start?: boolean
  /** Puts the end symbol behind; false by default. */
  readonly end?: boolean
}

/** Texts of a batch side by side, as networks read them. */
export interface EncodedBatch {
  /** (texts, longest), filled up with the pad symbol. */
  readonly ids: Int32Array
  readonly shape: readonly [number, number]
  /** Symbols of each text. */
  readonly lengths: Int32Array
}

export interface Tokeniser {
  readonly vocabulary: Vocabulary
  /** Number of ids, special ones included: what `Embedding` needs. */
  readonly size: number
  /** Ids of a text; symbols that the vocabulary has not become the unknown one. */
  encode(text: string, options?: EncodeOptions): Int32Array
  /** Ids of several texts. @throws RangeError where there are none, or none has a symbol */
  encodeBatch(texts: readonly string[], options?: EncodeOptions): EncodedBatch
  /**
   * The text of ids up to the end symbol, without start and padding; `\u{fffd}` stands for unknown ones.
   *
   * @throws RangeError for an id that is none
   */
  decode(ids: ArrayLike<number | bigint>): string
  /** The symbol of an id as text, special ones as `<pad>`, `<unknown>`, `<start>`, `<end>`. @throws RangeError for an id that is none */
  symbolOf(id: number): string
}

function checkKind(who: string, kind: TokenKind): void {
  if (!kinds.includes(kind)) throw new RangeError(`${who}: kind ${JSON.stringify(kind)}; allowed are ${kinds.join(', ')}`)
}

/** Ids by symbol; refuses what no text could be cut into, for it would never be found. */
function idsOf({ kind, symbols }: Vocabulary): Map<string, number> {
  checkKind('createTokeniser', kind)
  const ids = new Map<string, number>()
  for (const [i, symbol] of symbols.entries()) {
    const pieces = typeof symbol === 'string' ? cut(symbol, kind) : []
    if (pieces.length !== 1 || pieces[0] !== symbol) {
      throw new RangeError(
        `createTokeniser: symbol ${i}, ${JSON.stringify(symbol)}, is not one of kind ${kind}; needs text that is not cut`,
      )
    }
    if (ids.has(symbol)) throw new RangeError(`createTokeniser: symbol ${i}, ${JSON.stringify(symbol)}, is there twice; needs each once`)
    ids.set(symbol, specialCount + i)
  }
  return ids
}

/**
 * A tokeniser of a vocabulary. decode(encode(text)) is the text where the vocabulary has all of its symbols (for 'symbols': where single
 * spaces stand between them).
 *
 * @throws RangeError for a vocabulary with symbols that are there twice or that text is never cut into
 *
 * @example
 * const tokeniser = createTokeniser(buildVocabulary(['da da di']))
 * const ids = tokeniser.encode('di da dum', { start: true, end: true }) // [2, 5, 4, 1, 3]
 * tokeniser.decode([2, 5, 4, 3, 0]) // 'di da'
 * tokeniser.size // 6
 */
export function createTokeniser(vocabulary: Vocabulary): Tokeniser {
  const { kind, symbols } = vocabulary
  const ids = idsOf(vocabulary)
  const size = specialCount + symbols.length
  const specials = Object.keys(specialTokens).map((name) => `<${name}>`)
  const check = (id: number) => {
    if (!Number.isInteger(id) || id < 0 || id >= size)
      throw new RangeError(`tokeniser: id ${id}; allowed are whole numbers in 0…${size - 1}`)
    return id
  }
  const encode = (text: string, { start = false, end = false }: EncodeOptions = {}) =>
    Int32Array.from([
      ...(start ? [specialTokens.start] : []),
      ...cut(text, kind).map((symbol) => ids.get(symbol) ?? specialTokens.unknown),
      ...(end ? [specialTokens.end] : []),
    ])
  return {
    vocabulary,
    size,
    encode,
    encodeBatch: (texts, options) => {
      const rows = texts.map((text) => encode(text, options))
      const longest = Math.max(0, ...rows.map((row) => row.length))
      if (longest === 0) throw new RangeError(`encodeBatch: ${texts.length} texts without a symbol; needs one, or start or end around them`)
      const filled = new Int32Array(rows.length * longest).fill(specialTokens.pad)
      for (const [i, row] of rows.entries()) filled.set(row, i * longest)
      return { ids: filled, shape: [rows.length, longest], lengths: Int32Array.from(rows, (row) => row.length) }
    },
    decode: (encoded) => {
      const all = Array.from(encoded, (id) => check(Number(id)))
      const end = all.indexOf(specialTokens.end)
      const texts = (end < 0 ? all : all.slice(0, end)).flatMap((id): (string | typeof unknown)[] => {
        if (id === specialTokens.pad || id === specialTokens.start) return []
        return [id === specialTokens.unknown ? unknown : symbols[id - specialCount]!]
      })
      return join(texts, kind)
    },
    symbolOf: (id) => specials[check(id)] ?? symbols[id - specialCount]!,
  }
}
