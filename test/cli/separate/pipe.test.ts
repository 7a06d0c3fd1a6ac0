/** `divisi separate -` around stand-ins for networks: what goes in and out, when, and how it ends. */

import { PassThrough, Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { encodeWavSamples, endlessWavHeader, openReadable, type SampleFormat } from '../../../src/audio/index.ts'
import type { SeparateFlags } from '../../../src/cli/separate/options.ts'
import { runSeparate } from '../../../src/cli/separate/run.ts'
import { type Separator, separate } from '../../../src/separation/index.ts'
import { liveSeparatorOf, noise, separatorOf, smoothing, sourceOf } from '../../separation/fakes.ts'

const int16: SampleFormat = { kind: 'int', bits: 16 }
const raw = { name: 's16le', sampleFormat: int16 }
const quiet = new AbortController().signal

interface Started {
  readonly input: PassThrough
  readonly received: Buffer[]
  readonly ended: Promise<number>
  readonly stderr: () => string
}

function start(
  flags: Partial<SeparateFlags>,
  { separator = liveSeparatorOf(700) as Separator, output = undefined as Writable | undefined, signal = quiet } = {},
): Started {
  const input = new PassThrough()
  const received: Buffer[] = []
  const sink =
    output ??
    new Writable({
      write: (chunk, _, done) => {
        received.push(chunk)
        done()
      },
    })
  let stderr = ''
  const ended = runSeparate(
    ['-'],
    { out: '.', device: 'cpu', ...flags },
    {
      version: '1.0.0',
      loadSeparator: async () => separator,
      stdout: { write: () => {} },
      stderr: { write: (text) => (stderr += text) },
      signal,
      pipes: () => ({ input, output: sink }),
    },
  )
  ended.catch(() => {})
  return { input, received, ended, stderr: () => stderr }
}

const size = (received: readonly Buffer[]) => received.reduce((sum, { length }) => sum + length, 0)

/** Waits for what the other end does. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2))
}

/** The vocals, as `separate` has them of a file. */
async function vocalsOf(sound: Float32Array[], separator: Separator): Promise<Float32Array[]> {
  const planes: number[][] = sound.map(() => [])
  for await (const { stems } of separate(sourceOf(sound), { separator, stems: ['vocals'] }))
    for (const [c, samples] of stems.vocals!.entries()) planes[c]!.push(...samples)
  return planes.map((samples) => Float32Array.from(samples))
}

describe('divisi separate -', () => {
  it('gives samples while more come: all but the latency and a block, long before the end', async () => {
    const sound = noise(2, 44100, { bits: 16 })
    const { input, received, ended } = start({ inputFormat: raw, rate: 44100, outputFormat: raw })
    input.write(encodeWavSamples(sound, int16))
    await until(() => size(received) / 4 >= 44100 - 700 - 1024)
    input.end()
    expect(await ended).toBe(0)
    // The same samples as of a file, to the last bit.
    expect(Buffer.concat(received)).toEqual(Buffer.from(encodeWavSamples(await vocalsOf(sound, liveSeparatorOf(700)), int16)))
  })

  it('takes and gives WAV, with a header for a stream without an end, in the depth of the source', async () => {
    const sound = noise(1, 5000, { bits: 24 })
    const format = { sampleRate: 48000, channels: 1, sampleFormat: { kind: 'int', bits: 24 } } as const
    const { input, received, ended, stderr } = start({}, { separator: separatorOf(smoothing, { sampleRate: 48000 }) })
    input.write(endlessWavHeader(format))
    input.end(encodeWavSamples(sound, format.sampleFormat))
    expect(await ended).toBe(0)
    expect(stderr()).toMatch(/^standard input: wav, 24-bit, 48000 Hz, mono\nmodel fake on test\n {2}vocals, up to 0.0 s after/)
    const back = new PassThrough()
    back.end(Buffer.concat(received))
    const stream = await openReadable(back)
    expect(stream.info).toMatchObject({ ...format, format: 'wav', frames: undefined })
    const samples: number[] = []
    for await (const [mono] of stream.blocks) samples.push(...mono!)
    const expected = await vocalsOf(sound, separatorOf(smoothing))
    // Rounded to 24 bits.
    expect(samples).toHaveLength(5000)
    for (const [n, x] of samples.entries()) expect(Math.abs(x - expected[0]![n]!)).toBeLessThanOrEqual(2 ** -24)
  })

  it('gives several stems as the channels of one output', async () => {
    const sound = noise(2, 3000, { bits: 16 })
    const f32le = { name: 'f32le', sampleFormat: { kind: 'float', bits: 32 } } as const
    const { input, received, ended, stderr } = start({
      inputFormat: raw,
      rate: 44100,
      outputFormat: f32le,
      stems: ['instrumental', 'vocals'],
    })
    input.end(encodeWavSamples(sound, int16))
    await ended
    expect(stderr()).toContain('instrumental and vocals, 16 ms after the sound that goes in (700 samples)')
    const bytes = Buffer.concat(received)
    expect(bytes.length).toBe(3000 * 4 * 4)
    for (let n = 0; n < 3000; n++) {
      for (const c of [0, 1]) {
        const [rest, vocals] = [bytes.readFloatLE(16 * n + 4 * c), bytes.readFloatLE(16 * n + 8 + 4 * c)]
        expect(Math.abs(rest + vocals - sound[c]![n]!)).toBeLessThan(1e-6)
      }
    }
  })

  it('cuts off what is above full scale, and says so', async () => {
    const loud = separatorOf(([left, right]) => [left.map((x) => 4 * x), right.map((x) => 4 * x)])
    const { input, received, ended, stderr } = start({ inputFormat: raw, rate: 44100, outputFormat: raw }, { separator: loud })
    input.end(encodeWavSamples([new Float32Array(1000).fill(0.5), new Float32Array(1000).fill(-0.125)], int16))
    await ended
    expect(stderr()).toContain('warning: 1000 samples above full scale were cut off; --output-format f32le keeps them')
    expect([Buffer.concat(received).readInt16LE(0), Buffer.concat(received).readInt16LE(2)]).toEqual([32767, -16384])
  })

  it('ends quietly when nobody reads on, though more would come', async () => {
    let taken = 0
    const output = new Writable({
      write: (chunk: Buffer, _, done) => {
        taken += chunk.length
        done(taken > 20_000 ? Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }) : null)
      },
    })
    const { input, ended, stderr } = start({ inputFormat: raw, rate: 44100, outputFormat: raw }, { output })
    const more = encodeWavSamples(noise(2, 4096), int16)
    const feeding = setInterval(() => input.write(more), 1)
    expect(await ended).toBe(0)
    clearInterval(feeding)
    expect(input.destroyed).toBe(true)
    expect(stderr()).toContain('until nobody read on')
  })

  it('ends at once when interrupted, waiting for input or for output', async () => {
    for (const stalled of ['input', 'output']) {
      const abort = new AbortController()
      const output = new Writable({ highWaterMark: 1, write: (_, __, done) => (stalled === 'input' ? done() : undefined) })
      const { input, ended } = start({ inputFormat: raw, rate: 44100, outputFormat: raw }, { output, signal: abort.signal })
      input.write(encodeWavSamples(noise(2, 10_000), int16))
      setTimeout(() => abort.abort(new Error('stop')), 50)
      await expect(ended).rejects.toThrow('stop')
      expect(input.destroyed).toBe(true)
    }
  })

  it('refuses what cannot be', async () => {
    const wrong = (flags: Partial<SeparateFlags>) => start(flags).ended
    await expect(wrong({ inputFormat: raw })).rejects.toThrow('add --rate, such as --rate 44100')
    await expect(wrong({ rate: 44100 })).rejects.toThrow('--rate is of samples without a header')
    await expect(wrong({ skipExisting: true })).rejects.toThrow('--skip-existing is about files')
    await expect(wrong({ outputFormat: raw, depth: int16 })).rejects.toThrow('--depth beside --output-format s16le')
    await expect(wrong({ stems: ['drums'] })).rejects.toThrow('stem "drums" is unknown')
    const terminal = Object.assign(new Writable(), { isTTY: true })
    await expect(start({}, { output: terminal }).ended).rejects.toThrow('standard output is a terminal')
    const empty = start({})
    empty.input.end()
    await expect(empty.ended).rejects.toThrow('standard input: is empty')
  })
})
