/** What is said of songs that break off: the way out where they fail, and the place where what is there was separated. */

import { AudioError } from '../../audio/index.ts'
import type { SeparateContext } from './context.ts'

/** The line of an error, with the option that separates what lies before the place, if something does. */
export function withWayOut(line: string, error: unknown): string {
  const partly = error instanceof AudioError && error.seconds !== undefined && error.seconds > 0
  return partly ? `${line}; --allow-truncated separates what lies before` : line
}

/** Says where a song that was separated breaks off. */
export function reportBreak({ message }: AudioError, { stderr }: Pick<SeparateContext, 'stderr'>): void {
  stderr.write(`  warning: ${message}; what lies before was separated\n`)
}

/** The same for programs. */
export function breakFacts(error: AudioError): { seconds: number | undefined; reason: string } {
  return { seconds: error.seconds, reason: error.message }
}
