/** Sizes of the convolutional-recurrent network for analysis, and what it says. */
import { z } from 'zod'
import { type VocabularyName, vocabularies } from './labels.ts'

const count = z.number().int().min(1)
const counts = z.array(count).min(1)

/** Ways from features of frames to an answer: one for each frame, or one for all of them. */
export const headNames = ['frames', 'mean', 'max', 'strided', 'recurrent', 'attention', 'auto-pool'] as const
export type HeadName = (typeof headNames)[number]

const labels = z.union([
  /** A list that has a name: `chords`. */
  z.enum(Object.keys(vocabularies) as [VocabularyName, ...VocabularyName[]]).transform((name): readonly string[] => vocabularies[name]),
  z
    .array(z.string().min(1))
    .min(1)
    .refine((names) => new Set(names).size === names.length, 'needs names that differ'),
])

export const crnnConfig = z
  .strictObject({
    architecture: z.literal('crnn'),
    /** All that it may say, or the name of a list: `chords`, `keys`, `onsets`, `vocals`, `instruments`, `tags`. */
    labels,
    /** `one` of the labels, `any` number of them, or `events`, of which the moments matter. */
    answers: z.enum(['one', 'any', 'events']).default('one'),
    /** `frames` for what varies in time; `mean`, `max`, `strided`, `recurrent`, `attention` or `auto-pool` for one answer to all of it. */
    head: z.enum(headNames).default('frames'),
    /** Hz; 8000 to 16000 will do. */
    sampleRate: z.number().int().min(1000).default(16000),
    /** Length of what it is trained on, and of the windows that it analyses. */
    seconds: z.number().positive().default(10),
    nFft: z.number().int().min(4).multipleOf(2).default(1024),
    hopLength: count.default(512),
    /** Bands are equally far apart in `mel`, or in `pitch`, `perOctave` of them, from the frequency `lowest` (Hz). */
    scale: z.enum(['mel', 'pitch']).default('mel'),
    bands: count.default(64),
    lowest: z.number().positive().default(40),
    perOctave: count.default(24),
    /** C of log(1 + C·level), level 1 of a sine at full scale. */
    compression: z.number().positive().default(1000),
    /** Of each convolution, from the input on. */
    channels: counts.default([16, 32, 32]),
    /** Bands, and frames, that are pooled after each convolution. */
    poolBands: counts.default([2, 2, 2]),
    poolFrames: counts.default([1, 1, 1]),
    /** What the convolutions found in a frame, as so many numbers. */
    features: count.default(64),
    cell: z.enum(['gru', 'lstm']).default('gru'),
    /** Units per direction. */
    hidden: count.default(48),
    bidirectional: z.boolean().default(true),
    /** Before the recurrent layer and after it. */
    dropout: z.number().min(0).max(1).default(0.2),
    /** Probability from which `any` and `events` are said to be there. */
    threshold: z.number().gt(0).lt(1).default(0.5),
  })
  .refine(({ channels, poolBands, poolFrames }) => channels.length === poolBands.length && channels.length === poolFrames.length, {
    path: ['channels'],
    message: 'channels, poolBands and poolFrames need as many numbers each, one per convolution',
  })
  .refine(({ head, poolFrames }) => head !== 'frames' || poolFrames.every((frames) => frames === 1), {
    path: ['poolFrames'],
    message: 'an answer for each frame needs all frames: poolFrames of 1, or another head',
  })
  .refine(({ head, answers }) => answers !== 'events' || head === 'frames', {
    path: ['answers'],
    message: '`events` are found frame by frame: needs the head `frames`',
  })
  .refine(({ labels: names, answers }) => answers !== 'one' || names.length > 1, {
    path: ['labels'],
    message: '`one` of a single label is no answer: needs two or more, or `any`',
  })

export type CrnnConfig = z.output<typeof crnnConfig>
export type CrnnInput = z.input<typeof crnnConfig>
