/** The errors of separation that are not the caller's arguments: a source that cannot be separated, a network that fails. */

/** A source or a network that cannot be worked with; the message says which, where and what to do. */
export class SeparationError extends Error {
  override readonly name = 'SeparationError'
}
