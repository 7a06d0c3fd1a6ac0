/** What every encoder does, and what it is told. */

import type { SongTags } from '../tags/types.ts'
import type { AudioBlock, SampleFormat } from '../types.ts'

/** Kinds of sound files that Divisi writes: WAV, FLAC, MP3, Ogg Vorbis, Ogg Opus, AAC in an MP4. */
export const audioFormats = ['wav', 'flac', 'mp3', 'ogg', 'opus', 'm4a'] as const
export type AudioFormat = (typeof audioFormats)[number]

/** What one file is to hold; already checked, at a rate that the format has. */
export interface EncoderOptions {
  readonly sampleRate: number
  readonly channels: number
  /** How samples are stored; of no meaning to lossy formats. */
  readonly sampleFormat: SampleFormat
  /** Bits per second over all channels; undefined for the format's own choice, and for lossless ones. */
  readonly bitrate: number | undefined
  readonly tags: SongTags
}

/** Writes one file from start to end. Whoever calls it names and removes the file. */
export interface Encoder {
  /** Encodes the next block, of the right number of channels. */
  write(block: AudioBlock): Promise<void>
  /** Encodes what is left and completes the file's headers. */
  finish(): Promise<void>
  /** Frees the encoder's memory and closes the file; called once, also after an error. */
  release(): Promise<void>
}

/** Starts a file at `path`, which must not exist. */
export type CreateEncoder = (path: string, options: EncoderOptions) => Promise<Encoder>
