/** How much work goes into a separation: the options that commands share, and the separator that they ask for. */

import { existsSync } from 'node:fs'
import { InvalidArgumentError, Option } from 'commander'
import { createOnnxRuntimeBackend } from '../runtime/index.ts'
import {
  type EnsembleRule,
  ensembleOf,
  ensembleRules,
  type QualityName,
  type QualitySteps,
  qualities,
  qualityNames,
  type Separator,
  withQuality,
} from '../separation/index.ts'
import { UsageError } from './errors.ts'
import { wholeNumber } from './parse.ts'

export interface QualityFlags {
  /** One, or several separated by commas. */
  readonly model?: string
  readonly ensemble?: EnsembleRule | readonly number[]
  readonly quality?: QualityName
  readonly overlap?: number
  readonly shifts?: number
  readonly swapChannels?: boolean
  readonly polarity?: boolean
  readonly wiener?: number
  readonly quietPassages?: boolean
  readonly threads?: number
}

export interface ChosenSeparator {
  readonly separator: Separator
  /** The rung's, unless another was asked for. */
  readonly overlap: number | undefined
}

function parseOverlap(text: string): number {
  const overlap = Number(text)
  if (text.trim() === '' || !(overlap >= 0 && overlap < 1)) throw new InvalidArgumentError('It is a share of a window, such as 0.5.')
  return overlap
}

function parseEnsemble(text: string): EnsembleRule | readonly number[] {
  const rule = ensembleRules.find((known) => known === text)
  if (rule) return rule
  const weights = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)))
  if (weights.every((weight) => weight >= 0 && weight < Infinity)) return weights
  throw new InvalidArgumentError(`Allowed are ${ensembleRules.join(', ')}, or weights for a mean, such as 2,1.`)
}

const joinModels = (text: string, before: string | undefined): string => (before === undefined ? text : `${before},${text}`)

export const qualityOptions: readonly Option[] = [
  new Option(
    '-m, --model <name>',
    'network to use, by name or path; several, separated by commas, work together (default: vocals)',
  ).argParser(joinModels),
  new Option(
    '--ensemble <rule>',
    `how several networks become one: ${ensembleRules.join(', ')}, or weights such as 2,1 (default: mean)`,
  ).argParser(parseEnsemble),
  new Option('-q, --quality <rung>', 'time spent for better stems (default: fast)').choices(qualityNames),
  new Option('--overlap <share>', 'share of each window estimated twice; more is slower, a little smoother').argParser(parseOverlap),
  new Option('--shifts <n>', 'average the estimates of n places of each window').argParser(wholeNumber(1)),
  new Option('--swap-channels', 'average with left and right exchanged'),
  new Option('--polarity', 'average with the sound upside down'),
  new Option('--wiener <rounds>', 'refine the estimates by Wiener filtering').argParser(wholeNumber(0)),
  new Option('--quiet-passages', 'silence the rests of a voice where none sings'),
]

/** A rung's steps, and those that were asked for beside or instead. */
function stepsOf({ quality = 'fast', overlap, shifts, swapChannels, polarity, wiener, quietPassages }: QualityFlags): QualitySteps {
  const asked = { overlap, shifts, channelSwap: swapChannels, polarity, wiener, quietPassages }
  return { ...qualities[quality], ...Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined)) }
}

/** The networks that `--model` names. A path may have a comma of its own. */
export function modelsOf(model: string | undefined): readonly (string | undefined)[] {
  if (model === undefined || existsSync(model)) return [model]
  return model.split(',').map((name) => name.trim())
}

/**
 * Loads what the options ask for: a network or an ensemble of several, with the steps of its quality.
 *
 * @param load loads one network
 * @throws UsageError for options that do not fit together or do not fit the networks, and whatever `load` throws
 */
export async function openSeparator(
  flags: QualityFlags,
  load: (model: string | undefined) => Promise<Separator>,
): Promise<ChosenSeparator> {
  const names = modelsOf(flags.model)
  const { ensemble } = flags
  if (names.length === 1 && ensemble !== undefined) throw new UsageError('--ensemble joins several networks; name them: --model a,b')
  const createBackend = () => createOnnxRuntimeBackend(flags.threads === undefined ? {} : { threads: flags.threads })
  const members: Separator[] = []
  try {
    for (const name of names) members.push(await load(name))
  } catch (error) {
    for (const member of members) await member.dispose()
    throw error
  }
  const asked = typeof ensemble === 'string' ? { rule: ensemble } : ensemble ? { weights: ensemble } : {}
  const needsBackend = ensemble === 'min' || ensemble === 'max'
  const steps = stepsOf(flags)
  try {
    const [only] = members
    const joined =
      members.length === 1 ? only! : await ensembleOf(members, { ...asked, ...(needsBackend && { backend: await createBackend() }) })
    return { separator: await withQuality(joined, steps, createBackend), overlap: steps.overlap }
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(error.message, { cause: error }) : error
  }
}
