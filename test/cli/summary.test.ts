/** divisi summary: counts of any network that has a name, a file or a recipe, as a table and as JSON. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { UsageError } from '../../src/cli/errors.ts'
import { runSummary, type SummaryFlags, summaryCommand } from '../../src/cli/summary.ts'
import { architectureNames, createNetwork, writeModel } from '../../src/models/index.ts'
import { initialValues, layoutOf } from '../../src/nn/index.ts'
import { tinyConfig } from '../training/tiny.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'divisi-summary-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function textOf(network: string, flags: Partial<SummaryFlags> = {}): Promise<string> {
  let text = ''
  const stdout = {
    write: (part: string) => {
      text += part
    },
  }
  expect(await runSummary(network, { depth: 2, ...flags }, { stdout })).toBe(0)
  return text
}

interface Facts {
  readonly architecture: string
  readonly inputs: Record<string, number[]>
  readonly parameters: number
  readonly multiplyAdds: number
  readonly modules: readonly { path: string; type: string; shapes: number[][]; parameters: number; multiplyAdds: number }[]
}

const jsonOf = async (network: string, flags: Partial<SummaryFlags> = {}) =>
  JSON.parse(await textOf(network, { ...flags, json: true })) as Facts

const lineOf = (text: string, path: string) => text.split('\n').find((line) => line.startsWith(`${path} `))

describe('divisi summary', () => {
  it('4.20 prints the original FrameTransformer with the counts of its own code', async () => {
    const text = await textOf('original', { frames: 64 })
    expect(text).toMatch(/^original: FrameTransformerSeparation of mixture \(1, 2, 64512\): 64 frames, 1\.46 s at 44100 Hz\n/)
    expect(lineOf(text, 'total')).toMatch(/ 91 428 619 /)
    expect(lineOf(text, 'network.enc1_transformer')).toMatch(/EvolvedEncoderBlock +\(1, 9, 64, 1024\) .* 17 836 163 /)
    expect(lineOf(text, 'network.enc9_transformer')).toMatch(/12 × EvolvedBridgeBlock +\(1, 128, 64, 4\) .* 16 103 424 /)
    expect(text).toMatch(/modules lie deeper: --depth 5 shows all\n$/)
  })

  it.each([
    ['snapshot', 130_596_123],
    ['plain', 292_082_995],
  ])('4.20 counts the preset %s as its code does', async (preset, parameters) => {
    expect((await jsonOf(preset, { frames: 8, depth: 0 })).parameters).toBe(parameters)
  })

  it('counts what is deeper in with what is around it, at any depth', async () => {
    const whole = await jsonOf('small', { frames: 20, depth: 9 })
    for (const depth of [0, 1, 2, 3]) {
      const folded = await jsonOf('small', { frames: 20, depth })
      expect(folded.modules.reduce((n, row) => n + row.parameters, 0)).toBe(whole.parameters)
      expect(folded.modules.reduce((n, row) => n + row.multiplyAdds, 0)).toBe(whole.multiplyAdds)
      expect(folded.modules.every(({ path }) => path.split('.').length <= Math.max(1, depth))).toBe(true)
      if (depth === 0) expect(folded.modules).toHaveLength(1)
    }
    expect(whole.modules.length).toBeGreaterThan(100)
  })

  it('reads model files, those that ship among them, and recipes', async () => {
    const network = createNetwork(tinyConfig)
    const file = join(folder, 'tiny.safetensors')
    await writeFile(file, writeModel('tiny', network, initialValues(network, 1)))
    const { parameterCount } = layoutOf(network)
    expect(await jsonOf(file, { seconds: 1 })).toMatchObject({ architecture: 'band-unet', parameters: parameterCount })
    expect((await jsonOf('vocals')).inputs).toEqual({ mixture: [1, 2, 511 * 1024] })
    // The shipped model is made by its recipe.
    expect((await jsonOf('recipes/vocals.yaml', { depth: 0 })).modules).toEqual((await jsonOf('vocals', { depth: 0 })).modules)
  })

  it.each([
    ['chords', 'crnn', { seconds: 2 }, { audio: [1, 32000] }],
    ['onsets', 'crnn', { frames: 11 }, { audio: [1, 1601] }],
    ['copy-attention', 'seq2seq', { frames: 7 }, { source: [1, 7], lengths: [1], target: [1, 7] }],
    ['recall-gru', 'sequence-classifier', {}, { ids: [1, 100], lengths: [1] }],
    ['wave-u-net', 'wave-u-net', { seconds: 2 }, undefined],
    ['conv-tasnet', 'conv-tasnet', { seconds: 1 }, undefined],
    ['frame-transformer-small', 'frame-transformer', { frames: 16 }, { mixture: [1, 1, 15 * 128] }],
  ] as const)('takes what the network of recipes/%s.yaml takes', async (recipe, architecture, sizes, inputs) => {
    const facts = await jsonOf(`recipes/${recipe}.yaml`, sizes)
    expect(facts.architecture).toBe(architecture)
    if (inputs) expect(facts.inputs).toEqual(inputs)
    expect(facts.multiplyAdds).toBeGreaterThan(0)
    expect(facts.modules[0]!.shapes.length).toBeGreaterThan(0)
  })

  it('tells every architecture of the table, or what its name alone leaves open', async () => {
    for (const name of architectureNames) {
      const result = await jsonOf(name, { depth: 0 }).catch((error: unknown) => error)
      if (result instanceof Error) {
        expect(result).toBeInstanceOf(UsageError)
        expect(result.message).toMatch(new RegExp(`^${name}: (classes|labels|source|vocabulary): .*write a recipe with it`))
      } else expect((result as Facts).parameters).toBeGreaterThan(0)
    }
  })

  it.each([
    ['nothing', {}, /model "nothing": there is no such file; .*names are original, .*vocals, .*band-unet/],
    ['nothing.yaml', {}, /nothing\.yaml/],
    ['recipes/shapes.yaml', {}, /recipes\/shapes\.yaml: classes: .*; the recipe leaves that to its data/],
    ['recipes/chords.yaml', { seconds: 1, frames: 3 }, /they say the same, give one of them/],
    ['recipes/copy.yaml', { seconds: 1 }, /seconds: 1; Seq2Seq has none, give frames in its place/],
    ['conv-tasnet', { frames: 3 }, /frames: 3; ConvTasNet .* give seconds in its place/],
    ['original', { frames: 5000 }, /t in 1…4096 \(maxFrames\)/],
    ['small', { frames: 1.5 }, /frames: 1\.5; allowed are whole numbers/],
  ])('refuses %s, %o', async (network, sizes, message) => {
    await expect(textOf(network, sizes)).rejects.toThrow(message)
  })

  it('reads its command line', async () => {
    const seen: unknown[] = []
    const parse = (...args: string[]) =>
      summaryCommand(async (...given) => void seen.push(given.slice(0, 2)))
        .exitOverride()
        .configureOutput({ writeErr: () => {} })
        .parseAsync(args, { from: 'user' })
    await parse('original')
    await parse('a.yaml', '--depth', '4', '--frames', '256', '--json')
    expect(seen).toEqual([
      ['original', { depth: 2 }],
      ['a.yaml', { depth: 4, frames: 256, json: true }],
    ])
    await expect(parse('original', '--depth', 'deep')).rejects.toThrow(/whole number from 0 up/)
    await expect(parse('original', '--seconds', '-1')).rejects.toThrow(/number above 0/)
  })
})
