/** separate(): sound of any length, rate, channel count and block size comes back sample for sample, in bounded memory, and can be stopped. */

import { describe, expect, it } from 'vitest'
import { type AudioBlock, resample } from '../../src/audio/index.ts'
import { type SeparateOptions, type SeparationProgress, type Separator, type StereoWindow, separate } from '../../src/separation/index.ts'
import { type FakeSource, identity, noise, perChannel, separatorOf, silence, smoothing, sourceOf } from './fakes.ts'

interface Collected {
  readonly mixture: AudioBlock
  readonly stems: Record<string, AudioBlock>
}

function join(blocks: readonly AudioBlock[]): AudioBlock {
  return (blocks[0] ?? []).map((_, c) => Float64Array.from(blocks.flatMap((block) => [...block[c]!])))
}

async function collect(source: FakeSource, separator: Separator, options: Omit<SeparateOptions, 'separator'> = {}): Promise<Collected> {
  const mixtures: AudioBlock[] = []
  const stems: Record<string, AudioBlock[]> = {}
  for await (const block of separate(source, { separator, ...options })) {
    mixtures.push(block.mixture)
    for (const [stem, samples] of Object.entries(block.stems)) {
      stems[stem] ??= []
      stems[stem].push(samples)
    }
  }
  return { mixture: join(mixtures), stems: Object.fromEntries(Object.entries(stems).map(([stem, blocks]) => [stem, join(blocks)])) }
}

function distance(a: AudioBlock, b: AudioBlock): number {
  expect(a.map((samples) => samples.length)).toEqual(b.map((samples) => samples.length))
  return Math.max(0, ...a.flatMap((samples, c) => Array.from(samples, (sample, i) => Math.abs(sample - b[c]![i]!))))
}

/** Windows of 512 with margins of 64: hop 336 by default. */
const lengths = [1, 2, 3, 63, 64, 65, 335, 336, 337, 447, 448, 511, 512, 513, 847, 848, 849, 1023, 1024, 1025, 5000]

