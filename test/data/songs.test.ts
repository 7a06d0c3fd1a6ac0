/** Mixing of stems: sums, levels, which songs meet. */
import { describe, expect, it } from 'vitest'
import { createSongMixer, type Song, type SongMix, type SongMixerOptions, type Stem } from '../../src/data/index.ts'
import { createRandom } from '../../src/tensor/index.ts'

const samples = 64
const frames = 400
const mix: SongMix = { stems: ['vocals', 'instrumental'], seconds: 1, coherent: 0.5, levelRatio: [-5, 5], peak: [-12, -1], swap: 0 }

/** Left of stem `s` of song k at sample n is (k + 1)·1000 + 100·s + n/1000 and right half of it, so that each sample tells where it is from. */
const named = (id: string): [number, number] => id.split('-').map(Number) as [number, number]
const read: SongMixerOptions<Stem>['read'] = ({ id, channels }, start, count) => {
  const [k, s] = named(id)
  const left = Float32Array.from({ length: count }, (_, i) => (k + 1) * 1000 + 100 * s + (start + i) / 1000)
  return channels === 1 ? [left] : [left, left.map((x) => x / 2)]
}
const song = (k: number, channels: 1 | 2 = 1, silent: readonly string[] = []): Song => ({
  name: `song ${k}`,
  split: 'train',
  stems: Object.fromEntries(
    ['vocals', 'drums', 'bass', 'chords'].map((stem, s) => [
      stem,
      { id: `${k}-${s}`, frames, channels, rms: silent.includes(stem) ? 0 : 1000 * (k + 1) },
    ]),
  ),
})
const mixer = (options: Partial<SongMixerOptions<Stem>> = {}, changes: Partial<SongMix> = {}) =>
  createSongMixer({ songs: [song(0), song(1), song(2)], read, channels: 1, samples, mix: { ...mix, ...changes }, ...options })
const rms = (x: Float32Array) => Math.sqrt(x.reduce((sum, v) => sum + v * v, 0) / x.length)

