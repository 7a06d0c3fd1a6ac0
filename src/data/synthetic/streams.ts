/** Keys of the streams of draws of one song, apart so that a change of one part leaves the others as they are. */
export const STREAM = {
  plan: 1,
  form: 2,
  harmony: 3,
  melody: 4,
  lyrics: 5,
  drums: 6,
  bass: 7,
  chords: 8,
  lead: 9,
  cast: 10,
  mix: 11,
  voice: 12,
} as const
