/** Strings of symbols that the project makes: exact, repeatable, and of two parts that never meet. */
import { describe, expect, it } from 'vitest'
import { drawRecall, drawSequence, partOf, transduce } from '../../src/data/index.ts'

const strings = { symbols: 4, length: [1, 5], part: 'training', seed: 1 } as const
const recall = { values: 3, shown: 2, distractors: 4, wait: [3, 6], part: 'training', seed: 1 } as const

describe('strings to copy and to reverse', () => {
  it('1.4, 1.5 strings are a function of seed, part and index, of all lengths and symbols asked for', () => {
    const many = Array.from({ length: 2000 }, (_, i) => drawSequence(strings, i))
    expect(Array.from({ length: 2000 }, (_, i) => drawSequence(strings, i))).toEqual(many)
    expect(drawSequence({ ...strings, seed: 2 }, 7)).not.toEqual(many[7])
    const lengths = [1, 2, 3, 4, 5].map((length) => many.filter((ids) => ids.length === length).length)
    // 400 each on average, and 18 the deviation; single symbols fall into one part by eighths of four.
    for (const count of lengths.slice(1)) expect(Math.abs(count - 400)).toBeLessThan(110)
    expect(lengths[0]).toBeGreaterThan(0)
    const symbols = many.flatMap((ids) => Array.from(ids))
    for (let symbol = 0; symbol < 4; symbol++) {
      const share = symbols.filter((id) => id === symbol).length / symbols.length
      expect(Math.abs(share - 0.25)).toBeLessThan(0.04)
    }
    expect(new Set(symbols).size).toBe(4)
  })

  it('1.4, 1.5 no string of one part is in the other, whatever seed and length it was drawn with', () => {
    const drawn = (part: 'training' | 'heldOut') =>
      [1, 2, 3].flatMap((seed) =>
        [5, 9].flatMap((longest) =>
          Array.from({ length: 800 }, (_, i) => drawSequence({ ...strings, length: [2, longest], part, seed }, i).join()),
        ),
      )
    const [training, heldOut] = [new Set(drawn('training')), new Set(drawn('heldOut'))]
    expect(training.size).toBeGreaterThan(1000)
    expect(heldOut.size).toBeGreaterThan(1000)
    expect([...heldOut].filter((string) => training.has(string))).toEqual([])
    for (const string of heldOut) expect(partOf(string.split(',').map(Number))).toBe('heldOut')
  })

  it('one string in eight is held out', () => {
    const all = Array.from({ length: 4 ** 6 }, (_, n) => Array.from({ length: 6 }, (_, k) => Math.floor(n / 4 ** k) % 4))
    const share = all.filter((ids) => partOf(ids) === 'heldOut').length / all.length
    // Deviation 0.005.
    expect(Math.abs(share - 1 / 8)).toBeLessThan(0.02)
  })

  it('are copied or reversed', () => {
    const ids = Int32Array.of(3, 1, 2)
    expect(transduce('reverse', ids)).toEqual(Int32Array.of(2, 1, 3))
    const copy = transduce('copy', ids)
    expect(copy).toEqual(ids)
    expect(copy).not.toBe(ids)
  })

  it('refuses sizes that are none, and parts without a string', () => {
    expect(() => drawSequence({ ...strings, symbols: 0 }, 0)).toThrow('drawSequence: symbols 0; allowed are whole numbers ≥ 1')
    expect(() => drawSequence({ ...strings, length: [3, 2] }, 0)).toThrow(
      'length [3, 2]; needs two whole numbers ≥ 1, the smaller one first',
    )
    expect(() => drawSequence({ ...strings, length: [0, 2] }, 0)).toThrow('length [0, 2]')
    const single = { ...strings, symbols: 1, length: [1, 1] } as const
    const other = partOf([0]) === 'training' ? 'heldOut' : 'training'
    expect(() => drawSequence({ ...single, part: other }, 0)).toThrow(`no string of the part "${other}"; there are too few strings`)
  })
})

describe('delayed recall', () => {
  it('1.7 recall shows symbols, waits, asks for one of them, and knows the answer', () => {
    const [waits, questions, answers] = [new Set<number>(), new Set<number>(), new Set<number>()]
    for (let i = 0; i < 500; i++) {
      const { ids, question, answer } = drawRecall(recall, i)
      expect(drawRecall(recall, i)).toEqual({ ids, question, answer })
      const wait = ids.subarray(2, -1)
      expect(ids.subarray(0, 2).every((id) => id >= 0 && id < 3)).toBe(true)
      expect(wait.every((id) => id >= 3 && id < 7)).toBe(true)
      expect(ids.at(-1)).toBe(7 + question)
      expect(answer).toBe(ids[question])
      waits.add(wait.length)
      questions.add(question)
      answers.add(answer)
    }
    expect([...waits].sort()).toEqual([3, 4, 5, 6])
    expect([...questions].sort()).toEqual([0, 1])
    expect([...answers].sort()).toEqual([0, 1, 2])
  })

  it('1.7 recall asks about no string that was in training', () => {
    const drawn = (part: 'training' | 'heldOut') =>
      Array.from({ length: 2000 }, (_, i) => drawRecall({ ...recall, part, wait: [1, 2] }, i).ids.join())
    const training = new Set(drawn('training'))
    expect(drawn('heldOut').filter((string) => training.has(string))).toEqual([])
  })

  it('refuses sizes that are none', () => {
    expect(() => drawRecall({ ...recall, shown: 0 }, 0)).toThrow('drawRecall: shown 0; allowed are whole numbers ≥ 1')
    expect(() => drawRecall({ ...recall, wait: [4, 3] }, 0)).toThrow('drawRecall: wait [4, 3]; needs two whole numbers ≥ 1')
  })
})
