/** `divisi doctor`: what this machine offers, what of it was verified, and how fast it is. */
import { execFile } from 'node:child_process'
import { arch, availableParallelism, cpus, freemem, release, totalmem, type } from 'node:os'
import { promisify } from 'node:util'
import { Command } from 'commander'
import { shippedModels, verifyShippedModel } from '../models/index.ts'
import { type Backend, compile, createOnnxRuntimeBackend, createReferenceBackend, onnxRuntimeInfo, selfTest } from '../runtime/index.ts'
import { conv2d, matmul, sizeOf, sum, type Tensor } from '../tensor/index.ts'
import { exitCodes, oneLine } from './errors.ts'

export interface DoctorFlags {
  readonly json?: boolean
}

export interface DoctorContext {
  /** Version of Divisi. */
  readonly version: string
  /** Backends by name; the first one decides whether all is well. */
  readonly backends?: Readonly<Record<string, () => Promise<Backend>>>
  readonly stdout: { write(text: string): unknown }
  readonly signal: AbortSignal
}

type Verdict =
  | {
      readonly name: string
      readonly status: 'verified'
      readonly description: string
      readonly selfTestMs: number
      /** 10⁹ multiplications and additions per second, each counted as one; not of the reference, on which nobody runs songs. */
      readonly gflops?: { readonly matmul: number; readonly conv2d: number }
    }
  | { readonly name: string; readonly status: 'refused'; readonly reason: string }

interface FoundModel {
  readonly name: string
  /** Absent where the file is missing or is not the one that was shipped. */
  readonly sha256?: string
  readonly bytes?: number
  readonly fault?: string
}

interface Report {
  readonly divisi: string
  readonly node: string
  readonly system: string
  readonly processor: string
  readonly threads: number
  readonly memory: { readonly totalBytes: number; readonly freeBytes: number }
  readonly onnxRuntime: { readonly version: string; readonly providers: readonly string[]; readonly onRequest: readonly string[] }
  readonly backends: readonly Verdict[]
  readonly ffmpeg: string | null
  readonly models: readonly FoundModel[]
}

const machine: Readonly<Record<string, () => Promise<Backend>>> = {
  cpu: () => createOnnxRuntimeBackend(),
  webgpu: () => createOnnxRuntimeBackend({ device: 'webgpu' }),
  reference: async () => createReferenceBackend(),
}

/** Sizes at which ONNX Runtime is near its peak on a few cores, and which take a fraction of a second. */
const work = {
  matmul: { shapes: { a: [1024, 1024], b: [1024, 1024] }, products: 1024 ** 3 },
  conv2d: { shapes: { a: [1, 64, 96, 96], b: [64, 64, 3, 3] }, products: 64 * 96 * 96 * 64 * 9 },
} as const

/** The best of a few runs, by the clock of the caller. */
async function gflopsOf(backend: Backend, kind: keyof typeof work): Promise<number> {
  const { shapes, products } = work[kind]
  const f = ({ a, b }: { a: Tensor; b: Tensor }) => ({ y: sum(kind === 'matmul' ? matmul(a, b) : conv2d(a, b, { padding: 1 })) })
  const constants = new Map([['b', new Float32Array(sizeOf(shapes.b)).fill(0.01)]])
  const program = await compile(f, shapes, { backend, constants })
  const array = await backend.allocate(sizeOf(shapes.a))
  await array.write(Float32Array.from({ length: array.length }, (_, i) => Math.sin(i)))
  let best = Number.POSITIVE_INFINITY
  for (let i = 0; i < 8; i++) {
    const start = performance.now()
    await program.run({ a: array.view(0, shapes.a) })
    best = Math.min(best, performance.now() - start)
  }
  await array.free()
  await program.dispose()
  return (2 * products) / best / 1e6
}

async function examine(name: string, create: () => Promise<Backend>): Promise<Verdict> {
  let backend: Backend | undefined
  try {
    backend = await create()
    const start = performance.now()
    await selfTest(backend)
    const selfTestMs = performance.now() - start
    const verified = { name, status: 'verified', description: backend.description, selfTestMs } as const
    if (name === 'reference') return verified
    return { ...verified, gflops: { matmul: await gflopsOf(backend, 'matmul'), conv2d: await gflopsOf(backend, 'conv2d') } }
  } catch (error) {
    return { name, status: 'refused', reason: oneLine(error) }
  } finally {
    await backend?.dispose()
  }
}

