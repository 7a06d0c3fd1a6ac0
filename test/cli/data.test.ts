/** `divisi data` by its functions: what it prints, writes and refuses. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openAudio } from '../../src/audio/index.ts'
import { type DataCheckFlags, runDataCheck } from '../../src/cli/data-check.ts'
import { type DataPrepareFlags, runDataPrepare } from '../../src/cli/data-prepare.ts'
import { type DataPreviewFlags, runDataPreview } from '../../src/cli/data-preview.ts'
import { UsageError } from '../../src/cli/errors.ts'
import { createLoader, listFiles, locateFiles, mixConfig, prepareCache, readCatalogue, writeCatalogue } from '../../src/data/index.ts'
import { music, rate, toneSeparator, write } from '../data/check/support.ts'

let root: string
const at = (...path: string[]): string => join(root, ...path)

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'divisi-data-'))
  for (const seed of [1, 2]) {
    await write(at('set/vocals', `artist${seed}`, `v${seed}.wav`), music(seed, 5, { channels: 1, voice: true }))
    await write(at('set/instrumental', `artist${seed}`, `i${seed}.wav`), music(10 + seed, 5))
  }
  await writeCatalogue(at('set.files.csv'), await listFiles(at('set')))
  writeFileSync(at('recipe.yaml'), recipe('files: set.files.csv'))
  writeFileSync(at('folders.yaml'), recipe('files: set.files.csv').replace('steps: 10', 'steps: ten'))
  mkdirSync(at('empty'))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const recipe = (data: string): string => `
name: tiny
model: { architecture: band-unet, sampleRate: 44100, nFft: 1024, hopLength: 512, bands: 16, channels: [2, 4], bottleneck: 1 }
data: { ${data}, seconds: 1, mix: { noVocals: 0, vocalsOnly: 0, speech: 0 } }
training: { seed: 3, steps: 10, batchSize: 2, learningRate: 0.001 }
`

function context(signal = new AbortController().signal) {
  const [out, err]: [string[], string[]] = [[], []]
  const separator = toneSeparator()
  return {
    out,
    err,
    separator,
    loadSeparator: async () => separator,
    stdout: { write: (text: string) => out.push(text) },
    stderr: { write: (text: string) => err.push(text) },
    signal,
  }
}

async function check(trees: string[], flags: DataCheckFlags = {}) {
  const given = context()
  const code = await runDataCheck(trees, { cache: at('cache'), workers: 1, ...flags }, given)
  return { code, stdout: given.out.join(''), stderr: given.err.join(''), separator: given.separator }
}

describe('divisi data check', () => {
  it('7.39 a sound set ends with 0, errors with 1; text, JSON and a page', async () => {
    const sound = await check([at('set')])
    expect(sound.code).toBe(0)
    expect(sound.stdout).toBe('instrumental: 2 files, 10.0 s\nvocals: 2 files, 10.0 s\n0 errors, 0 warnings, 0 notes\n')
    expect(sound.separator.calls).toBe(4)

    await write(at('bad/instrumental/sung.wav'), music(20, 5, { voice: true }))
    await write(at('bad/instrumental/brief.wav'), music(21, 3))
    const files = { json: at('out/findings.json'), html: at('out/page.html') }
    const bad = await check([at('bad')], files)
    expect(bad.code).toBe(1)
    expect(bad.stdout).toMatch(/^error: voice \(1\)\. A voice was heard/)
    expect(bad.stdout).toContain(`${at('bad/instrumental/sung.wav')} 0:00.0–0:05.0: a voice in 1 of 1 excerpts`)
    expect(bad.stdout).toContain('note: short (1)')
    expect((JSON.parse(readFileSync(files.json, 'utf8')) as { errors: number }).errors).toBe(1)
    expect(readFileSync(files.html, 'utf8')).toContain('<svg')
    const quiet = await check([at('bad')], { quiet: true })
    expect(quiet.stdout).not.toContain('note: short')
    expect(quiet.stdout).toContain('1 error, 0 warnings, 1 note\n')
    expect(quiet.stderr).toContain('2 of 2 files known from an earlier check')
    const deaf = await check([at('bad')], { voices: false, json: true, cache: at('cache-deaf') })
    expect(deaf.code).toBe(0)
    expect(deaf.stderr).toContain('--no-voices')
    expect(JSON.parse(deaf.stdout)).toMatchObject({ errors: 0, notes: 1 })
  })

  it('7.39 recipes and folders by role name the files; what contradicts itself is refused', async () => {
    const byRecipe = await check([], { recipe: at('recipe.yaml'), data: at('set') })
    expect([byRecipe.code, byRecipe.stdout.split('\n').at(-2)]).toEqual([0, '0 errors, 0 warnings, 0 notes'])
    const byRole = await check([], { vocals: [at('set/vocals')], instrumental: [at('set/instrumental')] })
    expect(byRole.code).toBe(0)
    const missing = await check([], { recipe: at('recipe.yaml'), data: at('empty') })
    expect(missing.code).toBe(1)
    expect(missing.stdout).toMatch(/4 of the 4 files of the recipe are not below/)
    const none = await check([], { vocals: [at('set/vocals')], instrumental: [at('empty')] })
    expect(none.code).toBe(1)
    expect(none.stdout).toContain('holds no sound files')
    await expect(check([])).rejects.toThrow(/name either folders by role/)
    await expect(check([at('set')], { vocals: [at('set')] })).rejects.toThrow(UsageError)
    await expect(check([at('empty')])).rejects.toThrow(/holds no sound files; expected are/)
    await expect(check([], { recipe: at('folders.yaml'), data: at('set') })).rejects.toThrow(/steps/)
    await expect(check([], { recipe: at('recipe.yaml') })).rejects.toThrow(/give their folder with --data DIR/)
  })
})

const prepare = async (flags: DataPrepareFlags) => {
  const given = context()
  const code = await runDataPrepare({ cache: at('cache-prepared'), ...flags }, given)
  return { code, stdout: given.out.join('') }
}

describe('divisi data prepare', () => {
  it('7.40 decodes what a training reads, tells hours and bytes, and refuses what training refuses', async () => {
    const { code, stdout } = await prepare({ recipe: at('recipe.yaml'), data: at('set') })
    expect(code).toBe(0)
    // 10 s of 16 bits: 1 and 2 channels, and a few bytes beside them.
    expect(stdout).toMatch(/^instrumental +2 files +0:10 +1\.8 MB\nvocals +2 files +0:10 +0\.9 MB\nin .*cache-prepared, at 44100 Hz\n$/)
    const kept = readdirSync(at('cache-prepared')).filter((name) => name.endsWith('.pcm'))
    expect(kept).toHaveLength(4)
    const told = JSON.parse((await prepare({ vocals: [at('set/vocals')], instrumental: [at('set/instrumental')], json: true })).stdout)
    expect(told).toMatchObject({
      rate,
      roles: [
        { role: 'vocals', files: 2, seconds: 10 },
        { role: 'instrumental', files: 2, seconds: 10 },
      ],
    })
    expect(readdirSync(at('cache-prepared')).filter((name) => name.endsWith('.pcm'))).toEqual(kept)
    await expect(prepare({ vocals: [at('set/vocals')], instrumental: [at('empty')] })).rejects.toThrow(/holds no sound files/)
    await write(at('silent/a.wav'), [new Float32Array(rate)])
    await expect(prepare({ vocals: [at('silent')], instrumental: [at('set/instrumental')] })).rejects.toThrow(/a\.wav: is silent/)
    await expect(prepare({})).rejects.toThrow(UsageError)
  })
})

describe('divisi data preview', () => {
  const preview = async (flags: Partial<DataPreviewFlags>) => {
    const given = context()
    const all = {
      recipe: at('recipe.yaml'),
      data: at('set'),
      cache: at('cache'),
      count: 3,
      batch: 0,
      out: at('preview'),
      threads: 1,
      ...flags,
    }
    const code = await runDataPreview(all, given)
    return { code, stdout: given.out.join('') }
  }

  it('7.41 writes the examples of the training, sample by sample, with what was drawn', async () => {
    const { code, stdout } = await preview({})
    expect([code, stdout]).toEqual([0, `${at('preview/index.html')}\n`])
    expect(readdirSync(at('preview')).sort()).toEqual(['example-1', 'example-2', 'example-3', 'index.html'])
    const entries = await locateFiles(await readCatalogue(at('set.files.csv')), at('set'))
    const tracks = await prepareCache(entries, at('cache'))
    const config = mixConfig({ noVocals: 0, vocalsOnly: 0, speech: 0 })
    const loader = createLoader({ tracks, config, seed: 3, batchSize: 2, frames: rate })
    const batch = await loader.batch(1)
    await loader.close()
    // The third example is the first of batch 1.
    const stream = await openAudio(at('preview/example-3/mixture.wav'))
    const heard: number[][] = [[], []]
    for await (const block of stream.blocks) for (const [c, samples] of block.entries()) heard[c]!.push(...samples)
    expect(stream.info).toMatchObject({ sampleRate: rate, channels: 2, sampleFormat: { kind: 'float', bits: 32 } })
    expect(Float32Array.from([...heard[0]!, ...heard[1]!])).toEqual(batch.mixture.slice(0, 2 * rate))
    const drawn = JSON.parse(readFileSync(at('preview/example-3/drawn.json'), 'utf8')) as Record<string, number | string>
    expect(drawn['vocals: recording']).toMatch(/^v[12]\.wav$/)
    expect(drawn['peak (dB)']).toBeCloseTo(
      20 * Math.log10(batch.mixture.slice(0, 2 * rate).reduce((most, x) => Math.max(most, Math.abs(x)), 0)),
      0,
    )
    const page = readFileSync(at('preview/index.html'), 'utf8')
    for (const [, path] of page.matchAll(/src="([^"]+)"/g)) expect(existsSync(at('preview', path!))).toBe(true)
    expect(page.match(/<audio/g)).toHaveLength(6)
  })

  it('7.41 shows songs in folders and what was drawn of them; check and prepare leave out what the recipe does', async () => {
    for (const song of ['train/one', 'train/two', 'test/three']) {
      for (const [s, stem] of ['vocals', 'drums'].entries())
        await write(at('songs', song, `${stem}.wav`), music(30 + s + 2 * song.length, 3))
    }
    const fields = 'source: musdb, exclude: [two], coherent: 1, stems: [vocals, drums]'
    writeFileSync(at('musdb.yaml'), recipe(fields).replace(/, mix: \{[^}]*\}/, ''))
    expect((await preview({ recipe: at('musdb.yaml'), data: at('songs'), out: at('musdb-preview'), count: 1 })).code).toBe(0)
    const drawn = JSON.parse(readFileSync(at('musdb-preview/example-1/drawn.json'), 'utf8')) as Record<string, number | string>
    expect(drawn.song).toBe('train/one')
    expect(drawn['vocals over drums (dB)']).toBeTypeOf('number')
    expect(readdirSync(at('musdb-preview/example-1'))).toContain('vocals.wav')
    const checked = await check([], { recipe: at('musdb.yaml'), data: at('songs'), voices: false })
    expect([checked.code, checked.stdout]).toEqual([0, 'stem: 2 files, 6.0 s\nvocals: 2 files, 6.0 s\n0 errors, 0 warnings, 0 notes\n'])
    expect((await prepare({ recipe: at('musdb.yaml'), data: at('songs') })).stdout).toMatch(
      /^drums +2 files +0:06 +1\.1 MB\nvocals +2 files/,
    )
  })

  it('7.41 refuses what no training could use', async () => {
    await expect(preview({ data: at('empty') })).rejects.toThrow(/4 of the 4 files of the recipe are not below/)
    await expect(preview({ stage: 'first' })).rejects.toThrow(/has no stages/)
    await expect(preview({ out: at('recipe.yaml') })).rejects.toThrow(/is a file, not a folder/)
    await expect(preview({ recipe: at('nothing.yaml') })).rejects.toThrow(/there is no such recipe/)
  })
})
