/** Everything that has no decoder of our own, through the `ffmpeg` and `ffprobe` programs of the machine. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Decoder } from './decoder.ts'
import { AudioError, brokenOff } from './errors.ts'
import type { AudioBlock, AudioInfo, SampleFormat, Samples } from './types.ts'

interface Probe {
  readonly info: AudioInfo
  /** Sample format asked of ffmpeg: the narrowest that loses nothing. */
  readonly output: 'f32le' | 's32le' | 'f64le'
  /** Frames below which the stream has broken off; 0 where the container does not tell its length. */
  readonly leastFrames: number
  /** Frames after which an encoder's padding may follow, which ffmpeg gives as if it were sound; undefined where nothing tells. */
  readonly edited: number | undefined
}

const FRAMES_PER_BLOCK = 16384
/** Two packets of HE-AAC: more than that behind the stated end is no padding. */
const MOST_PADDING = 4096
/** A file may be a play list that names addresses: nothing is fetched. */
const LOCAL_ONLY = ['-protocol_whitelist', 'file']

/** Of a damaged file there may be a complaint for every packet. */
const MOST_COMPLAINT = 2 ** 16

async function capture(
  command: string,
  args: readonly string[],
  signal: AbortSignal | undefined,
): Promise<{ stdout: string; stderr: string; code: number | null }> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...(signal ? { signal } : {}) })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-MOST_COMPLAINT)
  })
  const [code] = (await once(child, 'close')) as [number | null]
  return { stdout, stderr, code }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

/** The end of ffmpeg's complaint on one line, without the addresses of its contexts and the file's name. */
function complaint(stderr: string, path: string): string {
  const lines = stderr
    .trim()
    .split('\n')
    .map((line) =>
      line
        .replace(/^\[[^\]]*\]\s*/, '')
        .replace(`file:${path}: `, '')
        // Names in damaged files hold any bytes, which a terminal might obey.
        .replace(/\p{Cc}/gu, '?')
        .trim(),
    )
  return [...new Set(lines)].slice(-2).join('; ')
}

interface ProbedStream {
  codec_name?: string
  sample_rate?: string
  channels?: number
  sample_fmt?: string
  bits_per_sample?: number
  bits_per_raw_sample?: string
  duration?: string
  duration_ts?: number
  time_base?: string
  tags?: { DURATION?: string }
}

function losslessFormat(stream: ProbedStream): SampleFormat | undefined {
  const codec = stream.codec_name ?? ''
  const lossless = /^(pcm_(?!alaw|mulaw|vidc)|alac$|flac$|wavpack$|ape$|tta$|truehd$|mlp$|shorten$|tak$|als$)/.test(codec)
  if (!lossless) return undefined
  const layout = (stream.sample_fmt ?? '').replace(/p$/, '')
  if (layout === 'flt') return { kind: 'float', bits: 32 }
  if (layout === 'dbl') return { kind: 'float', bits: 64 }
  if (layout === 'u8') return { kind: 'int', bits: 8 }
  if (layout === 's16') return { kind: 'int', bits: 16 }
  const raw = Number(stream.bits_per_raw_sample ?? stream.bits_per_sample ?? 0)
  return { kind: 'int', bits: raw > 0 && raw <= 24 ? 24 : 32 }
}

