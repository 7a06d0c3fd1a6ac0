/**
 * What a model that ships answers to the test sound (probe-sound.ts), kept beside it: whoever loads it compares, so that weights, code, device and driver
 * are tried together, at the shapes that songs have. The self-test of backends (runtime/self-test.ts) tries the parts, and so models of other files.
 */
import { z } from 'zod'
import { SeparationError } from '../errors.ts'
import type { Separator } from '../separator.ts'
import { probeSound } from './probe-sound.ts'

export const answerSchema = z.strictObject({
  windowLength: z.number().int().positive(),
  /** By stem: values at places spread over the window, left and right in turn. */
  stems: z.record(z.string(), z.array(z.number()).min(2)),
})
export type Answer = z.output<typeof answerSchema>

/** Values that are kept of a stem. */
const kept = 128

/**
 * Of the largest value. Threads and processors differ by 1e-5 (float32 through forty layers); WebGPU allows elementary functions 5e-4 each. A kernel that is
 * wrong is wrong by parts of the whole.
 */
const tolerance = 1e-2

/** Asks a separator. */
export async function answerOf({
  predict,
  sampleRate,
  windowLength,
}: Pick<Separator, 'predict' | 'sampleRate' | 'windowLength'>): Promise<Answer> {
  const estimates = await predict(probeSound(sampleRate, windowLength))
  const spread = (channels: readonly Float32Array[]) =>
    Array.from({ length: kept }, (_, i) => channels[i % 2]![Math.floor(((i + 0.5) * windowLength) / kept)]!)
  return { windowLength, stems: Object.fromEntries(Object.entries(estimates).map(([stem, channels]) => [stem, spread(channels)])) }
}

/**
 * Compares a separator's answer with the one that is known.
 *
 * @throws SeparationError with model, device, stem and figures where they differ
 */
export async function checkAnswer(separator: Separator, known: Answer): Promise<void> {
  const given = await answerOf(separator)
  for (const [stem, right] of Object.entries(known.stems)) {
    const found = given.stems[stem] ?? []
    const scale = right.reduce((most, x) => Math.max(most, Math.abs(x)), 1e-6)
    const place = right.findIndex((x, i) => !(Math.abs(x - found[i]!) <= tolerance * scale))
    if (place >= 0)
      throw new SeparationError(
        `${separator.device} computes the model ${separator.name} wrong and is refused: of the test sound's ${stem} it gives ${found[place]} where ` +
          `${right[place]} is right (allowed is an error of ${tolerance} of the largest value, ${scale}); use another device, or newer drivers`,
      )
  }
}
