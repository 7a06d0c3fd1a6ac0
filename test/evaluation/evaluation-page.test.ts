import { describe, expect, it } from 'vitest'
import { type Evaluation, evaluationJson, evaluationPage, evaluationTable, type FrameRatios } from '../../src/evaluation/index.ts'

const ratios = (sdr: number): FrameRatios => ({ sdr, siSdr: sdr - 1, sir: sdr + 10, sar: sdr + 2, isr: sdr + 5 })
const nothing: FrameRatios = { sdr: Number.NaN, siSdr: Number.NaN, sir: Number.NaN, sar: Number.NaN, isr: Number.NaN }
const frames = [...[5, 6, -3.456, 4].map(ratios), nothing, ...[7, 8, 1].map(ratios)]
const rest = { siSir: 1, siSar: 2, sdSdr: 3 }

const evaluation: Evaluation = {
  version: 4,
  kind: 'images',
  sampleRate: 44100,
  seconds: 8.5,
  window: 1,
  hop: 1,
  references: ['vo<b>cals', 'bass'],
  sets: [
    { name: 'estimate', stems: [{ stem: 'vo<b>cals', global: { ...ratios(4.5), ...rest, sdr: Infinity }, median: ratios(5), frames }] },
    {
      name: 'mixture',
      stems: [
        {
          stem: 'vo<b>cals',
          global: { ...ratios(-2), ...rest },
          median: { ...ratios(-1), sir: Number.NaN },
          frames: frames.map(() => ratios(-2)),
        },
      ],
    },
  ],
  notes: ['bass: silent & "quoted"'],
}

describe('the page of an evaluation', () => {
  const page = evaluationPage(evaluation, 'est & ref')

  it('3.43 needs nothing else, is light or dark, and shows names as text', () => {
    expect(page).not.toMatch(/<script|<link|src=|url\((?!#)|https?:/)
    expect(page).toContain('prefers-color-scheme: dark')
    expect(page).toContain('<title>est &amp; ref</title>')
    expect(page).toContain('<h2>vo&lt;b&gt;cals</h2>')
    expect(page).not.toContain('vo<b>')
    expect(page).toContain('bass: silent &amp; &quot;quoted&quot;')
    expect(page).not.toContain('<h2>bass</h2>')
    expect(page).toContain('BSS Eval v4. 0:08.5 at 44100 Hz, 8 frames of 1 s every 1 s.')
  })

  it('3.43 draws curves with axes, and gaps where there is no number', () => {
    const [first, second] = page.match(/<svg[\s\S]*?<\/svg>/g)!
    expect(first).toContain('aria-label="Ratios of vo&lt;b&gt;cals over time"')
    expect(first!.match(/class="line line\d"/g)).toHaveLength(5)
    const paths = [...first!.matchAll(/<path class="line line0" d="([^"]+)"/g)].map(([, d]) => d!)
    // Two stretches: before and after the silent frame; eight frames less one are seven points.
    expect(paths[0]!.match(/M/g)).toHaveLength(2)
    expect(paths[0]!.match(/L/g)).toHaveLength(5)
    expect(page).not.toContain('NaN')
    expect(page).not.toContain('undefined')
    // Seconds along, decibels up, the line of 0 dB.
    expect(first).toContain('>0:05</text>')
    expect(first).toContain('class="zero"')
    expect(second).toContain('SDR of vo&lt;b&gt;cals beside the baselines')
  })

  it('3.43 lists the worst passages first, each once, however frames overlap', () => {
    const passages = (html: string) =>
      [...html.slice(html.indexOf('Worst passages')).matchAll(/<tr><td>([^<]+)<\/td><td>([^<]+)/g)].map(
        ([, place, sdr]) => `${place} ${sdr}`,
      )
    expect(passages(page)).toEqual([
      '0:02 – 0:03 −3.46',
      '0:07 – 0:08 1.00',
      '0:03 – 0:04 4.00',
      '0:00 – 0:01 5.00',
      '0:01 – 0:02 6.00',
      'median of all frames 5.00',
    ])
    const overlapping = evaluationPage({ ...evaluation, hop: 0.5 }, 'x')
    expect(passages(overlapping).slice(0, 3)).toEqual(['0:01 – 0:02 −3.46', '0:03.5 – 0:04.5 1.00', '0:00 – 0:01 5.00'])
  })

  it('3.43 is made of one frame and of none with numbers, too', () => {
    const one = {
      ...evaluation,
      sets: evaluation.sets.map((set) => ({ ...set, stems: set.stems.map((stem) => ({ ...stem, frames: frames.slice(0, 1) })) })),
    }
    expect(evaluationPage(one, 'x')).not.toContain('<svg')
    const silent = {
      ...evaluation,
      sets: evaluation.sets.map((set) => ({ ...set, stems: set.stems.map((stem) => ({ ...stem, frames: [nothing, nothing] })) })),
    }
    expect(evaluationPage(silent, 'x')).toContain('No frame has ratios.')
  })
})

describe('the table and the JSON of an evaluation', () => {
  it('3.43 align median and whole, with signs for what is infinite or not defined', () => {
    expect(evaluationTable(evaluation).split('\n')).toEqual([
      'stem       what                          SDR         SI-SDR            SIR          SAR           ISR',
      'vo<b>cals  estimate                 5.00 / ∞    4.00 / 3.50  15.00 / 14.50  7.00 / 6.50  10.00 / 9.50',
      'vo<b>cals  the mixture itself  −1.00 / −2.00  −2.00 / −3.00       – / 8.00  1.00 / 0.00   4.00 / 3.00',
      'dB: median of 8 frames of 1 s every 1 s / whole signal',
    ])
  })

  it('3.43 are valid JSON, null where a ratio is not defined', () => {
    const parsed = JSON.parse(evaluationJson(evaluation)) as Evaluation
    expect(parsed).toMatchObject({ version: 4, window: 1, references: evaluation.references, notes: evaluation.notes })
    const { global, frames: read } = parsed.sets[0]!.stems[0]!
    expect(global).toMatchObject({ sdr: 'Infinity', siSdr: 3.5, sdSdr: 3 })
    expect(read[4]).toEqual({ sdr: null, siSdr: null, sir: null, sar: null, isr: null })
    expect(read[2]!.sdr).toBe(-3.456)
  })
})
