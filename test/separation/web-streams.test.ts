/** Separation as Web Streams: blocks in, blocks out, no faster than they are read, and an end from either side. */
import { describe, expect, it } from 'vitest'
import { type AudioBlock, fromReadableStream } from '../../src/audio/index.ts'
import { type SeparatedBlock, separateStream, separateThrough } from '../../src/separation/index.ts'
import { identity, noise, separatorOf, sourceOf } from './fakes.ts'

const sound = { sampleRate: 44100, channels: 2 }

/** A readable stream of blocks; how many were taken from it, and why it was cancelled. */
function readableOf(song: AudioBlock, blockLength: number, failure?: Error) {
  const seen: { taken: number; cancelled?: unknown } = { taken: 0 }
  const readable = new ReadableStream<AudioBlock>(
    {
      pull: (controller) => {
        const from = seen.taken * blockLength
        if (from >= song[0]!.length) return failure ? controller.error(failure) : controller.close()
        seen.taken++
        controller.enqueue(song.map((samples) => samples.subarray(from, from + blockLength)))
      },
      cancel: (reason) => {
        seen.cancelled = reason ?? 'cancelled'
      },
    },
    { highWaterMark: 0 },
  )
  return { readable, seen }
}

async function vocalsOf(stems: ReadableStream<SeparatedBlock>): Promise<number[][]> {
  const vocals: number[][] = [[], []]
  for await (const block of stems) for (const [c, samples] of block.stems.vocals!.entries()) vocals[c]!.push(...samples)
  return vocals
}

/** Windows of 512 samples with hops of 336: a window, the one after it, and a block that reaches beyond. */
const ahead = 512 + 336 + 100

describe('a readable stream as a source of sound', () => {
  it('gives its blocks, says what it was told, and is read once and only as far as it is used', async () => {
    const song = noise(2, 1000)
    const { readable, seen } = readableOf(song, 100)
    const source = fromReadableStream(readable, { ...sound, frames: 1000 })
    expect(source.info).toEqual({ ...sound, frames: 1000, format: 'stream', sampleFormat: undefined })
    const got: number[] = []
    for await (const [left] of source.blocks) {
      got.push(...left!)
      if (got.length === 300) break
    }
    expect(got).toEqual([...song[0]!.subarray(0, 300)])
    expect(seen).toEqual({ taken: 3, cancelled: 'cancelled' })
  })

  it('refuses chunks that are no blocks with their time, and sounds that are none', async () => {
    const first = (chunk: unknown) =>
      fromReadableStream(ReadableStream.from([noise(2, 441), chunk]) as ReadableStream<AudioBlock>, sound).blocks[Symbol.asyncIterator]()
    for (const [chunk, message] of [
      [noise(1, 4), 'a chunk at 0.010 s is no block: needed are 2 arrays of floats of one length, it has 1 of 4 samples'],
      [[new Float32Array(3), new Float32Array(4)], 'it has 2 of 3 and 4 samples'],
      [new Float32Array(4), 'it has object'],
      [
        [
          [0, 1],
          [0, 1],
        ],
        'it has object',
      ],
    ] as const) {
      const blocks = first(chunk)
      await blocks.next()
      await expect(blocks.next()).rejects.toThrow(message)
    }
    expect(() => fromReadableStream(new ReadableStream(), { sampleRate: 0, channels: 2 })).toThrow('sampleRate: 0; allowed are')
    expect(() => fromReadableStream(new ReadableStream(), { sampleRate: 8000, channels: 1.5 })).toThrow('channels: 1.5; allowed are')
  })
})

describe('separated blocks as a stream', () => {
  it('are those of the song, through a pair of streams as well', async () => {
    const song = noise(2, 5000)
    const direct = await vocalsOf(separateStream(sourceOf(song), { separator: separatorOf(identity) }))
    const { readable } = readableOf(song, 700)
    const piped = await vocalsOf(readable.pipeThrough(separateThrough(sound, { separator: separatorOf(identity) })))
    expect(piped).toEqual(direct)
    for (const [c, samples] of song.entries()) {
      expect(direct[c]!.length).toBe(5000)
      const wrong = samples.map((sample, n) => Math.abs(direct[c]![n]! - sample))
      // Weights of two windows that add up to one within two roundings of samples up to 0.5.
      expect(Math.max(...wrong)).toBeLessThan(1e-6)
    }
  })

  it('are made when they are asked for, and the source is read no further than for those', async () => {
    const { readable, seen } = readableOf(noise(2, 50_000), 100)
    const separator = separatorOf(identity)
    const reader = readable.pipeThrough(separateThrough(sound, { separator })).getReader()
    await new Promise((resolve) => setTimeout(resolve, 20))
    // A pipe holds a block at each end of it.
    expect(seen.taken).toBeLessThanOrEqual(2)
    expect(separator.calls).toBe(0)
    await reader.read()
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(seen.taken * 100).toBeLessThanOrEqual(ahead + 200)
    expect(separator.calls).toBeLessThanOrEqual(2)
    await reader.cancel()
  })

  it('end where the reader cancels: the window under way is not waited for, the source is cancelled', async () => {
    const reason = new Error('heard enough')
    for (const through of [true, false]) {
      const { readable, seen } = readableOf(noise(2, 50_000), 100)
      const signals: (AbortSignal | undefined)[] = []
      const separator = separatorOf((_, signal) => {
        signals.push(signal)
        return new Promise(() => {}) // a window without end
      })
      const stems = through
        ? readable.pipeThrough(separateThrough(sound, { separator }))
        : separateStream(fromReadableStream(readable, sound), { separator })
      const reader = stems.getReader()
      const pending = reader.read()
      while (signals.length === 0) await new Promise((resolve) => setTimeout(resolve, 1))
      await reader.cancel(reason)
      expect(await pending).toEqual({ done: true, value: undefined })
      expect(signals[0]!.reason).toBe(reason)
      while (seen.cancelled === undefined) await new Promise((resolve) => setTimeout(resolve, 1))
    }
  })

  it('end where the writer aborts, the source breaks, or the signal says so, by that reason', async () => {
    const failure = new Error('the line is dead')
    const { readable } = readableOf(noise(2, 3000), 100, failure)
    await expect(vocalsOf(readable.pipeThrough(separateThrough(sound, { separator: separatorOf(identity) })))).rejects.toThrow(failure)

    const reason = new Error('stopped')
    const endless = separatorOf(() => new Promise(() => {}))
    const controller = new AbortController()
    setTimeout(() => controller.abort(reason), 5)
    const source = sourceOf(noise(2, 3000))
    await expect(vocalsOf(separateStream(source, { separator: endless, signal: controller.signal }))).rejects.toBe(reason)
    expect(source.closed).toBe(true)
    const before = sourceOf(noise(2, 3000))
    await expect(vocalsOf(separateStream(before, { separator: endless, signal: AbortSignal.abort(reason) }))).rejects.toBe(reason)
  })

  it('nobody has read from close their source when they are cancelled', async () => {
    const source = sourceOf(noise(2, 100))
    await separateStream(source, { separator: separatorOf(identity) }).cancel()
    expect(source.closed).toBe(true)
    expect(source.given).toBe(0)
  })
})
