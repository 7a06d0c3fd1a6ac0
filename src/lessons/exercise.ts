/** What an exercise is: a task, a file to begin with, a checker that says what is wrong, and a solution that is loaded only when asked for. */

export type Answer = Readonly<Record<string, unknown>>

export interface Exercise {
  /** `convolution-loop` */
  readonly name: string
  readonly title: string
  /** Numbers of the building blocks it is about, docs/blocks.md. */
  readonly numbers: readonly string[]
  /** What is asked, in a paragraph. */
  readonly task: string
  /** A JavaScript module with what the checker looks for, not yet done. */
  readonly start: string
  /** @throws Error that says which case is wrong and how */
  check(answer: Answer): Promise<void> | void
  solution(): Promise<Answer>
}

type Grid = number | readonly Grid[]

/** A function of an answer. */
export function functionOf<F extends (...given: never[]) => unknown>(answer: Answer, name: string): F {
  const found = answer[name]
  if (typeof found !== 'function')
    throw new TypeError(`the file exports ${found === undefined ? 'no' : 'something else as'} ${name}; needs a function of that name`)
  return found as F
}

function shown(value: unknown): string {
  const text = JSON.stringify(value, (_, part: unknown) => (typeof part === 'number' ? Number(part.toPrecision(5)) : part)) ?? String(value)
  return text.length > 160 ? `${text.slice(0, 160)}…` : text
}

function alike(given: unknown, right: Grid, within: number): boolean {
  if (typeof right === 'number') return typeof given === 'number' && Math.abs(given - right) <= within
  return Array.isArray(given) && given.length === right.length && right.every((part, i) => alike(given[i], part, within))
}

/** @throws Error unless what was given is the right nested list of numbers, up to rounding of float32 */
export function expectAlike(what: string, given: unknown, right: Grid, within = 1e-5): void {
  if (!alike(given, right, within)) throw new Error(`${what} gives ${shown(given)}, right is ${shown(right)}`)
}
