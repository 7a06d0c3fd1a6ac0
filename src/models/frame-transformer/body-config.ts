/**
 * Sizes of FrameTransformer's networks (carperbr 2023); the defaults are those that the original trains with. Where its text and its code disagree, its
 * code is followed; what may be corrected has an option, whose default is faithful.
 */
import { z } from 'zod'
import { count } from '../separation-config.ts'

export const bodyFields = {
  /**
   * 'et': evolved blocks. 'snap': those of the published snapshot, whose attention has the matrix before the convolution. 'plain': blocks of attention and
   * feed-forward alone. 'et+v': 'et' that also says where vocals are.
   */
  variant: z.enum(['et', 'snap', 'plain', 'et+v']).default('et'),
  /** c: channels of the finest level. */
  width: count.default(8),
  /** Channels of each level in multiples of the width, the finest level first; after it each halves the bins, and the last is the bridge. */
  multipliers: z.array(count).min(2).default([1, 2, 4, 6, 8, 10, 12, 14, 16]),
  /** Twice the number of bins that come in: the highest, at half the sampling rate, does not. */
  nFft: z
    .number()
    .int()
    .min(4)
    .refine((n) => Number.isInteger(Math.log2(n)), 'needs a power of two')
    .default(2048),
  /** M: maps that the transformer of a level adds to its channels. */
  maps: count.default(1),
  heads: count.default(8),
  /** Width of the feed-forward layers, in features. */
  expansion: count.default(4096),
  bridgeLayers: z.number().int().min(0).default(12),
  /** Width of the bridge's feed-forward layers in multiples of its channels. */
  bridgeExpansion: count.default(4),
  /** Tokens of the bridge: each bin of each frame, or each frame, with the bins among its channels. 'frames' in 'plain' by default, else 'bins'. */
  bridgeTokens: z.enum(['bins', 'frames']).optional(),
  /** What attention in an evolved bridge is added to: the block's input ('restart', as the original's weights expect), or the sum so far ('sum'). */
  bridgeResidual: z.enum(['restart', 'sum']).default('restart'),
  /**
   * How decoders mix their scores with the encoder's: by a weight for every pair of frames from 3-D convolutions over all scores ('pairs', as in the
   * original), the most expensive part of the network; or by a learned weight for each head ('heads').
   */
  gate: z.enum(['pairs', 'heads']).default('pairs'),
  /** After each sublayer of the transformers. */
  dropout: z.number().min(0).max(1).default(0.1),
  /** In the convolutions of the decoder's levels from `decoderDropoutFrom` on, 1 the finest. */
  decoderDropout: z.number().min(0).max(1).default(0.5),
  decoderDropoutFrom: count.default(5),
  /** What that drops; 'elements' in 'snap' by default, else 'channels'. */
  decoderDropoutMode: z.enum(['channels', 'elements']).optional(),
  /** Stages of the positional channel, 0 for none; as many as there are levels by default. */
  embeddingDepth: z.number().int().min(0).optional(),
  /** The most frames that come in: what the original keeps sinusoids for. */
  maxFrames: count.default(4096),
  /**
   * Added to variances of norms over bins. The original's 1e-8 makes a sign of a norm of two bins, whose derivative is huge where they are nearly equal;
   * 1e-5 is the usual choice.
   */
  eps: z.number().positive().default(1e-8),
  /**
   * Scores of attention that take more bytes are computed for some of the frames at a time; 32 MiB by default. How much memory long windows take, and no result
   * but for the order of sums, depends on it.
   */
  scoreBytes: count.optional(),
}

type Body = z.output<z.ZodObject<typeof bodyFields>>

export interface BodyConfig extends Body {
  /** Channels that come in and that go out. */
  readonly inputs: number
  readonly outputs: number
}

/** Bins at a level, 1 the finest. */
export function binsAt({ nFft }: Pick<Body, 'nFft'>, level: number): number {
  return nFft / 2 ** level
}

/** Bins that are folded into the bridge's channels. */
export function foldOf(config: Pick<Body, 'variant' | 'bridgeTokens' | 'nFft' | 'multipliers'>): number {
  const tokens = config.bridgeTokens ?? (config.variant === 'plain' ? 'frames' : 'bins')
  return tokens === 'frames' ? binsAt(config, config.multipliers.length) : 1
}

/** For `superRefine`: levels that have no bins, heads that do not divide what they share. */
export function checkBody(config: Body, context: z.RefinementCtx): void {
  const refuse = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message })
  const { heads, multipliers, nFft, width, embeddingDepth = multipliers.length } = config
  const levels = multipliers.length
  const most = Math.log2(nFft)
  if (levels > most) {
    refuse('multipliers', `${levels} levels of ${nFft / 2} bins (nFft ${nFft}): needs at most ${most}, one bin is left then`)
    return
  }
  if (embeddingDepth > most) refuse('embeddingDepth', `${embeddingDepth} stages of ${nFft / 2} bins (nFft ${nFft}): needs at most ${most}`)
  // Bins of all levels are powers of two: what divides the fewest divides all.
  const fewest = binsAt(config, levels - 1)
  if (fewest % heads !== 0)
    refuse(
      'heads',
      `${heads} do not divide the ${fewest} bins of level ${levels - 1}: needs a power of two ≤ ${fewest}, a larger nFft, or fewer levels`,
    )
  const bridge = multipliers.at(-1)! * width * foldOf(config)
  if (bridge % heads !== 0)
    refuse('heads', `${heads} do not divide the ${bridge} channels of the bridge: change width or the last of multipliers`)
}

/** Of a network by itself, from (b, inputs, t, nFft/2) to (b, outputs, t, nFft/2). */
export const bodyConfig = z.strictObject({ inputs: count.default(4), outputs: count.default(4), ...bodyFields }).superRefine(checkBody)
