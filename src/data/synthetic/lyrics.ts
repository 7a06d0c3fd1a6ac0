/** Syllables to sing: consonants, vowel, consonants, drawn so that common sounds of languages are common. */
import type { Random } from '../../tensor/random.ts'
import type { Consonant, Vowel } from './score.ts'

interface Syllable {
  readonly initial: readonly Consonant[]
  readonly vowel: Vowel
  readonly final: readonly Consonant[]
}

const VOWELS: readonly Vowel[] = ['i', 'ɪ', 'e', 'ɛ', 'æ', 'a', 'a', 'ʌ', 'ɔ', 'o', 'o', 'ʊ', 'u', 'ɝ', 'i', 'e', 'ʌ', 'y', 'ø']
const INITIALS: readonly (readonly Consonant[])[] = [
  [],
  [],
  [],
  ['s'],
  ['s'],
  ['t'],
  ['t'],
  ['k'],
  ['p'],
  ['m'],
  ['m'],
  ['n'],
  ['n'],
  ['l'],
  ['l'],
  ['r'],
  ['w'],
  ['j'],
  ['h'],
  ['f'],
  ['ʃ'],
  ['b'],
  ['d'],
  ['d'],
  ['g'],
  ['v'],
  ['z'],
  ['s', 't'],
  ['t', 'r'],
  ['p', 'l'],
  ['k', 'r'],
  ['s', 'l'],
  ['f', 'l'],
  ['b', 'r'],
  ['g', 'l'],
  ['t', 'ʃ'],
  ['s', 'k'],
  ['d', 'r'],
]
const FINALS: readonly (readonly Consonant[])[] = [
  [],
  [],
  [],
  [],
  [],
  ['n'],
  ['n'],
  ['m'],
  ['s'],
  ['t'],
  ['l'],
  ['r'],
  ['k'],
  ['d'],
  ['z'],
  ['v'],
  ['n', 'd'],
  ['t', 's'],
  ['s', 't'],
  ['ʃ'],
]

/** A wordless singer keeps to one or two syllables, as in "la la" or "ooh". */
const REFRAINS: readonly (readonly Syllable[])[] = [
  [{ initial: ['l'], vowel: 'a', final: [] }],
  [{ initial: [], vowel: 'u', final: [] }],
  [{ initial: [], vowel: 'a', final: [] }],
  [{ initial: ['n'], vowel: 'a', final: [] }],
  [
    { initial: ['d'], vowel: 'u', final: [] },
    { initial: ['b'], vowel: 'i', final: [] },
  ],
  [
    { initial: ['w'], vowel: 'o', final: [] },
    { initial: [], vowel: 'o', final: [] },
  ],
  [
    { initial: ['j'], vowel: 'ɛ', final: [] },
    { initial: [], vowel: 'i', final: [] },
  ],
]

function drawSyllable(random: Random): Syllable {
  return { initial: random.pick(INITIALS), vowel: random.pick(VOWELS), final: random.pick(FINALS) }
}

/** As many syllables as asked for; now and then a wordless refrain. */
export function drawLyrics(count: number, random: Random): readonly Syllable[] {
  if (random.chance(0.1)) {
    const refrain = random.pick(REFRAINS)
    return Array.from({ length: count }, (_, i) => refrain[i % refrain.length]!)
  }
  return Array.from({ length: count }, () => drawSyllable(random))
}
