/**
 * Runs one work on both sides, Divisi's and PyTorch's, in turn: every measurement is a process of its own, so that neither the other side nor
 * another work's memory counts in its peak. Both sides read the same weights and batches, and nothing is timed for the table unless their
 * numbers agree.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readSafetensors, writeSafetensors } from '../src/formats/index.ts'
import { initialValues, layoutOf, loadStateDict, type Module } from '../src/nn/index.ts'
import { type Backend, createOnnxRuntimeBackend } from '../src/runtime/index.ts'
import { createRandom } from '../src/tensor/index.ts'

export interface Work {
  readonly id: string
  readonly label: string
  /** Largest ratio of our time to theirs that issue 3 allows. */
  readonly goal: number
  /** Timed calls per process, 5 by default, after one or more that are not. */
  readonly repeats?: number
  /** Largest difference between the sides' numbers, relative to the largest of them. */
  readonly tolerance: number
}

/** What one process found: numbers to compare (losses, or samples of an output) and seconds per call. */
export interface Measured {
  readonly numbers: readonly number[]
  readonly seconds: readonly number[]
}

export interface Bench {
  /** `import.meta.url` of the script; its peer has the same name and ends with .py. */
  readonly url: string
  readonly works: readonly Work[]
  /** Writes what both sides of these works read. */
  prepare(folder: string, works: readonly Work[]): void
  /** Our side of a work. */
  run(work: Work, folder: string, backend: Backend): Promise<Measured>
}

export const threads = availableParallelism()

/** AdamW, clipping and a running average of the weights: the update of both sides. */
export const adam = { betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0.01, clipNorm: 1, averageDecay: 0.999 } as const
export const schedule = { peak: 1e-3, warmup: 0, decay: 0, steps: 100_000 }
export const seed = 1

/** Uniform in ±0.5. */
export function noise(length: number, key: number): Float32Array {
  const random = createRandom(key)
  return Float32Array.from({ length }, () => random.uniform(-0.5, 0.5))
}

export function writeArray(folder: string, name: string, values: Float32Array): void {
  writeFileSync(join(folder, `${name}.f32`), new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
}

export function readArray(folder: string, name: string): Float32Array {
  const bytes = readFileSync(join(folder, `${name}.f32`))
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength))
}

/** The values that a model starts from, for the other side. */
export function writeWeights(folder: string, model: Module, name = 'weights'): void {
  const values = initialValues(model, seed)
  const { parameters, buffers } = layoutOf(model)
  const tensors = new Map(
    [...parameters, ...buffers].map((slot) => [slot.name, { shape: slot.parameter.shape, data: values.get(slot.name)! }] as const),
  )
  writeFileSync(join(folder, `${name}.safetensors`), writeSafetensors({ tensors, metadata: {} }))
}

/** Those values from the file that the other side reads, too. */
export function readWeights(folder: string, model: Module, name = 'weights'): Map<string, Float32Array> {
  return loadStateDict(model, readSafetensors(readFileSync(join(folder, `${name}.safetensors`))).tensors)
}

/** At most 1000 values of an output, evenly spread. */
export function sampled(values: ArrayLike<number>): number[] {
  const step = Math.ceil(values.length / 1000)
  return Array.from({ length: Math.floor(values.length / step) }, (_, i) => values[i * step]!)
}

/** Seconds of each of the timed calls, after one that is not. */
export async function timed({ repeats = 5 }: Work, call: () => Promise<unknown>): Promise<number[]> {
  await call()
  const seconds: number[] = []
  for (let i = 0; i < repeats; i++) {
    const started = performance.now()
    await call()
    seconds.push((performance.now() - started) / 1000)
  }
  return seconds
}

interface Report extends Measured {
  readonly peakMb: number
  readonly version: string
}

export interface Result {
  readonly work: Work
  /** Medians. */
  readonly ours: { readonly seconds: number; readonly peakMb: number }
  readonly theirs: { readonly seconds: number; readonly peakMb: number; readonly version: string }
}

function disagreement(a: readonly number[], b: readonly number[]): number {
  if (a.length === 0 || a.length !== b.length) return Number.POSITIVE_INFINITY
  const largest = Math.max(...b.map(Math.abs), Number.MIN_VALUE)
  const worst = Math.max(...a.map((x, i) => Math.abs(x - b[i]!))) / largest
  return Number.isNaN(worst) ? Number.POSITIVE_INFINITY : worst
}

