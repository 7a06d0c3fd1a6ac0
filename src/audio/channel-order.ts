/** The order of channels: ours is that of WAV files (left, right, centre, low frequency, …). */

/** Order in which WAV has the channels that Vorbis and Opus order as centre between left and right (Vorbis I, section 4.3.9), by channel count. */
const WAV_ORDER: Readonly<Record<number, readonly number[]>> = {
  3: [0, 2, 1],
  5: [0, 2, 1, 3, 4],
  6: [0, 2, 1, 5, 3, 4],
  7: [0, 2, 1, 6, 5, 3, 4],
  8: [0, 2, 1, 7, 5, 6, 3, 4],
}

/** Channels of a Vorbis-ordered block in WAV's order. */
export function inWavOrder<T>(channels: readonly T[]): readonly T[] {
  return WAV_ORDER[channels.length]?.map((index) => channels[index]!) ?? channels
}
