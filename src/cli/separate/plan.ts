/** Which songs `divisi separate` takes apart and what their stems will be called; refused before any work where that cannot be. */

import { join, resolve } from 'node:path'
import { UsageError } from '../errors.ts'
import type { SongInput } from './inputs.ts'
import { type OutputFlags, outputBase, outputName, plotName } from './output-options.ts'

export interface Job {
  readonly input: string
  /** Where its stems go. */
  readonly folder: string
  /** Name of the outputs without stem and ending. */
  readonly base: string
  /** Names of its files, by stem. */
  readonly names: Readonly<Record<string, string>>
  /** Name of the picture of them, where one is asked for. */
  readonly plot: string | undefined
}

/**
 * The outputs' names; refused before any work if two inputs would write the same file, or an output would replace an input. Files that were not named
 * but found are no songs where they are the stems of another one.
 */
export function planJobs(inputs: readonly SongInput[], out: string, stems: readonly string[], flags: OutputFlags = {}): Job[] {
  const key = (path: string): string => (process.platform === 'linux' ? resolve(path) : resolve(path).toLowerCase())
  const inputsByPath = new Map<string, SongInput>()
  for (const input of inputs) {
    if (inputsByPath.has(key(input.path))) throw new UsageError(`${input.path} is given twice`)
    inputsByPath.set(key(input.path), input)
  }
  const outputsOf = ({ path, branch }: SongInput): string[] => stems.map((stem) => join(out, branch, outputName(flags, path, stem)))
  for (const input of inputs) {
    for (const [s, output] of outputsOf(input).entries()) {
      const replaced = inputsByPath.get(key(output))
      if (replaced?.named)
        throw new UsageError(`the ${stems[s]} of ${input.path} would replace the input ${replaced.path}; choose another --out`)
      inputsByPath.delete(key(output))
    }
  }
  const inputsByOutput = new Map<string, string>()
  return [...inputsByPath.values()].map((input) => {
    for (const output of outputsOf(input)) {
      const other = inputsByOutput.get(key(output))
      if (other !== undefined)
        throw new UsageError(
          `${other} and ${input.path} would both write ${output}; separate them with different --out, or keep their folders with --recursive`,
        )
      inputsByOutput.set(key(output), input.path)
    }
    const names = Object.fromEntries(stems.map((stem) => [stem, outputName(flags, input.path, stem)]))
    return {
      input: input.path,
      folder: join(out, input.branch),
      base: outputBase(flags, input.path),
      names,
      plot: plotName(flags, input.path),
    }
  })
}
