/**
 * The examples in docblocks and documents are right: they type-check, and where a docblock's example states values, running it gives
 * those. The README's is run by the packaging test, in a project where it belongs.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkExamples } from './check.ts'
import { docblockExamples, markdownExamples } from './extract.ts'
import { agrees, withChecks } from './stated-values.ts'

const examples = checkExamples([...docblockExamples(), ...markdownExamples()])

test('are found', () => {
  expect(examples.length).toBeGreaterThan(0)
})

describe.each(examples)('the example at $file:$line', ({ file, code, errors, imports, script }) => {
  test('type-checks', () => {
    expect(errors.join('\n')).toBe('')
  })

  const { code: checked, count } = withChecks(script)
  if (count === 0 || file.endsWith('.md')) return

  const home = process.cwd()
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'divisi-example-'))
    process.chdir(folder)
  })
  afterAll(() => {
    process.chdir(home)
    rmSync(folder, { recursive: true })
  })

  test('gives the values it states', async () => {
    const scope: Record<string, unknown> = {}
    for (const [module, names] of imports) {
      const values = (await import(/* @vite-ignore */ module)) as Record<string, unknown>
      for (const name of names) if (name in values) scope[name] = values[name]
    }
    const wrong: string[] = []
    const check = (actual: unknown, stated: string): void => {
      if (!agrees(actual, stated)) wrong.push(`states ${stated}, is ${show(actual)}`)
    }
    const AsyncFunction = (async () => {}).constructor as FunctionConstructor
    await new AsyncFunction(...Object.keys(scope), 'check', checked)(...Object.values(scope), check)
    expect(wrong, code).toEqual([])
  })
})

function show(value: unknown): string {
  return JSON.stringify(ArrayBuffer.isView(value) ? Array.from(value as Float32Array, Number) : value) ?? String(value)
}

describe('stated values', () => {
  test.each([
    ['1 + 1 // 2', 1],
    ['const x = f(1) // [0.5, -1e-3]', 1],
    ['f() // the loudness', 0],
    ['f() // 3 times', 0],
    ['f() // -6.02 dB', 1],
    ['const [y] = f() // Float64Array [2, 4]', 1],
    ['const a = 1\nf(a) // true\n', 1],
  ])('%j states %d', (code, count) => {
    expect(withChecks(code).count).toBe(count)
  })

  test('count at the precision they are written with', () => {
    expect(agrees(Math.SQRT1_2, '0.71')).toBe(true)
    expect(agrees(0.716, '0.71')).toBe(false)
    expect(agrees(2.001, '2')).toBe(false)
    expect(agrees(1.04e-3, '1.0e-3')).toBe(true)
    expect(agrees(-6.0206, '-6.02 dB')).toBe(true)
    expect(agrees(1 / 3, '1 / 3')).toBe(true)
    expect(agrees(new Float32Array([1, 2]), 'Float32Array [1, 2]')).toBe(true)
    expect(agrees(new BigInt64Array([1n, 2n]), '[1, 2]')).toBe(true)
    expect(agrees([1, 2, 3], '[1, 2]')).toBe(false)
    expect(agrees({ rate: 44100 }, '{ rate: 44100 }')).toBe(true)
    expect(agrees('ab', "'ab'")).toBe(true)
    expect(agrees('true', 'true')).toBe(false)
  })
})
