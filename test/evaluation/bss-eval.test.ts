import { describe, expect, it } from 'vitest'
import { type BssEval, bssEval } from '../../src/evaluation/index.ts'
import golden from '../goldens/bss_eval.json' with { type: 'json' }
import { blend, pausing, source, stereo, trio } from './signals.ts'

type Numbers = readonly (readonly (number | null)[])[]
const ratios = ['sdr', 'isr', 'sir', 'sar'] as const

/** Goldens have ten significant digits of values below 100 dB: 1e-6 dB is what the task asks for, and far above rounding. */
const digits = 6

function expectGolden(made: BssEval, expected: readonly Numbers[]): void {
  for (const [r, ratio] of ratios.entries()) {
    for (const [j, frames] of expected[r]!.entries()) {
      expect(made[ratio][j]).toHaveLength(frames.length)
      for (const [frame, value] of frames.entries()) {
        const what = `${ratio} of source ${j} in frame ${frame}`
        if (value === null) expect(made[ratio][j]![frame], what).toBeNaN()
        else expect(made[ratio][j]![frame], what).toBeCloseTo(value, digits)
      }
    }
  }
}

describe('bssEval against least squares in numpy', () => {
  const references = pausing()
  const estimates = blend(references)

  it('3.43 version 4: filters of the whole signal in every frame; a frame in which a source is silent has no ratios', async () => {
    expectGolden(await bssEval(references, estimates, { window: 1000, hop: 600 }), golden.v4)
    expectGolden(await bssEval(references, estimates, { window: 3900, hop: 3900 }), golden['v4 one frame'])
  })

  it('3.43 the whole signal is one frame, in both versions', async () => {
    expectGolden(await bssEval(references, estimates), golden.whole)
    expectGolden(await bssEval(references, estimates, { version: 3, window: 3900, hop: 3900 }), golden.whole)
    expectGolden(await bssEval(references, estimates, { window: 5000 }), golden.whole)
  })

  it('3.43 version 3: filters of their own for every frame', async () => {
    expectGolden(await bssEval(references, estimates, { version: 3, window: 1500, hop: 1000, filterLength: 100 }), golden.v3)
  })

  it('3.43 version 3, sources: what a filter can do is forgiven', async () => {
    const [mono, made] = [trio(), blend(trio())]
    expectGolden(await bssEval(mono, made, { kind: 'sources' }), golden.sources)
    const framewise = { version: 3, kind: 'sources', window: 1000, hop: 700, filterLength: 64 } as const
    expectGolden(await bssEval(mono, made, framewise), golden['v3 sources'])
  })

  it('3.43 permutations: each reference gets the estimate that makes the mean SIR highest', async () => {
    const [mono, made] = [trio(), blend(trio())]
    const shuffled = [made[2]!, made[0]!, made[1]!]
    const plain = await bssEval(mono, made, { kind: 'sources' })
    const permuted = await bssEval(mono, shuffled, { kind: 'sources', permute: true })
    expect(permuted.permutation).toEqual([[1, 2, 0]])
    expect(permuted.sdr).toEqual(plain.sdr)
    expect((await bssEval(mono, shuffled, { kind: 'sources' })).permutation).toEqual([[0, 1, 2]])
    // Version 3 chooses in each frame, and not where a source is silent; version 4 once for all.
    const frames = { window: 1000, hop: 600, permute: true, filterLength: 32 }
    const swapped = [estimates[1]!, estimates[0]!]
    const third = [1, 0]
    expect((await bssEval(references, swapped, { ...frames, version: 3 })).permutation).toEqual([
      third,
      third,
      undefined,
      third,
      third,
      third,
    ])
    expect((await bssEval(references, swapped, frames)).permutation).toEqual(Array(6).fill(third))
  })
})

