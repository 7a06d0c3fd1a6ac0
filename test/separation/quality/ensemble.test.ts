/** Ensembles: copies are the one, rules are what they say, members of other rates and windows take part or are refused. */

import { describe, expect, it } from 'vitest'
import { createReferenceBackend } from '../../../src/runtime/index.ts'
import { type EnsembleRule, ensembleOf, ensembleRules, type Separator, separate } from '../../../src/separation/index.ts'
import { identity, noise, separatorOf, sourceOf } from '../fakes.ts'
import { copyOf, difference, filtered, gain, listening, sumsTo, windowOf } from './fakes.ts'

/** Small frames: spectra of 512 samples. */
const transform = { nFft: 64, hopLength: 16 }
const optionsOf = (rule: EnsembleRule) => ({
  rule,
  transform,
  ...(rule === 'min' || rule === 'max' ? { backend: createReferenceBackend() } : {}),
})

describe.each(ensembleRules)('ensembleOf with the rule %s', (rule) => {
  it('is the one of which all members are copies', async () => {
    const members = Array.from({ length: 3 }, () => separatorOf(filtered))
    const ensemble = await ensembleOf(members, optionsOf(rule))
    const window = windowOf(512)
    const { vocals } = await ensemble.predict(copyOf(window))
    // Through a spectrum and back: single precision of the samples, double of the transform.
    expect(difference(vocals!, filtered(window))).toBeLessThan(rule === 'min' || rule === 'max' ? 1e-6 : 1e-12)
    await ensemble.dispose()
    expect(members.every(({ disposed }) => disposed)).toBe(true)
  })

  it('gives stems that sum to the song', async () => {
    const ensemble = await ensembleOf([separatorOf(gain(0.25)), separatorOf(filtered)], optionsOf(rule))
    expect(await sumsTo(noise(2, 1333), ensemble)).toEqual({ length: 1333, exact: true })
    await ensemble.dispose()
  })
})

describe('the rules', () => {
  const members = (...gains: number[]) => gains.map((by) => separatorOf(gain(by)))
  const window = windowOf(512)
  /** Of members that are gains, an ensemble is a gain. */
  const found = async (gains: readonly number[], options: Parameters<typeof ensembleOf>[1]) => {
    const ensemble = await ensembleOf(members(...gains), options)
    const { vocals } = await ensemble.predict(copyOf(window))
    await ensemble.dispose()
    return (by: number) => difference(vocals!, gain(by)(window))
  }

  // Gains and their means are exact in binary; spectra round in single precision.
  it('mean', async () => expect((await found([0.5, 0.25], {}))(0.375)).toBe(0))
  it('weighted mean', async () => expect((await found([0.5, 0.25, 9], { weights: [1, 3, 0] }))(0.3125)).toBe(0))
  it('median of an odd number', async () => expect((await found([0.5, 9, 0.25], { rule: 'median' }))(0.5)).toBe(0))
  it('median of an even number', async () => expect((await found([0.5, 9, 0.25, -9], { rule: 'median' }))(0.375)).toBe(0))
  it('min', async () => expect((await found([0.5, -0.25, 2], optionsOf('min')))(-0.25)).toBeLessThan(1e-6))
  it('max', async () => expect((await found([0.5, 0.25, -2], optionsOf('max')))(-2)).toBeLessThan(1e-6))

  it('min and max of two share out the two between them', async () => {
    const both = () => [separatorOf(filtered), separatorOf(gain(0.5))]
    const least = await ensembleOf(both(), optionsOf('min'))
    const most = await ensembleOf(both(), optionsOf('max'))
    const [a, b] = [(await least.predict(copyOf(window))).vocals!, (await most.predict(copyOf(window))).vocals!]
    const sum = a.map((samples, c) => samples.map((x, i) => x + b[c as 0 | 1][i]!)) as unknown as typeof a
    const expected = filtered(window).map((samples, c) => samples.map((x, i) => x + 0.5 * window[c as 0 | 1][i]!)) as unknown as typeof a
    expect(difference(sum, expected)).toBeLessThan(1e-6)
    expect(difference(a, b)).toBeGreaterThan(0.01)
    await least.dispose()
    await most.dispose()
  })
})

