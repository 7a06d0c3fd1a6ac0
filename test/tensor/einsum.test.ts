import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { evaluate } from '../../src/runtime/index.ts'
import { constant, createRandom, einsum, input, matmul, type Tensor, topologicalOrder } from '../../src/tensor/index.ts'

const values = (shape: readonly number[], seed: number) => {
  const random = createRandom(seed)
  return Float64Array.from({ length: shape.reduce((n, extent) => n * extent, 1) }, () => random.uniform(-1, 1))
}

/** The definition: a sum over all values of all letters. */
function definition(equation: string, extents: Record<string, number>, operands: readonly Float64Array[]): number[] {
  const [left, output] = equation.split('->') as [string, string]
  const terms = left.split(',')
  const labels = [...new Set(left.replaceAll(',', ''))]
  const at = (term: string, index: Record<string, number>) => [...term].reduce((flat, label) => flat * extents[label]! + index[label]!, 0)
  const result = new Array<number>([...output].reduce((n, label) => n * extents[label]!, 1)).fill(0)
  const visit = (depth: number, index: Record<string, number>): void => {
    if (depth < labels.length) {
      for (let i = 0; i < extents[labels[depth]!]!; i++) visit(depth + 1, { ...index, [labels[depth]!]: i })
      return
    }
    result[at(output, index)]! += terms.reduce((product, term, i) => product * operands[i]![at(term, index)]!, 1)
  }
  visit(0, {})
  return result
}

describe('einsum', () => {
  it('is its definition, for drawn equations of one to three operands', async () => {
    const term = fc.uniqueArray(fc.constantFrom(...'abcde'), { maxLength: 4 })
    const drawn = fc.array(term, { minLength: 1, maxLength: 3 }).chain((terms) =>
      fc.record({
        terms: fc.constant(terms.map((labels) => labels.join(''))),
        output: fc.shuffledSubarray([...new Set(terms.flat())]),
        extents: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 5, maxLength: 5 }),
      }),
    )
    await fc.assert(
      fc.asyncProperty(drawn, async ({ terms, output, extents: sizes }) => {
        const extents = Object.fromEntries([...'abcde'].map((label, i) => [label, sizes[i]!]))
        const shapes = terms.map((labels) => [...labels].map((label) => extents[label]!))
        const equation = `${terms.join()}->${output.join('')}`
        const operands = shapes.map((shape, i) => values(shape, i))
        const [y] = await evaluate(() => [einsum(equation, ...shapes.map((shape, i) => constant(operands[i]!, shape)))])
        const expected = definition(equation, extents, operands)
        expect(y!.length, equation).toBe(expected.length)
        // At most 243 products of numbers ≤ 1 in float64.
        for (const [i, value] of expected.entries()) expect(Math.abs(Number(y![i]) - value), equation).toBeLessThan(1e-12)
      }),
      { numRuns: 300, seed: 5 },
    )
  })

  // numpy 1.24: a = np.arange(6).reshape(2, 3), b = np.arange(12).reshape(3, 4); np.einsum('ij,jk', a, b) and so on.
  it.each([
    ['ij,jk', [20, 23, 26, 29, 56, 68, 80, 92]],
    ['ij,jk->ki', [20, 56, 23, 68, 26, 80, 29, 92]],
    ['ba,ac->c', [76, 91, 106, 121]],
    ['ij,jk->', [394]],
    [' i j , j k -> j ', [18, 110, 266]],
  ])('%s gives what numpy gives', async (equation, expected) => {
    const a = constant([0, 1, 2, 3, 4, 5], [2, 3])
    const b = constant(
      Array.from({ length: 12 }, (_, i) => i),
      [3, 4],
    )
    const [y] = await evaluate(() => [einsum(equation, a, b)])
    expect(Array.from(y as Float64Array)).toEqual(expected)
  })

  it.each([
    ['bhid,bhjd->bhij', [2, 4, 5, 3], [2, 4, 6, 3]],
    ['oc,bct->bot', [5, 3], [2, 3, 7]],
    ['btc,cd->btd', [2, 7, 3], [3, 5]],
    ['bti,btj->bij', [2, 7, 3], [2, 7, 5]],
    ['jk,ij->ik', [3, 4], [2, 3]],
  ])('%s moves no numbers: only the last two axes are swapped, which the product does', (equation, a, b) => {
    const y = einsum(equation, input('a', a), input('b', b))
    const names = topologicalOrder([y]).map(({ operation, inputs }) => ({ name: operation.name, key: operation.key, inputs }))
    for (const { name, key, inputs } of names) {
      if (name !== 'transpose') continue
      const rank = inputs[0]!.shape.length
      expect((JSON.parse(key) as { permutation: number[] }).permutation.slice(-2)).toEqual([rank - 1, rank - 2])
    }
    expect(names.filter(({ name }) => name === 'matmul').length).toBe(1)
  })

  it('refuses what it does not do, by name', () => {
    const a = constant([1, 2, 3, 4], [2, 2])
    const three = constant([1, 2, 3])
    const refusal = (equation: string, ...tensors: Tensor[]) => expect(() => einsum(equation, ...tensors))
    refusal('ii->i', a).toThrow('einsum: "ii->i": "i" stands twice in operand 0; diagonals are not taken here')
    refusal('...i->i', a).toThrow('allowed are letters, commas between operands and one "->"')
    refusal('ij->i->j', a).toThrow('one "->"')
    refusal('ij,jk->ik', a).toThrow('names 2 operand(s), 1 are given')
    refusal('ijk->i', a).toThrow('operand 0 is "ijk", its shape is (2, 2)')
    refusal('ij,j->i', a, three).toThrow('"j" is 2 and 3')
    refusal('ij->k', a).toThrow('"k" of the output is in no operand')
    refusal('ij->ii', a).toThrow('"i" stands twice in the output')
    refusal('i->i', constant([1], [1], 'int64')).toThrow('einsum: needs float32')
  })
})

describe('matmul', () => {
  // numpy: np.matmul of the same arrays.
  it('takes vectors as NumPy does', async () => {
    const a = constant([1, 2, 3, 4, 5, 6, 7, 8], [2, 2, 2])
    const v = constant([10, 1])
    const [row, column, scalar] = await evaluate(() => [matmul(v, a), matmul(a, v), matmul(v, v)])
    expect(matmul(v, a).shape).toEqual([2, 2])
    expect(matmul(a, v).shape).toEqual([2, 2])
    expect(matmul(v, v).shape).toEqual([])
    expect(Array.from(row as Float64Array)).toEqual([13, 24, 57, 68])
    expect(Array.from(column as Float64Array)).toEqual([12, 34, 56, 78])
    expect(Array.from(scalar as Float64Array)).toEqual([101])
  })

  it('refuses scalars and inner axes that differ', () => {
    const v = constant([10, 1])
    expect(() => matmul(constant(1), v)).toThrow('matmul: () × (2)')
    expect(() => matmul(v, constant(1))).toThrow('matmul: (2) × ()')
    expect(() => matmul(v, constant([1, 2, 3]))).toThrow('matmul: (2) × (3)')
    expect(() => matmul(constant([1, 2], [1, 2]), constant([1, 2], [1, 2]))).toThrow('matmul: (1, 2) × (1, 2): needs (…, m, k) × (…, k, n)')
  })
})