describe('separate', () => {
  // Estimates are summed with weights that add up to one within two roundings of 32-bit floats, of samples up to 0.5.
  it.each([undefined, 0.25, 0.3, 0.5, 0.75, 0.9])('gives an identity network back to 1e-6 at any length, overlap %s', async (overlap) => {
    for (const length of lengths) {
      const song = noise(2, length)
      const { mixture, stems } = await collect(sourceOf(song), separatorOf(identity), { overlap })
      expect(distance(mixture, song)).toBe(0)
      expect(distance(stems.vocals!, song)).toBeLessThan(1e-6)
      expect(
        distance(
          stems.instrumental!,
          song.map((samples) => samples.map(() => 0)),
        ),
      ).toBeLessThan(1e-6)
    }
  })

  it('gives every length up to two and a half windows back exactly as long', async () => {
    const separator = separatorOf(identity, { windowLength: 32, margin: 5 })
    for (let length = 1; length <= 80; length++) {
      const song = noise(1, length)
      const { stems } = await collect(sourceOf(song, { blockLength: 7 }), separator)
      expect(distance(stems.vocals!, song)).toBeLessThan(1e-6)
    }
  })

  it('yields nothing for a source without a sample', async () => {
    expect(await collect(sourceOf([new Float32Array(0)]), separatorOf(identity))).toEqual({ mixture: [], stems: {} })
  })

  it('does not depend on how the source is cut into blocks, to the bit', async () => {
    const song = noise(2, 3000)
    const results = await Promise.all(
      [1, 7, 512, 100_000].map((blockLength) => collect(sourceOf(song, { blockLength, sampleRate: 48000 }), separatorOf(smoothing))),
    )
    for (const result of results) expect(result).toEqual(results[0])
  })

  it('uses no estimate from the margins inside the song, so that edge errors of a window do not show', async () => {
    const song = noise(2, 4000)
    const { stems } = await collect(sourceOf(song), separatorOf(smoothing))
    const whole = smoothing(song as unknown as StereoWindow)
    expect(
      distance(
        stems.vocals!.map((s) => s.slice(1, -1)),
        whole.map((s) => s.slice(1, -1)),
      ),
    ).toBeLessThan(1e-6)
    const noisyBorders = perChannel((samples) => samples.map((sample, i) => (i < 64 || i >= 448 ? 9 : sample)))
    const inner = await collect(sourceOf(song), separatorOf(noisyBorders))
    expect(
      distance(
        inner.stems.vocals!.map((s) => s.slice(64, -64)),
        song.map((s) => s.slice(64, -64)),
      ),
    ).toBeLessThan(1e-6)
  })

  it.each([8000, 11025, 22050, 32000, 48000, 88200, 96000])(
    'keeps length and timing at %i Hz with a network at 44100 Hz',
    async (sampleRate) => {
      const length = Math.round(0.31 * sampleRate) + 1
      const song = [0, 1].map((c) =>
        Float32Array.from({ length }, (_, n) => 0.4 * Math.sin((2 * Math.PI * (700 + 500 * c) * n) / sampleRate)),
      )
      const { mixture, stems } = await collect(sourceOf(song, { sampleRate }), separatorOf(identity))
      expect(distance(mixture, song)).toBe(0)
      const there = song.map((samples) => resample([samples], sampleRate, 44100)[0]!)
      const back = there.map((samples) => resample([samples], 44100, sampleRate)[0]!.slice(0, length))
      // The path is resampling both ways and nothing else …
      expect(distance(stems.vocals!, back)).toBeLessThan(1e-6)
      // … which returns tones well below both Nyquist frequencies, away from the ends where the filters see silence.
      const middle = (block: AudioBlock): AudioBlock => block.map((samples) => samples.slice(length / 4, (3 * length) / 4))
      expect(distance(middle(stems.vocals!), middle(song))).toBeLessThan(1e-4)
    },
  )

  it.each([8000, 44099, 96000])('gives exactly the length of short songs at %i Hz', async (sampleRate) => {
    for (const length of [1, 2, 3, 10, 93, 512, 600]) {
      const song = noise(2, length)
      const { mixture, stems } = await collect(sourceOf(song, { sampleRate, lengthKnown: false }), separatorOf(identity))
      expect(distance(mixture, song)).toBe(0)
      expect(stems.vocals!.map((samples) => samples.length)).toEqual([length, length])
    }
  })

  it('feeds mono to both channels and returns the mean of the two estimates', async () => {
    const song = noise(1, 2000)
    const separator = separatorOf(([left, right]) => [left.map((sample) => 0.5 * sample), right.slice()])
    const { stems } = await collect(sourceOf(song), separator)
    expect(distance(stems.vocals!, [song[0]!.map((sample) => 0.75 * sample)])).toBeLessThan(1e-6)
  })

  it('keeps 64-bit samples of the mixture, and takes the instrumental from them', async () => {
    const song = [Float64Array.from(noise(1, 900)[0]!, (sample) => sample + 2 ** -40)]
    const { mixture, stems } = await collect(sourceOf(song), separatorOf(silence))
    expect(distance(mixture, song)).toBe(0)
    expect(distance(stems.instrumental!, song)).toBe(0)
  })

  it('yields only the stems asked for, and several of a network with more', async () => {
    const four = separatorOf(identity, { stems: ['vocals', 'drums'] })
    const all = await collect(sourceOf(noise(2, 600)), four)
    expect(Object.keys(all.stems)).toEqual(['vocals', 'drums', 'instrumental'])
    const one = await collect(sourceOf(noise(2, 600)), four, { stems: ['instrumental'] })
    expect(Object.keys(one.stems)).toEqual(['instrumental'])
  })

  it('refuses what it cannot do in words, and closes the source', async () => {
    const cases: [FakeSource, Separator, Omit<SeparateOptions, 'separator'>, RegExp][] = [
      [sourceOf(noise(6, 10)), separatorOf(identity), {}, /6 channels; only mono and stereo/],
      [
        sourceOf(noise(2, 10)),
        separatorOf(identity),
        { stems: ['bass'] },
        /stem "bass" is unknown to the model fake; available: vocals, instrumental/,
      ],
      [sourceOf(noise(2, 10)), separatorOf(identity, { stems: ['drums'] }), { stems: ['instrumental'] }, /available: drums/],
      [sourceOf(noise(2, 10)), separatorOf(identity), { overlap: 0.1 }, /overlap 0.1/],
      [sourceOf([new Float32Array([0, 0, Number.NaN])], { sampleRate: 2 }), separatorOf(identity), {}, /holds NaN at 1.000 s/],
      [sourceOf(noise(2, 10)), separatorOf(perChannel((s) => s.map(() => Number.NaN))), {}, /no numbers in the window at 0.0 s/],
      [sourceOf(noise(2, 10)), separatorOf(perChannel((s) => s.slice(1))), {}, /no estimate of \(2, 512\)/],
    ]
    for (const [source, separator, options, message] of cases) {
      await expect(collect(source, separator, options)).rejects.toThrow(message)
      expect(source.closed).toBe(true)
    }
  })

  it('passes on the error of a source that breaks off, and of a network that fails', async () => {
    const broken = sourceOf(noise(2, 3000), { failure: new Error('breaks off at 0.068 s') })
    await expect(collect(broken, separatorOf(identity))).rejects.toThrow('breaks off at 0.068 s')
    expect(broken.closed).toBe(true)
    const source = sourceOf(noise(2, 3000))
    const failing = separatorOf(() => Promise.reject(new Error('out of memory')))
    await expect(collect(source, failing)).rejects.toThrow('out of memory')
    expect(source.closed).toBe(true)
  })

  it('closes the source when the consumer stops early', async () => {
    const source = sourceOf(noise(2, 50_000))
    const separator = separatorOf(identity)
    for await (const _ of separate(source, { separator })) break
    expect(source.closed).toBe(true)
    expect(separator.running).toBe(0)
  })

  it('runs ahead of its consumer by no more than the windows in flight', async () => {
    const source = sourceOf(noise(2, 100_000), { blockLength: 100 })
    const separator = separatorOf(identity)
    const blocks = separate(source, { separator })
    await blocks.next()
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(separator.calls).toBeLessThanOrEqual(2)
    expect(source.given).toBeLessThanOrEqual(512 + 336 + 100)
    await blocks.return()
  })

  it('decodes the next window while the network has one', async () => {
    const source = sourceOf(noise(2, 10_000), { blockLength: 100 })
    let givenInRun = 0
    const separator = separatorOf(async (window) => {
      await new Promise((resolve) => setTimeout(resolve, 20))
      givenInRun ||= source.given
      return identity(window)
    })
    const blocks = separate(source, { separator })
    await blocks.next()
    expect(givenInRun).toBeGreaterThanOrEqual(512 + 336)
    await blocks.return()
  })

  it('stops on abort with the reason, between blocks and during a run, and leaves nothing running', async () => {
    const reason = new Error('stopped by the user')
    const source = sourceOf(noise(2, 50_000))
    const controller = new AbortController()
    const separator = separatorOf(identity)
    const consumed = (async () => {
      for await (const _ of separate(source, { separator, signal: controller.signal })) controller.abort(reason)
    })()
    await expect(consumed).rejects.toBe(reason)
    expect(source.closed).toBe(true)

    const during = new AbortController()
    const waiting = separatorOf(
      (_, signal) => new Promise((_resolve, reject) => signal!.addEventListener('abort', () => reject(new Error('terminated')))),
    )
    setTimeout(() => during.abort(reason), 10)
    await expect(collect(sourceOf(noise(2, 5000)), waiting, { signal: during.signal })).rejects.toBe(reason)
    expect(waiting.running).toBe(0)

    await expect(collect(source, separator, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  it('ends a read that hangs when aborted, even if the source then looks as if it had ended', async () => {
    const reason = new Error('stopped')
    let end: () => void = () => {}
    const closed = new Promise<void>((resolve) => {
      end = resolve
    })
    const base = sourceOf(noise(2, 100))
    async function* hanging(): AsyncGenerator<AudioBlock> {
      yield* base.blocks
      await closed
    }
    const source = { ...base, given: 0, closed: false, blocks: hanging(), close: async () => end() }
    const controller = new AbortController()
    setTimeout(() => controller.abort(reason), 10)
    await expect(collect(source, separatorOf(identity), { signal: controller.signal })).rejects.toBe(reason)
  })

  it.each([true, false])('reports progress that grows to the true length (length known: %s)', async (lengthKnown) => {
    const reports: SeparationProgress[] = []
    await collect(sourceOf(noise(2, 22050), { lengthKnown, sampleRate: 22050 }), separatorOf(identity), {
      onProgress: (progress) => reports.push(progress),
    })
    expect(reports.length).toBeGreaterThan(10)
    for (const [i, { doneSeconds, totalSeconds }] of reports.entries()) {
      expect(doneSeconds).toBeGreaterThan(reports[i - 1]?.doneSeconds ?? 0)
      if (i < reports.length - 1) expect(totalSeconds).toBe(lengthKnown ? 1 : undefined)
    }
    expect(reports.at(-1)).toEqual({ doneSeconds: 1, totalSeconds: 1 })
  })
})
