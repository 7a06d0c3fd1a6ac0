/**
 * What a lesson is: an idea in a paragraph, its formula, code that computes it in seconds, pictures of what was computed, and a check that fails
 * if what the lesson claims is false. Lessons use the rest of Divisi as a stranger does, by its public entry points, and run where it runs.
 */
import type { Backend } from '../runtime/index.ts'

export interface LessonContext {
  /** What learns or is large runs on it; what is small runs on the reference, in float64. */
  readonly backend: Backend
  /** Tells what happens, a line at a time. */
  log(line: string): void
  /** Takes a picture, SVG text, by its name within the lesson: `weights`. */
  save(name: string, svg: string): Promise<void> | void
}

export interface Lesson<Found = unknown> {
  /** `auto-pool` */
  readonly name: string
  readonly title: string
  /** Numbers of the building blocks it is about, docs/blocks.md. */
  readonly numbers: readonly string[]
  /** A paragraph. */
  readonly idea: string
  readonly formula: string
  /** What one of the source texts says wrongly, and what is right. */
  readonly correction?: string
  /** What the check makes sure of, in a sentence. */
  readonly claim: string
  /** Computes, saves the pictures, and gives the numbers that the claim is about. */
  run(context: LessonContext): Promise<Found>
  /** @throws LessonError if the claim is false of these numbers */
  check(found: Found): void
}

/** A claim that does not hold. */
export class LessonError extends Error {
  override readonly name = 'LessonError'
}

/** @throws LessonError with these words, unless it holds */
export function claim(holds: boolean, words: string): void {
  if (!holds) throw new LessonError(`does not hold: ${words}`)
}

/** Equal up to `within`; NaN is close to nothing. */
export function close(a: number, b: number, within: number): boolean {
  return Math.abs(a - b) <= within
}

export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

export function varianceOf(values: readonly number[]): number {
  const mean = meanOf(values)
  return meanOf(values.map((value) => (value - mean) ** 2))
}
