/**
 * How long a large training graph takes from its function to a program that is ready to run: tracing with its derivative, writing ONNX, and
 * the session of ONNX Runtime, in seconds. Two networks of at least 5 000 ONNX nodes: deep and residual (convolution, batch norm,
 * rectifier), and a transformer's.
 *
 *     npx tsx bench/compile.ts [rounds]
 */
import { writeOnnx } from '../src/formats/index.ts'
import { BatchNorm, Conv2d, layoutOf, Module, TransformerEncoderLayer, traceTraining } from '../src/nn/index.ts'
import { createOnnxRuntimeBackend } from '../src/runtime/index.ts'
import { add, grad, input, mean, relu, square, type Tensor } from '../src/tensor/index.ts'
import { median } from './support.ts'

class Residual extends Module {
  readonly conv: Conv2d
  readonly norm: BatchNorm

  constructor(channels: number) {
    super()
    this.conv = new Conv2d(channels, channels, [3, 3], { padding: 1, bias: false })
    this.norm = new BatchNorm(channels)
  }

  forward(x: Tensor): Tensor {
    return add(x, relu(this.norm.forward(this.conv.forward(x))))
  }
}

class Stack extends Module {
  readonly blocks: readonly Module[]

  constructor(blocks: readonly Module[]) {
    super()
    this.blocks = blocks
  }

  forward(x: Tensor): Tensor {
    return this.blocks.reduce((h, block) => block.forward(h) as Tensor, x)
  }
}

const layer = () => new TransformerEncoderLayer(64, 8, { dimFeedforward: 256, dropout: 0, normFirst: true })

const works = [
  { name: 'residual, 55 blocks', model: () => new Stack(Array.from({ length: 55 }, () => new Residual(8))), shape: [2, 8, 16, 16] },
  {
    name: 'transformer, 36 blocks',
    model: () => new Stack(Array.from({ length: 36 }, layer)),
    shape: [2, 32, 64],
  },
]

const rounds = Number(process.argv[2] ?? 3)
const backend = await createOnnxRuntimeBackend()
console.log('| network | ONNX nodes | MB | trace, s | write, s | session, s | together |\n|---|---|---|---|---|---|---|')
for (const { name, model, shape } of works) {
  const times: Record<'trace' | 'write' | 'load', number[]> = { trace: [], write: [], load: [] }
  let [nodes, size] = [0, 0]
  for (let round = 0; round < rounds; round++) {
    const network = model()
    const { parameters, buffers } = layoutOf(network)
    const started = performance.now()
    const { result: loss, updates } = traceTraining(() => mean(square(network.forward(input('x', shape)))))
    const gradients = grad(
      loss,
      parameters.map((slot) => slot.parameter),
    )
    const outputs = {
      loss,
      ...Object.fromEntries(parameters.map((slot, i) => [`gradient/${slot.name}`, gradients[i]!])),
      ...Object.fromEntries(buffers.map((slot) => [`next/${slot.name}`, updates.get(slot.parameter)!])),
    }
    const traced = performance.now()
    const graph = writeOnnx(outputs)
    const written = performance.now()
    // Writes once more, which is taken off.
    const program = await backend.load(outputs)
    times.load.push((performance.now() - written - (written - traced)) / 1000)
    times.trace.push((traced - started) / 1000)
    times.write.push((written - traced) / 1000)
    ;[nodes, size] = [graph.nodes, graph.bytes.length / 1e6]
    await program.dispose()
  }
  const [trace, write, load] = [median(times.trace), median(times.write), median(times.load)]
  const cells = [trace, write, load, trace + write + load].map((seconds) => seconds.toFixed(2))
  console.log(`| ${name} | ${nodes} | ${size.toFixed(1)} | ${cells.join(' | ')} |`)
}
await backend.dispose()
