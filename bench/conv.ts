/**
 * Convolutions and their gradients, here and in PyTorch (bench/conv.py), in turn on the same machine with the same threads. Prints a Markdown
 * table of milliseconds, medians, and their ratio.
 *
 *     npx tsx bench/conv.ts [rounds] [python]
 */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createOnnxRuntimeBackend } from '../src/runtime/index.ts'
import { type ConvOptions, conv1d, conv2d, conv3d, grad, input, mul, type Shape, sizeOf, sum, type Tensor } from '../src/tensor/index.ts'
import { median, threads } from './support.ts'

const rounds = Number(process.argv[2] ?? 5)
const repeats = 5

interface Work {
  readonly x: Shape
  readonly weight: Shape
  readonly options: ConvOptions & { readonly stride: number; readonly padding: number }
}

const works: readonly Work[] = [
  { x: [2, 1, 512, 128], weight: [16, 1, 5, 5], options: { stride: 2, padding: 2 } },
  { x: [2, 4, 512, 128], weight: [32, 4, 3, 3], options: { stride: 1, padding: 1 } },
  { x: [2, 16, 512, 128], weight: [1, 16, 3, 3], options: { stride: 1, padding: 1 } },
  { x: [2, 16, 512, 128], weight: [16, 16, 3, 3], options: { stride: 1, padding: 1 } },
  { x: [2, 16, 256, 64], weight: [32, 16, 5, 5], options: { stride: 2, padding: 2 } },
  { x: [8, 32, 64, 64], weight: [64, 32, 4, 4], options: { stride: 2, padding: 1 } },
  { x: [2, 64, 128, 32], weight: [64, 64, 3, 3], options: { stride: 1, padding: 1 } },
  { x: [8, 256, 16, 16], weight: [256, 256, 3, 3], options: { stride: 1, padding: 1 } },
  { x: [2, 64, 128, 64], weight: [64, 1, 3, 3], options: { stride: 1, padding: 1, groups: 64 } },
  { x: [2, 64, 16384], weight: [128, 64, 8], options: { stride: 4, padding: 2 } },
  { x: [2, 32, 8, 32, 32], weight: [32, 32, 3, 3, 3], options: { stride: 1, padding: 1 } },
]
const convs: Readonly<Record<number, typeof conv2d>> = { 3: conv1d, 4: conv2d, 5: conv3d }
const kinds = ['forward', 'input gradient', 'weight gradient'] as const

const child = spawn(process.argv[3] ?? '/usr/bin/python3', [fileURLToPath(new URL('./conv.py', import.meta.url)), String(threads)], {
  stdio: ['pipe', 'pipe', 'inherit'],
})
const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
async function theirs(job: object): Promise<number[]> {
  child.stdin.write(`${JSON.stringify(job)}\n`)
  return JSON.parse((await answers.next()).value as string) as number[]
}

const backend = await createOnnxRuntimeBackend({ threads })

console.log(`| (b, c, …) ⋆ (o, c/groups, …) | ${kinds.map((kind) => `${kind}: Divisi | PyTorch | ratio`).join(' | ')} |`)
console.log(`|---|${kinds.map(() => '---|---|---|').join('')}`)
for (const { x, weight, options } of works) {
  const [of, w] = [input('x', x), input('w', weight)]
  const y = convs[x.length]!(of, w, options)
  const loss = sum(mul(y, input('ct', y.shape)))
  const results: Readonly<Record<(typeof kinds)[number], Tensor>> = {
    forward: y,
    'input gradient': grad(loss, [of])[0]!,
    'weight gradient': grad(loss, [w])[0]!,
  }
  // Inputs and results stay in the backend's memory, as in a training step.
  const array = await backend.allocate(sizeOf(x) + sizeOf(weight) + sizeOf(y.shape))
  await array.write(Float32Array.from({ length: array.length }, (_, i) => Math.sin(i)))
  const feeds = {
    x: array.view(0, x),
    w: array.view(sizeOf(x), weight),
    ct: array.view(sizeOf(x) + sizeOf(weight), y.shape),
  }
  const cells: string[] = []
  for (const kind of kinds) {
    const result = results[kind]
    const [program, target] = [await backend.load({ result }), await backend.allocate(sizeOf(result.shape))]
    const run = () => program.run(feeds, { into: { result: target.view(0, result.shape) } })
    const job = { kind, x, weight, y: y.shape, repeats, groups: 1, ...options }
    const [here, there]: [number[], number[]] = [[], []]
    await run()
    await theirs(job)
    for (let round = 0; round < rounds; round++) {
      for (let i = 0; i < repeats; i++) {
        const start = performance.now()
        await run()
        here.push(performance.now() - start)
      }
      there.push(...(await theirs(job)))
    }
    cells.push(median(here).toFixed(2), median(there).toFixed(2), (median(here) / median(there)).toFixed(2))
    await program.dispose()
    await target.free()
  }
  const stride = options.stride === 1 ? '' : `, stride ${options.stride}`
  console.log(`| (${x}) ⋆ (${weight})${stride} | ${cells.join(' | ')} |`)
  await array.free()
}
child.stdin.end()
await backend.dispose()
