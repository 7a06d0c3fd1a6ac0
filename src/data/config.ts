/** What a recipe may say about its training examples: the schema with the shipped recipe's values as defaults. */
import { z } from 'zod'

const probability = z.number().min(0).max(1)

/** A uniform range; `[low, high]` in the recipe. */
const range = (low: number, high: number, least = Number.NEGATIVE_INFINITY) =>
  z
    .tuple([z.number().min(least), z.number()])
    .refine(([a, b]) => a <= b, 'the first number of a range must not be above the second')
    .default([low, high])

/** How likely each effect is on one stem, and how far the ones with a strength go. */
function stemSchema(d: {
  speed: number
  semitones: number
  equalise: number
  bandLimit: number
  reverb: number
  double: number
  slap: number
  saturate: number
  compress: number
  swap: number
  width: number
}) {
  return z
    .strictObject({
      /** Reading faster or slower: pitch, tempo and formants move together by at most `semitones` (uniform). */
      speed: probability.default(d.speed),
      semitones: z.number().min(0).max(12).default(d.semitones),
      equalise: probability.default(d.equalise),
      bandLimit: probability.default(d.bandLimit),
      reverb: probability.default(d.reverb),
      double: probability.default(d.double),
      slap: probability.default(d.slap),
      saturate: probability.default(d.saturate),
      compress: probability.default(d.compress),
      swap: probability.default(d.swap),
      /** Changing the side signal's level of a stereo stem. */
      width: probability.default(d.width),
    })
    .prefault({})
}

/** Raised whenever the same seed and configuration begin to give other examples: runs do not go on across it. */
export const mixVersion = 1

export const mixSchema = z
  .strictObject({
    /** Examples without any vocals: the target is silence. */
    noVocals: probability.default(0.06),
    /** Examples of vocals alone: the target is the mixture. */
    vocalsOnly: probability.default(0.03),
    twoSingers: probability.default(0.1),
    /** Speech in the singer's place, for consonants and breath. */
    speech: probability.default(0.07),
    twoInstrumentals: probability.default(0.15),
    /** Share of stems taken from the synthetic pool where there is one. */
    synthetic: z.strictObject({ vocals: probability.default(0), instrumental: probability.default(0) }).prefault({}),
    /** RMS of the vocals' active parts over the instrumental's, in dB: normal, cut at ±limit. */
    levelRatio: z
      .strictObject({
        mean: z.number().default(-2),
        deviation: z.number().min(0).default(5),
        limit: z.number().min(0).default(12),
      })
      .prefault({}),
    /** Peak of the mixture in dB of full scale (uniform). */
    peak: range(-16, 0).refine(([, high]) => high <= 0, 'a peak above 0 dB would clip'),
    /** Down-mixing the whole example to two equal channels. */
    mono: probability.default(0.35),
    /** Low-pass over the whole mixture, as from a source with a low sample rate or a low bit rate. */
    bandLimit: probability.default(0.3),
    /** Edge of the gentle low-passes in Hz (log-uniform). */
    bandLimitHz: range(3500, 16000, 500),
    /** A source (the part of a file's group before the slash) is drawn with probability ∝ weight · seconds^power. */
    sampling: z
      .strictObject({
        power: z.number().min(0).max(1).default(0.5),
        weights: z.record(z.string(), z.number().min(0)).default({}),
      })
      .prefault({}),
    vocals: stemSchema({
      speed: 0.7,
      semitones: 5,
      equalise: 0.6,
      bandLimit: 0.1,
      reverb: 0.45,
      double: 0.15,
      slap: 0.1,
      saturate: 0.15,
      compress: 0.35,
      swap: 0.5,
      width: 0.2,
    }),
    instrumental: stemSchema({
      speed: 0.5,
      semitones: 4,
      equalise: 0.5,
      bandLimit: 0.12,
      reverb: 0.05,
      double: 0,
      slap: 0,
      saturate: 0.1,
      compress: 0,
      swap: 0.5,
      width: 0.3,
    }),
  })
  .refine((c) => c.noVocals + c.vocalsOnly <= 1, 'noVocals and vocalsOnly must not add up to more than 1')

export type MixConfig = z.output<typeof mixSchema>
export type MixConfigInput = z.input<typeof mixSchema>
export type StemConfig = MixConfig['vocals']

/**
 * The complete configuration of a partial one.
 *
 * @throws Error that names every wrong key, its value and what is allowed.
 *
 * @example
 * const config = mixConfig({ mono: 0.5, vocals: { reverb: 0.2 } })
 */
export function mixConfig(input: MixConfigInput = {}): MixConfig {
  const parsed = mixSchema.safeParse(input)
  if (!parsed.success) throw new Error(`data configuration: ${z.prettifyError(parsed.error)}`)
  return parsed.data
}