describe('createSongMixer', () => {
  it('3.44 mixing: the mixture is the sum of the stems, at the drawn peak and level ratio', () => {
    const make = mixer()
    const ratios: number[] = []
    for (let key = 0; key < 40; key++) {
      const { mixture, vocals, instrumental } = make(createRandom(key)) as Record<string, Float32Array[]>
      expect(mixture![0]).toHaveLength(samples)
      // Three roundings of floats up to 1.
      for (let i = 0; i < samples; i++) expect(Math.abs(mixture![0]![i]! - vocals![0]![i]! - instrumental![0]![i]!)).toBeLessThan(3e-7)
      const peak = 20 * Math.log10(mixture![0]!.reduce((most, x) => Math.max(most, Math.abs(x)), 0))
      expect(peak).toBeGreaterThan(-12.001)
      expect(peak).toBeLessThan(-0.999)
      ratios.push(20 * Math.log10(rms(vocals![0]!) / rms(instrumental![0]!)))
    }
    expect(Math.min(...ratios)).toBeGreaterThan(-5.001)
    expect(Math.max(...ratios)).toBeLessThan(5.001)
    expect(Math.max(...ratios) - Math.min(...ratios)).toBeGreaterThan(6)
  })

  it('3.44 mixing: coherent examples are of one place of one song at its own levels, incoherent ones of any', () => {
    /** Song and place of both stems, of examples whose levels are not touched but for a common gain. */
    const origins = (coherent: number) =>
      Array.from({ length: 30 }, (_, key) => {
        const parts = mixer({}, { coherent, levelRatio: 'own', stems: ['vocals', 'bass'] })(createRandom(key))
        const [vocals, bass] = [parts.vocals![0]!, parts.bass![0]!]
        // Per sample both rise by 0.001, whatever the song: the common gain follows.
        const gain = (vocals[samples - 1]! - vocals[0]!) / (0.001 * (samples - 1))
        const place = (x: number, s: number) => {
          const value = x / gain - 100 * s
          return { song: Math.floor(value / 1000 + 0.05), start: value % 1000 }
        }
        return [place(vocals[0]!, 0), place(bass[0]!, 2)]
      })
    for (const [vocals, bass] of origins(1)) expect(vocals!.song).toBe(bass!.song)
    expect(origins(0).filter(([vocals, bass]) => vocals!.song !== bass!.song).length).toBeGreaterThan(10)
  })

  it('instrumental is all but the vocals, other all but vocals, drums and bass', () => {
    const [first] = [mixer({ songs: [song(0)] }, { coherent: 1, levelRatio: 'own', stems: ['vocals', 'instrumental'] })(createRandom(1))]
    const [vocals, instrumental] = [first.vocals![0]!, first.instrumental![0]!]
    // 1000 against 1100 + 1200 + 1300, and what the place adds: below 0.4 of each.
    expect(instrumental[0]! / vocals[0]!).toBeCloseTo(3.6, 2)
    const other = mixer({ songs: [song(0)] }, { coherent: 1, levelRatio: 'own', stems: ['vocals', 'other'] })(createRandom(1))
    expect(other.other![0]![0]! / other.vocals![0]![0]!).toBeCloseTo(1.3, 2)
  })

  it('is a pure function of the random stream', () => {
    expect(mixer()(createRandom(7))).toEqual(mixer()(createRandom(7)))
    expect(mixer()(createRandom(7))).not.toEqual(mixer()(createRandom(8)))
  })

  it('folds stereo to its mean for one channel, doubles mono for two, and swaps sides', () => {
    const one = mixer({ songs: [song(0, 2)] }, { levelRatio: 'own', coherent: 1 })(createRandom(1))
    expect(one.mixture).toHaveLength(1)
    const two = mixer({ songs: [song(0, 2)], channels: 2 }, { levelRatio: 'own', coherent: 1 })(createRandom(1))
    expect(two.vocals![1]![5]! / two.vocals![0]![5]!).toBeCloseTo(0.5, 5)
    const swapped = mixer({ songs: [song(0, 2)], channels: 2 }, { levelRatio: 'own', coherent: 1, swap: 1 })(createRandom(1))
    expect(swapped.vocals![1]![5]! / swapped.vocals![0]![5]!).toBeCloseTo(2, 5)
    const doubled = mixer({ channels: 2 })(createRandom(1))
    expect(doubled.vocals![0]).toEqual(doubled.vocals![1])
  })

  it('takes a stem from songs in which it sounds, and from stretches in which it does', () => {
    const songs = [song(0, 1, ['vocals']), song(1)]
    const asked: string[] = []
    const spy: typeof read = (stem, start, count) => {
      asked.push(stem.id)
      return read(stem, start, count)
    }
    const make = mixer({ songs, read: spy }, { stems: ['vocals', 'bass'] })
    for (let key = 0; key < 20; key++) make(createRandom(key))
    expect(asked).not.toContain('0-0')
    expect(asked).toContain('0-2')
    // Sounding in the second half alone: crops of the first are drawn again.
    const late: typeof read = (stem, start, count) => read(stem, start, count).map((x) => x.map((v, i) => (start + i < frames / 2 ? 0 : v)))
    for (let key = 0; key < 20; key++) {
      const { vocals } = mixer({ read: late }, { coherent: 1 })(createRandom(key))
      expect(rms(vocals![0]!)).toBeGreaterThan(0)
    }
  })

  it('refuses what cannot be mixed, by name', () => {
    expect(() => mixer({ songs: [] })).toThrow('data: no songs to mix')
    expect(() => mixer({}, { stems: ['vocals', 'violin'] })).toThrow(
      /the song "song 0" has no "violin"; allowed in `stems` are vocals, drums, bass, chords/,
    )
    expect(() => mixer({ samples: 401 })).toThrow('the song "song 0" is shorter than the 1 s of an example')
    expect(() => mixer({ songs: [song(0, 1, ['bass'])] }, { stems: ['vocals', 'bass'] })).toThrow('"bass" is silent in all 1 songs')
  })
})
