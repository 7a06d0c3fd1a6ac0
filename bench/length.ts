/**
 * Memory and speed over the length of a file: the shipped model on 10 and 60 minutes, and 10 hours through the same pipeline (decoder, windows,
 * overlap-add, rounding, files beyond 4 GB) with a separator that computes next to nothing. Each row is a process of its own. Afterwards the stems
 * are read again, beside the song: they have its length and sum to it to the last bit.
 *
 *     npx tsx bench/length.ts [folder] [rows, model:10 model:60 trivial:10 trivial:600 by default]
 *
 * Needs ffmpeg, and for 10 hours some 20 GB in the folder.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type AudioStream, openAudio } from '../src/audio/index.ts'
import { loadSeparator } from '../src/models/index.ts'
import { type Separator, writeStems } from '../src/separation/index.ts'
import { threads } from './support.ts'

interface Measured {
  readonly seconds: number
  readonly peakMb: number
  readonly frames: number
}

/** Half of what both channels share, in windows like the shipped model's. */
const trivial: Separator = {
  name: 'trivial',
  device: 'no network',
  stems: ['vocals'],
  sampleRate: 48000,
  channels: 2,
  windowLength: 12 * 48000,
  margin: 48000,
  predict: async ([left, right]) => {
    const middle = left.map((sample, i) => 0.25 * (sample + right[i]!))
    return { vocals: [middle, middle.slice()] }
  },
  dispose: async () => {},
}

/** A tone that rises and falls on the left, a steady one and a little noise on the right, a minute of it again and again: 48 kHz, 16 bits, FLAC. */
function makeSong(path: string, minutes: number): void {
  const sound = 'aevalsrc=0.3*sin(2*PI*(220+100*sin(t))*t)|0.2*sin(2*PI*331*t)+0.002*random(0):s=48000'
  const minute = `${path}.wav`
  execFileSync('ffmpeg', ['-v', 'error', '-y', '-f', 'lavfi', '-t', '60', '-i', sound, '-c:a', 'pcm_s16le', minute])
  const again = ['-stream_loop', String(minutes - 1), '-i', minute]
  execFileSync('ffmpeg', ['-v', 'error', '-y', ...again, '-sample_fmt', 's16', '-compression_level', '0', path])
}

/** One row's work, in its own process. */
async function separateSong(kind: string, song: string, folder: string): Promise<Measured> {
  const separator = kind === 'model' ? await loadSeparator('vocals', { threads }) : trivial
  const started = performance.now()
  const { frames } = await writeStems(await openAudio(song), { separator, folder, base: 'song' })
  const seconds = (performance.now() - started) / 1000
  await separator.dispose()
  return { seconds, peakMb: process.resourceUsage().maxRSS / 1024, frames }
}

/** The blocks of a stream in pieces of `length` frames, the last one shorter. */
async function* pieces(stream: AudioStream, length: number): AsyncGenerator<readonly Float64Array[], undefined> {
  const { channels } = stream.info
  const fresh = () => Array.from({ length: channels }, () => new Float64Array(length))
  let piece = fresh()
  let filled = 0
  for await (const block of stream.blocks) {
    const size = block[0]!.length
    for (let from = 0; from < size; ) {
      const to = Math.min(size, from + length - filled)
      for (const [c, samples] of block.entries()) piece[c]!.set(samples.subarray(from, to), filled)
      filled += to - from
      from = to
      if (filled < length) continue
      yield piece
      piece = fresh()
      filled = 0
    }
  }
  yield piece.map((samples) => samples.subarray(0, filled))
  return undefined
}

/** Whether the stems have the song's length and sum to it. */
async function checkStems(song: string, stems: readonly string[]): Promise<number> {
  const streams = await Promise.all([song, ...stems].map((path) => openAudio(path)))
  const readers = streams.map((stream) => pieces(stream, 65536))
  let frames = 0
  for (;;) {
    const [mixture, ...parts] = (await Promise.all(readers.map((reader) => reader.next()))).map(({ value }) => value)
    if (!mixture && parts.every((part) => !part)) return frames
    const lengths = [mixture, ...parts].map((piece) => (piece ? piece[0]!.length : -1))
    if (new Set(lengths).size > 1) throw new Error(`after ${frames} samples the files have different lengths`)
    for (const [c, samples] of mixture!.entries()) {
      const wrong = samples.findIndex((sample, i) => sample !== parts.reduce((sum, part) => sum + part![c]![i]!, 0))
      if (wrong >= 0) throw new Error(`sample ${frames + wrong} of channel ${c}: the stems do not sum to the song`)
    }
    frames += lengths[0]!
  }
}

const script = fileURLToPath(import.meta.url)
const gigabytes = (path: string): string => (statSync(path).size / 1e9).toFixed(2)

async function measure(row: string, root: string): Promise<string> {
  const [kind, minutes] = [row.split(':')[0]!, Number(row.split(':')[1])]
  const folder = mkdtempSync(join(root, 'divisi-length-'))
  try {
    const song = join(folder, 'input.flac')
    makeSong(song, minutes)
    const child = execFileSync(process.execPath, ['--import', 'tsx', script, '--child', kind, song, folder], { encoding: 'utf8' })
    const { seconds, peakMb, frames } = JSON.parse(child) as Measured
    const stems = ['vocals', 'instrumental'].map((stem) => join(folder, `song.${stem}.wav`))
    const heard = await checkStems(song, stems)
    if (heard !== frames || heard !== minutes * 60 * 48000) throw new Error(`${row}: ${heard} samples came back of ${frames}`)
    const speed = (60 * minutes) / seconds
    const cells = [
      kind,
      `${minutes} min`,
      seconds.toFixed(0),
      `${speed.toFixed(0)}×`,
      peakMb.toFixed(0),
      gigabytes(song),
      gigabytes(stems[0]!),
    ]
    return `| ${cells.join(' | ')} |`
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const [first, ...rest] = process.argv.slice(2)
if (first === '--child') {
  console.log(JSON.stringify(await separateSong(rest[0]!, rest[1]!, rest[2]!)))
} else {
  console.log('| separator | song | s | real time | peak memory, MB | FLAC, GB | each stem, GB |')
  console.log(`|${' --- |'.repeat(7)}`)
  const rows = rest.length > 0 ? rest : ['model:10', 'model:60', 'trivial:10', 'trivial:600']
  for (const row of rows) console.log(await measure(row, first ?? tmpdir()))
}
