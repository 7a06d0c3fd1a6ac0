/** FrameTransformer's networks: sizes, what is refused, and that they learn. Numbers of the original: test/goldens. */
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { stft } from '../../../src/dsp/index.ts'
import {
  type BodyConfig,
  bodyConfig,
  FrameTransformer,
  FrameTransformerDiscriminator,
  type FrameTransformerPreset,
  FrameTransformerSeparation,
  FrameTransformerV1,
  FrameTransformerV2b,
  frameTransformerConfig,
  frameTransformerPresets,
  v1Config,
  v2bConfig,
  valuesFromGenerator,
} from '../../../src/models/index.ts'
import { initialValues, layoutOf, type Module, wholeReach } from '../../../src/nn/index.ts'
import { input } from '../../../src/tensor/index.ts'
import { readRecipe } from '../../../src/training/index.ts'
import { filledTensor, run, worst } from '../../nn/run.ts'
import { example, overfit, runModel } from '../support.ts'
import { valuesOf } from './support.ts'

const count = (module: Module) => layoutOf(module).parameterCount
const generator = (config: object = {}) => count(new FrameTransformer(bodyConfig.parse(config)))
const discriminator = (config: object = {}) => count(new FrameTransformerDiscriminator(bodyConfig.parse(config)))

const small = { inputs: 2, outputs: 2, width: 2, heads: 4, expansion: 4 }
const snapshot = { variant: 'snap', inputs: 2, outputs: 2, expansion: 10240, bridgeLayers: 4 }

const tiny = { width: 2, multipliers: [1, 2, 3], nFft: 16, heads: 2, expansion: 3, bridgeLayers: 1, bridgeExpansion: 1, embeddingDepth: 2 }

describe('sizes', () => {
  it.each<[string, () => number, number]>([
    ['ET', () => generator(), 91_428_619],
    ['its discriminator', () => discriminator(), 53_112_154],
    ['ET+V', () => generator({ variant: 'et+v' }), 107_678_223],
    ['PLAIN', () => generator({ variant: 'plain' }), 292_082_995],
    ['its discriminator', () => discriminator({ variant: 'plain' }), 363_532_402],
    ['ET as its constructor has it', () => generator({ ...small, bridgeLayers: 4 }), 39_933_375],
    ['PLAIN as its constructor has it', () => generator({ ...small, variant: 'plain', bridgeLayers: 9 }), 28_410_983],
    ['the snapshot', () => generator(snapshot), 130_596_123],
    ['the snapshot in training', () => generator({ ...snapshot, width: 16 }), 152_929_899],
    ['its discriminator', () => discriminator({ ...snapshot, width: 16 }), 88_185_012],
    // Its numbers are complex there.
    [
      'the complex experiment, which is PLAIN without a bridge',
      () => generator({ variant: 'plain', inputs: 2, outputs: 2, bridgeLayers: 0 }),
      52_696_595,
    ],
    ['V1', () => count(new FrameTransformerV1(v1Config.parse({}))), 205_948_976],
    ['V2b', () => count(new FrameTransformerV2b(v2bConfig.parse({}))), 255_797_690],
  ])('4.20, 4.21 have as many parameters as the original: %s', (_, counted, original) => {
    expect(counted()).toBe(original)
  })

  it.each<[FrameTransformerPreset, number, number]>([
    ['original', 91_428_619, 91_428_619],
    ['snapshot', 130_596_123, 130_596_123],
    ['plain', 292_082_995, 292_082_995],
    ['small', 0.8e6, 1.3e6],
    ['medium', 4e6, 6e6],
  ])('4.20 presets: %s', (name, least, most) => {
    const model = new FrameTransformerSeparation(frameTransformerConfig.parse(frameTransformerPresets[name]))
    expect(count(model)).toBeGreaterThanOrEqual(least)
    expect(count(model)).toBeLessThanOrEqual(most)
    const { re } = model.forward(input('mixture', [1, model.channels, 8192])).instrumental!
    expect(re.shape).toEqual([1, model.channels, 8192 / model.config.hopLength + 1, model.config.nFft / 2 + 1])
  })

  it.each(['small', 'medium'] as const)('4.20 recipes have the sizes of presets: %s', async (name) => {
    const { recipe } = await readRecipe(fileURLToPath(new URL(`../../../recipes/frame-transformer-${name}.yaml`, import.meta.url)))
    expect(recipe.model).toEqual(frameTransformerConfig.parse(frameTransformerPresets[name]))
  })

  it('4.20 sizes that cannot be are refused, with what can', () => {
    const refused = (config: object) => () => bodyConfig.parse(config)
    expect(refused({ heads: 16 })).toThrow(
      '16 do not divide the 8 bins of level 8: needs a power of two ≤ 8, a larger nFft, or fewer levels',
    )
    expect(refused({ nFft: 2000 })).toThrow('needs a power of two')
    expect(refused({ nFft: 256 })).toThrow('9 levels of 128 bins (nFft 256): needs at most 8, one bin is left then')
    expect(refused({ ...tiny, embeddingDepth: 5 })).toThrow('5 stages of 8 bins (nFft 16): needs at most 4')
    expect(refused({ ...tiny, width: 1 })).toThrow('2 do not divide the 3 channels of the bridge: change width or the last of multipliers')
    expect(refused({ multipliers: [1] })).toThrow()
    expect(() => v1Config.parse({ nFft: 256 })).toThrow('8 do not divide the 4 bins of level 6')
    expect(() => v2bConfig.parse({ nFft: 256, heads: 4 })).toThrow('256: the positional channel halves 256 bins; needs at least 512')
    const network = new FrameTransformer(bodyConfig.parse({ ...tiny, maxFrames: 9 }))
    expect(() => network.forward(input('x', [1, 4, 10, 8]))).toThrow(
      'FrameTransformer: input (1, 4, 10, 8); needs (b, 4, t, 8) with t in 1…9',
    )
    expect(() => network.forward(input('x', [1, 4, 5, 9]))).toThrow('needs (b, 4, t, 8)')
    expect(() => new FrameTransformerV1(v1Config.parse({ nFft: 64, heads: 1 })).forward(input('x', [1, 2, 5, 16]))).toThrow(
      'FrameTransformerV1: input (1, 2, 5, 16); needs (b, 2, t, 32)',
    )
    expect(network.reach()).toEqual(wholeReach)
  })
})