export const median = (list: readonly number[]) => [...list].sort((a, b) => a - b)[list.length >> 1]!

function child(command: string, args: readonly string[]): Report {
  const text = execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 1 << 28 })
  return JSON.parse(text.trim().split('\n').at(-1)!)
}

/** Runs works round by round, both sides in each. */
export function compare(bench: Bench, { rounds = 3, python = '/usr/bin/python3', only = '' } = {}): Result[] {
  const script = fileURLToPath(bench.url)
  const folder = mkdtempSync(join(tmpdir(), 'divisi-bench-'))
  const results: Result[] = []
  try {
    const works = bench.works.filter(({ id }) => id.includes(only))
    bench.prepare(folder, works)
    for (const work of works) {
      writeFileSync(join(folder, 'settings.json'), JSON.stringify({ threads, adam, rate: schedule.peak, repeats: work.repeats ?? 5 }))
      const [ours, theirs]: [Report[], Report[]] = [[], []]
      for (let round = 0; round < rounds; round++) {
        const a = child(process.execPath, ['--import', 'tsx', script, '--child', folder, work.id])
        const b = child(python, [script.replace(/\.ts$/, '.py'), folder, work.id])
        const difference = disagreement(a.numbers, b.numbers)
        if (difference > work.tolerance) {
          const shown = (numbers: readonly number[]) => numbers.slice(0, 4).join(', ')
          throw new Error(
            `${work.id}: the sides differ by ${difference}, allowed is ${work.tolerance}: ${shown(a.numbers)} here, ${shown(b.numbers)} in PyTorch`,
          )
        }
        process.stderr.write(`${work.id}, round ${round + 1} of ${rounds}: the sides agree to ${difference.toExponential(1)}\n`)
        ours.push(a)
        theirs.push(b)
      }
      const side = (reports: readonly Report[]) => ({
        seconds: median(reports.flatMap(({ seconds }) => seconds)),
        peakMb: median(reports.map(({ peakMb }) => peakMb)),
      })
      results.push({ work, ours: side(ours), theirs: { ...side(theirs), version: theirs[0]!.version } })
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
  return results
}

/** As Markdown: seconds, ratio and goal, peak memory of the process and ratio. */
export function formatResults(results: readonly Result[], rounds: number): string {
  const row = ({ work, ours, theirs }: Result) => {
    const cells = [
      work.label,
      ours.seconds.toFixed(3),
      theirs.seconds.toFixed(3),
      (ours.seconds / theirs.seconds).toFixed(2),
      `≤ ${work.goal}`,
      ours.peakMb.toFixed(0),
      theirs.peakMb.toFixed(0),
      (ours.peakMb / theirs.peakMb).toFixed(2),
    ]
    return `| ${cells.join(' | ')} |`
  }
  const head = ['work', 'Divisi, s', 'PyTorch, s', 'ratio', 'goal', 'Divisi, peak MB', 'PyTorch, peak MB', 'ratio']
  return [
    `${cpus()[0]!.model}, ${threads} threads, PyTorch ${results[0]?.theirs.version}, medians of ${rounds} processes each`,
    '',
    `| ${head.join(' | ')} |`,
    `|${' --- |'.repeat(head.length)}`,
    ...results.map(row),
  ].join('\n')
}

/** The command line of a bench: `tsx bench/x.ts [rounds] [part of a work's id]`, and the process of one measurement. */
export async function main(bench: Bench): Promise<void> {
  const [script, first, folder, id] = process.argv.slice(1)
  if (script !== fileURLToPath(bench.url)) return
  if (first !== '--child') {
    const rounds = Number(first ?? 3)
    console.log(formatResults(compare(bench, { rounds, ...(folder ? { only: folder } : {}) }), rounds))
    return
  }
  const backend = await createOnnxRuntimeBackend({ threads })
  const measured = await bench.run(bench.works.find((work) => work.id === id)!, folder!, backend)
  await backend.dispose()
  const report: Report = { ...measured, peakMb: process.resourceUsage().maxRSS / 1024, version: backend.description }
  console.log(JSON.stringify(report))
}