describe('bssEval at the edges', () => {
  const references = [stereo(900, 0), stereo(900, 1)]
  const estimates = blend(references)
  const short = { filterLength: 16 }
  const silence = [new Float64Array(900), new Float64Array(900)]

  it('3.43 a source that is silent throughout is refused by name; a silent estimate too', async () => {
    await expect(bssEval([references[0]!, silence], estimates, short)).rejects.toThrow(
      /reference 1 is silent throughout.*leave this source out/,
    )
    await expect(bssEval(references, [silence, estimates[1]!], short)).rejects.toThrow(/estimate 0 is silent throughout/)
  })

  it('3.43 opposite channels are no silence, unlike in museval, which adds them up', async () => {
    const opposite = references.map(([x]) => [x!, x!.map((value) => -value)])
    const { sdr } = await bssEval(opposite, blend(opposite), short)
    expect(sdr.flat().every(Number.isFinite)).toBe(true)
  })

  it('3.43 equal channels, silent channels and a pure tone, whose equations are singular, give what their content gives', async () => {
    const mono = references.map(([x]) => [x!])
    const made = blend(mono)
    const one = await bssEval(mono, made, short)
    const ways = [
      (x: Float64Array) => [x, x],
      (x: Float64Array) => [new Float64Array(900), x],
      (x: Float64Array) => [x, x.map((v) => -3 * v)],
    ]
    for (const way of ways) {
      const spread = (signals: readonly Float64Array[][]) => signals.map(([x]) => way(x!))
      const two = await bssEval(spread(mono), spread(made), short)
      for (const ratio of ratios) for (const j of [0, 1]) expect(two[ratio][j]![0]).toBeCloseTo(one[ratio][j]![0]!, 9)
    }
    const tone = [Float64Array.from({ length: 900 }, (_, i) => Math.sin(0.3 * i))]
    const toned = await bssEval([tone, mono[1]!], blend([tone, mono[1]!]), short)
    expect(ratios.flatMap((ratio) => toned[ratio].flat()).every(Number.isFinite)).toBe(true)
  })

  it('3.43 one reference has no interference: SIR is infinite', async () => {
    const { sir, sar, sdr } = await bssEval([references[0]!], [estimates[0]!], short)
    expect(sir).toEqual([[Infinity]])
    expect(Number.isFinite(sar[0]![0])).toBe(true)
    expect(sdr[0]![0]).toBeGreaterThan(5)
  })

  it('3.43 a perfect estimate has an infinite SDR', async () => {
    const { sdr, sir } = await bssEval(references, references, short)
    expect(sdr).toEqual([[Infinity], [Infinity]])
    // Rounding in double precision lies 300 dB below.
    expect(Math.min(...sir.flat())).toBeGreaterThan(200)
  })

  it('3.43 filters longer than the signal, single samples and one tap are computed', async () => {
    const tiny = [[source(40, 0.3, 1)], [source(40, 0.5, 2)]]
    for (const filterLength of [1, 64]) {
      const { sdr } = await bssEval(tiny, blend(tiny), { filterLength, window: 10, hop: 3 })
      expect(sdr[0]).toHaveLength(11)
      expect(sdr.flat().every(Number.isFinite)).toBe(true)
    }
    const { sdr } = await bssEval([[Float64Array.of(1)]], [[Float64Array.of(0.5)]], { filterLength: 1 })
    expect(sdr[0]![0]).toBeCloseTo(10 * Math.log10(4), 9)
  })

  it('3.43 frames with a hop longer than the window, and segments shorter than the filters, agree with frames cut out by hand', async () => {
    const settings = { version: 3, filterLength: 40, window: 60, hop: 400 } as const
    const made = await bssEval(references, estimates, settings)
    expect(made.sdr[0]).toHaveLength(3)
    for (const [frame, start] of [0, 400, 800].entries()) {
      const cut = (signals: readonly Float64Array[][]) => signals.map((signal) => signal.map((x) => x.slice(start, start + 60)))
      const alone = await bssEval(cut(references), cut(estimates), { filterLength: 40 })
      for (const ratio of ratios) for (const j of [0, 1]) expect(made[ratio][j]![frame]).toBeCloseTo(alone[ratio][j]![0]!, 9)
    }
  })

  it('3.43 bad arguments are named', async () => {
    await expect(bssEval(references, estimates.slice(1), short)).rejects.toThrow(/2 references and 1 estimates/)
    await expect(bssEval(references, [estimates[0]!, [estimates[1]![0]!]], short)).rejects.toThrow(
      /estimate 1 has 1 channel\(s\) of 900 samples/,
    )
    await expect(bssEval([], [], short)).rejects.toThrow(/no reference/)
    await expect(bssEval([[new Float64Array(0)]], [[new Float64Array(0)]], short)).rejects.toThrow(/empty/)
    await expect(bssEval(references, estimates, { window: 0 })).rejects.toThrow(/window 0; allowed are whole numbers of samples ≥ 1/)
    await expect(bssEval(references, estimates, { window: 10, hop: 2.5 })).rejects.toThrow(/hop 2.5/)
    await expect(bssEval(references, estimates, { filterLength: 0 })).rejects.toThrow(/filterLength 0/)
    const broken = [references[0]!, [Float64Array.from(references[1]![0]!).fill(Number.NaN, 7, 8), references[1]![1]!]]
    await expect(bssEval(broken, estimates, short)).rejects.toThrow(/power of signal 2 is NaN/)
  })

  it('3.43 tells progress and can be stopped, also while it computes', async () => {
    const shares: number[] = []
    await bssEval(references, estimates, { ...short, window: 300, onProgress: (share) => shares.push(share) })
    expect(shares.at(-1)).toBe(1)
    expect(shares).toEqual([...shares].sort((a, b) => a - b))
    await expect(bssEval(references, estimates, { ...short, signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough')
    const long = [stereo(60_000, 0), stereo(60_000, 1)]
    const controller = new AbortController()
    const run = bssEval(long, long, { signal: controller.signal, window: 2000, version: 3 })
    setTimeout(() => controller.abort(new Error('stop')), 0)
    await expect(run).rejects.toThrow('stop')
  })
})
