/** The names of stems. */

import type { Separator } from '../models/index.ts'

/** The stem that is derived: the mixture minus the vocals. */
export const instrumental = 'instrumental'

/** All stems a separator can give: those it estimates and, if it knows vocals, the instrumental. */
export function stemsOf(separator: Separator): readonly string[] {
  return separator.stems.includes('vocals') ? [...separator.stems, instrumental] : separator.stems
}

/**
 * The stems asked for, or all.
 *
 * @throws RangeError for none, and for one that the separator does not have.
 */
export function checkStems(separator: Separator, stems: readonly string[] = stemsOf(separator)): readonly string[] {
  const known = stemsOf(separator)
  const unknown = stems.find((stem) => !known.includes(stem))
  if (unknown !== undefined)
    throw new RangeError(`stem "${unknown}" is unknown to the model ${separator.name}; available: ${known.join(', ')}`)
  if (stems.length === 0) throw new RangeError(`stems is empty; available: ${known.join(', ')}`)
  return stems
}
