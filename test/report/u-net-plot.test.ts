import { describe, expect, it } from 'vitest'
import { FrameTransformerSeparation, frameTransformerConfig, frameTransformerPresets, planOf } from '../../src/models/index.ts'
import { frameTransformerPlot, type UNetPlotOptions, uNetPlot } from '../../src/report/index.ts'
import { elements, expectWhole, placeOf, texts } from './support.ts'

const part = (name: string, ...lines: string[]) => ({ name, lines })
const side = (name: string) => ({ body: part(name, '2 × 8'), transformer: part(`${name}T`, '3 × 8 <&>') })

const draw = (options: Partial<UNetPlotOptions> = {}) =>
  uNetPlot({
    title: 'A network',
    inputs: [part('in'), part('positions')],
    levels: [
      { label: '8 bins', encoder: side('e1'), decoder: side('d1') },
      { label: '4 bins', encoder: side('e2'), decoder: side('d2') },
    ],
    bridge: { label: '2 bins', ...side('bridge') },
    outputs: [part('out')],
    ways: { features: 'features', skips: 'skips', scores: 'scores' },
    ...options,
  })

describe('uNetPlot', () => {
  it('draws every part once, levels below each other, the encoder at the left of the decoder', () => {
    const svg = draw()
    expectWhole(svg)
    for (const words of ['in', 'positions', 'e1', 'e1T', 'd2', 'd2T', 'bridge', 'bridgeT', 'out', '4 bins', 'features'])
      expect(texts(svg).filter((text) => text === words)).toHaveLength(1)
    expect(texts(svg)).toContain('3 × 8 &lt;&amp;&gt;')
    const place = (words: string) => placeOf(svg, words)
    expect(place('e1').x).toBeLessThan(place('e1T').x)
    expect(place('e1T').x).toBeLessThan(place('d1').x)
    expect(place('d1').x).toBeLessThan(place('d1T').x)
    expect(place('e1').y).toBe(place('d1').y)
    expect(place('e1').y).toBeLessThan(place('e2').y)
    expect(place('e2').y).toBeLessThan(place('bridge').y)
  })

  it('has an arrow for each way: of features 14, over to the decoder 2 a level, of scores between levels and over', () => {
    const arrows = elements(draw(), 'path').filter(({ class: name }) => name?.startsWith('area'))
    const of = (colour: number) => arrows.filter(({ class: name }) => name === `area fill${colour}`).length - 1 // the legend's
    // In to positions to e1; to each transformer (5); down twice; up twice; out.
    expect([of(0), of(2), of(1)]).toEqual([2 + 5 + 2 + 2 + 1, 4, 1 + 1 + 2])
  })

  it('tells those who do not see it what it shows', () => {
    const [, words] = /<desc[^>]*>([^<]*)</.exec(draw())!
    expect(words).toContain('8 bins: down e1, 2 × 8; e1T, 3 × 8 &lt;&amp;&gt;; up d1, 2 × 8;')
    expect(draw({ description: 'own words' })).toContain('>own words<')
  })

  it('refuses networks without levels, and widths without room', () => {
    expect(() => draw({ levels: [] })).toThrow(/uNetPlot: levels is empty/)
    expect(() => draw({ width: 300 })).toThrow(/uNetPlot: width 300; its boxes need \d+ pixels/)
  })
})

describe('frameTransformerPlot', () => {
  it('4.20 draws what the trace of a network has: shapes, maps that are appended, attentions, gates, parameters', () => {
    const { network } = new FrameTransformerSeparation(frameTransformerConfig.parse({ ...frameTransformerPresets.small, maps: 2 }))
    const plan = planOf(network, 3)
    const svg = frameTransformerPlot({ plan, title: 'small', width: 1000 })
    expectWhole(svg)
    const words = texts(svg)
    expect(words.slice(0, 1)).toEqual(['small'])
    expect(words).toEqual(
      expect.arrayContaining(['128 bins', '10 × 128: 2 maps more', '4 attentions, 2 gates', '4 attentions, 1 gate', '1 layer']),
    )
    const parts = plan.levels.flatMap(({ encoder, encoderTransformer, decoder, decoderTransformer }) => [
      encoder,
      encoderTransformer,
      decoder,
      decoderTransformer,
    ])
    const all = [...parts, plan.bridge.encoder, plan.bridge.layers, plan.positional!, plan.output]
    expect(all.reduce((sum, { parameters }) => sum + parameters, 0)).toBe(plan.parameters)
    expect(all.reduce((sum, { multiplyAdds }) => sum + multiplyAdds, 0)).toBe(plan.multiplyAdds)
  })

  it('4.20 counts the original: 91 428 619 parameters, where they are', () => {
    const { network } = new FrameTransformerSeparation(frameTransformerConfig.parse(frameTransformerPresets.original))
    const { parameters, levels, bridge, positional } = planOf(network, 2)
    expect(parameters).toBe(91_428_619)
    expect(levels.map(({ bins }) => bins)).toEqual([1024, 512, 256, 128, 64, 32, 16, 8])
    expect(levels.map(({ encoder }) => encoder.channels)).toEqual([8, 16, 32, 48, 64, 80, 96, 112])
    expect(levels.map(({ decoderTransformer }) => decoderTransformer.gates)).toEqual([2, 2, 2, 2, 2, 2, 2, 1])
    expect(bridge).toMatchObject({ bins: 4, count: 12, layers: { channels: 128, attentions: 12, parameters: 16_103_424 } })
    expect(positional).toMatchObject({ channels: 1, bins: 1024 })
  })

  it('4.20 draws a bridge of frames, and a network without a positional channel', () => {
    const config = { ...frameTransformerPresets.small, bridgeTokens: 'frames', embeddingDepth: 0 } as const
    const { network } = new FrameTransformerSeparation(frameTransformerConfig.parse(config))
    const svg = frameTransformerPlot({ plan: planOf(network, 3), title: 'frames', width: 1000 })
    expect(texts(svg)).toEqual(expect.arrayContaining(['384 × 1, 1 attention']))
    expect(texts(svg)).not.toContain('positional channel')
  })
})
