import { describe, expect, it } from 'vitest'
import {
  bssEval,
  type Evaluation,
  evaluateStems,
  type FrameRatios,
  type MixedMaterial,
  oracleMasks,
  scaleInvariantRatios,
  siSdr,
} from '../../src/evaluation/index.ts'
import { blend, pausing, stereo } from './signals.ts'

type Signals = readonly Float64Array[][]

/** Signals in blocks of a length that fits nothing. */
function material(references: Signals, estimates: Signals, blockLength = 333): MixedMaterial {
  const length = references[0]![0]!.length
  return {
    references: references.length,
    estimates: estimates.length,
    channels: references[0]!.length,
    expectedLength: length,
    async *blocks() {
      for (let from = 0; from < length; from += blockLength) {
        const cut = (signals: Signals) => signals.map((signal) => signal.map((x) => x.subarray(from, from + blockLength)))
        yield { references: cut(references), estimates: cut(estimates) }
      }
    },
  }
}

const references = pausing()
const estimates = blend(references)
/** 1000 Hz, so that seconds are easy. */
const song = { sampleRate: 1000, stems: ['voice', 'band'], estimated: [0, 1] }
const stemOf = (evaluation: Evaluation, set: string, stem: string) =>
  evaluation.sets.find(({ name }) => name === set)!.stems.find((candidate) => candidate.stem === stem)!
const silence = () => [new Float64Array(4000), new Float64Array(4000)]

