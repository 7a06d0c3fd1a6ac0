import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AudioBlock } from '../../src/audio/types.ts'
import { createStreamingSeparator, type SeparatedBlock, separate } from '../../src/separation/index.ts'
import { identity, liveSeparatorOf, lookingAhead, noise, separatorOf, sourceOf } from './fakes.ts'

/** Planes of blocks in a row. */
function joined(blocks: readonly AudioBlock[]): Float32Array[] {
  return (blocks[0] ?? []).map((_, c) => Float32Array.from(blocks.flatMap((block) => [...block[c]!])))
}

function worst(a: readonly Float32Array[], b: readonly Float32Array[]): number {
  expect(a.map(({ length }) => length)).toEqual(b.map(({ length }) => length))
  return Math.max(0, ...a.flatMap((samples, c) => Array.from(samples, (x, n) => Math.abs(x - b[c]![n]!))))
}

async function separated(...args: Parameters<typeof separate>): Promise<SeparatedBlock[]> {
  const blocks: SeparatedBlock[] = []
  for await (const block of separate(...args)) blocks.push(block)
  return blocks
}

describe('separation while sound comes', () => {
  it('gives what the whole signal gives, of exactly its length, in blocks of any length, mono and stereo', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 1500 }),
        fc.integer({ min: 1, max: 1500 }),
        fc.constantFrom(1, 2),
        fc.integer({ min: 1, max: 400 }),
        async (length, blockLength, channels, latency) => {
          const sound = noise(channels, length)
          const progress: number[] = []
          const blocks = await separated(sourceOf(sound, { blockLength }), {
            separator: liveSeparatorOf(latency),
            onProgress: ({ doneSeconds }) => progress.push(Math.round(44100 * doneSeconds)),
          })
          expect(progress.at(-1)).toBe(length)
          if (length === 0) return
          const vocals = joined(blocks.map(({ stems }) => stems.vocals!))
          expect(worst(vocals, sound.map(lookingAhead(latency)))).toBeLessThan(1e-7)
          const sum = joined(
            blocks.map(({ stems }) => stems.instrumental!.map((rest, c) => Float32Array.from(rest, (x, n) => x + stems.vocals![c]![n]!))),
          )
          expect(worst(sum, sound)).toBeLessThan(1e-6)
        },
      ),
      { numRuns: 30 },
    )
  })

  it('gives every stretch as soon as the source has given what it needs, and no sample later than that', async () => {
    const [blockLength, latency] = [100, 250]
    const source = sourceOf(noise(2, 2000), { blockLength })
    let done = 0
    for await (const { mixture } of separate(source, { separator: liveSeparatorOf(latency) })) {
      done += mixture[0]!.length
      if (done < 2000) expect(source.given - done).toBe(latency)
    }
    expect(done).toBe(2000)
  })

  it('refuses sound and estimates that are no numbers, and ends at once when aborted', async () => {
    const bad = noise(2, 900)
    bad[1]![700] = Number.NaN
    await expect(separated(sourceOf(bad), { separator: liveSeparatorOf(10) })).rejects.toThrow('the sound holds NaN at 0.016 s')
    const separator = liveSeparatorOf(10)
    const stream = separator.stream!
    const broken = { ...separator, stream: () => ({ ...stream(), process: async () => ({ vocals: [bad[0]!, bad[1]!] as const }) }) }
    await expect(separated(sourceOf(noise(2, 900)), { separator: broken })).rejects.toThrow(
      'gave values that are no numbers for the stem "vocals" at 0.0 s',
    )
    const stuck = { ...separator, stream: () => ({ ...stream(), process: () => new Promise<never>(() => {}) }) }
    const abort = new AbortController()
    const result = separated(sourceOf(noise(2, 900)), { separator: stuck, signal: abort.signal })
    setTimeout(() => abort.abort(new Error('enough')), 10)
    await expect(result).rejects.toThrow('enough')
  })
})

describe('createStreamingSeparator', () => {
  it('gives as many samples as it takes, late by a constant, whatever the blocks', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 500 }), { minLength: 1, maxLength: 8 }),
        fc.constantFrom(44100, 48000, 22050, 8000),
        fc.constantFrom(1 as const, 2 as const),
        async (sizes, sampleRate, channels) => {
          const length = sizes.reduce((a, b) => a + b, 0)
          const sound = noise(channels, length, { level: 0.3 })
          const streaming = createStreamingSeparator(liveSeparatorOf(150), { sampleRate, channels, stems: ['vocals'] })
          const { latencySamples } = streaming
          const outputs: SeparatedBlock[] = []
          let at = 0
          for (const size of sizes) {
            const block = await streaming.process(sound.map((samples) => samples.subarray(at, at + size)))
            expect(block.stems.vocals![0]).toHaveLength(size)
            outputs.push(block)
            at += size
          }
          outputs.push(await streaming.flush())
          const late = (samples: Float32Array) => Float32Array.of(...new Float32Array(latencySamples), ...samples)
          expect(worst(joined(outputs.map(({ mixture }) => mixture)), sound.map(late))).toBe(0)
          const offline = await separated(sourceOf(sound, { sampleRate }), { separator: liveSeparatorOf(150), stems: ['vocals'] })
          const expected = length === 0 ? sound : joined(offline.map(({ stems }) => stems.vocals!))
          expect(worst(joined(outputs.map(({ stems }) => stems.vocals!)), expected.map(late))).toBe(0)
        },
      ),
      { numRuns: 25 },
    )
  })

  it('states the latency of the network, and with other rates a few milliseconds more', () => {
    const latencyAt = (sampleRate: number) => createStreamingSeparator(liveSeparatorOf(441), { sampleRate }).latencySamples / sampleRate
    expect(latencyAt(44100)).toBe(0.01)
    for (const rate of [48000, 32000, 96000]) {
      expect(latencyAt(rate)).toBeGreaterThan(0.01)
      expect(latencyAt(rate)).toBeLessThan(0.017)
    }
  })

  it('answers overlapping calls in order, keeps several apart, and begins anew after flush and reset', async () => {
    const separator = liveSeparatorOf(30)
    const [a, b] = [createStreamingSeparator(separator, { stems: ['vocals'] }), createStreamingSeparator(separator, { stems: ['vocals'] })]
    const [one, two] = [noise(2, 200, { seed: 1 }), noise(2, 200, { seed: 2 })]
    const first = await Promise.all([a.process(one), b.process(two), a.flush(), b.flush()])
    await a.process(two)
    await a.reset()
    const again = [await a.process(one), await a.flush()]
    expect(again).toEqual([first[0], first[2]])
    expect(first[1]).not.toEqual(first[0])
    expect([await b.process(one), await b.flush()]).toEqual(again)
  })

  it('refuses what it cannot do', async () => {
    expect(() => createStreamingSeparator(separatorOf(identity))).toThrow('has to hear what follows and cannot work while sound comes')
    const separator = liveSeparatorOf(30)
    expect(() => createStreamingSeparator(separator, { sampleRate: 0.5 })).toThrow('sampleRate: 0.5')
    expect(() => createStreamingSeparator(separator, { stems: ['drums'] })).toThrow('stem "drums" is unknown')
    const streaming = createStreamingSeparator(separator)
    expect(() => streaming.process([new Float32Array(3)])).toThrow('a block of 3 samples; needs 2 channels of one length')
    expect(() => streaming.process([new Float32Array(3), new Float32Array(4)])).toThrow('a block of 3, 4 samples')
    await expect(streaming.process([Float32Array.of(0), Float32Array.of(Number.POSITIVE_INFINITY)])).rejects.toThrow('no numbers')
  })
})
