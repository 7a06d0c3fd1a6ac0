/**
 * Training step and inference of the shipped network, here and in PyTorch (bench/band_unet.py), in turn on the same machine with the same
 * threads, weights and batch. Nothing is printed unless both sides' losses agree to 1e-4 (float32 sums of millions of terms: they differ by
 * about 2e-6). Prints a Markdown table.
 *
 *     npx tsx bench/band-unet.ts [rounds] [python]
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bandMatrices, istft, stft } from '../src/dsp/index.ts'
import { relativeError } from '../src/losses/index.ts'
import { createNetwork, writeModel } from '../src/models/index.ts'
import { initialValues } from '../src/nn/index.ts'
import { compile, createOnnxRuntimeBackend } from '../src/runtime/index.ts'
import { createRandom } from '../src/tensor/index.ts'
import { createTrainer, readRecipe } from '../src/training/index.ts'

const rounds = Number(process.argv[2] ?? 3)
const python = process.argv[3] ?? '/usr/bin/python3'
const repeats = 5
const threads = availableParallelism()
const { recipe } = await readRecipe(fileURLToPath(new URL('../recipes/vocals.yaml', import.meta.url)))
const { model, training } = recipe
const batch = training.batchSize
const samples = (training.frames - 1) * model.hopLength
const windowLength = 511 * model.hopLength

const network = createNetwork(model)
const values = initialValues(network, training.seed)
const random = createRandom(1)
const noise = (length: number) => Float32Array.from({ length }, () => random.uniform(-0.5, 0.5))
const [mixture, vocals, window] = [noise(batch * 2 * samples), noise(batch * 2 * samples), noise(2 * windowLength)]

const folder = mkdtempSync(join(tmpdir(), 'divisi-bench-'))
const matrices = bandMatrices(model)
writeFileSync(join(folder, 'weights.safetensors'), writeModel('bench', network, values))
writeFileSync(join(folder, 'batch.f32'), Buffer.concat([mixture, vocals].map((part) => Buffer.from(part.buffer))))
writeFileSync(join(folder, 'window.f32'), Buffer.from(window.buffer))
writeFileSync(join(folder, 'analysis.f32'), Buffer.from(Float32Array.from(matrices.analysis).buffer))
writeFileSync(join(folder, 'synthesis.f32'), Buffer.from(Float32Array.from(matrices.synthesis).buffer))
writeFileSync(join(folder, 'settings.json'), JSON.stringify({ model, batch, samples, threads }))

interface Times {
  readonly loss: number
  readonly train: number[]
  readonly infer: number[]
}

async function ours(): Promise<Times> {
  const backend = await createOnnxRuntimeBackend({ threads })
  const infer: number[] = []
  const program = await compile(
    ({ x }) => ({ vocals: istft(network.forward(x).vocals, windowLength, model) }),
    { x: [1, 2, windowLength] },
    { backend, constants: values },
  )
  for (let i = 0; i <= repeats; i++) {
    const started = performance.now()
    await program.run({ x: window })
    if (i > 0) infer.push((performance.now() - started) / 1000)
  }
  await program.dispose()
  const shape = [batch, 2, samples]
  const trainer = await createTrainer({
    model: network,
    task: {
      batch: { mixture: shape, vocals: shape },
      loss: (given) => {
        const separated = network.forward(given.mixture)
        return relativeError(separated.vocals, stft(given.vocals, model), separated.mixture)
      },
    },
    backend,
    adam: training,
    schedule: { peak: 1e-3, warmup: 0, decay: 0, steps: 1000 },
    seed: training.seed,
  })
  const train: number[] = []
  let loss = Number.NaN
  for (let i = 0; i <= repeats; i++) {
    const started = performance.now()
    const report = await trainer.train({ mixture, vocals })
    if (i === 0) loss = report.loss
    else train.push((performance.now() - started) / 1000)
  }
  await backend.dispose()
  return { loss, train, infer }
}

function theirs(): Times & { readonly torch: string; readonly peakMb: number } {
  const script = fileURLToPath(new URL('./band_unet.py', import.meta.url))
  return JSON.parse(execFileSync(python, [script, folder, String(repeats)], { encoding: 'utf8' }))
}

const median = (list: readonly number[]) => [...list].sort((a, b) => a - b)[list.length >> 1]!
const all = { ours: { train: [] as number[], infer: [] as number[] }, theirs: { train: [] as number[], infer: [] as number[] } }
let version = ''
let theirPeak = 0
try {
  for (let round = 0; round < rounds; round++) {
    const [a, b] = [await ours(), theirs()]
    if (Math.abs(a.loss - b.loss) > 1e-4) throw new Error(`the two networks differ: loss ${a.loss} here, ${b.loss} in PyTorch`)
    for (const kind of ['train', 'infer'] as const) {
      all.ours[kind].push(...a[kind])
      all.theirs[kind].push(...b[kind])
    }
    version = b.torch
    theirPeak = Math.max(theirPeak, b.peakMb)
    process.stderr.write(`round ${round + 1} of ${rounds}: loss ${a.loss.toFixed(6)} and ${b.loss.toFixed(6)}\n`)
  }
} finally {
  rmSync(folder, { recursive: true })
}
const row = (name: string, kind: 'train' | 'infer') => {
  const [a, b] = [median(all.ours[kind]), median(all.theirs[kind])]
  return `| ${name} | ${a.toFixed(3)} | ${b.toFixed(3)} | ${(a / b).toFixed(2)} |`
}
const second = (frames: number) => (frames / model.sampleRate).toFixed(1)
console.log(`${cpus()[0]!.model}, ${threads} threads, PyTorch ${version}, medians of ${rounds * repeats} runs\n`)
console.log('| work | Divisi, s | PyTorch, s | ratio |\n|---|---|---|---|')
console.log(row(`training step, ${batch} × ${second(samples)} s of stereo`, 'train'))
console.log(row(`inference, one window of ${second(windowLength)} s of stereo, waveform to waveform`, 'infer'))
const ourPeak = process.resourceUsage().maxRSS / 1024
console.log(`| peak memory of the process, MB | ${ourPeak.toFixed(0)} | ${theirPeak.toFixed(0)} | ${(ourPeak / theirPeak).toFixed(2)} |`)
