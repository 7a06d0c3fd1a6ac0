/**
 * What holds of every building block on one backend (G3 and G6 of the specification): shapes, and values and gradients of the float64
 * reference. Imports nothing of Node: the same rows run in a browser.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Layout, layoutOf } from '../../src/nn/index.ts'
import { type Backend, createReferenceBackend, type HostArray } from '../../src/runtime/browser.ts'
import { add, grad, input, mul, sum, type Tensor } from '../../src/tensor/index.ts'
import { distance, drawValues, runOnce } from '../tensor/generic.ts'
import { blocks } from './cases/index.ts'
import { type TracedBlock, titleOf, traceBlock } from './support.ts'

/** Σ of all float outputs, each value with its own drawn weight: no output's mistake cancels another's. */
function weightedSum(outputs: readonly Tensor[]): { loss: Tensor; feeds: Record<string, Float32Array> } {
  const floats = outputs.filter(({ dtype }) => dtype === 'float32')
  const weights = floats.map((y, i) => input(`ct${i}`, y.shape))
  return {
    loss: floats.map((y, i) => sum(mul(y, weights[i]!))).reduce((a, b) => add(a, b)),
    feeds: Object.fromEntries(weights.map(({ shape }, i) => [`ct${i}`, drawValues(shape, 1000 + i)])),
  }
}

export interface Differentiated {
  readonly loss: Tensor
  /** Gradients by the name of the input or parameter. */
  readonly gradients: Readonly<Record<string, Tensor>>
  readonly feeds: Readonly<Record<string, HostArray>>
}

/** The gradients of a traced block with respect to its float inputs and its parameters. */
export function differentiate({ module, inputs, outputs, feeds }: TracedBlock): Differentiated {
  const { loss, feeds: weights } = weightedSum(outputs)
  const { parameters }: Layout = layoutOf(module)
  const wrt = [
    ...inputs.flatMap((x, i) => (x.dtype === 'float32' ? [[`x${i}`, x] as const] : [])),
    ...parameters.map(({ name, parameter }) => [name, parameter] as const),
  ]
  const gradients = grad(
    loss,
    wrt.map(([, x]) => x),
  )
  return { loss, gradients: Object.fromEntries(wrt.map(([name], i) => [name, gradients[i]!])), feeds: { ...feeds, ...weights } }
}

/** Declares the comparison of all blocks with the reference. `tolerance`: largest `distance` of values; gradients get ten times as much. */
export function describeBlocks(name: string, create: () => Promise<Backend>, { tolerance }: { readonly tolerance: number }): void {
  describe(`building blocks on ${name}`, () => {
    const reference = createReferenceBackend()
    let backend: Backend
    beforeAll(async () => {
      backend = await create()
    })
    afterAll(() => backend?.dispose())

    it.each(blocks.map((block) => [titleOf(block), block] as const))(
      '%s: shapes as the table says, values and gradients as in float64',
      async (_, block) => {
        const allowed = Math.max(tolerance, block.tolerance?.value ?? 0)
        for (const [i, blockCase] of block.cases.entries()) {
          const traced = traceBlock(block, blockCase)
          expect(traced.outputs.map(({ shape }) => shape)).toEqual(blockCase.outputs)
          const outputs: Record<string, Tensor> = Object.fromEntries(traced.outputs.map((y, k) => [`y${k}`, y]))
          let feeds: Record<string, HostArray> = traced.feeds
          if (block.differentiable !== false && i === 0) {
            const { gradients, feeds: all } = differentiate(traced)
            for (const [key, gradient] of Object.entries(gradients)) outputs[`gradient ${key}`] = gradient
            feeds = all
          }
          const [expected, actual] = [await runOnce(reference, outputs, feeds), await runOnce(backend, outputs, feeds)]
          for (const key of Object.keys(outputs)) {
            const numbers = (values: HostArray) => Float64Array.from(values as ArrayLike<number | bigint>, Number)
            const worst = distance(numbers(actual[key]!), numbers(expected[key]!))
            expect(worst, `${key} of case ${i}`).toBeLessThan(key.startsWith('gradient') ? 10 * allowed : allowed)
          }
        }
      },
    )
  })
}
