/** Separation of sound while it comes. */
export { createStreamingSeparator, type StreamingOptions, type StreamingSeparator } from './streaming-separator.ts'
