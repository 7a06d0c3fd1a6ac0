/** What the command says of frequencies that the model does not know. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createWavWriter, openAudio } from '../../../src/audio/index.ts'
import { bandwidthNote } from '../../../src/cli/separate/bandwidth.ts'
import { runSeparate } from '../../../src/cli/separate/run.ts'
import { bandUnetConfig, createNetwork, loadSeparator, writeModel } from '../../../src/models/index.ts'
import { initialValues } from '../../../src/nn/index.ts'
import { noise } from '../../separation/fakes.ts'
import { tinyConfig } from '../../training/tiny.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'divisi-bandwidth-'))
})
afterAll(() => rm(folder, { recursive: true }))

describe('bandwidthNote', () => {
  const stems = ['vocals', 'instrumental']
  it('speaks where the song has more than the model, and people hear it', () => {
    expect(bandwidthNote({ bandwidth: 8000 }, { sampleRate: 44100 }, stems)).toBe(
      'above 8.0 kHz, where the model hears nothing, the vocals are left in the instrumental',
    )
    expect(bandwidthNote({ bandwidth: 11025 }, { sampleRate: 44100 }, ['vocals'])).toBe(
      'above 11.0 kHz, where the model hears nothing, the vocals hold nothing',
    )
  })

  it('is silent for songs that end below, for what nobody hears, and where a separator does not tell', () => {
    expect(bandwidthNote({ bandwidth: 8000 }, { sampleRate: 16000 }, stems)).toBeUndefined()
    expect(bandwidthNote({ bandwidth: 22050 }, { sampleRate: 96000 }, stems)).toBeUndefined()
    expect(bandwidthNote({}, { sampleRate: 44100 }, stems)).toBeUndefined()
  })
})

describe('a model of 16 kHz on a song of 44.1 kHz', () => {
  it('is announced with what it does not know, which the vocals do not hold and the instrumental does', async () => {
    const network = createNetwork(bandUnetConfig.parse({ ...tinyConfig, sampleRate: 16000, highest: 7000 }))
    const model = join(folder, 'narrow.safetensors')
    await writeFile(model, writeModel('narrow', network, initialValues(network, 1)))
    const song = join(folder, 'song.wav')
    const frames = 30_000
    const writer = await createWavWriter(song, { sampleRate: 44100, channels: 1, sampleFormat: { kind: 'int', bits: 16 } })
    // A tone at 12 kHz beside noise.
    const quiet = noise(1, frames, { level: 0.1 })[0]!
    await writer.write([quiet.map((x, i) => x + 0.4 * Math.sin(2 * Math.PI * (12_000 / 44_100) * i))])
    await writer.finish()

    let [stdout, stderr] = ['', '']
    const code = await runSeparate(
      [song],
      { out: folder, device: 'cpu', model, json: true },
      {
        version: '1.0.0',
        loadSeparator: () => loadSeparator(model, { seconds: 3, threads: 1 }),
        stdout: { write: (text) => (stdout += text) },
        stderr: { write: (text) => (stderr += text) },
        signal: new AbortController().signal,
      },
    )
    expect(code).toBe(0)
    expect(stderr).toContain('  above 8.0 kHz, where the model hears nothing, the vocals are left in the instrumental\n')
    const facts = JSON.parse(stdout)
    expect(facts).toMatchObject({
      model: 'narrow',
      bandwidth: 8000,
      device: expect.stringMatching(/^onnxruntime-node [\d.]+, cpu, 1 thread$/),
    })

    /** Amplitude of the tone: its projection on a sine and a cosine; what is left of noise of 0.1 in 30 000 samples is 0.001. */
    const toneIn = async (path: string): Promise<number> => {
      let [re, im, n] = [0, 0, 0]
      for await (const [samples] of (await openAudio(path)).blocks) {
        for (const x of samples!) {
          const phase = 2 * Math.PI * (12_000 / 44_100) * n++
          re += x * Math.cos(phase)
          im += x * Math.sin(phase)
        }
      }
      return (2 * Math.hypot(re, im)) / n
    }
    expect(await toneIn(facts.stems.vocals)).toBeLessThan(0.004)
    expect(await toneIn(facts.stems.instrumental)).toBeCloseTo(0.4, 2)
    expect((await readFile(facts.stems.vocals)).length).toBe((await readFile(song)).length)
  })
})
