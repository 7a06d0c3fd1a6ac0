/** Sizes of FrameTransformer that have a name. */
import type { FrameTransformerInput } from './config.ts'

/** What our own have in common: they are trained anew, so that nothing has to be as the original's weights expect it, and train on small machines. */
const own = {
  architecture: 'frame-transformer',
  sampleRate: 8000,
  channels: 1,
  estimate: 'mask',
  multipliers: [1, 2, 3, 4, 6],
  heads: 4,
  bridgeResidual: 'sum',
  gate: 'heads',
  eps: 1e-5,
} as const satisfies FrameTransformerInput

export const frameTransformerPresets = {
  /** What the original's training scripts make, for complex spectra: 91.4 million parameters. */
  original: { architecture: 'frame-transformer' },
  /** The network of the original's published snapshot, for masks: 130.6 million parameters. */
  snapshot: { architecture: 'frame-transformer', variant: 'snap', estimate: 'mask', expansion: 10240, bridgeLayers: 4 },
  /** That of its last training scripts at that time, without evolved blocks: 292.1 million parameters, most of them in the bridge. */
  plain: { architecture: 'frame-transformer', variant: 'plain' },
  /** About a million parameters, for frames of 32 ms at 8 kHz. */
  small: { ...own, nFft: 256, hopLength: 128, width: 8, expansion: 192, bridgeLayers: 1 },
  /** About five million, for frames of 64 ms at 8 kHz. */
  medium: { ...own, nFft: 512, hopLength: 128, width: 12, expansion: 512, bridgeLayers: 2 },
} as const satisfies Readonly<Record<string, FrameTransformerInput>>

export type FrameTransformerPreset = keyof typeof frameTransformerPresets
