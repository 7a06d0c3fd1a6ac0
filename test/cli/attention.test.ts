/** divisi attention: pictures of a song's attention maps, and what it refuses. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createWavWriter } from '../../src/audio/index.ts'
import { type AttentionFlags, attentionCommand, runAttention } from '../../src/cli/attention.ts'
import { UsageError } from '../../src/cli/errors.ts'
import { createNetwork, networkConfig, writeModel } from '../../src/models/index.ts'
import { initialValues } from '../../src/nn/index.ts'
import { elements, expectWhole, texts } from '../report/support.ts'
import { noise } from '../separation/fakes.ts'
import { tinyConfig } from '../training/tiny.ts'

let folder: string
let song: string
const models: Record<string, string> = {}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'divisi-attention-'))
  song = join(folder, 'song.wav')
  const writer = await createWavWriter(song, { sampleRate: 11025, channels: 2, sampleFormat: { kind: 'int', bits: 16 } })
  await writer.write(noise(2, 11025))
  await writer.finish()
  const sizes = { nFft: 32, hopLength: 16, multipliers: [1, 2], width: 2, heads: 2, expansion: 4, bridgeLayers: 1, sampleRate: 1000 }
  for (const channels of [1, 2]) {
    const network = createNetwork(networkConfig.parse({ architecture: 'frame-transformer', ...sizes, channels }))
    models[channels] = join(folder, `${channels}.safetensors`)
    await writeFile(models[channels], writeModel('tiny', network, initialValues(network, 1)))
  }
  models.other = join(folder, 'other.safetensors')
  const other = createNetwork(tinyConfig)
  await writeFile(models.other, writeModel('other', other, initialValues(other, 1)))
})
afterAll(() => rm(folder, { recursive: true }))

async function draw(flags: Partial<AttentionFlags>) {
  let text = ''
  const stdout = {
    write: (part: string) => {
      text += part
    },
  }
  const all = { model: models[2]!, at: 0, seconds: 0.5, threads: 1, out: join(folder, 'out'), ...flags }
  const code = await runAttention(song, all, { stdout, signal: new AbortController().signal })
  return { code, paths: text.trim().split('\n') }
}

describe('divisi attention', () => {
  it.each([1, 2])('4.20 draws the mixture, every layer, and all layers in small, of a network of %i channels', async (channels) => {
    const out = join(folder, `maps${channels}`)
    const { code, paths } = await draw({ model: models[channels]!, at: 0.25, out })
    expect(code).toBe(0)
    const layers = [
      'enc1_transformer.attn',
      'enc2_transformer.0.attn',
      ...['1a', '1b', '2', '3'].map((name) => `dec1_transformer.attn${name}`),
    ]
    expect(paths).toEqual(
      ['mixture', ...layers.map((layer) => `attention.network.${layer}`), 'layers'].map((name) => join(out, `${name}.svg`)),
    )
    expect((await readdir(out)).length).toBe(paths.length)
    for (const path of paths) expectWhole(await readFile(path, 'utf8'))
    const map = await readFile(join(out, 'attention.network.dec1_transformer.attn1b.svg'), 'utf8')
    expect(texts(map)).toEqual(expect.arrayContaining(['network.dec1_transformer.attn1b, mean of 2 heads', 'frame it looks at (s)', '0.5']))
    // 32 × 32 cells are shapes: half a second is 31 hops of 16 samples at 1 kHz.
    expect(elements(map, 'rect').filter(({ fill }) => fill !== undefined).length).toBeGreaterThanOrEqual(32 * 32)
    const all = await readFile(join(out, 'layers.svg'), 'utf8')
    expect(elements(all, 'image')).toHaveLength(6)
    expect(texts(all)).toEqual(expect.arrayContaining(['enc1.attn', 'dec1.attn3']))
  })

  it('draws each head of one layer', async () => {
    const { paths } = await draw({ layer: 'network.enc1_transformer.attn', out: join(folder, 'heads') })
    expect(paths.map((path) => path.slice(path.lastIndexOf('attn')))).toEqual(['attn.1.svg', 'attn.2.svg'])
  })

  it.each([
    [{ model: 'nowhere.safetensors' }, /nowhere\.safetensors": there is no such file/],
    [{ model: 'other' }, /is a band-unet; needs a frame-transformer/],
    [{ layer: 'enc7' }, /--layer enc7: there is none; allowed are network\.enc1_transformer\.attn, /],
    [{ at: 0.8 }, /--at 0\.8, --seconds 0\.496: .*song\.wav ends after 1\.00 s/],
    [{ seconds: 0.01 }, /--seconds 0\.01: gives 1 frame; needs 0\.032 or more/],
  ])('refuses %o', async (flags, message) => {
    const { model } = flags as { model?: string }
    const attempt = draw({ ...flags, ...(model === 'other' && { model: models.other! }) })
    await expect(attempt).rejects.toThrow(message)
    await expect(attempt).rejects.toBeInstanceOf(UsageError)
  })

  it('reads its command line', async () => {
    const seen: unknown[] = []
    const parse = (...args: string[]) =>
      attentionCommand(async (...given) => void seen.push(given.slice(0, 2)))
        .exitOverride()
        .configureOutput({ writeErr: () => {} })
        .parseAsync(args, { from: 'user' })
    await parse('song.mp3', '--model', 'm.safetensors', '--at', '60')
    expect(seen).toEqual([['song.mp3', { model: 'm.safetensors', at: 60, seconds: 5, out: '.' }]])
    await expect(parse('song.mp3')).rejects.toThrow(/--model/)
    await expect(parse('song.mp3', '--model', 'm', '--at', '-1')).rejects.toThrow(/number of seconds/)
  })
})
