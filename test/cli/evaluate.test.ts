/** `divisi evaluate` on files: what it prints, writes and refuses. */
import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createWavWriter } from '../../src/audio/index.ts'
import { UsageError } from '../../src/cli/errors.ts'
import { type EvaluateFlags, runEvaluate } from '../../src/cli/evaluate.ts'
import type { Evaluation } from '../../src/evaluation/index.ts'
import { blend, stereo } from '../evaluation/signals.ts'

let folder: string
const at = (...path: string[]): string => join(folder, ...path)
const rate = 1000

async function write(path: string, channels: readonly Float64Array[], sampleRate = rate): Promise<void> {
  await mkdir(at(path, '..'), { recursive: true })
  const writer = await createWavWriter(at(path), { sampleRate, channels: channels.length, sampleFormat: { kind: 'float', bits: 32 } })
  await writer.write(channels.map((x) => Float32Array.from(x)))
  await writer.finish()
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'divisi-evaluate-'))
  const stems = [stereo(3500, 0), stereo(3500, 1)]
  const [voice, band] = blend(stems)
  await write('ref/vocals.wav', stems[0]!)
  await write('ref/accompaniment.wav', stems[1]!)
  await write('est/song.vocals.wav', voice!)
  await write('est/song.instrumental.wav', band!)
  await write(
    'short/vocals.wav',
    voice!.map((x) => x.subarray(0, 3000)),
  )
  await write('fast/vocals.wav', voice!, 2000)
})
afterAll(() => rm(folder, { recursive: true }))

async function run(reference: string, estimate: string, flags: Partial<EvaluateFlags> = {}, signal = new AbortController().signal) {
  const [out, err]: [string[], string[]] = [[], []]
  const context = { stdout: { write: (text: string) => out.push(text) }, stderr: { write: (text: string) => err.push(text) }, signal }
  const code = await runEvaluate(at(reference), at(estimate), { bss: 'v4', ...flags }, context)
  return { code, stdout: out.join(''), stderr: err.join('') }
}

describe('divisi evaluate', () => {
  it('3.43 prints a table of stems and baselines, and writes JSON and a page', async () => {
    const files = { json: at('scores.json'), html: at('scores.html') }
    const { code, stdout, stderr } = await run('ref', 'est', { ...files, baselines: ['mixture', 'ratio-mask'] })
    expect(code).toBe(0)
    expect(stderr).toBe('')
    const lines = stdout.trim().split('\n')
    expect(lines[0]).toMatch(/^stem +what +SDR +SI-SDR +SIR +SAR +ISR$/)
    expect(lines.slice(1, 7).map((line) => line.split(/ {2,}/).slice(0, 2))).toEqual([
      ['accompaniment', 'estimate'],
      ['accompaniment', 'the mixture itself'],
      ['accompaniment', 'ideal ratio mask'],
      ['vocals', 'estimate'],
      ['vocals', 'the mixture itself'],
      ['vocals', 'ideal ratio mask'],
    ])
    expect(lines[7]).toBe('dB: median of 3 frames of 1 s every 1 s / whole signal')
    const scores = JSON.parse(await readFile(files.json, 'utf8')) as Evaluation
    const vocals = scores.sets[0]!.stems.find(({ stem }) => stem === 'vocals')!
    expect(vocals.frames).toHaveLength(3)
    expect(lines[4]).toContain(`${vocals.median.sdr.toFixed(2)} / ${vocals.global.sdr.toFixed(2)}`)
    expect(await readFile(files.html, 'utf8')).toContain('<title>est against ref</title>')
    expect((await readdir(folder)).filter((name) => name.endsWith('.partial'))).toEqual([])
  })

  it('3.43 measures file against file, other windows and versions', async () => {
    const { stdout, stderr } = await run('ref/vocals.wav', 'est/song.vocals.wav', { window: 0.5, hop: 0.25 })
    expect(stdout).toMatch(/^vocals +estimate +\d+\.\d\d \/ \d+\.\d\d .* – \/ – /m)
    expect(stdout).toContain('median of 13 frames of 0.5 s every 0.25 s')
    expect(stderr).toContain('note: SIR: with one reference there is nothing to interfere')
    const v3 = await run('ref', 'est', { bss: 'v3', window: 2 })
    expect(v3.stdout).toContain('median of 2 frames of 2 s every 1 s')
    const sources = await run('ref', 'est', { bss: 'v3-sources' })
    expect(sources.stdout).toMatch(/^stem +what +SDR +SI-SDR +SIR +SAR$/m)
  })

  it('3.43 names stems without an estimate, and trims where asked', async () => {
    const { stderr, stdout } = await run('ref', 'short', { trim: true })
    expect(stderr).toContain('no estimate of accompaniment: counted as interference only')
    expect(stdout).toContain('median of 3 frames')
  })

  it.each([
    ['ref', 'nowhere', {}, /nowhere: no such file or folder/],
    ['ref', 'short', {}, /vocals.wav: 3000 samples.*3500.*--trim/],
    ['ref', 'fast', {}, /2000 Hz.*1000 Hz; all files must have one rate/],
    ['ref/vocals.wav', 'est/song.vocals.wav', { baselines: ['mixture'] as const }, /one stem alone is its own mixture; give --mixture/],
    ['ref/vocals.wav', 'est/song.vocals.wav', { baselines: ['binary-mask'] as const, mixture: 'ref/vocals.wav' }, /two stems or more/],
    ['ref', 'est', { json: 'ref/vocals.wav' }, /would replace an input/],
  ])('3.43 refuses %s against %s with %j as wrong usage', async (reference, estimate, flags, message) => {
    const paths = Object.fromEntries(Object.entries(flags).map(([name, value]) => [name, typeof value === 'string' ? at(value) : value]))
    const failure = await run(reference, estimate, paths).then(
      () => undefined,
      (error: unknown) => error,
    )
    expect(failure).toBeInstanceOf(UsageError)
    expect((failure as Error).message).toMatch(message)
    expect((failure as Error).message).not.toContain('\n')
  })

  it('3.43 stops when interrupted, and leaves no files', async () => {
    const reason = new Error('interrupted')
    await expect(run('ref', 'est', { json: at('never.json') }, AbortSignal.abort(reason))).rejects.toThrow('interrupted')
    expect(await readdir(folder)).not.toContain('never.json')
  })

  it('3.43 is a command with help, and ends with 2 for what it does not know', () => {
    const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
    const command = (...args: string[]) =>
      spawnSync(process.execPath, ['--import', tsx, resolve('src/cli/main.ts'), 'evaluate', ...args], { encoding: 'utf8' })
    expect(command('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('divisi evaluate --baselines all') })
    expect(command('a', 'b', '--bss', 'v5')).toMatchObject({ status: 2, stderr: expect.stringContaining('v4, v3, v3-sources') })
    expect(command('a', 'b', '--baselines', 'luck')).toMatchObject({ status: 2, stderr: expect.stringContaining('ratio-mask') })
    expect(command('a', 'b', '--window', '-1')).toMatchObject({ status: 2, stderr: expect.stringContaining('seconds above 0') })
    expect(command('a')).toMatchObject({ status: 2, stderr: expect.stringContaining("missing required argument 'EST'") })
  })
})
