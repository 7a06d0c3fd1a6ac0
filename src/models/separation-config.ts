/** Fields that the configurations of separation networks share. */
import { z } from 'zod'

export const count = z.number().int().min(1)

/** Stems, channels and rate; the defaults are those of music in stereo. */
export const separationFields = {
  sampleRate: z.number().int().min(1000).default(44100),
  /** Channels of the mixture and of each estimate. */
  channels: count.default(2),
  /** Names of the estimates. */
  stems: z
    .array(z.string().min(1))
    .min(1)
    .refine((stems) => new Set(stems).size === stems.length, 'needs names that differ')
    .default(['vocals', 'accompaniment']),
}

/** Those of networks over spectra. */
export const spectralFields = {
  ...separationFields,
  nFft: z.number().int().min(4).multipleOf(2).default(2048),
  hopLength: count.default(512),
}

/** For `superRefine`: hops that leave samples between frames out of all of them. */
export function checkHop({ nFft, hopLength }: { nFft: number; hopLength: number }, context: z.RefinementCtx): void {
  if (hopLength < nFft) return
  context.addIssue({ code: 'custom', path: ['hopLength'], message: `${hopLength} is not below nFft ${nFft}: frames have to overlap` })
}
