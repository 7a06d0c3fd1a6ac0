/** Pictures of sounds: columns hold what the samples held, however they came, in bounded memory; the picture has one scale for all. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSoundColumns, type SoundColumns, type SoundColumnsOptions, soundPicture } from '../../src/report/index.ts'
import { noise } from '../separation/fakes.ts'
import { elements, expectWhole, texts } from './support.ts'

function columnsOf(channels: Float32Array[], options: Partial<SoundColumnsOptions> = {}, blockLength = 1000): SoundColumns {
  const builder = createSoundColumns({ sampleRate: 8000, channels: channels.length, ...options })
  for (let from = 0; from < channels[0]!.length; from += blockLength)
    builder.add(channels.map((samples) => samples.subarray(from, from + blockLength)))
  return builder.finish()
}

const sine = (hertz: number, length: number, level = 1) =>
  Float32Array.from({ length }, (_, n) => level * Math.sin((2 * Math.PI * hertz * n) / 8000))

describe('createSoundColumns', () => {
  it('has the range and the mean square of the samples of each column, whatever the blocks and whether the length was known', () => {
    const lengths = fc.record({
      frames: fc.integer({ min: 1, max: 30_000 }),
      blockLength: fc.integer({ min: 1, max: 9000 }),
      known: fc.boolean(),
    })
    fc.assert(
      fc.property(lengths, ({ frames, blockLength, known }) => {
        const channels = noise(2, frames)
        const { count, stride, low, high, squares, ...rest } = columnsOf(
          channels,
          { columns: 16, bands: 8, frames: known ? frames : undefined },
          blockLength,
        )
        expect(rest.frames).toBe(frames)
        expect(count).toBe(Math.ceil(frames / stride))
        expect(count).toBeLessThanOrEqual(known ? 16 : 32)
        for (let c = 0; c < count; c++) {
          const samples = channels.flatMap((channel) => Array.from(channel.subarray(c * stride, (c + 1) * stride)))
          expect(low[c]).toBe(Math.min(...samples))
          expect(high[c]).toBe(Math.max(...samples))
          // Float32 of a float64 sum.
          expect(squares[c]).toBeCloseTo(samples.reduce((sum, x) => sum + x * x, 0) / samples.length, 6)
        }
        for (const power of rest.spectrum) expect(power).toBeGreaterThan(0)
      }),
      { numRuns: 40 },
    )
  })

  it('shows a sine of full scale as 1 in its band, in each column, and 60 dB less four octaves away', () => {
    for (const [channels, frames] of [
      [[sine(1000, 40_000)], 40_000],
      [[sine(1000, 40_000), sine(1000, 40_000)], undefined],
    ] as const) {
      const { count, spectrum, frequencies } = columnsOf([...channels], { frames, columns: 50, bands: 40 })
      const band = frequencies.findIndex((hertz, b) => Math.sqrt(hertz * (frequencies[b + 1] ?? Infinity)) > 1000)
      for (let c = 2; c < count - 2; c++) {
        // A frame of 512 samples: 1000 Hz is its bin 64 to the last bit, so nothing is lost between bins.
        expect(spectrum[c * 40 + band]).toBeCloseTo(1, 3)
        expect(spectrum[c * 40]).toBeLessThan(1e-6)
      }
    }
  })

  it('is exact where two channels share a transform, and takes the mean over an odd number of them', () => {
    const [left, right, third] = noise(3, 9000) as [Float32Array, Float32Array, Float32Array]
    const alone = [left, right, third].map((channel) => columnsOf([channel], { frames: 9000, columns: 20 }).spectrum)
    const greatest = Math.max(...alone.flatMap((spectrum) => Array.from(spectrum)))
    // The strongest bin of a mean is at most the mean of the strongest: equal where a band has one bin, as the lowest 40 have.
    const { spectrum } = columnsOf([left, right, third], { frames: 9000, columns: 20 })
    for (let c = 0; c < 20; c++)
      for (let b = 0; b < 40; b++) {
        const mean = alone.reduce((sum, one) => sum + one[c * 160 + b]!, 0) / 3
        expect(Math.abs(spectrum[c * 160 + b]! - mean)).toBeLessThan(1e-6 * greatest)
      }
  })

  it('holds a fixed number of columns where a header promised less than came', () => {
    const { count, frames, stride } = columnsOf([sine(100, 50_000)], { frames: 100, columns: 10 })
    expect([frames, stride, count]).toEqual([50_000, 10 * 2 ** 8, 20])
  })

  it('shows 17 samples, and nothing of silence', () => {
    const { count, spectrum, low } = columnsOf([new Float32Array(17).fill(0.5)])
    expect([count, low[0]]).toEqual([1, 0.5])
    expect(Math.max(...spectrum)).toBeGreaterThan(0)
    expect(Math.max(...columnsOf([new Float32Array(9000)]).spectrum)).toBe(0)
  })

  it('refuses what it cannot gather', () => {
    expect(() => createSoundColumns({ sampleRate: 0, channels: 1 })).toThrow('sampleRate 0')
    expect(() => createSoundColumns({ sampleRate: 8000, channels: 1, columns: 0.5 })).toThrow('columns 0.5')
    expect(() => createSoundColumns({ sampleRate: 8000, channels: 1 }).add(noise(2, 3))).toThrow('a block of 2 channels; needs 1')
  })
})

describe('soundPicture', () => {
  const song = columnsOf([sine(440, 80_000, 0.5)], { frames: 80_000 })
  const quiet = columnsOf([sine(440, 80_000, 0.05)], { frames: 80_000 })
  const silent = columnsOf([new Float32Array(80_000)], { frames: 80_000 })

  it('draws each sound with its levels, frequencies and one axis of time', () => {
    const svg = soundPicture({
      title: 'a < b',
      sounds: [
        { label: 'mixture', columns: song },
        { label: 'vocals', columns: silent },
      ],
    })
    expectWhole(svg)
    expect(elements(svg, 'image')).toHaveLength(2)
    expect(texts(svg)).toEqual(
      expect.arrayContaining(['a &lt; b', 'mixture', 'peak −6.0 dBFS, RMS −9.0 dBFS', 'silence', '1 kHz', '0:05', '0 dB']),
    )
    expect(svg).toContain('0:10 of mixture (peak −6.0 dBFS, RMS −9.0 dBFS); vocals (silence).')
  })

  it('has one scale for all, and takes a gain as if the samples had it', () => {
    const pngs = (svg: string) => elements(svg, 'image').map(({ href }) => href)
    const [loud, soft] = pngs(
      soundPicture({
        title: 's',
        sounds: [
          { label: 'a', columns: song },
          { label: 'b', columns: quiet },
        ],
      }),
    )
    expect(loud).not.toBe(soft)
    const [same, scaled] = pngs(
      soundPicture({
        title: 's',
        sounds: [
          { label: 'a', columns: song },
          { label: 'b', columns: quiet, gain: 10 },
        ],
      }),
    )
    expect(same).toBe(loud)
    expect(scaled!.length).toBeGreaterThan(0)
    expect(texts(soundPicture({ title: 's', sounds: [{ label: 'a', columns: quiet, gain: 10 }] }))).toContain(
      'peak −6.0 dBFS, RMS −9.0 dBFS',
    )
  })

  it('labels time as it lies in the song, from milliseconds to hours', () => {
    const of = (frames: number, sampleRate: number, start = 0) =>
      texts(
        soundPicture({
          title: 's',
          start,
          sounds: [{ label: 'a', columns: { ...song, frames, sampleRate, stride: Math.ceil(frames / song.count) } }],
        }),
      )
    expect(of(80, 8000)).toContain('0:00.005')
    expect(of(80_000, 8000, 65)).toEqual(expect.arrayContaining(['1:05', '1:15']))
    expect(of(36_000 * 8000, 8000)).toEqual(expect.arrayContaining(['0:00', '1:00:00', '10:00:00']))
  })

  it('draws silence, one sample and 8 kHz, and refuses none, uneven ones and no room', () => {
    expectWhole(soundPicture({ title: 's', sounds: [{ label: 'a', columns: silent }] }))
    expectWhole(soundPicture({ title: 's', sounds: [{ label: 'a', columns: columnsOf([Float32Array.of(0.5)]) }] }))
    expect(() => soundPicture({ title: 's', sounds: [] })).toThrow('soundPicture: sounds: none')
    expect(() => soundPicture({ title: 's', sounds: [{ label: 'a', columns: columnsOf([new Float32Array(0)]) }] })).toThrow(
      '"a" has no sample',
    )
    const two = [
      { label: 'a', columns: song },
      { label: 'b', columns: columnsOf([sine(1, 100)]) },
    ]
    expect(() => soundPicture({ title: 's', sounds: two })).toThrow('"b" has 0.0125 s, "a" has 10 s')
    expect(() => soundPicture({ title: 's', sounds: [two[0]!], width: 200 })).toThrow('width 200 leaves no room')
    expect(() => soundPicture({ title: 's', sounds: [two[0]!], rangeDb: 0 })).toThrow('rangeDb 0')
  })
})
