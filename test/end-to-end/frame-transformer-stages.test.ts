import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createWavWriter } from '../../src/audio/index.ts'
import { readModel } from '../../src/models/index.ts'
import { createRandom } from '../../src/tensor/index.ts'
import { type Recipe, type RunOptions, recipeSchema, runTraining } from '../../src/training/index.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'divisi-three-stages-'))
  for (const [k, role] of ['vocals', 'instrumental'].entries()) {
    await mkdir(join(folder, role))
    for (let i = 0; i < 4; i++) {
      const path = join(folder, role, `${i}.wav`)
      const writer = await createWavWriter(path, { sampleRate: 8000, channels: 1, sampleFormat: { kind: 'float', bits: 32 } })
      const random = createRandom(k, i)
      await writer.write([Float32Array.from({ length: 4000 }, () => 0.3 * random.uniform(-1, 1))])
      await writer.finish()
    }
  }
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const model = {
  architecture: 'frame-transformer',
  sampleRate: 8000,
  channels: 1,
  stems: ['instrumental'],
  estimate: 'mask',
  variant: 'plain',
  bridgeTokens: 'bins',
  nFft: 32,
  hopLength: 16,
  width: 2,
  multipliers: [1, 2],
  heads: 2,
  expansion: 8,
  bridgeLayers: 1,
  embeddingDepth: 0,
}

const recipe: Recipe = recipeSchema.parse({
  name: 'three-stages',
  task: 'frame-transformer',
  model,
  data: {
    folders: { vocals: ['vocals'], instrumental: ['instrumental'], validShare: 0.3 },
    frames: 8,
    chunkFrames: 64,
    halve: 0,
    excerpts: { count: 2, seconds: 0.1 },
  },
  training: { seed: 1, batchSize: 2, steps: 2, learningRate: 0.01, warmup: 1, validateEvery: 2, validationExamples: 2, checkpointEvery: 1 },
  stages: [
    { name: 'masked', data: { stage: 'masked' } },
    { name: 'supervised', data: { stage: 'supervised', freshHead: true } },
    { name: 'adversarial', data: { stage: 'adversarial' }, training: { steps: 3, accumulate: 2 } },
  ],
})

const train = async (run: string, options: Partial<RunOptions> = {}) => {
  const result = await runTraining({
    recipe,
    recipeFolder: folder,
    dataFolder: folder,
    cacheFolder: join(folder, 'cache'),
    runFolder: join(folder, run),
    threads: 1,
    onEvent: () => {},
    ...options,
  })
  return { ...result, bytes: await readFile(join(folder, run, '3-adversarial', 'last.safetensors')).catch(() => undefined) }
}

it('three stages give a network that separates, and one that is stopped between two updates against its discriminator goes on bit for bit', async () => {
  const whole = await train('whole')
  expect(whole.finished).toBe(true)
  const { network } = readModel(await readFile(whole.model))
  expect(network.type).toBe('FrameTransformerSeparation')
  expect((await train('parts', { stopAfter: 6 })).finished).toBe(false)
  const parts = await train('parts')
  const arrays = (bytes: Uint8Array | undefined) => {
    const text = Buffer.from(bytes!)
    // Behind the header, which has the seconds that the run took.
    return text.subarray(8 + Number(text.readBigUInt64LE(0)))
  }
  expect(arrays(parts.bytes).equals(arrays(whole.bytes))).toBe(true)
})
