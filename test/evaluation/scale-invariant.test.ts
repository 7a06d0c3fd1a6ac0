import { describe, expect, it } from 'vitest'
import { LIMIT_DB, scaleInvariantRatios, siSdr } from '../../src/evaluation/index.ts'
import golden from '../goldens/bss_eval.json' with { type: 'json' }
import { blend, pausing } from './signals.ts'

const references = pausing()
const estimates = blend(references)
const silence = references[0]!.map((x) => new Float64Array(x.length))

describe('the scale-invariant ratios', () => {
  it.each([0, 1])('3.43 SI-SDR, SI-SIR, SI-SAR and SD-SDR of source %i are those of a projection in numpy', (j) => {
    const made = scaleInvariantRatios(references, estimates[j]!, j)
    const [siSdrGolden, siSir, siSar, sdSdr] = golden['scale-invariant'][j]!
    // Goldens have ten digits.
    expect(made.siSdr).toBeCloseTo(siSdrGolden!, 7)
    expect(made.siSir).toBeCloseTo(siSir!, 7)
    expect(made.siSar).toBeCloseTo(siSar!, 7)
    expect(made.sdSdr).toBeCloseTo(sdSdr!, 7)
    expect(made.siSdr).toBeCloseTo(siSdr(references[j]!, estimates[j]!), 9)
  })

  it('3.43 noise of SI-SDR is that of SI-SIR and SI-SAR together', () => {
    const noise = (db: number) => 10 ** (-db / 10)
    const made = scaleInvariantRatios(references, estimates[0]!, 0)
    expect(noise(made.siSir) + noise(made.siSar)).toBeCloseTo(noise(made.siSdr), 12)
  })

  it('3.43 scale changes SD-SDR alone', () => {
    const plain = scaleInvariantRatios(references, estimates[0]!, 0)
    const louder = scaleInvariantRatios(
      references,
      estimates[0]!.map((x) => x.map((value) => 2 * value)),
      0,
    )
    for (const ratio of ['siSdr', 'siSir', 'siSar'] as const) expect(louder[ratio]).toBeCloseTo(plain[ratio], 9)
    expect(louder.sdSdr).toBeLessThan(plain.sdSdr - 1)
  })

  it('3.43 sources that say the same twice, and silent ones, change nothing', () => {
    const plain = scaleInvariantRatios(references, estimates[0]!, 0)
    const more = scaleInvariantRatios([...references, references[1]!, silence], estimates[0]!, 0)
    for (const ratio of ['siSdr', 'siSir', 'siSar', 'sdSdr'] as const) expect(more[ratio]).toBeCloseTo(plain[ratio], 9)
  })

  it('3.43 has values on silence: SI-SDR −100 dB, +100 for silence in place of silence; SI-SIR and SI-SAR are not defined', () => {
    const undefinedRatios = { siSir: Number.NaN, siSar: Number.NaN }
    expect(scaleInvariantRatios(references, silence, 0)).toEqual({ siSdr: -LIMIT_DB, sdSdr: -LIMIT_DB, ...undefinedRatios })
    expect(scaleInvariantRatios([silence, references[1]!], estimates[0]!, 0)).toEqual({
      siSdr: -LIMIT_DB,
      sdSdr: -LIMIT_DB,
      ...undefinedRatios,
    })
    expect(scaleInvariantRatios([silence], silence, 0)).toEqual({ siSdr: LIMIT_DB, sdSdr: LIMIT_DB, ...undefinedRatios })
    expect(scaleInvariantRatios(references, references[0]!, 0)).toMatchObject({ siSdr: LIMIT_DB, siSar: LIMIT_DB, sdSdr: LIMIT_DB })
  })

  it('3.43 bad arguments are named', () => {
    expect(() => scaleInvariantRatios(references, estimates[0]!, 2)).toThrow(/target 2; allowed are 0 to 1/)
    expect(() => scaleInvariantRatios(references, [estimates[0]![0]!], 0)).toThrow(/one shape/)
  })
})
