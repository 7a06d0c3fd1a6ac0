/** Sizes of Conv-TasNet by the letters of the paper's Table I; the defaults are its best configuration, for two voices at 8 kHz. */
import { z } from 'zod'
import { count, separationFields } from '../separation-config.ts'

export const convTasNetConfig = z
  .strictObject({
    architecture: z.literal('conv-tasnet'),
    ...separationFields,
    sampleRate: separationFields.sampleRate.default(8000),
    channels: separationFields.channels.default(1),
    stems: separationFields.stems.default(['source-1', 'source-2']),
    /** Whether outputs have no order, so that training looks for the best one: voices. Of stems like vocals and drums it is false. */
    interchangeable: z.boolean().default(true),
    /** N, filters of encoder and decoder. */
    filters: count.default(512),
    /** L, samples of a filter; they are half of it apart. */
    filterLength: count.multipleOf(2).default(16),
    /** B, channels between blocks. */
    bottleneck: count.default(128),
    /** H, channels within blocks. */
    hidden: count.default(512),
    /** Sc, channels of the sum that all blocks add to. */
    skip: count.default(128),
    /** P, taps of the depthwise convolutions; odd, but for causal ones. */
    kernel: count.default(3),
    /** X, blocks of a repeat, with dilations 1, 2, 4 … */
    blocks: count.default(8),
    /** R */
    repeats: count.default(3),
    /** Convolutions see the past alone, and norms are cumulative (cLN in place of gLN). */
    causal: z.boolean().default(false),
    /** After the encoder: none, as in the paper's best one, or a rectifier. */
    encoderActivation: z.enum(['none', 'relu']).default('none'),
    /** Softmax masks of a bin add up to 1. */
    maskActivation: z.enum(['sigmoid', 'relu', 'softmax']).default('sigmoid'),
    /** What training minimises: the scale-invariant ratio, as in the paper, which leaves the level of an estimate open, or one that knows levels. */
    objective: z.enum(['si-sdr', 'snr']).default('si-sdr'),
  })
  .superRefine(({ kernel, causal, stems, interchangeable }, context) => {
    if (kernel % 2 === 0 && !causal)
      context.addIssue({ code: 'custom', path: ['kernel'], message: `${kernel} taps around the present: needs an odd number, or causal` })
    if (interchangeable && stems.length > 10)
      context.addIssue({ code: 'custom', path: ['stems'], message: `${stems.length} without an order: at most 10` })
  })

export type ConvTasNetConfig = z.infer<typeof convTasNetConfig>
export type ConvTasNetInput = z.input<typeof convTasNetConfig>