async function probe(path: string, what: string, signal: AbortSignal | undefined): Promise<Probe> {
  const args = ['-v', 'warning', ...LOCAL_ONLY, '-select_streams', 'a:0', '-show_streams', '-show_format', '-of', 'json', `file:${path}`]
  let result: Awaited<ReturnType<typeof capture>>
  try {
    result = await capture('ffprobe', args, signal)
  } catch (error) {
    if (!isMissing(error)) throw error
    throw new AudioError(
      `${what}, which needs ffmpeg: install it (it must be on the PATH together with ffprobe), or convert the file to WAV or FLAC`,
      { path, cause: error },
    )
  }
  if (result.code !== 0) {
    // The index of most MP4 files is their end; without it nobody can tell how much of the sound is there.
    if (result.stderr.includes('moov atom not found'))
      throw new AudioError(`${what} that breaks off before its index ("moov"), without which nothing of it can be decoded; get it again`, {
        path,
      })
    throw new AudioError(`${what}, and ffmpeg cannot read it: ${complaint(result.stderr, path)}`, { path })
  }
  const parsed = JSON.parse(result.stdout) as { streams?: ProbedStream[]; format?: { format_name?: string } }
  const stream = parsed.streams?.[0]
  if (!stream) throw new AudioError('holds no sound', { path })
  const sampleRate = Number(stream.sample_rate)
  const channels = Number(stream.channels)
  if (!(sampleRate > 0 && channels > 0 && stream.codec_name !== undefined))
    throw new AudioError(`has a sound stream that ffmpeg cannot decode (codec ${stream.codec_name ?? 'unknown'})`, { path })
  const sampleFormat = losslessFormat(stream)
  const container = parsed.format?.format_name ?? 'unknown'
  const exact = exactFrames(stream, container, sampleFormat)
  const edited = editedFrames(stream, container)
  const seconds = statedSeconds(stream, result.stderr)
  const wide = sampleFormat && sampleFormat.bits > 24
  return {
    info: {
      sampleRate,
      channels,
      frames: exact ?? edited ?? (seconds && Math.round(seconds * sampleRate)),
      format: stream.codec_name ?? container,
      sampleFormat,
    },
    output: wide && sampleFormat.kind === 'int' ? 's32le' : sampleFormat?.bits === 64 ? 'f64le' : 'f32le',
    leastFrames: exact ?? leastFrames(seconds, container, sampleRate),
    edited,
  }
}

/** Length of a lossless stream whose container counts samples. In QuickTime and MP4 an edit list may leave some out. */
function exactFrames(stream: ProbedStream, container: string, sampleFormat: SampleFormat | undefined): number | undefined {
  const counts =
    sampleFormat !== undefined && stream.time_base === `1/${stream.sample_rate}` && /^(aiff|au|caf|w64|wv|tta|ape)$/.test(container)
  return counts && Number(stream.duration_ts) > 0 ? Number(stream.duration_ts) : undefined
}

/** Where the edit list of an MP4 file ends, if it counts samples. */
function editedFrames(stream: ProbedStream, container: string): number | undefined {
  const counts = stream.codec_name === 'aac' && container.includes('mp4') && stream.time_base === `1/${stream.sample_rate}`
  return counts && Number(stream.duration_ts) > 0 ? Number(stream.duration_ts) : undefined
}

/** Length that the container states; what ffprobe has guessed from the bit rate is none. */
function statedSeconds(stream: ProbedStream, warnings: string): number | undefined {
  if (/Estimating duration from bitrate/.test(warnings)) return undefined
  const tagged = /^(\d+):(\d+):([\d.]+)$/.exec(stream.tags?.DURATION ?? '')
  const seconds = tagged ? Number(tagged[1]) * 3600 + Number(tagged[2]) * 60 + Number(tagged[3]) : Number(stream.duration)
  return seconds > 0 ? seconds : undefined
}

/**
 * Containers count encoder padding differently: a tenth of a second is above any codec's frame, below any cut worth the name. Of a cut MP4 ffmpeg itself
 * complains.
 */
function leastFrames(seconds: number | undefined, container: string, sampleRate: number): number {
  return seconds === undefined || container.includes('mp4') ? 0 : Math.floor((seconds - 0.1) * sampleRate)
}

/**
 * Starts to decode the first sound stream of a file at its own rate and channels.
 *
 * @param what - what the file is as far as known, for the error that asks for ffmpeg: "is an M4A file"
 */
