/** Sizes of Wave-U-Net; the defaults are those of the paper's model M4: context, difference output, stereo, linear up-sampling. */
import { z } from 'zod'
import { count, separationFields } from '../separation-config.ts'

const taps = count.refine((kernel) => kernel % 2 === 1, 'needs an odd number')

export const waveUNetConfig = z
  .strictObject({
    architecture: z.literal('wave-u-net'),
    ...separationFields,
    sampleRate: separationFields.sampleRate.default(22050),
    /** The last one is what the others leave of the mixture, unless `difference` is false. */
    stems: separationFields.stems.default(['accompaniment', 'vocals']),
    /** L, how often the rate is halved. */
    levels: count.default(12),
    /** Fc: level i has i times as many channels, the bottleneck levels + 1 times. */
    filters: count.default(24),
    /** fd and fu, taps on the way down and up; odd, so that both sides of a sample are alike. */
    kernelDown: taps.default(15),
    kernelUp: taps.default(5),
    /** Slope of the rectifiers below 0. */
    slope: z.number().min(0).max(1).default(0.2),
    /** `valid`: convolutions see true samples alone, the signal gets zeros at its ends once; `same`: each convolution pads with zeros. */
    context: z.enum(['valid', 'same']).default('valid'),
    /** Between two samples their mean, or a share of each that is learned per channel. */
    upsampling: z.enum(['linear', 'learned']).default('linear'),
    /** The last stem is the mixture minus the others, so that they add up to it. */
    difference: z.boolean().default(true),
    /** Of the estimates: `tanh` keeps them within full scale. */
    outputActivation: z.enum(['tanh', 'none']).default('tanh'),
    /** What training minimises: squared differences, as in the paper, or the negative SNR, for which soft examples count as much as loud ones. */
    objective: z.enum(['mse', 'snr']).default('mse'),
  })
  .superRefine(({ stems, difference }, context) => {
    if (difference && stems.length === 1)
      context.addIssue({
        code: 'custom',
        path: ['stems'],
        message: `"${stems[0]}" alone would be the mixture: needs two stems, or difference false`,
      })
  })

export type WaveUNetConfig = z.infer<typeof waveUNetConfig>
export type WaveUNetInput = z.input<typeof waveUNetConfig>
