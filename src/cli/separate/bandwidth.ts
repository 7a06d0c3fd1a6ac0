/** What a song has above the highest frequency that the model knows. */

import type { AudioInfo } from '../../audio/index.ts'
import { instrumental, type Separator } from '../../separation/index.ts'

/** What nobody hears is not worth a line (Hz). */
const hearing = 20_000

/**
 * A sentence about what becomes of the song's high frequencies, where there are audible ones that the model does not know.
 *
 * @param stems those that are written
 */
export function bandwidthNote(
  { bandwidth }: Pick<Separator, 'bandwidth'>,
  { sampleRate }: Pick<AudioInfo, 'sampleRate'>,
  stems: readonly string[],
): string | undefined {
  if (bandwidth === undefined || bandwidth >= Math.min(sampleRate / 2, hearing)) return undefined
  const above = `above ${(bandwidth / 1000).toFixed(1)} kHz, where the model hears nothing,`
  return stems.includes(instrumental) ? `${above} the vocals are left in the instrumental` : `${above} the ${stems.join(', ')} hold nothing`
}
