/** `npx divisi separate` as people run it: the built command, the weights that ship, and files of each format that ffmpeg made. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, parse, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AudioBlock, type AudioInfo, createWavWriter, openAudio } from '../../src/audio/index.ts'
import { makeSong } from '../../src/data/index.ts'

const seconds = 12
let folder = ''

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'divisi-end-to-end-'))
  const { mixture, sampleRate } = makeSong({ seed: 7, seconds })
  const writer = await createWavWriter(join(folder, 'master.wav'), { sampleRate, channels: 2, sampleFormat: { kind: 'int', bits: 24 } })
  await writer.write(mixture)
  await writer.finish()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const songs = [
  { name: 'song.mp3', encode: ['-c:a', 'libmp3lame', '-b:a', '192k'], sampleRate: 44100, channels: 2, bits: 16 },
  { name: 'song.flac', encode: ['-sample_fmt', 's16'], sampleRate: 44100, channels: 2, bits: 16 },
  { name: 'song.ogg', encode: ['-c:a', 'libvorbis'], sampleRate: 44100, channels: 2, bits: 16 },
  { name: 'song.opus', encode: ['-c:a', 'libopus'], sampleRate: 48000, channels: 2, bits: 16 },
  { name: 'song-24-48.wav', encode: ['-ar', '48000', '-c:a', 'pcm_s24le'], sampleRate: 48000, channels: 2, bits: 24 },
  { name: 'mono.wav', encode: ['-ac', '1', '-c:a', 'pcm_s16le'], sampleRate: 44100, channels: 1, bits: 16 },
  { name: 'song.m4a', encode: ['-c:a', 'aac'], sampleRate: 44100, channels: 2, bits: 16 },
]

test.each(songs)(
  '$name: stems of its rate, channels and exact length, which sum to it',
  async ({ name, encode, sampleRate, channels, bits }) => {
    const song = join(folder, name)
    execFileSync('ffmpeg', ['-v', 'error', '-i', join(folder, 'master.wav'), ...encode, song])
    const out = join(folder, `stems of ${name}`)
    const report = execFileSync(process.execPath, [resolve('dist/cli/main.js'), 'separate', '--json', '--out', out, song], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const { gain } = JSON.parse(report) as { gain: number }

    const mixture = await read(song)
    const vocals = await read(join(out, `${parse(name).name}.vocals.wav`))
    const instrumental = await read(join(out, `${parse(name).name}.instrumental.wav`))
    for (const stem of [vocals, instrumental]) {
      expect(stem.info).toMatchObject({ sampleRate, channels, sampleFormat: { kind: 'int', bits } })
      expect(stem.planes[0]?.length).toBe(mixture.planes[0]?.length)
    }
    // The song, at the one gain that keeps loud stems from clipping, rounded to the file's step as the stems are.
    const scale = 2 ** (bits - 1)
    let largest = 0
    for (const [c, plane] of mixture.planes.entries()) {
      for (const [n, sample] of plane.entries()) {
        const sum = (vocals.planes[c]?.[n] ?? 0) + (instrumental.planes[c]?.[n] ?? 0)
        largest = Math.max(largest, Math.abs(Math.round(sum * scale) - Math.round(gain * Math.round(sample * scale))))
      }
    }
    expect(largest).toBeLessThanOrEqual(gain === 1 ? 0 : 1)
  },
)

async function read(path: string): Promise<{ info: AudioInfo; planes: number[][] }> {
  const stream = await openAudio(path)
  const planes: number[][] = Array.from({ length: stream.info.channels }, () => [])
  for await (const block of stream.blocks as AsyncIterable<AudioBlock>) {
    for (const [c, samples] of block.entries()) for (const sample of samples) planes[c]?.push(sample)
  }
  return { info: stream.info, planes }
}
