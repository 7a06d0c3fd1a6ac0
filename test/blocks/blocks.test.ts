/** The generic tests of the specification that every building block has to pass (test/blocks/cases is the table of them). */
import { describe, expect, it } from 'vitest'
import { readSafetensors, writeSafetensors } from '../../src/formats/index.ts'
import { initialValues, layoutOf } from '../../src/nn/index.ts'
import { createOnnxRuntimeBackend, createReferenceBackend, type HostArray } from '../../src/runtime/index.ts'
import { createRandom, randomWords } from '../../src/tensor/index.ts'
import { runOnce } from '../tensor/generic.ts'
import { blocks } from './cases/index.ts'
import { describeBlocks, differentiate } from './generic.ts'
import { type Block, titleOf, traceBlock } from './support.ts'

// G6, the CPU of Node: 1e-5 of the largest value or of 1, for float32 against float64; `test/browser` does the same in a page.
describeBlocks('onnxruntime-node, 2 threads', () => createOnnxRuntimeBackend({ threads: 2 }), { tolerance: 1e-5 })

const rows = (some: readonly Block[]) => some.map((block) => [titleOf(block), block] as const)
const differentiable = blocks.filter((block) => block.differentiable !== false)
const reference = createReferenceBackend()

describe('G1: gradients are central differences', () => {
  it.each(rows(differentiable))('%s (float64, relative error below 1e-6, along drawn directions)', async (_, block) => {
    const traced = traceBlock(block, block.cases[0])
    const { loss, gradients, feeds } = differentiate(traced)
    const exact = await runOnce(reference, Object.fromEntries(Object.entries(gradients).map(([name, g]) => [`gradient ${name}`, g])), feeds)
    const random = createRandom(7)
    const program = await reference.load({ loss })
    const lossAt = async (name: string, values: Float64Array) => Number((await program.run({ ...feeds, [name]: values })).loss![0])
    for (const name of Object.keys(gradients)) {
      const at = Float64Array.from(feeds[name] as ArrayLike<number>)
      const direction = at.map(() => random.uniform(-1, 1))
      const slope = Array.from(exact[`gradient ${name}`]!, Number).reduce((total, g, i) => total + g * direction[i]!, 0)
      // Fourth-order differences: their own error is far below the bound, and so is the rounding of float64.
      const step = 1e-4
      const along = (k: number) =>
        lossAt(
          name,
          at.map((value, i) => value + k * step * direction[i]!),
        )
      const measured = (8 * ((await along(1)) - (await along(-1))) - ((await along(2)) - (await along(-2)))) / (12 * step)
      const scale = Math.max(1e-3, Math.abs(slope), Math.abs(measured))
      expect(Math.abs(slope - measured) / scale, `by ${name}: ${slope}, measured ${measured}`).toBeLessThan(1e-6)
    }
    await program.dispose()
  })
})

describe('G4: weights that were written and read again give the same bits', () => {
  it.each(rows(blocks.filter((block) => layoutOf(block.create()).parameterCount > 0)))('%s', async (_, block) => {
    const traced = traceBlock(block, block.cases[0])
    const { parameters, buffers } = layoutOf(traced.module)
    const values = initialValues(traced.module, 1)
    const tensors = new Map([...parameters, ...buffers].map(({ name, parameter: { shape } }) => [name, { shape, data: values.get(name)! }]))
    const stored = readSafetensors(writeSafetensors({ tensors, metadata: {} }))
    const again: Record<string, HostArray> = { ...traced.feeds }
    for (const [name, { data }] of stored.tensors) again[name] = data
    const outputs = Object.fromEntries(traced.outputs.map((y, i) => [`y${i}`, y]))
    const backend = await createOnnxRuntimeBackend({ threads: 1 })
    expect(await runOnce(backend, outputs, again)).toEqual(await runOnce(backend, outputs, traced.feeds))
    await backend.dispose()
  })
})

describe('G5: a seed determines what training draws, and evaluation draws nothing', () => {
  it.each(rows(blocks))('%s', async (_, block) => {
    const run = async (training: boolean, seed: number) => {
      const traced = traceBlock(block, block.cases[0], 1, training)
      const outputs = Object.fromEntries(traced.outputs.map((y, i) => [`y${i}`, y]))
      return runOnce(reference, outputs, { ...traced.feeds, key: randomWords(seed) })
    }
    const [evaluated, trained] = [await run(false, 1), await run(true, 1)]
    expect(await run(false, 2)).toEqual(evaluated)
    expect(await run(true, 1)).toEqual(trained)
    if (block.training) expect(trained).not.toEqual(evaluated)
    else expect(trained).toEqual(evaluated)
    if (block.training === 'random' || block.training === 'both') expect(await run(true, 2)).not.toEqual(trained)
    else expect(await run(true, 2)).toEqual(trained)
  })
})
