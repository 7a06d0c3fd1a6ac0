/** What a run's folder tells: curves that stay small, a log in which no step stands twice, pages that carry everything. */
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { heatMap } from '../../src/report/index.ts'
import { pngInside } from '../../src/report/png.ts'
import type { Excerpt } from '../../src/tasks/index.ts'
import { compareRuns, comparisonPage, comparisonText, type Recipe, readRuns, recipeSchema } from '../../src/training/index.ts'
import { trimLog } from '../../src/training/report/log.node.ts'
import { readRecord } from '../../src/training/report/record.node.ts'
import { openRecorder, type Recorder, type RecorderOptions } from '../../src/training/report/recorder.node.ts'
import { onlyEstimates, showJudgement } from '../../src/training/report/shown.ts'
import { createThinned } from '../../src/training/report/thinned.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'divisi-report-'))
})
/** Runs that a test killed, or left running: their files are closed behind it. */
const leftOpen: Recorder[] = []
afterEach(async () => {
  for (const recorder of leftOpen.splice(0)) await recorder.close('failed')
  await rm(folder, { recursive: true, force: true })
})

describe('createThinned', () => {
  it('keeps sums and extremes whatever it groups, in bounded memory', () => {
    const thinned = createThinned(100)
    const values = Array.from({ length: 12_345 }, (_, i) => Math.sin(i) + i / 5000)
    for (const [i, value] of values.entries()) thinned.add(i + 1, i === 7 ? Number.NaN : value)
    const { x, mean, low, high } = thinned.curve()
    expect(x.length).toBeGreaterThan(50)
    expect(x.length).toBeLessThanOrEqual(100)
    expect(thinned.count).toBe(12_344)
    expect(Math.max(...high)).toBe(Math.max(...values))
    expect(Math.min(...low)).toBe(Math.min(...values))
    for (const [i, value] of mean.entries()) expect(value > low[i]! && value < high[i]!).toBe(true)
    for (const [i, place] of x.entries()) if (i > 0) expect(place).toBeGreaterThan(x[i - 1]!)
    // Whole groups are equally wide: a power of two of steps.
    expect(Math.log2(x[2]! - x[1]!) % 1).toBe(0)
    expect(thinned.last).toBe(values.at(-1))
  })
})

describe('trimLog', () => {
  const steps = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => `{"step":${from + i},"loss":1}\n`).join('')
  const log = () => join(folder, 'log.jsonl')

  it('takes out what comes after the checkpoint, and a line that a kill cut', async () => {
    await writeFile(log(), `${steps(1, 4)}{"validation":{"step":4,"a":1},"best":true}\n${steps(5, 6)}{"step":7,"lo`)
    expect(await trimLog(log(), 4)).toBe(3)
    expect(await readFile(log(), 'utf8')).toBe(`${steps(1, 4)}{"validation":{"step":4,"a":1},"best":true}\n`)
    expect(await trimLog(log(), 4)).toBe(0)
  })

  it('ends a whole last line that has no end, so that the next one begins anew', async () => {
    await writeFile(log(), steps(1, 2).trimEnd())
    expect(await trimLog(log(), 2)).toBe(0)
    expect(await readFile(log(), 'utf8')).toBe(steps(1, 2))
  })

  it('puts logs in order in which steps were repeated, and lines were cut in the middle', async () => {
    await writeFile(log(), `${steps(1, 3)}{"step":4,"l${steps(3, 5)}not json\nnull\n${steps(6, 6)}`)
    expect(await trimLog(log(), 100)).toBe(3)
    expect(await readFile(log(), 'utf8')).toBe(steps(1, 3) + steps(4, 6))
    expect(await trimLog(join(folder, 'none.jsonl'), 3)).toBe(0)
  })
})

const sound = (name: string, seconds: number, estimated: boolean): Excerpt => ({
  name,
  title: `${name} <of> a song`,
  estimated,
  channels: [0, 1].map((channel) => Float32Array.from({ length: 44_100 * seconds }, (_, n) => 1.5 * Math.sin(0.05 * n + channel))),
  sampleRate: 44_100,
})
const picture = (title: string) =>
  heatMap({
    title,
    rows: Array.from({ length: 60 }, (_, i) => Float32Array.from({ length: 60 }, (_, j) => i * j)),
    x: { label: 'x' },
    y: { label: 'y' },
    value: { label: 'v' },
  })