export async function decodeWithFfmpeg(path: string, what: string, signal: AbortSignal | undefined): Promise<Decoder> {
  const { info, output, leastFrames, edited } = await probe(path, what, signal)
  const args = [
    '-nostdin',
    '-v',
    'error',
    '-xerror',
    ...LOCAL_ONLY,
    '-i',
    `file:${path}`,
    '-map',
    '0:a:0',
    '-vn',
    '-sn',
    '-dn',
    '-f',
    output,
    '-c:a',
    `pcm_${output}`,
    // What is decoded before an error is not kept back.
    '-flush_packets',
    '1',
    'pipe:1',
  ]
  const child = spawn('ffmpeg', args, { stdio: ['ignore', 'pipe', 'pipe'] })
  // Of a program that ends before anybody listens, Node throws the output away.
  child.stdout.on('readable', () => {})
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-4096)
  })
  let failure: unknown
  const closed = new Promise<number | null>((resolve) => {
    child.once('error', (error) => {
      failure = error
      resolve(null)
    })
    child.once('close', (code) => resolve(code))
  })
  const bytesPerSample = output === 'f64le' ? 8 : 4
  const frameBytes = bytesPerSample * info.channels

  async function* decoded(): AsyncGenerator<AudioBlock> {
    let rest = new Uint8Array(0)
    let done = 0
    for await (const chunk of child.stdout as AsyncIterable<Uint8Array>) {
      const bytes = new Uint8Array(rest.length + chunk.length)
      bytes.set(rest)
      bytes.set(chunk, rest.length)
      const frames = Math.floor(bytes.length / frameBytes)
      rest = bytes.slice(frames * frameBytes)
      for (let from = 0; from < frames; from += FRAMES_PER_BLOCK) {
        const count = Math.min(FRAMES_PER_BLOCK, frames - from)
        yield planar(new DataView(bytes.buffer, from * frameBytes, count * frameBytes), info.channels, count, output)
        done += count
      }
    }
    const code = await closed
    if (failure) throw new AudioError(`ffmpeg could not be started: ${String(failure)}`, { path, cause: failure })
    if (code !== 0) throw brokenOff(path, done, info.sampleRate, `ffmpeg says: ${complaint(stderr, path) || `exit code ${code}`}`)
    if (done < leastFrames) throw brokenOff(path, done, info.sampleRate, 'its header promises more')
  }

  return {
    info,
    blocks: () => (edited === undefined ? decoded() : withoutPadding(decoded(), edited)),
    interrupt: () => child.kill('SIGKILL'),
    async release() {
      child.kill('SIGKILL')
      child.stdout.destroy()
      await closed
    },
  }
}

/** Leaves out what follows `end`, where it is so little that it is padding; blocks beyond the end wait until that is known. */
async function* withoutPadding(blocks: AsyncIterable<AudioBlock>, end: number): AsyncGenerator<AudioBlock> {
  let done = 0
  let waiting: AudioBlock[] = []
  for await (const block of blocks) {
    const length = block[0]!.length
    const inside = Math.max(0, Math.min(length, end - done))
    done += length
    if (inside === length || done > end + MOST_PADDING) {
      yield* waiting
      waiting = []
      yield block
      continue
    }
    if (inside > 0) yield block.map((samples) => samples.subarray(0, inside))
    waiting.push(block.map((samples) => samples.subarray(inside)))
  }
}

function planar(view: DataView, channels: number, frames: number, layout: Probe['output']): AudioBlock {
  const block: Samples[] = []
  for (let channel = 0; channel < channels; channel++) {
    const samples = layout === 'f32le' ? new Float32Array(frames) : new Float64Array(frames)
    for (let i = 0; i < frames; i++) {
      const index = i * channels + channel
      samples[i] =
        layout === 'f32le'
          ? view.getFloat32(index * 4, true)
          : layout === 'f64le'
            ? view.getFloat64(index * 8, true)
            : view.getInt32(index * 4, true) / 2 ** 31
    }
    block.push(samples)
  }
  return block
}