async function findFfmpeg(): Promise<string | null> {
  try {
    const { stdout } = await promisify(execFile)('ffmpeg', ['-version'])
    return /^ffmpeg version (\S+)/.exec(stdout)?.[1] ?? 'of unknown version'
  } catch {
    return null
  }
}

async function findModel(name: string): Promise<FoundModel> {
  try {
    return { name, ...(await verifyShippedModel(name)) }
  } catch (error) {
    return { name, fault: oneLine(error) }
  }
}

function describeVerdict(verdict: Verdict): string {
  if (verdict.status === 'refused') return `refused: ${verdict.reason}`
  const { description, selfTestMs, gflops } = verdict
  const speed = gflops ? `, matrix product ${gflops.matmul.toFixed(0)} GFLOP/s, convolution ${gflops.conv2d.toFixed(0)} GFLOP/s` : ''
  return `verified: ${description}; self-test ${selfTestMs.toFixed(0)} ms${speed}`
}

function describe(report: Report): string {
  const gigabytes = (bytes: number) => (bytes / 2 ** 30).toFixed(1)
  const { version, providers, onRequest } = report.onnxRuntime
  const lines: [string, string][] = [
    ['Divisi', report.divisi],
    ['Node', report.node],
    ['system', report.system],
    ['processor', `${report.processor}, ${report.threads} thread${report.threads === 1 ? '' : 's'}`],
    ['memory', `${gigabytes(report.memory.totalBytes)} GiB, ${gigabytes(report.memory.freeBytes)} GiB free`],
    ['ONNX Runtime', `${version} with ${providers.join(', ')}; with libraries of their own ${onRequest.join(', ') || 'none'}`],
    ...report.backends.map((verdict): [string, string] => [verdict.name, describeVerdict(verdict)]),
    ['ffmpeg', report.ffmpeg ?? 'not found; WAV, FLAC, MP3, Ogg Vorbis and Opus need none, other formats do'],
    ...report.models.map(({ name, bytes, sha256, fault }): [string, string] => [
      `model ${name}`,
      fault ?? `${((bytes ?? 0) / 1e6).toFixed(1)} MB, as shipped: SHA-256 ${sha256}`,
    ]),
  ]
  const width = Math.max(...lines.map(([name]) => name.length))
  return lines.map(([name, text]) => `${name.padEnd(width)}  ${text}\n`).join('')
}

/** Examines the machine and prints what was found; the exit code tells whether the first backend, the processor's, is verified. */
export async function runDoctor(flags: DoctorFlags, { version, backends = machine, stdout, signal }: DoctorContext): Promise<number> {
  const verdicts: Verdict[] = []
  for (const [name, create] of Object.entries(backends)) {
    signal.throwIfAborted()
    verdicts.push(await examine(name, create))
  }
  const report: Report = {
    divisi: version,
    node: process.versions.node,
    system: `${type()} ${release()} ${arch()}`,
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    threads: availableParallelism(),
    memory: { totalBytes: totalmem(), freeBytes: freemem() },
    onnxRuntime: await onnxRuntimeInfo(),
    backends: verdicts,
    ffmpeg: await findFfmpeg(),
    models: await Promise.all(shippedModels.map(findModel)),
  }
  stdout.write(flags.json ? `${JSON.stringify(report, null, 2)}\n` : describe(report))
  return verdicts[0]?.status === 'verified' ? exitCodes.ok : exitCodes.failed
}

/** The command for commander; `run` gets the parsed command line. */
export function doctorCommand(run: (flags: DoctorFlags) => Promise<void>): Command {
  return new Command('doctor')
    .description('Tell what this machine offers: which backends compute right, how fast they are, ffmpeg, the shipped models.')
    .option('--json', 'print the report as JSON')
    .addHelpText('after', '\nExit code 0 if the processor’s backend passes its self-test, else 1.')
    .action(run)
}
