/** `divisi evaluate`: how good estimates of stems are, beside the mixture and ideal masks. */
import { mkdir } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { writeWhole } from '../data/index.ts'
import {
  type Baseline,
  baselines,
  evaluateStems,
  evaluationJson,
  evaluationPage,
  evaluationTable,
  findStems,
  openStems,
} from '../evaluation/index.ts'
import { exitCodes, oneLine, UsageError } from './errors.ts'
import { number } from './parse.ts'
import { createProgress, type ProgressStream } from './progress.ts'

export interface EvaluateFlags {
  readonly mixture?: string
  readonly stems?: readonly string[]
  readonly bss: 'v4' | 'v3' | 'v3-sources'
  readonly window?: number
  readonly hop?: number
  readonly baselines?: readonly Baseline[]
  readonly trim?: boolean
  readonly json?: string
  readonly html?: string
}

const parseSeconds = number(0, 'above', 'number of seconds')

function parseList(text: string): string[] {
  const names = [...new Set(text.split(',').map((name) => name.trim()))].filter((name) => name !== '')
  if (names.length === 0) throw new InvalidArgumentError('Name at least one, separated by commas.')
  return names
}

function parseBaselines(text: string): readonly Baseline[] {
  const names = text === 'all' ? baselines : parseList(text)
  const unknown = names.find((name) => !(baselines as readonly string[]).includes(name))
  if (unknown !== undefined) throw new InvalidArgumentError(`Allowed are ${baselines.join(', ')} and all.`)
  return baselines.filter((name) => names.includes(name))
}

const details = `
REF and EST are two sound files, or two folders with a file per stem. Files are paired by name:
vocals.wav with vocals.flac or song.vocals.wav; instrumental and accompaniment are one. A file named
mix or mixture among the references is the mixture; without one it is their sum.

All files need one sample rate, one number of channels and (without --trim) one length.

The table has medians over frames and the ratios of the whole signal. Frames in which a stem or its
estimate is silent have no ratios and do not count. docs/evaluation.md has the definitions.

Examples:
  $ divisi evaluate song/stems song/separated
  $ divisi evaluate --baselines all --html report.html song/stems song/separated
  $ divisi evaluate --bss v3 --window 30 --hop 15 --json scores.json song/stems song/separated`

/** The command for commander; `run` gets the parsed command line. */
export function evaluateCommand(run: (reference: string, estimate: string, flags: EvaluateFlags) => Promise<void>): Command {
  return new Command('evaluate')
    .description('Measure estimated stems against the true ones: SDR, SI-SDR, SIR, SAR and ISR (BSS Eval, as museval has it).')
    .argument('<REF>', 'true stem, or folder of true stems')
    .argument('<EST>', 'estimate, or folder of estimates')
    .option('--mixture <file>', 'the song itself, for the baselines')
    .addOption(new Option('--stems <list>', 'true stems that count, separated by commas (default: all in REF)').argParser(parseList))
    .addOption(
      new Option('--bss <version>', 'v4: filters of the whole song; v3: each frame has its own; v3-sources: filtering forgiven')
        .choices(['v4', 'v3', 'v3-sources'])
        .default('v4'),
    )
    .addOption(new Option('--window <seconds>', 'length of a frame (default: 1; v3: 30)').argParser(parseSeconds))
    .addOption(new Option('--hop <seconds>', 'from frame to frame (default: the window; v3: half of it)').argParser(parseSeconds))
    .addOption(
      new Option('--baselines <list>', `score these too: ${baselines.join(', ')}, or all; separated by commas`).argParser(parseBaselines),
    )
    .option('--trim', 'where files differ in length, measure what all of them have')
    .option('--json <file>', 'write all numbers, frame by frame')
    .option('--html <file>', 'write a page with table, curves and worst passages')
    .addHelpText('after', details)
    .action(run)
}

/**
 * Prints the table and writes the files asked for.
 *
 * @throws UsageError before any work, where files do not fit together; the signal's reason when interrupted.
 */
export async function runEvaluate(
  reference: string,
  estimate: string,
  flags: EvaluateFlags,
  { stdout, stderr, signal }: { stdout: { write(text: string): unknown }; stderr: ProgressStream; signal: AbortSignal },
): Promise<number> {
  const files = await asUsage(() => findStems(reference, estimate, { stems: flags.stems, mixture: flags.mixture }))
  if (flags.baselines !== undefined && files.stems.length === 1 && files.mixture === undefined)
    throw new UsageError(`${reference}: one stem alone is its own mixture; give --mixture for baselines, or a folder of all stems`)
  if (flags.baselines?.some((name) => name !== 'mixture') && files.stems.length === 1)
    throw new UsageError(`${reference}: ideal masks share the mixture among two stems or more; give a folder of all stems`)
  const inputs = [...files.references, ...files.estimates, files.mixture].map((path) => path && resolve(path))
  for (const path of [flags.json, flags.html])
    if (path !== undefined && inputs.includes(resolve(path))) throw new UsageError(`${path} would replace an input; choose another name`)
  // What cannot be written is told before the work, not after it.
  for (const path of [flags.json, flags.html]) if (path !== undefined) await asUsage(() => mkdir(dirname(path), { recursive: true }))
  const song = await asUsage(() => openStems(files, { trim: flags.trim, signal }))
  const missing = files.stems.filter((_, i) => !files.estimated.includes(i))
  if (missing.length > 0) stderr.write(`no estimate of ${missing.join(', ')}: counted as interference only\n`)
  const seconds = song.expectedLength === undefined ? undefined : song.expectedLength / song.sampleRate
  const progress = createProgress({ label: 'evaluating', unit: 'audio', total: seconds, stream: stderr })
  const evaluation = await evaluateStems(song, {
    sampleRate: song.sampleRate,
    stems: files.stems,
    estimated: files.estimated,
    version: flags.bss === 'v4' ? 4 : 3,
    kind: flags.bss === 'v3-sources' ? 'sources' : 'images',
    ...(flags.window === undefined ? {} : { window: flags.window }),
    ...(flags.hop === undefined ? {} : { hop: flags.hop }),
    baselines: flags.baselines ?? [],
    signal,
    onProgress: (share) => seconds !== undefined && progress.update(share * seconds),
  }).finally(() => progress.done())
  for (const note of evaluation.notes) stderr.write(`note: ${note}\n`)
  stdout.write(`${evaluationTable(evaluation)}\n`)
  if (flags.json !== undefined) await writeWhole(flags.json, evaluationJson(evaluation))
  if (flags.html !== undefined)
    await writeWhole(flags.html, evaluationPage(evaluation, `${basename(resolve(estimate))} against ${basename(resolve(reference))}`))
  return exitCodes.ok
}

/** What the library refuses about files and flags is a mistake on the command line, unless it was Ctrl-C. */
async function asUsage<T>(check: () => Promise<T>): Promise<T> {
  try {
    return await check()
  } catch (error) {
    if (error instanceof Error && error.name !== 'InterruptedError') throw new UsageError(oneLine(error), { cause: error })
    throw error
  }
}
