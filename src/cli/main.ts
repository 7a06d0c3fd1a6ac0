#!/usr/bin/env node
/** The `divisi` command: reads the command line and hands over to one module per command. */

import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { loadSeparator } from '../models/index.ts'
import { createTimePredictor } from '../separation/index.ts'
import { attentionCommand, runAttention } from './attention.ts'
import { dataCommand } from './data.ts'
import { demoCommand, runDemo } from './demo.ts'
import { doctorCommand, runDoctor } from './doctor.ts'
import { exitCodeOf, exitCodes, InterruptedError, oneLine, printError } from './errors.ts'
import { evaluateCommand, runEvaluate } from './evaluate.ts'
import { createInterrupt } from './interrupt.ts'
import { lessonCommand } from './lesson.ts'
import { runRuns, runsCommand } from './runs.ts'
import { runScore, scoreCommand } from './score.ts'
import type { SeparateContext } from './separate/context.ts'
import { separateCommand } from './separate/options.ts'
import { runSeparate } from './separate/run.ts'
import { runSummary, summaryCommand } from './summary.ts'
import { runTrain, trainCommand } from './train.ts'

const details = `
Examples:
  $ divisi separate song.mp3             song.vocals.wav and song.instrumental.wav, here
  $ divisi separate --out stems *.flac   many songs into a folder
  $ divisi separate --help               all that a command can do

Exit codes: 0 all went well, 1 something failed (the rest was still done), 2 wrong usage (nothing was done),
130 interrupted by Ctrl-C.`

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

let outputFailed = false

/** A reader that has gone away, as `head` does, is no reason to fail; a disk that is full is one, and the work itself still goes on. */
function watchOutputs(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') return
      if (!outputFailed && stream === process.stdout) printError(process.stderr, `standard output cannot be written (${oneLine(error)})`)
      outputFailed = true
      process.exitCode = exitCodes.failed
    })
  }
}

/** Runs the work of a command under Ctrl-C; its exit code becomes the process's. */
async function work(run: (signal: AbortSignal) => Promise<number>): Promise<void> {
  const interrupt = createInterrupt()
  try {
    const code = await run(interrupt.signal)
    process.exitCode = outputFailed && code === exitCodes.ok ? exitCodes.failed : code
  } finally {
    interrupt.dispose()
  }
}

const load: SeparateContext['loadSeparator'] = (model, options) => loadSeparator(model, options)

/** Not before they are asked for: whoever looks at standard input opens it. */
const pipes: NonNullable<SeparateContext['pipes']> = () => ({ input: process.stdin, output: process.stdout })

function createProgram(): Command {
  const program = new Command('divisi')
    .description('Takes a song apart with neural networks.')
    .version(version(), '-V, --version')
    .showHelpAfterError('(divisi --help tells how)')
    .addHelpText('after', details)
    .exitOverride()
  const commands = [
    separateCommand((inputs, flags) =>
      work((signal) =>
        runSeparate(inputs, flags, {
          version: version(),
          loadSeparator: load,
          predictor: createTimePredictor(),
          stdout: process.stdout,
          stderr: process.stderr,
          signal,
          pipes,
        }),
      ),
    ),
    scoreCommand((folder, flags) => work((signal) => runScore(folder, flags, { stdout: process.stdout, stderr: process.stderr, signal }))),
    evaluateCommand((reference, estimate, flags) =>
      work((signal) => runEvaluate(reference, estimate, flags, { stdout: process.stdout, stderr: process.stderr, signal })),
    ),
    trainCommand((recipe, flags) => work((signal) => runTrain(recipe, flags, { stderr: process.stderr, signal }))),
    runsCommand((folders, flags) => work(() => runRuns(folders, flags, { stdout: process.stdout }))),
    dataCommand(work, {
      loadSeparator: (model, { threads, seconds }) => loadSeparator(model, { seconds, ...(threads === undefined ? {} : { threads }) }),
      stdout: process.stdout,
      stderr: process.stderr,
    }),
    demoCommand((flags) =>
      work((signal) =>
        runDemo(flags, { loadSeparator: (name) => loadSeparator(name), stdout: process.stdout, stderr: process.stderr, signal }),
      ),
    ),
    lessonCommand(work, process.stdout),
    attentionCommand((song, flags) => work((signal) => runAttention(song, flags, { stdout: process.stdout, signal }))),
    summaryCommand((network, flags) => work(() => runSummary(network, flags, { stdout: process.stdout }))),
    doctorCommand((flags) => work((signal) => runDoctor(flags, { version: version(), stdout: process.stdout, signal }))),
  ]
  for (const command of commands) {
    program.addCommand(command.copyInheritedSettings(program))
    for (const part of command.commands) part.copyInheritedSettings(program)
  }
  return program
}

watchOutputs()
try {
  await createProgram().parseAsync()
} catch (error) {
  // Commander has printed its message.
  const printed = error instanceof CommanderError
  process.exitCode = !printed ? exitCodeOf(error) : error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
  if (!printed) printError(process.stderr, oneLine(error))
  // All is said and put away. Where the thread of a network is still in the middle of a long window, the signal ends the process.
  if (error instanceof InterruptedError) setTimeout(() => process.kill(process.pid, error.signal), 200).unref()
}
