/** A spectrogram U-Net that separates: its transform, its stems, and the sizes of the network that each of them has. */
import { z } from 'zod'
import { checkHop, spectralFields } from '../separation-config.ts'
import { uNetConfig } from './config.ts'

export const spectrogramUNetConfig = z
  .strictObject({
    architecture: z.literal('spectrogram-u-net'),
    ...spectralFields,
    sampleRate: spectralFields.sampleRate.default(8192),
    channels: spectralFields.channels.default(1),
    nFft: spectralFields.nFft.default(1024),
    hopLength: spectralFields.hopLength.default(768),
    network: uNetConfig.omit({ architecture: true, inputs: true }).prefault({}),
  })
  .superRefine(checkHop)

export type SpectrogramUNetConfig = z.infer<typeof spectrogramUNetConfig>
export type SpectrogramUNetInput = z.input<typeof spectrogramUNetConfig>
