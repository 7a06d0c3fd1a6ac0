/** Sizes of MMDenseNet and MMDenseLSTM; the defaults are small ones, that two processor cores can train. */
import { z } from 'zod'
import { checkHop, count, spectralFields } from '../separation-config.ts'

export const mmDenseConfig = z
  .strictObject({
    architecture: z.enum(['mm-dense-net', 'mm-dense-lstm']),
    ...spectralFields,
    /** Frequencies (Hz) at which the bands meet, which have a network each; those of Takahashi et al. 2018. */
    splits: z.array(z.number().positive()).default([4100, 11000]),
    /** Channels after the first convolution. */
    first: count.default(16),
    /** k, channels that a layer of a band's dense blocks adds, and of those of the network over all bands. */
    growth: count.default(8),
    fullGrowth: count.default(4),
    /** Layers of a dense block. */
    layers: count.default(3),
    /** How often both axes are halved. */
    levels: count.default(3),
    /** Share of a block's channels that go to the coarser level. */
    compression: z.number().gt(0).max(1).default(0.5),
    /** The dense block of all bands together. */
    finalGrowth: count.default(8),
    finalLayers: count.default(2),
    /** Units per direction of each LSTM, of mm-dense-lstm. */
    units: count.default(32),
    /** Levels that have an LSTM on the way down and up, 0 the finest; the coarsest by default. */
    lstmLevels: z.array(z.number().int().min(0)).optional(),
    /** Whether magnitudes come out, as in the paper, or masks in 0…1. */
    estimate: z.enum(['magnitude', 'mask']).default('magnitude'),
  })
  .superRefine((config, context) => {
    checkHop(config, context)
    const edges = edgesOf(config)
    if (edges.some((edge, i) => i > 0 && edge <= edges[i - 1]!))
      context.addIssue({
        code: 'custom',
        path: ['splits'],
        message: `${config.splits.join(', ')} Hz are bins ${edges.slice(1, -1).join(', ')} of ${edges.at(-1)}: need to rise, with bins between`,
      })
    const above = config.lstmLevels?.find((level) => level > config.levels)
    if (above !== undefined) context.addIssue({ code: 'custom', path: ['lstmLevels'], message: `${above}: levels are 0…${config.levels}` })
    if (config.architecture === 'mm-dense-net' && config.lstmLevels)
      context.addIssue({ code: 'custom', path: ['lstmLevels'], message: 'of a network without LSTM: needs mm-dense-lstm' })
  })

export type MMDenseConfig = z.infer<typeof mmDenseConfig>
export type MMDenseInput = z.input<typeof mmDenseConfig>

/** Bins at which bands begin, from 0 to the number of bins. */
export function edgesOf({ splits, nFft, sampleRate }: Pick<MMDenseConfig, 'splits' | 'nFft' | 'sampleRate'>): readonly number[] {
  return [0, ...splits.map((split) => Math.round((split * nFft) / sampleRate)), nFft / 2 + 1]
}
