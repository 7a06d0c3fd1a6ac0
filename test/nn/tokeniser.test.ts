import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildVocabulary, createTokeniser, specialTokens, type TokenKind, type Vocabulary } from '../../src/nn/index.ts'

const tokeniserOf = (text: string, kind: TokenKind) => createTokeniser(buildVocabulary([text], { kind }))

describe('1.2 tokeniser', () => {
  it.each(['words', 'characters'] as const)('1.2 tokeniser of %s: decode(encode(s)) = s for any text', (kind) => {
    const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.stringMatching(/^[a-c ,.'\ufffd\n-]*$/))
    fc.assert(
      fc.property(text, (s) => {
        const { encode, decode } = tokeniserOf(s, kind)
        expect(decode(encode(s))).toBe(s)
        expect(decode(encode(s, { start: true, end: true }))).toBe(s)
      }),
      { seed: 1, numRuns: 500 },
    )
  })

  it('1.2 tokeniser of symbols: chords and notes between white space', () => {
    const { encode, decode, size } = tokeniserOf('C:maj7 F#4 | C:maj7', 'symbols')
    expect(size).toBe(4 + 3)
    expect(Array.from(encode('C:maj7 | F#4'))).toEqual([4, 6, 5])
    expect(decode(encode('C:maj7 | F#4'))).toBe('C:maj7 | F#4')
    expect(decode(encode('\tC:maj7\n F#4 '))).toBe('C:maj7 F#4')
  })

  it('1.2 tokeniser: one space between words takes no symbol', () => {
    const { encode } = tokeniserOf("don't  stop, now", 'words')
    expect(encode("don't stop now")).toHaveLength(5)
    expect(encode('stop  now')).toHaveLength(4)
  })

  it('1.2 tokeniser: what it does not know becomes the unknown symbol, and a mark in its place', () => {
    const { encode, decode, symbolOf } = tokeniserOf('la la li', 'words')
    const ids = encode('la lo li')
    expect(Array.from(ids)).toEqual([4, specialTokens.unknown, 5])
    expect(decode(ids)).toBe('la \ufffd li')
    expect(Array.from(ids, symbolOf)).toEqual(['la', '<unknown>', 'li'])
  })

  it('1.2 tokeniser: text that spells a special symbol is not one', () => {
    const { encode, decode } = tokeniserOf('<pad> <end>', 'symbols')
    expect(Array.from(encode('<end> <pad>'))).toEqual([4, 5])
    expect(decode(encode('<end> <pad>'))).toBe('<end> <pad>')
  })

  it('1.2 tokeniser: start and end around a text, padding behind it; decoding leaves them out and stops at the end', () => {
    const { encodeBatch, decode } = tokeniserOf('abc', 'characters')
    const { ids, shape, lengths } = encodeBatch(['abc', 'a', ''], { start: true, end: true })
    expect(shape).toEqual([3, 5])
    expect(Array.from(lengths)).toEqual([5, 3, 2])
    expect(Array.from(ids)).toEqual([2, 4, 5, 6, 3, 2, 4, 3, 0, 0, 2, 3, 0, 0, 0])
    expect([0, 5, 10].map((at) => decode(ids.subarray(at, at + 5)))).toEqual(['abc', 'a', ''])
    expect(decode([4, 3, 5])).toBe('a')
    expect(tokeniserOf('F C', 'symbols').decode([2, 4, 0, 0, 5])).toBe('C F')
    expect(decode([4n, 5n])).toBe('ab')
  })

  it('1.2 tokeniser: a vocabulary is JSON, the most frequent first, with limits', () => {
    const vocabulary = buildVocabulary(['b a c', 'a b', 'a'], { kind: 'symbols', minCount: 2 })
    expect(vocabulary).toEqual({ kind: 'symbols', symbols: ['a', 'b'] })
    const again = createTokeniser(JSON.parse(JSON.stringify(vocabulary)) as Vocabulary)
    expect(Array.from(again.encode('a b c'))).toEqual([4, 5, 1])
    expect(buildVocabulary(['b a'], { maxSize: 1 }).symbols).toEqual(['a'])
  })

  it.each([
    [
      'a kind that is none',
      () => buildVocabulary([], { kind: 'bytes' as TokenKind }),
      /kind "bytes"; allowed are words, characters, symbols/,
    ],
    ['a size of no symbols', () => buildVocabulary([], { maxSize: 0 }), /maxSize 0; allowed are whole numbers ≥ 1/],
    [
      'a symbol that would be cut',
      () => createTokeniser({ kind: 'words', symbols: ['a', 'b c'] }),
      /symbol 1, "b c", is not one of kind words/,
    ],
    ['a symbol that is no text', () => createTokeniser({ kind: 'symbols', symbols: [7 as never] }), /symbol 0, 7/],
    ['a symbol twice', () => createTokeniser({ kind: 'symbols', symbols: ['a', 'a'] }), /symbol 1, "a", is there twice/],
    ['an id that is none', () => tokeniserOf('ab', 'characters').decode([6]), /id 6; allowed are whole numbers in 0…5/],
    ['a batch of nothing', () => tokeniserOf('ab', 'characters').encodeBatch(['', '']), /encodeBatch: 2 texts without a symbol/],
  ] as const)('refuses %s', (_, act, message) => {
    expect(act).toThrow(message)
  })
})
