import { describe, expect, it } from 'vitest'
import { magnitude, stft } from '../../src/dsp/index.ts'
import {
  BandUnet,
  bandUnetConfig,
  Chimera,
  ConvTasNet,
  chimeraConfig,
  convTasNetConfig,
  DeepClustering,
  deepClusteringConfig,
  FrameTransformerSeparation,
  frameTransformerConfig,
  MaskInference,
  MMDense,
  maskInferenceConfig,
  mmDenseConfig,
  OpenUnmix,
  openUnmixConfig,
  type SeparationNetwork,
  SpectrogramUNet,
  spectrogramUNetConfig,
  WaveUNet,
  waveUNetConfig,
} from '../../src/models/index.ts'
import { layoutOf } from '../../src/nn/index.ts'
import { abs, input, mean, sub } from '../../src/tensor/index.ts'
import { example, runModel } from './support.ts'

const frames = { nFft: 16, hopLength: 4 }
const recurrent = { ...frames, hidden: 4, layers: 1 }

const networks: readonly (readonly [string, () => SeparationNetwork])[] = [
  [
    'band-unet',
    () =>
      new BandUnet(bandUnetConfig.parse({ architecture: 'band-unet', nFft: 64, hopLength: 16, bands: 8, channels: [2, 3], bottleneck: 1 })),
  ],
  ['chimera', () => new Chimera(chimeraConfig.parse({ architecture: 'chimera', ...recurrent }))],
  [
    'conv-tasnet',
    () =>
      new ConvTasNet(
        convTasNetConfig.parse({ architecture: 'conv-tasnet', filters: 4, bottleneck: 3, hidden: 4, skip: 2, blocks: 1, repeats: 1 }),
      ),
  ],
  ['deep-clustering', () => new DeepClustering(deepClusteringConfig.parse({ architecture: 'deep-clustering', ...recurrent }))],
  ...(['complex', 'mask'] as const).map(
    (estimate) =>
      [
        'frame-transformer',
        () => {
          const sizes = { width: 2, multipliers: [1, 2], heads: 2, expansion: 3, bridgeLayers: 1, bridgeExpansion: 1, embeddingDepth: 1 }
          return new FrameTransformerSeparation(
            frameTransformerConfig.parse({ architecture: 'frame-transformer', estimate, ...frames, ...sizes }),
          )
        },
      ] as const,
  ),
  ['mask-inference', () => new MaskInference(maskInferenceConfig.parse({ architecture: 'mask-inference', ...recurrent }))],
  ['mm-dense-net', () => new MMDense(mmDenseConfig.parse({ architecture: 'mm-dense-net', ...frames, first: 2, growth: 1, levels: 1 }))],
  ['open-unmix', () => new OpenUnmix(openUnmixConfig.parse({ architecture: 'open-unmix', ...recurrent }))],
  [
    'spectrogram-u-net',
    () => new SpectrogramUNet(spectrogramUNetConfig.parse({ architecture: 'spectrogram-u-net', ...frames, network: { channels: [2, 2] } })),
  ],
  ['wave-u-net', () => new WaveUNet(waveUNetConfig.parse({ architecture: 'wave-u-net', levels: 2, filters: 2 }))],
]

describe('separation networks', () => {
  it.each(networks)('3.36, 3.37, 3.38, 3.39, 3.40, 3.42, 4.1, 4.2 %s: is used as all others are', async (architecture, create) => {
    const model = create()
    layoutOf(model)
    expect(model.config.architecture).toBe(architecture)
    expect(model.config.sampleRate).toBeGreaterThan(0)
    const shape = [1, model.channels, 80]
    const mixture = input('mixture', shape)
    const sources = Object.fromEntries(model.stems.map((stem) => [stem, input(stem, shape)]))
    const waveforms = model.waveforms(mixture)
    expect(Object.keys(waveforms)).toEqual([...model.stems])
    for (const stem of model.stems) expect(waveforms[stem]!.shape).toEqual(shape)
    const loss = model.loss(mixture, sources)
    expect(loss.shape).toEqual([])
    const drawn = example(model, 80)
    const outputs = Object.fromEntries(model.stems.map((stem) => [`estimate ${stem}`, waveforms[stem]!]))
    const numbers = await runModel(model, { ...outputs, loss }, { mixture: drawn.mixture, ...drawn.sources })
    expect(Object.values(numbers).flat().every(Number.isFinite)).toBe(true)
    const wrong = [1, model.channels + 1, 80]
    expect(() => model.waveforms(input('wrong', wrong))).toThrow(`needs (b, ${model.channels}, n)`)
    expect(() => model.loss(mixture, {})).toThrow(`sources have no "${model.stems[0]}"; given are none`)
    const short = { ...sources, [model.stems[0]!]: input('short', [1, model.channels, 79]) }
    expect(() => model.loss(mixture, short)).toThrow(`source "${model.stems[0]}" (1, ${model.channels}, 79)`)
  })

  it('3.36 mask inference: by default the loss is the mean difference of magnitudes, stem by stem', async () => {
    const model = new MaskInference(maskInferenceConfig.parse({ architecture: 'mask-inference', ...recurrent }))
    layoutOf(model)
    const [mixture, vocals, accompaniment] = ['mixture', 'vocals', 'accompaniment'].map((name) => input(name, [2, 1, 30])) as [
      ReturnType<typeof input>,
      ReturnType<typeof input>,
      ReturnType<typeof input>,
    ]
    const estimates = model.forward(mixture)
    const difference = (stem: string, source: typeof mixture) =>
      mean(abs(sub(magnitude(estimates[stem]!), magnitude(stft(source, frames)))))
    const drawn = example(model, 60)
    const { loss, one, other } = await runModel(
      model,
      {
        loss: model.loss(mixture, { vocals, accompaniment }),
        one: difference('vocals', vocals),
        other: difference('accompaniment', accompaniment),
      },
      { mixture: drawn.mixture, ...drawn.sources },
    )
    expect(loss[0]).toBeCloseTo((one[0]! + other[0]!) / 2, 12)
  })
})
