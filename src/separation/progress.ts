/** How far a song is, for whoever shows it. */

export interface SeparationProgress {
  /** Seconds of sound that are finished: whose stems are, or that were listened to. */
  readonly doneSeconds: number
  /** Seconds of the whole song; undefined while the source does not know its length. */
  readonly totalSeconds: number | undefined
}
