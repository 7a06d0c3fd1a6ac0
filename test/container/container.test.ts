/** The images of the Dockerfile: built from this tree, and used as people use them. */
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createWavWriter } from '../../src/audio/index.ts'
import { type Builder, createBuilder } from './builder.ts'

const recipe = `
name: tiny
model: { architecture: band-unet, nFft: 512, hopLength: 256, bands: 32, highest: 16000, channels: [4, 8], bottleneck: 1 }
data: { syntheticSongs: 20, syntheticSeconds: 3, seconds: 0.366, mix: { synthetic: { vocals: 1, instrumental: 1 } } }
training: { steps: 4, batchSize: 2, accumulate: 2, learningRate: 0.005, warmup: 1, validateEvery: 4, validationExamples: 2 }
`

let builder: Builder
let work: string
beforeAll(() => {
  builder = createBuilder()
  work = mkdtempSync(join(tmpdir(), 'divisi-work-'))
  // Whoever the image's user is, it may write here; outside of tests that is what `-u` is for.
  chmodSync(work, 0o777)
}, 600_000)
afterAll(() => {
  builder.remove()
  rmSync(work, { recursive: true, force: true })
})

describe('the image to separate with', () => {
  beforeAll(() => builder.build('separate'), 1_200_000)

  it('separates a file of the folder that it is given, not as root', async () => {
    const samples = Float32Array.from({ length: 44_100 }, (_, n) => 0.3 * Math.sin(0.05 * n))
    const writer = await createWavWriter(join(work, 'song.wav'), {
      sampleRate: 44_100,
      channels: 2,
      sampleFormat: { kind: 'int', bits: 16 },
    })
    await writer.write([samples, samples])
    await writer.finish()
    const { code, text } = builder.run('separate', work, ['divisi', 'separate', '--threads', '1', 'song.wav'])
    expect(code, text).toBe(0)
    for (const stem of ['vocals', 'instrumental']) expect(statSync(join(work, `song.${stem}.wav`)).uid, text).toBe(1000)
  })

  it('holds what it needs and no more', () => {
    const { text } = builder.run('separate', work, ['sh', '-c', 'ls /app /app/node_modules; ! command -v gcc python3; du -sm /app'])
    expect(text).toContain('onnxruntime-node')
    for (const absent of ['src', 'test', 'typescript', 'vitest', 'onnxruntime-web']) expect(text.split('\n')).not.toContain(absent)
    // Megabytes: ONNX Runtime's library, and a tenth of that.
    expect(Number(/(\d+)\s+\/app/.exec(text)![1])).toBeLessThan(150)
  })
})

describe('the image to train with', () => {
  beforeAll(() => builder.build('train'), 1_200_000)

  it('trains, alone and as several processes', () => {
    writeFileSync(join(work, 'tiny.yaml'), recipe)
    const train = ['divisi', 'train', 'tiny.yaml', '--cache', 'cache', '--threads', '1']
    const alone = builder.run('train', work, [...train, '--run', 'alone'])
    expect(alone, alone.text).toMatchObject({ code: 0 })
    const ranks = ['mpirun', '-n', '2', '--oversubscribe', '--bind-to', 'none', ...train, '--run', 'ranks']
    const together = builder.run('train', work, ranks)
    expect(together, together.text).toMatchObject({ code: 0, text: expect.stringContaining('2 ranks') })
    expect(existsSync(join(work, 'ranks', 'model.safetensors'))).toBe(true)
  })
})
