/** Sizes of LeNet; the defaults are those for the pictures of CIFAR-10. */
import { z } from 'zod'

/** Below 16 pixels nothing is left after two convolutions of 5 and two halvings. */
const pixels = z.number().int().min(16)

const fields = {
  architecture: z.literal('lenet'),
  /** 3 of colours, 1 of greys. */
  channels: z.number().int().min(1),
  /** Height and width of a picture; they need not be equal. */
  size: z.tuple([pixels, pixels]),
  /** Names, by label. */
  classes: z
    .array(z.string().min(1))
    .min(2)
    .refine((names) => new Set(names).size === names.length, 'needs names that differ'),
}

export const lenetConfig = z.strictObject({ ...fields, channels: fields.channels.default(3), size: fields.size.default([32, 32]) })

/** In recipes: what is left out is as the data has it. */
export const lenetOfData = z.strictObject(fields).partial({ channels: true, size: true, classes: true })

export type LenetConfig = z.infer<typeof lenetConfig>
export type LenetInput = z.input<typeof lenetConfig>
export type LenetOfData = z.infer<typeof lenetOfData>
