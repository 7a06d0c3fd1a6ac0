/** The one error of sound input and output: a line for the person at the keyboard, with the facts beside it for programs. */

export interface AudioErrorOptions {
  /** The file (or other source) the error is about. */
  readonly path?: string
  /** Where in the sound the error lies, in seconds from its start. */
  readonly seconds?: number
  readonly cause?: unknown
}

/** Sound that cannot be read, decoded or written. The message is one line that starts with the file's name. */
export class AudioError extends Error {
  override readonly name = 'AudioError'
  /** The file (or other source) the error is about. */
  readonly path: string | undefined
  /** Where in the sound the error lies, in seconds from its start; undefined where there is no such place. */
  readonly seconds: number | undefined

  constructor(reason: string, options: AudioErrorOptions = {}) {
    super(options.path === undefined ? reason : `${options.path}: ${reason}`, options.cause === undefined ? {} : { cause: options.cause })
    this.path = options.path
    this.seconds = options.seconds
  }
}

/** A time for error messages: 83.4 → "83.400 s", 3723.5 → "3723.500 s (1:02:03)". */
export function describeTime(seconds: number): string {
  const plain = `${seconds.toFixed(3)} s`
  if (seconds < 60) return plain
  const whole = Math.floor(seconds)
  const two = (value: number): string => String(value).padStart(2, '0')
  const hours = Math.floor(whole / 3600)
  const clock = hours > 0 ? `${hours}:${two(Math.floor(whole / 60) % 60)}` : String(Math.floor(whole / 60))
  return `${plain} (${clock}:${two(whole % 60)})`
}

/** The stream ends before its header, or its last frame, says. */
export function brokenOff(path: string, frames: number, sampleRate: number, reason: string, cause?: unknown): AudioError {
  const seconds = frames / sampleRate
  return new AudioError(`breaks off at ${describeTime(seconds)}: ${reason}`, { path, seconds, cause })
}

/** The stream goes on after `frames` samples per channel, but with what is no sound. */
export function damaged(path: string, frames: number, sampleRate: number, reason: string): AudioError {
  const seconds = frames / sampleRate
  return new AudioError(`is damaged at ${describeTime(seconds)}: ${reason}`, { path, seconds })
}