describe('showJudgement', () => {
  it('carries sounds as small WAV files, all of them within one budget, without clipping', () => {
    const shown = showJudgement(5, { scores: { a: 1 }, sounds: Array.from({ length: 20 }, (_, i) => sound(`s${i}`, 4, i % 2 === 0)) })
    expect(shown.wavs.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(1_210_000)
    for (const [i, { url, sampleRate, samples }] of shown.sounds.entries()) {
      expect(sampleRate).toBe(22_050)
      const wav = Buffer.from(url.slice('data:audio/wav;base64,'.length), 'base64')
      expect(wav.equals(shown.wavs[i]!)).toBe(true)
      expect(wav.toString('latin1', 0, 4) + wav.toString('latin1', 8, 12)).toBe('RIFFWAVE')
      expect(wav.length).toBeGreaterThan(2 * samples)
      const pcm = Array.from({ length: samples }, (_, n) => wav.readInt16LE(wav.length - 2 * samples + 2 * n))
      // 1.5 turned down to 1, not cut off: the top is touched about once per period of 63 samples, of which two are near it.
      expect(pcm.filter((value) => value >= 32_700).length / samples).toBeLessThan(0.1)
    }
    expect(onlyEstimates(shown).sounds.map(({ name }) => name)).toEqual(shown.sounds.flatMap(({ name }, i) => (i % 2 === 0 ? [name] : [])))
  })

  it('finds the picture of bytes in a picture of many cells', () => {
    const image = pngInside(picture('cells'))!
    expect({ width: image.width, height: image.height }).toEqual({ width: 60, height: 60 })
    expect(Array.from(image.png.subarray(0, 4))).toEqual([0x89, 0x50, 0x4e, 0x47])
    expect(pngInside('<svg></svg>')).toBeUndefined()
  })
})

const recipe = (more: object = {}) =>
  recipeSchema.parse({
    name: 'tiny',
    task: 'images',
    model: { architecture: 'lenet' },
    data: { source: 'shapes' },
    training: { steps: 20, batchSize: 2, learningRate: 0.01, warmup: 0, validateEvery: 5, ...more },
  }) as Recipe

const begin = (name: string, options: Partial<RecorderOptions> = {}): Promise<Recorder> =>
  openRecorder({
    runFolder: join(folder, name),
    recipe: recipe(),
    written: 'name: tiny # <as written>',
    task: { scores: [{ name: 'accuracy', label: 'accuracy', unit: '%' }], identity: { version: 3, files: ['a', 'b'] } },
    parameters: 1234,
    identity: 'abc',
    device: 'a device',
    notes: [],
    ...options,
  })

const train = async (recorder: Recorder, from: number, to: number, quality = 1) => {
  for (let step = from; step <= to; step++) {
    await recorder.step({ step, loss: 2 / step / quality, norm: 1, learningRate: 0.01, accepted: step !== 3, ms: 10, waited: 1 })
    const judgement = {
      scores: { accuracy: (0.04 * step * quality) / 2 },
      pictures: { cells: picture('Cells') },
      sounds: [sound('cells', 1, true)],
    }
    if (step % 5 === 0) await recorder.validation(step, judgement, true, 0.5)
  }
}

describe('openRecorder', () => {
  it('writes a page that needs nothing else, and says what was, with nothing of it taken for markup', async () => {
    await mkdir(join(folder, 'run'))
    const recorder = await begin('run')
    await train(recorder, 1, 20)
    await recorder.close('finished')
    const html = await readFile(join(folder, 'run', 'report.html'), 'utf8')
    expect(html).toMatch(/^<!doctype html>/)
    expect(html.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|<link|src="(?!data:)|@import/)
    for (const words of [
      'finished',
      'Accuracy on held-out examples',
      'name: tiny # &lt;as written&gt;',
      'validateEvery: 5',
      'a device',
      process.versions.node,
    ])
      expect(html, words).toContain(words)
    expect(html).toContain('1 step was refused, as loss or gradients were not finite: 3')
    expect(html).toContain('cells &lt;of&gt; a song, first validation: step 5')
    expect(html.match(/<audio controls/g)).toHaveLength(2)
    expect(html).not.toContain('id="refresh"')
    const { facts } = await readRecord(join(folder, 'run'))
    expect(facts!.sessions).toMatchObject([{ state: 'finished', from: 0, to: 20, device: 'a device' }])
    expect(facts!.data.parts).toEqual({ version: '3', files: '2 entries' })
  })

  it('goes on after a kill: no step twice, the same curves as without it, a process more', async () => {
    for (const name of ['whole', 'cut']) await mkdir(join(folder, name))
    const whole = await begin('whole')
    await train(whole, 1, 20)
    await whole.close('finished')
    // Killed after step 12, with a line half written; the last checkpoint was at step 8.
    const killed = await begin('cut')
    leftOpen.push(killed)
    await train(killed, 1, 12)
    await appendFile(join(folder, 'cut', 'log.jsonl'), '{"step":13,"los')
    await writeFile(join(folder, 'cut', 'model.safetensors.4194999.tmp'), 'half')
    const html = await readFile(join(folder, 'cut', 'report.html'), 'utf8')
    expect(html).toContain('id="refresh"')
    const resumed = await begin('cut', { from: 8, notes: ['other learning rates'] })
    await train(resumed, 9, 20)
    await resumed.close('finished')
    const lines = (await readFile(join(folder, 'cut', 'log.jsonl'), 'utf8')).trimEnd().split('\n')
    const entries = lines.map((line) => JSON.parse(line) as { step?: number; validation?: { step: number }; note?: string })
    expect(entries.flatMap(({ step }) => step ?? [])).toEqual(Array.from({ length: 20 }, (_, i) => i + 1))
    expect(entries.flatMap(({ validation }) => validation?.step ?? [])).toEqual([5, 10, 15, 20])
    expect(entries.flatMap(({ note }) => note ?? [])).toEqual([
      'goes on after step 8',
      '6 lines of the log came after the checkpoint, or were cut, and were taken out',
      'other learning rates',
    ])
    const [a, b] = [await readRecord(join(folder, 'whole')), await readRecord(join(folder, 'cut'))]
    for (const [name, curve] of a.curves) expect(b.curves.get(name)!.curve(), name).toEqual(curve.curve())
    expect(b.facts!.sessions.map(({ state, from, to }) => [state, from, to])).toEqual([
      ['running', 0, 10],
      ['finished', 8, 20],
    ])
    await expect(readFile(join(folder, 'cut', 'model.safetensors.4194999.tmp'))).rejects.toThrow()
    // Judged once more at its end, a finished run says nothing twice.
    const again = await begin('cut', { from: 20 })
    await again.validation(20, { scores: { accuracy: 0.4 } }, false, 1)
    await again.close('finished')
    expect((await readRecord(join(folder, 'cut'))).validations).toHaveLength(4)
  })
})

describe('pages of stages', () => {
  it('show one stage after the other, those to come too, and the examples of the latest', async () => {
    const stages = ['1-masked', '2-supervised', '3-adversarial'].map((name) => ({ folder: name, steps: 20 }))
    const whole = { name: 'staged', runFolder: folder, stages }
    for (const stage of ['1-masked', '2-supervised']) {
      await mkdir(join(folder, stage))
      const recorder = await begin(stage, { whole })
      await train(recorder, 1, stage === '1-masked' ? 20 : 6)
      if (stage === '1-masked') await recorder.close('finished')
      else leftOpen.push(recorder)
    }
    const html = await readFile(join(folder, 'report.html'), 'utf8')
    const headings = Array.from(html.matchAll(/<h2 id="([^"]+)">([^<]*)(?:<span class="state (\w+)")?/g), ([, id, , state]) => [id, state])
    expect(headings).toEqual([
      ['1-masked', 'finished'],
      ['2-supervised', 'running'],
      ['examples', undefined],
      ['3-adversarial', undefined],
      ['recipe', undefined],
      ['processes', undefined],
    ])
    expect(html).toContain('<a href="2-supervised/report.html">')
    expect(html).toContain('Has not begun.')
    expect(html).toContain('max="60"')
    expect(html.match(/<audio controls/g)).toHaveLength(1)
    const runs = await readRuns([folder])
    expect(runs.map(({ name }) => name)).toEqual(['1-masked', '2-supervised'])
  })
})

describe('compareRuns', () => {
  it('tells what each run reached, sums up seeds, and finds where recipes differ', async () => {
    const plan = [
      ['a-1', { seed: 1 }, 1],
      ['a-2', { seed: 2 }, 1.5],
      ['b', { seed: 1, learningRate: 0.1 }, 2],
    ] as const
    for (const [name, training, quality] of plan) {
      await mkdir(join(folder, 'all', name), { recursive: true })
      const recorder = await begin(join('all', name), { recipe: recipe(training) })
      await train(recorder, 1, 20, quality)
      await recorder.close('finished')
    }
    const runs = await readRuns([join(folder, 'all')])
    const comparison = compareRuns(runs)
    expect(comparison.runs.map(({ name, scores, seed }) => [name, scores.accuracy!.best, scores.accuracy!.at, seed])).toEqual([
      ['a-1', 0.4, 20, 1],
      ['a-2', expect.closeTo(0.6, 12), 20, 2],
      ['b', 0.8, 20, 1],
    ])
    // Of two values the deviation is half their distance times √2.
    expect(comparison.groups).toEqual([
      { runs: ['a-1', 'a-2'], scores: { accuracy: { mean: expect.closeTo(0.5, 12), deviation: expect.closeTo(0.1 * Math.SQRT2, 12) } } },
    ])
    expect(comparison.differences).toEqual({ 'training.seed': [1, 2, 1], 'training.learningRate': [0.01, 0.01, 0.1] })
    expect(comparisonText(comparison)).toMatch(/^b +finished +20 of 20 +1,234 +[\d.]+ +80\.0 % /m)
    const html = comparisonPage(comparison, runs, ({ name }) => `${name}/report.html`)
    expect(html).toContain('<a href="a-2/report.html">a-2</a>')
    expect(html).toContain('50.0 ± 14.1 %')
    expect(html).toContain('<code>training.learningRate</code>')
    await expect(readRuns([join(folder, 'nothing')])).rejects.toThrow(/nothing: there is no such folder/)
    await mkdir(join(folder, 'empty'))
    await expect(readRuns([join(folder, 'empty')])).rejects.toThrow(/empty: no run is in it/)
  })
})
