/** Models that ship are loaded as they were shipped, and answer as they did there, or not at all. */
import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  createNetwork,
  createSeparator,
  loadSeparator,
  readNamedModel,
  SeparationError,
  type Separator,
  shippedModels,
} from '../../../src/models/index.ts'
import { answerOf, checkAnswer } from '../../../src/models/trust/answer.ts'
import { checkShipped, shippedModel, shippedUrl } from '../../../src/models/trust/manifest.node.ts'
import { initialValues } from '../../../src/nn/index.ts'
import { createReferenceBackend } from '../../../src/runtime/index.ts'
import { tinyConfig } from '../../training/tiny.ts'

describe.each(shippedModels)('the shipped model %s', (name) => {
  it('is the file of the list (else: npx tsx scripts/model-manifest.ts)', async () => {
    const known = await shippedModel(name)
    const bytes = await readFile(shippedUrl(name))
    checkShipped(bytes, known)
    await expect(readNamedModel(name)).resolves.toMatchObject({ name })
  })

  it('is refused for any changed byte, and for a missing end', async () => {
    const known = await shippedModel(name)
    const bytes = await readFile(shippedUrl(name))
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (place, change) => {
        bytes[place]! ^= change
        expect(() => checkShipped(bytes, known)).toThrow(
          /^its SHA-256 is [\da-f]{64}, shipped was [\da-f]{64}; the file is damaged or was changed/,
        )
        bytes[place]! ^= change
      }),
      { numRuns: 20 },
    )
    expect(() => checkShipped(bytes.subarray(0, 1000), known)).toThrow(`1000 bytes where ${known.bytes} were shipped; the file is damaged`)
  })

  it('answers as it did when it was shipped: loading it checks that', async () => {
    const separator = await loadSeparator(name, { threads: 2 })
    await separator.dispose()
  })
})

describe('the answer to the test sound', () => {
  let separator: Separator
  beforeAll(async () => {
    const network = createNetwork(tinyConfig)
    separator = await createSeparator({
      name: 'tiny',
      network,
      values: initialValues(network, 1),
      backend: createReferenceBackend(),
      frames: 20,
    })
  })
  afterAll(() => separator.dispose())

  it('is the same each time, and a device that gives another one is refused with model, stem and figures', async () => {
    const known = await answerOf(separator)
    await checkAnswer(separator, known)
    const wrong = (change: (x: number) => number): Separator => ({
      ...separator,
      predict: async (window) =>
        Object.fromEntries(
          Object.entries(await separator.predict(window)).map(([stem, [left, right]]) => [
            stem,
            [left.map(change), right.map(change)] as const,
          ]),
        ),
    })
    await checkAnswer(
      wrong((x) => x * 1.005),
      known,
    ) // rounding of a device, half of what is allowed
    for (const change of [(x: number) => 1.02 * x, () => 0, () => Number.NaN]) {
      const refusal = checkAnswer(wrong(change), known)
      await expect(refusal).rejects.toThrow(SeparationError)
      await expect(refusal).rejects.toThrow(
        /^.*reference.* computes the model tiny wrong and is refused: of the test sound's vocals it gives \S+ where \S+ is right/,
      )
    }
  })

  it('has to have the stems', async () => {
    const { windowLength, stems } = await answerOf(separator)
    await expect(checkAnswer(separator, { windowLength, stems: { drums: stems.vocals! } })).rejects.toThrow(/drums it gives undefined/)
  })
})

describe('a model that the list does not have', () => {
  it('is refused with the way out', async () => {
    await expect(shippedModel('drums')).rejects.toThrow(
      /model "drums": models\/manifest\.json does not have it; the installation is damaged/,
    )
  })
})
