/**
 * Whether a backend computes right, asked before it is used: drivers, processors and their libraries have given wrong numbers without
 * any error. Two small programs cover the kernels that networks spend their time in, at sizes that reach the blocked and pre-packed
 * forms of them; the float64 reference says what they have to give.
 */
import {
  add,
  batchNorm,
  cast,
  concat,
  conv2d,
  convTranspose2d,
  createRandom,
  exp,
  grad,
  greater,
  input,
  leakyRelu,
  log,
  matmul,
  max,
  mean,
  mul,
  pad,
  sigmoid,
  sizeOf,
  slice,
  softmax,
  sqrt,
  sum,
  type Tensor,
  tanh,
  transpose,
  where,
} from '../tensor/index.ts'
import type { Backend, HostArray } from './backend.ts'
import { createReferenceBackend } from './backends/reference.ts'

/**
 * Of the largest value. Rounding in float32 costs these programs 1e-6 (measured on every backend), and WebGPU allows its elementary
 * functions 2^-11 ≈ 5e-4; wrong kernels are wrong by parts of the whole.
 */
const tolerance = 2e-3

const shapes = { image: [2, 16, 6, 7], kernel: [16, 16, 3, 3], matrix: [20, 35], other: [35, 24], scale: [16], shift: [16] }
type Inputs = { readonly [K in keyof typeof shapes]: Tensor }

/** Forward computations, each an output under the name of what it proves. */
function inference({ image, kernel, matrix, other }: Inputs): Record<string, Tensor> {
  const convolved = conv2d(image, kernel, { padding: 1 })
  return {
    conv2d: convolved,
    'conv2d, strided, in groups': conv2d(image, slice(kernel, [0, 0, 0, 0], [16, 8, 3, 3]), { stride: 2, groups: 2 }),
    convTranspose2d: convTranspose2d(image, kernel, { stride: 2 }),
    matmul: matmul(matrix, other),
    softmax: softmax(mul(matrix, 5), 1),
    'leakyRelu after conv2d': leakyRelu(convolved, 0.2),
    'sum and mean': add(sum(image, { axes: [1, 3] }), mean(image, { axes: [1, 3] })),
    max: max(image, { axes: [2] }),
    'pad, slice and concat': concat([pad(matrix, [1, 2], [0, 3]), pad(slice(matrix, [1, 0], [20, 30], [2, 1]), [0, 5], [0, 5])], 0),
    transpose: transpose(image, [0, 2, 3, 1]),
    'exp, log and sqrt': log(add(sqrt(exp(matrix)), 1)),
    'tanh and sigmoid': add(tanh(matrix), sigmoid(matrix)),
    'where and greater': where(greater(matrix, 0), matrix, mul(matrix, -0.5)),
    'cast to int32': cast(mul(matrix, 100), 'int32'),
  }
}

/** The gradients of a step: convolution, batch norm over the batch, activation, loss. */
function training({ image, kernel, scale, shift }: Inputs): Record<string, Tensor> {
  const y = leakyRelu(batchNorm(conv2d(image, kernel, { padding: 1 }), scale, shift).y, 0.2)
  const loss = mean(mul(y, y))
  const [dImage, dKernel, dScale, dShift] = grad(loss, [image, kernel, scale, shift])
  return {
    'batchNorm in training': y,
    'loss of a training step': loss,
    'gradient of conv2d by its input': dImage!,
    'gradient of conv2d by its kernel': dKernel!,
    'gradient of batchNorm by its scale': dScale!,
    'gradient of batchNorm by its shift': dShift!,
  }
}

const values = Object.fromEntries(
  Object.entries(shapes).map(([name, shape], seed) => {
    const random = createRandom(seed)
    return [name, Float32Array.from({ length: sizeOf(shape) }, () => random.uniform(-1, 1))]
  }),
)

async function compute(backend: Backend, f: (inputs: Inputs) => Record<string, Tensor>, constants: readonly string[]) {
  const inputs = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, input(name, shape)])) as Inputs
  const program = await backend.load(f(inputs), new Map(constants.map((name) => [name, values[name]!])))
  try {
    return await program.run(values)
  } finally {
    await program.dispose()
  }
}

async function computeAll(backend: Backend): Promise<Record<string, HostArray>> {
  // Constant kernels are laid out anew by ONNX Runtime, others are not: different code.
  return { ...(await compute(backend, inference, ['kernel', 'other'])), ...(await compute(backend, training, [])) }
}

let expectation: Promise<Record<string, HostArray>> | undefined

/**
 * Runs the test programs and compares them with the reference. Every backend of ONNX Runtime passes it before it is handed out.
 *
 * @throws Error that names the backend, the computation and the figures of the value that is farthest off
 */
export async function selfTest(backend: Backend): Promise<void> {
  expectation ??= computeAll(createReferenceBackend())
  const [expected, actual] = [await expectation, await computeAll(backend)]
  for (const [what, right] of Object.entries(expected)) {
    const given = actual[what]!
    const scale = Array.from(right, Number).reduce((most, x) => Math.max(most, Math.abs(x)), 1e-6)
    let worst = 0
    let place = -1
    for (let i = 0; i < right.length; i++) {
      const error = Math.abs(Number(given[i]) - Number(right[i])) / scale
      // A value that is not a number is as wrong as can be.
      if (!(error <= worst)) [worst, place] = [error, i]
      if (Number.isNaN(worst)) break
    }
    if (!(worst <= tolerance)) {
      throw new Error(
        `${backend.description} computes wrong numbers and is refused: ${what} gives ${given[place]} where ${right[place]} is right ` +
          `(value ${place} of ${right.length}; allowed is an error of ${tolerance} of the largest value, ${scale}); ` +
          'use another device, or newer drivers',
      )
    }
  }
}
