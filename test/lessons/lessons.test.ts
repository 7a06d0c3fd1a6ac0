/**
 * Every lesson runs, draws, and holds; and its check is one: false numbers fail it. The numbers in titles are those of the blocks that the
 * lessons are about.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Lesson, LessonError, lessons } from '../../src/lessons/index.ts'
import { type Backend, createOnnxRuntimeBackend } from '../../src/runtime/index.ts'
import { expectWhole } from '../report/support.ts'

let backend: Backend
beforeAll(async () => {
  backend = await createOnnxRuntimeBackend({ threads: 1 })
})
afterAll(() => backend.dispose())

/** A copy in which every number of one part is another one. */
function falsified(found: unknown, part: string): unknown {
  let count = 0
  const change = (value: unknown): unknown => {
    // By another amount each, so that patterns do not survive.
    if (typeof value === 'number') return value + 0.8 + 0.5 * Math.sin(count++)
    if (typeof value === 'boolean') return !value
    if (typeof value === 'string') return `not ${value}`
    return Array.isArray(value)
      ? value.map(change)
      : Object.fromEntries(Object.entries(value as object).map(([key, inner]) => [key, change(inner)]))
  }
  const parts = found as Record<string, unknown>
  return { ...parts, [part]: change(parts[part]) }
}

describe.each(lessons.map((lesson) => [lesson.name, lesson] as const))('lesson %s', (_, lesson: Lesson) => {
  let found: unknown
  const pictures = new Map<string, string>()
  const lines: string[] = []
  beforeAll(async () => {
    found = await lesson.run({
      backend,
      log: (line) => lines.push(line),
      save: (name, svg) => {
        pictures.set(name, svg)
      },
    })
    // Those that train a network take longest, and others run beside them.
  }, 240_000)

  it(`2.23 ${lesson.numbers.join(', ')}: ${lesson.claim}`, () => {
    lesson.check(found)
  })

  it('has pictures and says what it found', () => {
    expect(pictures.size).toBeGreaterThan(0)
    for (const [name, svg] of pictures) {
      expect(name).toMatch(/^[a-z0-9-]+$/)
      expectWhole(svg)
      expect(svg.length).toBeLessThan(400_000)
    }
    expect(lines.length).toBeGreaterThan(0)
  })

  it('fails if any part of what it found is another', () => {
    for (const part of Object.keys(found as object)) expect(() => lesson.check(falsified(found, part)), part).toThrow(LessonError)
  })
})

describe('lessons', () => {
  it('2.23 have names, and say which errors of the sources they set right', () => {
    expect(new Set(lessons.map(({ name }) => name)).size).toBe(lessons.length)
    for (const { name, idea, formula, numbers } of lessons) {
      expect(name).toMatch(/^[a-z-]+$/)
      expect(idea.length).toBeGreaterThan(200)
      expect(formula.length).toBeGreaterThan(10)
      expect(numbers.length).toBeGreaterThan(0)
    }
    const correction = (name: string) => lessons.find((lesson) => lesson.name === name)?.correction
    expect(correction('auto-pool')).toMatch(/prints wₜ/)
    expect(correction('stride')).toMatch(/must not exceed/)
    expect(correction('si-sdr-sign')).toMatch(/lacks the minus sign/)
    expect(correction('receptive-field')).toMatch(/are independent/)
    expect(correction('double-softmax')).toMatch(/ends in Softmax/)
    expect(correction('convolution')).toMatch(/cross-correlation/)
    expect(correction('image-classifier')).toMatch(/memory as somebody left it[\s\S]*swaps the names of height and width/)
  })
})
