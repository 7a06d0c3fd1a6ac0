/** Every numbered building block has a row in docs/blocks.md, and the test that the row names has a test whose title begins with the number. */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const range = (part: number, first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => `${part}.${first + i}`)

/** All that is asked for so far; what the FrameTransformer's stages and tools add follows with them. */
const required = [
  ...range(0, 1, 22),
  ...range(1, 1, 17),
  ...range(2, 1, 23),
  ...range(3, 3, 40),
  '3.42',
  '3.43',
  '3.45',
  ...range(4, 1, 22),
  ...range(5, 1, 9),
]

interface Row {
  readonly number: string
  readonly code: readonly string[]
  readonly tests: readonly string[]
}

const paths = (cell: string) => Array.from(cell.matchAll(/`((?:src|test)\/[^`]+\.ts)`/g), ([, path]) => path!)

const rows: readonly Row[] = readFileSync('docs/blocks.md', 'utf8')
  .split('\n')
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .filter((cells) => /^\d+\.\d+(, \d+\.\d+)*$/.test(cells[1] ?? ''))
  .flatMap((cells) => cells[1]!.split(', ').map((number) => ({ number, code: paths(cells[3] ?? ''), tests: paths(cells[4] ?? '') })))

/** Numbers at the beginning of titles of tests, `'0.21, 3.8 LSTM: …'`. */
function numbersTested(file: string): Set<string> {
  const titles = readFileSync(file, 'utf8').matchAll(/['"`]((?:\d+\.\d+, )*\d+\.\d+)[ :]/g)
  return new Set(Array.from(titles).flatMap(([, numbers]) => numbers!.split(', ')))
}

describe('building blocks', () => {
  it.each(required)('%s has code and a test of its number', (number) => {
    const row = rows.filter((candidate) => candidate.number === number)
    expect(row, 'rows in docs/blocks.md').toHaveLength(1)
    const { code, tests } = row[0]!
    expect(code.length * tests.length, 'files in the row').toBeGreaterThan(0)
    for (const path of [...code, ...tests]) expect(existsSync(path), path).toBe(true)
    expect(
      tests.some((path) => numbersTested(path).has(number)),
      `a title that begins with ${number} in ${tests.join(', ')}`,
    ).toBe(true)
  })
})
