/** Which songs `divisi separate` takes apart and what their stems will be called; refused before any work where that cannot be. */

import { join, parse, resolve } from 'node:path'
import { stemFileName } from '../../separation/index.ts'
import { UsageError } from '../errors.ts'

export interface Job {
  readonly input: string
  /** Name of the outputs without stem and ending. */
  readonly base: string
}

/** The outputs' names; refused before any work if two inputs would write the same file, or an output would replace an input. */
export function planJobs(inputs: readonly string[], folder: string, stems: readonly string[]): Job[] {
  const key = (path: string): string => (process.platform === 'linux' ? resolve(path) : resolve(path).toLowerCase())
  const inputsByPath = new Map<string, string>()
  for (const input of inputs) {
    if (inputsByPath.has(key(input))) throw new UsageError(`${input} is given twice`)
    inputsByPath.set(key(input), input)
  }
  const inputsByOutput = new Map<string, string>()
  return inputs.map((input) => {
    const { name: base } = parse(input)
    for (const stem of stems) {
      const output = join(folder, stemFileName(base, stem))
      const replaced = inputsByPath.get(key(output))
      if (replaced !== undefined) throw new UsageError(`the ${stem} of ${input} would replace the input ${replaced}; choose another --out`)
      const other = inputsByOutput.get(key(output))
      if (other !== undefined) throw new UsageError(`${other} and ${input} would both write ${output}; separate them with different --out`)
      inputsByOutput.set(key(output), input)
    }
    return { input, base }
  })
}
