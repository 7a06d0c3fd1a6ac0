/** What a recipe says of FrameTransformer's data and of what its networks learn from them. */
import { z } from 'zod'
import { foldersSchema, frameFillings } from '../../data/index.ts'

const count = z.number().int().min(1)
const probability = z.number().min(0).max(1)
const weight = z.number().min(0)

/** Chances of the masking, the original's by default. */
const maskedSchema = z.strictObject({
  /** Most spans of an example; each number up to it is as likely. */
  masks: count.default(15),
  /** Longest share of the frames that one span takes. */
  maxShare: z.number().positive().max(1).default(0.2),
  /** How often spans are filled with what, in any unit: one filling per example. All alike where left out. */
  fillings: z.partialRecord(z.enum(frameFillings), weight).optional(),
  /** How often nothing is masked. */
  clean: probability.default(0.08),
  /** How often a voice is added before. */
  vocals: probability.default(0.2),
  /** Which frames the loss is of: all of them, as in the original, or those that are masked, as in BERT. */
  loss: z.enum(['all', 'masked']).default('all'),
})

const adversarialSchema = z.strictObject({
  /** Weight of the distance beside what the discriminator says. */
  lambda: weight.default(100),
  /** Keeps the discriminator's gradient from the generator, as the original does: it then learns from the distance alone. */
  detach: z.boolean().default(false),
  /** Labels of the voice: yes and no, or degrees between them. */
  labels: z.enum(['hard', 'soft']).default('hard'),
  /** Mean share of the peak above which a band of frequencies counts as sung in. */
  threshold: z.number().positive().default(0.00125),
  /** Whether the discriminator is stepped at every part of an update, as in the original, or once per update. */
  everyPart: z.boolean().default(true),
})

export const frameTransformerData = z
  .strictObject({
    /**
     * 'masked': pre-training, spans of frames are filled with something else and are to be restored. 'supervised': mixtures and their accompaniments.
     * 'adversarial': the same with a discriminator that learns to hear what is left of the voice.
     */
    stage: z.enum(['masked', 'supervised', 'adversarial']).default('supervised'),
    /** Folders of recordings, below that of `--data`. */
    folders: foldersSchema.optional(),
    /** Songs that the synthesiser makes, beside the recordings or instead of them. */
    syntheticSongs: z.number().int().min(0).default(0),
    /** Length of each (seconds). */
    syntheticSeconds: z.number().min(2).default(30),
    /** Frames of an example, where `training.crops` does not say. */
    frames: count.default(256),
    /** Frames of the pieces in which songs are read; stretched examples take up to one. */
    chunkFrames: count.default(2048),
    /** Probability that a batch is cut in two along time, and again with the same one. */
    halve: probability.default(0.5),
    /** What spectra are divided by: the largest value of song and example, or that of the example. */
    scale: z.enum(['song', 'crop']).default('song'),
    /** 'original' keeps the mistakes of the original's loader in levels, normalisers and the direction of pitch. */
    form: z.enum(['repaired', 'original']).default('repaired'),
    masked: maskedSchema.prefault({}),
    /** Weights of distances; the original's last training has the first alone. */
    loss: z.strictObject({ l1: weight.default(1), logSpectral: weight.default(0), siSdr: weight.default(0) }).prefault({}),
    adversarial: adversarialSchema.prefault({}),
    /** Whether the last layer starts anew: what restores magnitudes has to learn to mask them. */
    freshHead: z.boolean().default(false),
    /** Held-out mixtures to separate and to score. */
    excerpts: z.strictObject({ count: count.default(8), seconds: z.number().positive().default(10) }).prefault({}),
  })
  .refine(
    ({ folders, syntheticSongs }) => folders !== undefined || syntheticSongs > 0,
    'needs `folders`, or `syntheticSongs` above 0, or `--data synthetic`',
  )
  .refine(({ loss }) => loss.l1 + loss.logSpectral + loss.siSdr > 0, { path: ['loss'], message: 'all weights are 0; needs one above' })

export type FrameTransformerData = z.output<typeof frameTransformerData>