describe('networks', () => {
  async function generated(config: Partial<BodyConfig>): Promise<number[]> {
    const network = new FrameTransformer(bodyConfig.parse({ ...tiny, ...config }))
    layoutOf(network)
    const x = filledTensor([1, 4, 3, 8], 0.3)
    return (await run({ y: network.forward(x) }, valuesOf(network))).y
  }

  it('4.19 bins that are folded into the channels of the bridge come out as they went in', async () => {
    const without = { bridgeLayers: 0 }
    expect(await generated({ ...without, bridgeTokens: 'frames' })).toEqual(await generated({ ...without, bridgeTokens: 'bins' }))
    const layouts = (bridgeTokens: 'frames' | 'bins') => generator({ ...tiny, variant: 'plain', bridgeTokens, width: 2 })
    expect(layouts('frames')).toBeGreaterThan(layouts('bins'))
    expect(generator({ ...tiny, variant: 'plain' })).toBe(layouts('frames'))
  })

  it('4.15, 4.18, 4.20 options change what is computed', async () => {
    const usual = await generated({})
    const changed: Partial<BodyConfig>[] = [
      { variant: 'snap' },
      { bridgeResidual: 'sum' },
      { gate: 'heads' },
      { eps: 1e-3 },
      { embeddingDepth: 0 },
    ]
    for (const config of changed) expect(worst(await generated(config), usual)).toBeGreaterThan(1e-5)
  })

  it('4.21 a discriminator begins with copies of what a generator has learned', async () => {
    const config = bodyConfig.parse(tiny)
    const [g, d] = [new FrameTransformer(config), new FrameTransformerDiscriminator(config)]
    const learned = new Map([...initialValues(g, 1)].map(([name, values]) => [name, values.fill(0.5)]))
    const values = valuesFromGenerator(d, g, learned, 2)
    const fresh = initialValues(d, 2)
    for (const [name, found] of values) {
      if (/^out/.test(name)) expect(found).toEqual(fresh.get(name))
      // The generator's bridge sees no neighbours.
      else if (/attn\.[qkvo]_proj\.weight$/.test(name) && name.startsWith('enc3')) expect(found).toEqual(fresh.get(name))
      else expect(found.every((value) => value === 0.5)).toBe(true)
    }
    learned.get('enc1.body.conv1.weight')!.fill(7)
    expect(values.get('enc1.body.conv1.weight')![0]).toBe(0.5)
    learned.delete('enc1.body.conv1.weight')
    expect(() => valuesFromGenerator(d, g, learned, 2)).toThrow('values have no "enc1.body.conv1.weight"')
  })
})

