/** MIREX's score of keys, which forgives relatives. */

/**
 * 1 for the right key, 0.5 for the one a fifth above in the same mode, 0.3 for the relative key, 0.2 for the parallel one, 0 for others (MIREX, audio key
 * detection; mir_eval.key.weighted_score).
 *
 * @param truth pitch class of the tonic, 0 to 11, of major keys; 12 more of minor ones
 * @throws RangeError for numbers that are none of the 24 keys
 *
 * @example
 * keyScore(0, 7) // 0.5
 * keyScore(0, 21) // 0.3
 */
export function keyScore(truth: number, estimated: number): number {
  for (const [name, key] of Object.entries({ truth, estimated }))
    if (!Number.isInteger(key) || key < 0 || key > 23)
      throw new RangeError(`keyScore: ${name} ${key}; allowed are whole numbers from 0 to 23`)
  if (truth === estimated) return 1
  const [minor, claimedMinor] = [truth >= 12, estimated >= 12]
  const up = ((estimated % 12) - (truth % 12) + 12) % 12
  if (minor === claimedMinor) return up === 7 ? 0.5 : 0
  if (up === (minor ? 3 : 9)) return 0.3
  return up === 0 ? 0.2 : 0
}
