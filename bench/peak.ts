/**
 * What this machine can do at most, as far as ONNX Runtime reaches it: the rate of products (one large matrix product, one 3×3 convolution with
 * constant weights) and of memory (adding two large arrays). The floor of a work is its operations or its bytes over these.
 *
 *     npx tsx bench/peak.ts [rounds]
 */
import { type CompileOptions, compile, createOnnxRuntimeBackend } from '../src/runtime/index.ts'
import { add, conv2d, matmul, sum, type Tensor } from '../src/tensor/index.ts'
import { median, noise, threads } from './support.ts'

const rounds = Number(process.argv[2] ?? 15)
const backend = await createOnnxRuntimeBackend({ threads })

type Shapes = Readonly<Record<'a' | 'b', readonly number[]>>

/** Median seconds of one call; only a sum comes back, so that no time goes into copies to the caller. */
async function seconds(f: (a: Tensor, b: Tensor) => Tensor, shapes: Shapes, constants: readonly ('a' | 'b')[] = []): Promise<number> {
  const values = Object.fromEntries(
    Object.entries(shapes).map(([name, shape], i) => [
      name,
      noise(
        shape.reduce((n, m) => n * m, 1),
        i,
      ),
    ]),
  )
  const options: CompileOptions = { backend, constants: new Map(constants.map((name) => [name, values[name]!])) }
  const program = await compile(({ a, b }) => ({ y: sum(f(a, b)) }), shapes, options)
  const arrays = new Map(Object.entries(values).map(([name, { length }]) => [name, length]))
  const feeds: Record<string, ReturnType<Awaited<ReturnType<typeof backend.allocate>>['view']>> = {}
  for (const [name, length] of arrays) {
    const array = await backend.allocate(length)
    await array.write(values[name]!)
    feeds[name] = array.view(0, shapes[name as 'a' | 'b'])
  }
  const taken: number[] = []
  for (let i = 0; i < rounds + 2; i++) {
    const started = performance.now()
    await program.run(feeds)
    if (i >= 2) taken.push((performance.now() - started) / 1000)
  }
  await program.dispose()
  return median(taken)
}

const n = 2048
const product = (2 * n ** 3) / (await seconds(matmul, { a: [n, n], b: [n, n] }))
const [batch, channels, height, width] = [4, 64, 256, 128]
const operations = 2 * batch * channels * channels * 9 * height * width
const convolution = (a: Tensor, b: Tensor) => conv2d(a, b, { padding: 1 })
const shapes: Shapes = { a: [batch, channels, height, width], b: [channels, channels, 3, 3] }
const constant = operations / (await seconds(convolution, shapes, ['b']))
const changing = operations / (await seconds(convolution, shapes))
const length = 1 << 25
const memory = (5 * 4 * length) / (await seconds((a, b) => add(a, b), { a: [length], b: [length] }))
await backend.dispose()

console.log(`matrix product ${n}³: ${(product / 1e9).toFixed(0)} GFLOP/s`)
console.log(
  `3×3 convolution, constant weights: ${(constant / 1e9).toFixed(0)} GFLOP/s; weights that change: ${(changing / 1e9).toFixed(0)} GFLOP/s`,
)
console.log(`element-wise sum of two arrays, then its sum (5 passes): ${(memory / 1e9).toFixed(1)} GB/s`)