describe('evaluateStems', () => {
  it('3.43 streams what bssEval computes at once, with medians over the frames that have numbers', async () => {
    const made = await evaluateStems(material(references, estimates), { ...song, hop: 0.6 })
    const frames = await bssEval(references, estimates, { window: 1000, hop: 600 })
    const whole = await bssEval(references, estimates)
    expect(made).toMatchObject({ version: 4, kind: 'images', seconds: 4, window: 1, hop: 0.6, references: ['voice', 'band'], notes: [] })
    for (const [j, stem] of song.stems.entries()) {
      const scores = stemOf(made, 'estimate', stem)
      for (const ratio of ['sdr', 'isr', 'sir', 'sar'] as const) {
        // Other segments, other rounding.
        expect(scores.global[ratio]).toBeCloseTo(whole[ratio][j]![0]!, 8)
        for (const [frame, value] of frames[ratio][j]!.entries()) {
          if (Number.isNaN(value)) expect(scores.frames[frame]![ratio]).toBeNaN()
          else expect(scores.frames[frame]![ratio]).toBeCloseTo(value, 8)
        }
        const sorted = frames[ratio][j]!.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b)
        expect(sorted).toHaveLength(5)
        expect(scores.median[ratio]).toBeCloseTo(sorted[2]!, 8)
      }
      expect(scores.global).toMatchObject({ siSdr: expect.closeTo(siSdr(references[j]!, estimates[j]!), 8) })
      const { siSir, siSar, sdSdr } = scaleInvariantRatios(references, estimates[j]!, j)
      expect(scores.global).toMatchObject({
        siSir: expect.closeTo(siSir, 8),
        siSar: expect.closeTo(siSar, 8),
        sdSdr: expect.closeTo(sdSdr, 8),
      })
      const part = (x: Float64Array) => x.subarray(600, 1600)
      if (j === 0) expect(scores.frames[1]!.siSdr).toBeCloseTo(siSdr(references[0]!.map(part), estimates[0]!.map(part)), 8)
    }
  })

  it('3.43 version 3 has filters for every frame, half a window apart by default', async () => {
    const made = await evaluateStems(material(references, estimates), { ...song, version: 3, window: 1.5 })
    expect(made).toMatchObject({ version: 3, window: 1.5, hop: 0.75 })
    const frames = await bssEval(references, estimates, { version: 3, window: 1500, hop: 750 })
    expect(stemOf(made, 'estimate', 'voice').frames.map(({ sir }) => sir)).toEqual(frames.sir[0]!.map((sir) => expect.closeTo(sir, 8)))
    const whole = await bssEval(references, estimates)
    expect(stemOf(made, 'estimate', 'voice').global.sir).toBeCloseTo(whole.sir[0]![0]!, 8)
    const sources = await evaluateStems(material(references, estimates), { ...song, version: 3, kind: 'sources' })
    // A song shorter than the window is one frame.
    expect(sources).toMatchObject({ kind: 'sources', window: 4, hop: 4 })
    expect(stemOf(sources, 'estimate', 'band').frames).toHaveLength(1)
    expect(stemOf(sources, 'estimate', 'band').global.isr).toBeNaN()
  })

  it('3.43 baselines: the mixture for every stem, and ideal masks', async () => {
    const made = await evaluateStems(material(references, estimates), { ...song, baselines: ['mixture', 'ratio-mask', 'binary-mask'] })
    expect(made.sets.map(({ name }) => name)).toEqual(['estimate', 'mixture', 'ratio-mask', 'binary-mask'])
    const mixture = references[0]!.map((x, c) => x.map((value, i) => value + references[1]![c]![i]!))
    const expected = [
      await bssEval(references, [mixture, mixture]),
      await bssEval(references, oracleMasks(references, 'ratio')),
      await bssEval(references, oracleMasks(references, 'binary')),
    ]
    for (const [n, set] of ['mixture', 'ratio-mask', 'binary-mask'].entries()) {
      for (const [j, stem] of song.stems.entries()) {
        const { sdr, sir, isr } = stemOf(made, set, stem).global
        // Masks are stored in single precision.
        expect(sdr).toBeCloseTo(expected[n]!.sdr[j]![0]!, 5)
        expect(sir).toBeCloseTo(expected[n]!.sir[j]![0]!, 5)
        expect(isr).toBeCloseTo(expected[n]!.isr[j]![0]!, 5)
      }
    }
    const alone = await evaluateStems(material(references, estimates), song)
    expect(alone.sets[0]).toEqual(made.sets[0])
  })

  it('3.43 a mixture of its own goes into the baselines', async () => {
    const given = { ...material(references, estimates), blocks: () => withMixture() }
    async function* withMixture() {
      yield { references, estimates, mixture: references[0]! }
    }
    const made = await evaluateStems(given, { ...song, baselines: ['mixture'] })
    expect(stemOf(made, 'mixture', 'voice').global.sdr).toBe(Infinity)
  })

  it('3.43 stems without an estimate count as interference', async () => {
    const made = await evaluateStems(material(references, [estimates[1]!]), { ...song, estimated: [1] })
    const both = await evaluateStems(material(references, estimates), song)
    expect(made.sets[0]!.stems.map(({ stem }) => stem)).toEqual(['band'])
    expect(stemOf(made, 'estimate', 'band').global.sir).toBeCloseTo(stemOf(both, 'estimate', 'band').global.sir, 8)
  })

  it('3.43 a reference that is silent throughout has no ratios, and takes none from the others', async () => {
    const three = { ...song, stems: ['voice', 'band', 'choir'], estimated: [0, 1, 2] }
    const noisy = stereo(4000, 5)
    const made = await evaluateStems(material([...references, silence()], [...estimates, noisy]), three)
    const two = await evaluateStems(material(references, estimates), song)
    expect(made.notes).toEqual(['choir: the reference is silent throughout; no ratio is defined'])
    const choir = stemOf(made, 'estimate', 'choir')
    for (const ratios of [choir.global, choir.median, ...choir.frames]) expect(Object.values(ratios).every(Number.isNaN)).toBe(true)
    const close = (ratios: FrameRatios) =>
      Object.fromEntries(Object.entries(ratios).map(([name, value]) => [name, expect.closeTo(value, 8)]))
    for (const stem of song.stems) expect(stemOf(made, 'estimate', stem).median).toEqual(close(stemOf(two, 'estimate', stem).median))
  })

  it('3.43 a silent estimate of a sound: SDR and ISR 0 dB, SI-SDR −100 dB, no SIR and no SAR', async () => {
    const made = await evaluateStems(material(references, [estimates[0]!, silence()]), song)
    expect(made.notes).toEqual(['band: the estimate is silent throughout; it has no SIR and no SAR'])
    expect(stemOf(made, 'estimate', 'band').global).toEqual({
      sdr: 0,
      isr: 0,
      sir: Number.NaN,
      sar: Number.NaN,
      siSdr: -100,
      siSir: Number.NaN,
      siSar: Number.NaN,
      sdSdr: -100,
    })
    const both = await evaluateStems(material(references, estimates), song)
    expect(stemOf(made, 'estimate', 'voice').global.sir).toBeCloseTo(stemOf(both, 'estimate', 'voice').global.sir, 8)
  })

  it('3.43 one stem alone has no SIR', async () => {
    const made = await evaluateStems(material([references[0]!], [estimates[0]!]), { ...song, stems: ['voice'], estimated: [0] })
    const { sir, sdr } = stemOf(made, 'estimate', 'voice').median
    expect(sir).toBeNaN()
    expect(sdr).toBeGreaterThan(5)
    expect(made.notes).toEqual(['SIR: with one reference there is nothing to interfere'])
  })

  it('3.43 tells progress that only grows, can be stopped, and refuses empty sound and frames without samples', async () => {
    const shares: number[] = []
    for (const version of [3, 4] as const) {
      shares.length = 0
      await evaluateStems(material(references, estimates), { ...song, version, window: 1, onProgress: (share) => shares.push(share) })
      expect(shares.length).toBeGreaterThan(3)
      expect(shares).toEqual([...shares].sort((a, b) => a - b))
      expect(shares.at(-1)).toBe(1)
    }
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(evaluateStems(material(references, estimates), { ...song, signal })).rejects.toThrow('enough')
    const empty = [[new Float64Array(0)], [new Float64Array(0)]]
    await expect(evaluateStems(material(empty, empty), song)).rejects.toThrow(/signals are empty/)
    await expect(evaluateStems(material(references, estimates), { ...song, window: 1e-9 })).rejects.toThrow(/window 0; allowed/)
  })
})