describe('members of other shapes', () => {
  const tone = (length: number, sampleRate: number) =>
    [440, 660].map((hertz) => Float32Array.from({ length }, (_, n) => 0.4 * Math.sin((2 * Math.PI * hertz * n) / sampleRate)))

  async function throughEnsemble(members: readonly Separator[], song: readonly Float32Array[], sampleRate: number) {
    const separator = await ensembleOf(members)
    const parts: (readonly (Float32Array | Float64Array)[])[] = []
    for await (const { stems } of separate(sourceOf(song, { sampleRate }), { separator, stems: ['vocals'] })) parts.push(stems.vocals!)
    await separator.dispose()
    return { separator, vocals: song.map((_, c) => Float64Array.from(parts.flatMap((part) => [...part[c]!]))) }
  }
  const worst = (a: readonly Float64Array[], b: readonly Float32Array[], skip = 0) =>
    Math.max(...a.flatMap((x, c) => Array.from(x, (v, i) => (i < skip || i >= x.length - skip ? 0 : Math.abs(v - b[c]![i]!)))))

  it('windows of other lengths at one rate: songs come back sample for sample', async () => {
    const song = noise(2, 5000)
    const sizes = [
      [512, 64],
      [2048, 100],
      [2000, 10],
    ]
    const { separator, vocals } = await throughEnsemble(
      sizes.map(([windowLength, margin]) => separatorOf(identity, { windowLength: windowLength!, margin: margin! })),
      song,
      44100,
    )
    // The shorter of the two that are about as long, and the widest margin.
    expect(separator).toMatchObject({ windowLength: 2000, margin: 100, sampleRate: 44100 })
    expect(worst(vocals, song)).toBeLessThan(1e-6) // weights that sum to one within some roundings
  })

  it('other rates: the highest counts, sound that all of them hold comes back', async () => {
    const song = tone(30000, 44100)
    const { separator, vocals } = await throughEnsemble(
      [
        separatorOf(identity, { sampleRate: 16000, windowLength: 4000, margin: 100 }),
        separatorOf(identity, { sampleRate: 44100, windowLength: 8192, margin: 500 }),
      ],
      song,
      44100,
    )
    expect(separator).toMatchObject({ sampleRate: 44100, windowLength: 11025, name: 'fake + fake' })
    expect(separator.margin).toBe(Math.ceil((100 / 16000 + 0.005) * 44100) > 500 ? Math.ceil((100 / 16000 + 0.005) * 44100) : 500)
    // Resampling there and back is flat within 0.01 dB (0.12 %) where it passes; the ends of the song are its onset.
    expect(worst(vocals, song, 600)).toBeLessThan(0.4 * 0.0012)
  })

  it('facts of the song reach each member, in windows of other lengths too', async () => {
    const loudest = (heard: readonly Float32Array[]) => Math.max(...heard.flatMap((samples) => Array.from(samples, Math.abs)))
    const song = noise(2, 5000).map((samples) => samples.map((x, i) => (i === 4321 ? 1 : 0.5 * x)))
    const source = sourceOf(song)
    const separator = await ensembleOf([
      listening(loudest, { windowLength: 512 }),
      listening((heard) => -loudest(heard), { windowLength: 2048 }),
      separatorOf(identity, { windowLength: 2048 }),
    ])
    const parts: (readonly (Float32Array | Float64Array)[])[] = []
    for await (const { stems } of separate({ ...source, reopen: async () => sourceOf(song) }, { separator, stems: ['vocals'] }))
      parts.push(stems.vocals!)
    const vocals = song.map((_, c) => Float64Array.from(parts.flatMap((part) => [...part[c]!])))
    // (1 − 1 + 1)/3 of the song.
    expect(
      worst(
        vocals,
        song.map((samples) => samples.map((x) => x / 3)),
      ),
    ).toBeLessThan(1e-6)
  })

  it('a window that comes without facts is the song', async () => {
    const first = ([left]: readonly Float32Array[]) => left![0]!
    const separator = await ensembleOf([listening(first, { windowLength: 512 }), separatorOf(gain(0), { windowLength: 2048 })])
    const window = windowOf(2048)
    const { vocals } = await separator.predict(copyOf(window))
    expect(difference(vocals!, gain(window[0][0]! / 2)(window))).toBeLessThan(1e-6)
  })
})

describe('what is refused', () => {
  const refused = async (members: readonly Separator[], options: Parameters<typeof ensembleOf>[1] = {}) => {
    const disposed = new Set<Separator>()
    const watched = members.map((member) => ({
      ...member,
      dispose: async () => {
        disposed.add(member)
      },
    }))
    const error = await ensembleOf(watched, options).catch((reason: unknown) => reason)
    expect(disposed.size).toBe(members.length)
    return (error as Error).message
  }
  const long = { windowLength: 2048 }
  const one = (options = {}) => separatorOf(identity, options)

  it('says why, and disposes of all', async () => {
    expect(await refused([])).toMatch('no members')
    expect(await refused([one(), one({ stems: ['drums'] })])).toMatch('no stem in common (fake: vocals; fake: drums)')
    expect(await refused([one(), one()], { weights: [1] })).toMatch('weights: 1; 2 members need as many')
    expect(await refused([one(), one()], { weights: [0, 0] })).toMatch('not all of them 0')
    expect(await refused([one(), one()], { rule: 'median', weights: [1, 1] })).toMatch('only means have weights')
    expect(await refused([one(), one()], { rule: 'min' })).toMatch('backend: none; the rule "min" compares spectra')
    expect(await refused([one(), one()], { rule: 'best' as 'min' })).toMatch('rule: "best"; allowed are mean, median, min, max')
    expect(await refused([one(), { ...one(), interchangeable: true }])).toMatch('have no order')
    expect(await refused([listening(() => 1, long), one({ ...long, sampleRate: 48000 })])).toMatch(/choose models of one rate/)
  })

  it('windows that are all margin together', async () => {
    const long = one({ sampleRate: 8000, windowLength: 512, margin: 250 })
    expect(await refused([long, one({ sampleRate: 44100, windowLength: 512, margin: 10 })])).toMatch('nothing in common but their margins')
  })
})