describe('separation', () => {
  const sizes = { ...tiny, hopLength: 4, eps: 1e-5 }
  const create = (config: object = {}) =>
    new FrameTransformerSeparation(frameTransformerConfig.parse({ architecture: 'frame-transformer', ...sizes, ...config }))

  it.each(['complex', 'mask'] as const)('4.1, 4.2 twice as loud is separated twice as loud: %s', async (estimate) => {
    const model = create({ estimate })
    layoutOf(model)
    const { mixture } = example(model, 60)
    const wave = model.waveforms(input('mixture', [1, 2, 60])).instrumental!
    const [once, twice] = [
      await runModel(model, { wave }, { mixture }),
      await runModel(model, { wave }, { mixture: mixture.map((x) => 2 * x) }),
    ]
    const louder = once.wave.map((value) => 2 * value)
    // Float32 inputs, doubled exactly; the rest is float64.
    expect(worst(twice.wave, louder)).toBeLessThan(1e-10)
    expect(once.wave.some((value) => Math.abs(value) > 1e-3)).toBe(true)
  })

  it('4.2 masks take away and never add; the highest bin is treated as the one below it', async () => {
    const model = create({ estimate: 'mask', channels: 1 })
    layoutOf(model)
    const { mixture } = example(model, 60)
    const x = input('mixture', [1, 1, 60])
    const { re, im } = model.forward(x).instrumental!
    const found = await runModel(model, { re, im }, { mixture })
    const given = await runModel(model, { ...stft(x, model.transform!) }, { mixture })
    const ratio = found.re.map((value, i) => Math.hypot(value, found.im[i]!) / Math.hypot(given.re[i]!, given.im[i]!))
    expect(ratio.every((value) => value > 0 && value < 1)).toBe(true)
    for (let t = 0; t < ratio.length / 9; t++) expect(Math.abs(ratio[9 * t + 8]! - ratio[9 * t + 7]!)).toBeLessThan(1e-9)
  })

  it('4.1 takes the scales of a song', async () => {
    const model = create()
    layoutOf(model)
    const { mixture } = example(model, 60)
    const x = input('mixture', [1, 2, 60])
    const scale = (name: string) => input(name, [1, 1, 1, 1])
    const { re } = model.forward(x, { re: scale('ofRe'), im: scale('ofIm'), magnitude: scale('ofMagnitude') }).instrumental!
    const one = (value: number) => Float32Array.of(value)
    const of = async (loud: number) =>
      (await runModel(model, { re }, { mixture, ofRe: one(loud), ofIm: one(loud), ofMagnitude: one(loud) })).re
    const own = await runModel(model, { re: model.forward(x).instrumental!.re }, { mixture })
    expect(worst(await of(50), own.re)).toBeGreaterThan(1e-3)
  })

  // A mask is at most 1, and the accompaniment is here and there louder than the mixture.
  it.each([
    ['complex', 0.3],
    ['mask', 0.6],
  ] as const)('4.20 learns one crop by heart: %s', async (estimate, left) => {
    const model = create({ estimate, channels: 1, width: 4, expansion: 16, dropout: 0, gate: 'heads' })
    const { first, last } = await overfit(model, { samples: 64, steps: 150, rate: 0.02 })
    expect(last).toBeLessThan(left * first)
  })
})
