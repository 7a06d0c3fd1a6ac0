/** What every part of Divisi means by sound: planar blocks of samples, and streams of them with the facts of their source. */

import type { AudioError } from './errors.ts'

/** One channel of a block. 64-bit only where 32-bit floats would lose bits (32-bit integer and 64-bit float WAV). */
export type Samples = Float32Array | Float64Array

/** A stretch of sound: one array per channel, all of one length, full scale ±1. */
export type AudioBlock = readonly Samples[]

/** How the samples of a file are stored; lossy codecs have none. */
export interface SampleFormat {
  readonly kind: 'int' | 'float'
  /** 8 (unsigned in WAV), 16, 24 or 32 for int; 32 or 64 for float. */
  readonly bits: number
}

export interface AudioInfo {
  /** Samples per second of each channel (Hz). */
  readonly sampleRate: number
  readonly channels: number
  /**
   * Samples per channel as the container counts them; undefined for pipes and streams without a length. Good for progress;
   * the blocks are the truth (headers may lie, a few Vorbis encoders miscount by part of a block, and containers such as MP4 round
   * or leave out an encoder's padding).
   */
  readonly frames: number | undefined
  /** Name of the container or codec by content: wav, flac, mp3, ogg-vorbis, opus, … or ffmpeg's name for it. */
  readonly format: string
  /** Undefined for lossy codecs, whose decoders give floats. */
  readonly sampleFormat: SampleFormat | undefined
}

/** A decoded stream, read once from start to end with bounded memory. */
export interface AudioStream {
  readonly info: AudioInfo
  /** Blocks in order; the iterator throws an AudioError when the stream breaks off, naming the time position in seconds. */
  readonly blocks: AsyncIterable<AudioBlock>
  /**
   * Opens the same sound once more, for another pass from its start; only where that is possible, as of files. A pipe and a live source are heard once.
   */
  readonly reopen?: () => Promise<AudioStream>
  /** Of a stream that was allowed to break off: where and why it did, known when its blocks have ended; undefined where it is whole. */
  readonly brokenOff?: AudioError | undefined
  /** Releases decoder, file handle and child process; safe to call twice and at any time. */
  close(): Promise<void>
}
