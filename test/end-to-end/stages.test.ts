/** `npx divisi train` on a recipe of three stages, the last one against a discriminator, killed again and again at moments that nobody chose. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createWavWriter } from '../../src/audio/index.ts'
import { createRandom } from '../../src/tensor/index.ts'
import { checkpointOf, lossesOf, runTrain } from './training.ts'

const recipe = `
name: tiny
task: frame-transformer
model:
  architecture: frame-transformer
  variant: plain
  bridgeTokens: bins
  sampleRate: 8000
  channels: 1
  stems: [instrumental]
  estimate: mask
  nFft: 32
  hopLength: 16
  width: 2
  multipliers: [1, 2, 3]
  heads: 2
  expansion: 8
  bridgeLayers: 1
  embeddingDepth: 0
data:
  folders: { vocals: [vocals], instrumental: [instrumental], validShare: 0.3 }
  frames: 8
  chunkFrames: 64
  halve: 0.5
  excerpts: { count: 1, seconds: 0.2 }
training:
  seed: 1
  batchSize: 2
  learningRate: 0.001
  warmup: 2
  clipNorm: 0.5
  optimizer: { name: adamw, betas: [0.5, 0.999] }
  validateEvery: 6
  validationExamples: 2
  checkpointEvery: 4
stages:
  - { name: masked, data: { stage: masked }, training: { steps: 14 } }
  - name: supervised
    data: { stage: supervised }
    training: { steps: 16, schedule: { name: plateau, mode: max, patience: 0 }, crops: [{ until: 7, frames: 8 }, { frames: 16, batchSize: 1, accumulate: 2 }] }
  - { name: adversarial, data: { stage: adversarial }, training: { steps: 15, accumulate: 2, rival: { learningRate: 0.002 } } }
`
const stages = ['1-masked', '2-supervised', '3-adversarial'] as const

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'divisi-train-stages-'))
  for (const [k, role] of ['vocals', 'instrumental'].entries()) {
    await mkdir(join(folder, role))
    for (let i = 0; i < 4; i++) {
      const format = { sampleRate: 8000, channels: 1, sampleFormat: { kind: 'float', bits: 32 } } as const
      const writer = await createWavWriter(join(folder, role, `${i}.wav`), format)
      const random = createRandom(k, i)
      await writer.write([
        Float32Array.from({ length: 8000 }, (_, n) => 0.4 * Math.sin(0.05 * (i + 1 + 9 * k) * n) + 0.02 * random.uniform(-1, 1)),
      ])
      await writer.finish()
    }
  }
  await writeFile(join(folder, 'tiny.yaml'), recipe)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const call = (run: string) => ({
  recipe: join(folder, 'tiny.yaml'),
  runFolder: join(folder, run),
  cache: join(folder, 'cache'),
  more: ['--data', folder, '--threads', '1'],
})

describe('divisi train with stages', () => {
  it('trains one stage after the other and shows how far all of them are', async () => {
    const { code, text } = await runTrain(call('whole'))
    expect(text).toMatch(/1\/3 masked: [\d,]+ parameters.*from the start/)
    expect(text).toMatch(/2\/3 supervised: .*from the start\nnote: starts from .*1-masked\/best\.safetensors: (\d+) of \1 arrays/)
    expect(text).toMatch(
      /3\/3 adversarial: .*\nnote: starts from .*2-supervised.*arrays, and \d+ of the second network[\s\S]*done at step 15/,
    )
    expect(code).toBe(0)
    expect(await readFile(join(folder, 'whole', '3-adversarial', 'log.jsonl'), 'utf8')).toMatch(
      /"lossDistance":[\d.]+,"lossAdversarial":[\d.]+.*"rivalLoss":[\d.]+/,
    )
  })

  it('killed at random moments and started again ends with the very files of a run that was not', async () => {
    const random = createRandom(77)
    // Some milliseconds after these steps: where exactly that is depends on how fast the machine is, the result must not.
    const moments = [
      [stages[0], 3],
      [stages[0], 11],
      [stages[1], 2],
      [stages[1], 10],
      [stages[2], 1],
      [stages[2], 5],
    ] as const
    for (const [stage, step] of moments) {
      const { code, text } = await runTrain({
        ...call('killed'),
        until: async (child) => {
          while (child.exitCode === null && !(await lossesOf(join(folder, 'killed', stage))).has(step)) await setTimeout(5)
          await setTimeout(random.uniform(0, 200))
          child.kill('SIGKILL')
        },
      })
      expect(code, text).toBe(137)
    }
    const last = await runTrain(call('killed'))
    expect(last.text).toMatch(/1\/3 masked: done before\n2\/3 supervised: done before\n3\/3 adversarial: .*continuing after step/)
    expect(last.code).toBe(0)
    for (const stage of stages) {
      const [killed, whole] = [join(folder, 'killed', stage), join(folder, 'whole', stage)]
      expect(await lossesOf(killed), stage).toEqual(await lossesOf(whole))
      expect(await checkpointOf(killed), stage).toEqual(await checkpointOf(whole))
      for (const file of ['model.safetensors', 'best.safetensors', ...(stage === '3-adversarial' ? ['rival.safetensors'] : [])])
        expect(await readFile(join(killed, file)), `${stage} ${file}`).toEqual(await readFile(join(whole, file)))
    }
    for (const file of ['model.safetensors', 'best.safetensors'])
      expect(await readFile(join(folder, 'killed', file)), file).toEqual(await readFile(join(folder, 'whole', file)))
  })
})
