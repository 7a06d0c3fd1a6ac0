/** In every test process: which mistake is on, and which ones the test file came by. */
import { appendFileSync, mkdirSync } from 'node:fs'
import { afterAll, expect } from 'vitest'
import * as tensor from '../../src/tensor/index.ts'

const chosen = process.env.DIVISI_MUTANT
const folder = process.env.DIVISI_MUTATION_HITS
const hits = new Set<string>()
const functions = new Map<string, unknown>(Object.entries(tensor))

const isOn = (id: string): boolean => {
  hits.add(id)
  return id === chosen
}

const compute: Readonly<Record<string, (a: number, b: number) => unknown>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
  '===': (a, b) => a === b,
  '!==': (a, b) => a !== b,
}

Object.assign(globalThis, {
  __mutation: {
    operate: (id: string, sign: string, other: string, a: number, b: number) => compute[isOn(id) ? other : sign]!(a, b),
    choose: (id: string, f: unknown, other: string) => (isOn(id) ? (functions.get(other) ?? f) : f),
    number: (id: string, value: number) => (isOn(id) ? value + 1 : value),
    invert: (id: string, value: boolean) => (isOn(id) ? !value : value),
  },
})

if (folder !== undefined) {
  afterAll(() => {
    mkdirSync(folder, { recursive: true })
    const { testPath = '' } = expect.getState()
    appendFileSync(`${folder}/hits.jsonl`, `${JSON.stringify({ test: testPath, hits: [...hits] })}\n`)
  })
}
