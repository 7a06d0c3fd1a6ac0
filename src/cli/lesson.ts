/** `divisi lesson`: runnable texts, and exercises with a checker. */
import { mkdir, readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Command } from 'commander'
import { writeWhole } from '../data/index.ts'
import { type Exercise, exercises, type Lesson, lessons } from '../lessons/index.ts'
import { createOnnxRuntimeBackend } from '../runtime/index.ts'
import { exitCodes, oneLine, UsageError } from './errors.ts'

interface Streams {
  readonly stdout: { write(text: string): unknown }
  readonly signal: AbortSignal
}

interface LessonRunFlags {
  readonly out: string
}

/** Named things by name. */
function find<T extends { readonly name: string }>(kind: string, all: readonly T[], name: string): T {
  const found = all.find((one) => one.name === name)
  if (!found) throw new UsageError(`${kind} "${name}": there is none; allowed are ${all.map((one) => one.name).join(', ')}`)
  return found
}

/** Paragraphs in lines of at most 100 characters. */
function wrapped(text: string): string {
  return text.replaceAll('\n', ' ').replace(/(.{1,99})(?: +|$)/g, '$1\n')
}

function listing(): string {
  const width = Math.max(...[...lessons, ...exercises].map(({ name }) => name.length))
  const lines = (all: readonly (Lesson | Exercise)[]) => all.map(({ name, title }) => `  ${name.padEnd(width)}  ${title}\n`).join('')
  return `Lessons (divisi lesson run NAME):\n${lines(lessons)}\nExercises (divisi lesson exercise NAME):\n${lines(exercises)}`
}

async function runOne(lesson: Lesson, { out }: LessonRunFlags, { stdout, signal }: Streams): Promise<void> {
  const { title, idea, formula, correction, claim } = lesson
  stdout.write(`${title}\n${'='.repeat(title.length)}\n\n${wrapped(idea)}\n${formula.replace(/^/gm, '    ')}\n\n`)
  if (correction) stdout.write(`${wrapped(correction)}\n`)
  await mkdir(out, { recursive: true })
  const backend = await createOnnxRuntimeBackend()
  try {
    const found = await lesson.run({
      backend,
      log: (line) => {
        signal.throwIfAborted()
        stdout.write(`${line}\n`)
      },
      save: async (name, svg) => {
        signal.throwIfAborted()
        const path = join(out, `${lesson.name}.${name}.svg`)
        await writeWhole(path, svg)
        stdout.write(`picture ${path}\n`)
      },
    })
    lesson.check(found)
    stdout.write(`\nHolds: ${wrapped(claim)}\n`)
  } finally {
    await backend.dispose()
  }
}

/** Runs one lesson, or all of them. A claim that does not hold is an error. */
async function runLesson(name: string, flags: LessonRunFlags, streams: Streams): Promise<number> {
  const chosen = name === 'all' ? lessons : [find('lesson', lessons, name)]
  for (const lesson of chosen) await runOne(lesson, flags, streams)
  return exitCodes.ok
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

/** Prints the task, and writes the file to begin with; never over one that is there. */
async function startExercise(name: string, file: string | undefined, { stdout }: Streams): Promise<number> {
  const exercise = find('exercise', exercises, name)
  const path = file ?? `${name}.mjs`
  stdout.write(`${exercise.title}\n${'='.repeat(exercise.title.length)}\n\n${wrapped(exercise.task)}\n`)
  if (await exists(path))
    throw new UsageError(`${path}: is there already; give another file, or check it: divisi lesson check ${name} ${path}`)
  await writeWhole(path, `${exercise.start}\n`)
  stdout.write(`Begin in ${path}, then: divisi lesson check ${name} ${path}\n`)
  return exitCodes.ok
}

/** Runs the checker on somebody's file. */
async function checkExercise(name: string, file: string, { stdout }: Streams): Promise<number> {
  const exercise = find('exercise', exercises, name)
  await readFile(file) // an error that names the file, not the loader
  const answer = (await import(pathToFileURL(resolve(file)).href)) as Record<string, unknown>
  try {
    await exercise.check(answer)
  } catch (error) {
    stdout.write(`${name}: not yet: ${oneLine(error)}\n`)
    return exitCodes.failed
  }
  stdout.write(`${name}: right\n`)
  return exitCodes.ok
}

/** Prints a solution, for those who asked. */
async function printSolution(name: string, { stdout }: Streams): Promise<number> {
  const answer = await find('exercise', exercises, name).solution()
  stdout.write(
    Object.values(answer)
      .map((part) => `export ${String(part)}\n`)
      .join('\n'),
  )
  return exitCodes.ok
}

const details = `
Each lesson tells an idea and its formula, computes it in seconds, writes pictures as SVG and checks
what it claims; exit code 1 if that does not hold.

Examples:
  $ divisi lesson list
  $ divisi lesson run auto-pool --out pictures
  $ divisi lesson run all
  $ divisi lesson exercise convolution-loop    a task, and convolution-loop.mjs to begin with
  $ divisi lesson check convolution-loop convolution-loop.mjs
  $ divisi lesson solution convolution-loop`

/** The command for commander; `work` runs what a subcommand asks for under Ctrl-C. */
export function lessonCommand(work: (run: (signal: AbortSignal) => Promise<number>) => Promise<void>, stdout: Streams['stdout']): Command {
  const command = new Command('lesson').description(
    'Learn what networks for sound are made of: lessons that run, exercises with a checker.',
  )
  const sub = (name: string, description: string) => command.command(name).description(description)
  sub('list', 'tell what there is').action(() =>
    work(async () => {
      stdout.write(listing())
      return exitCodes.ok
    }),
  )
  sub('run', 'run a lesson, or all')
    .argument('<name>', 'name of the lesson, or all')
    .option('--out <folder>', 'where pictures are written', 'lessons')
    .action((name: string, flags: LessonRunFlags) => work((signal) => runLesson(name, flags, { stdout, signal })))
  sub('exercise', 'begin an exercise')
    .argument('<name>', 'name of the exercise')
    .option('--out <file>', 'file to begin in (default: NAME.mjs)')
    .action((name: string, { out }: { out?: string }) => work((signal) => startExercise(name, out, { stdout, signal })))
  sub('check', 'check an answer')
    .argument('<name>', 'name of the exercise')
    .argument('<file>', 'JavaScript module with the answer')
    .action((name: string, file: string) => work((signal) => checkExercise(name, file, { stdout, signal })))
  sub('solution', 'print a solution')
    .argument('<name>', 'name of the exercise')
    .action((name: string) => work((signal) => printSolution(name, { stdout, signal })))
  return command.addHelpText('after', details)
}
