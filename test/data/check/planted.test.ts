/** The doctor on a set with every fault planted once, and on a set without any. */
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { resample } from '../../../src/audio/index.ts'
import {
  type CheckReport,
  checkData,
  checkJson,
  checkPage,
  checkText,
  type Finding,
  foldersSchema,
  materialOfFolders,
  materialOfTree,
} from '../../../src/data/index.ts'
import { add, mapSound, music, rate, type Sound, toneSeparator, write } from './support.ts'

let root: string
const at = (...path: string[]): string => join(root, ...path)
const decibels = (db: number): number => 10 ** (db / 20)

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'divisi-check-'))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** Most sounds last 3 s. */
const options = (cache: string) => ({ cacheFolder: at(cache), workers: 2, exampleSeconds: 2 })

/** `severity kind file`, where needed with the other file. */
const short = ({ findings }: Pick<CheckReport, 'findings'>, folder: string): string[] =>
  findings
    .map(({ severity, kind, path, other }: Finding) => {
      const name = (file: string): string => relative(at(folder), file)
      const pair = kind === 'duplicate' || kind.startsWith('both') ? ` = ${name(other!)}` : ''
      return `${severity} ${kind} ${name(path)}${pair}`
    })
    .sort()

async function writeSong(
  folder: string,
  seed: number,
  { mix = (sum: Sound): Sound => sum, bassSeconds = 3, bassRate = rate } = {},
): Promise<void> {
  const stems = {
    vocals: music(seed, 3, { voice: true }),
    drums: music(seed + 1, 3),
    bass: music(seed + 2, bassSeconds, { sampleRate: bassRate }),
  }
  await write(join(folder, 'vocals.wav'), stems.vocals)
  await write(join(folder, 'drums.wav'), stems.drums)
  await write(join(folder, 'bass.wav'), stems.bass, bassRate)
  const bass = bassRate === rate ? music(seed + 2, 3) : (resample(stems.bass, bassRate, rate) as Sound)
  // Of float: sums of rounded stems are not rounded again.
  await write(join(folder, 'mixture.wav'), mix(add(stems.vocals, stems.drums, bass)), rate, { kind: 'float', bits: 32 })
}

describe('checkData', () => {
  it('7.31 a sound set has no findings, not even notes', async () => {
    for (const seed of [1, 2, 3]) {
      await write(at('clean/vocals', `v${seed}.wav`), music(seed, 3, { channels: 1, voice: true }))
      await write(at('clean/instrumental', `i${seed}.wav`), music(10 + seed, 3))
    }
    await writeSong(at('clean/stems/train/One'), 20)
    await writeSong(at('clean/stems/test/Two'), 30)
    const separator = toneSeparator()
    const report = await checkData(await materialOfTree(at('clean')), { ...options('cache-clean'), loadSeparator: async () => separator })
    expect(short(report, 'clean')).toEqual([])
    expect(report.totals.map(({ role, files }) => [role, files]).sort()).toEqual([
      ['instrumental', 3],
      ['mixture', 2],
      ['stem', 4],
      ['vocals', 5],
    ])
    expect(separator.calls).toBe(3 + 3 + 4 + 2)
    expect(checkText(report)).toContain('0 errors, 0 warnings, 0 notes')
  })

  it('7.32 every planted fault is found, and nothing else', { timeout: 240_000 }, async () => {
    const vocals = (name: string) => at('bad/vocals', name)
    const band = (name: string) => at('bad/instrumental', name)
    const voice = (seed: number, seconds = 3) => music(seed, seconds, { channels: 1, voice: true })
    await write(vocals('good.wav'), voice(1))
    await write(vocals('cut.wav'), voice(2))
    truncateSync(vocals('cut.wav'), 44 + 2 * 2 * rate)
    writeFileSync(vocals('text.wav'), 'this is no sound')
    writeFileSync(vocals('empty.wav'), '')
    await write(vocals('silent.wav'), [new Float32Array(3 * rate)])
    await write(
      vocals('rests.wav'),
      mapSound(voice(3, 14), (x, i) => (i > 2 * rate && i < 13 * rate ? 0 : x)),
    )
    await write(
      vocals('nan.wav'),
      mapSound(voice(4), (x, i) => (i === rate ? Number.NaN : x)),
      rate,
      { kind: 'float', bits: 32 },
    )
    await write(vocals('with-band.wav'), music(5, 3, { channels: 1 }))

    await write(band('good.wav'), music(11, 8))
    const overdriven = mapSound(music(12, 3), (x) => Math.max(-1, Math.min(1, 12 * x)))
    await write(band('clipped.wav'), overdriven)
    await write(
      band('clipped-then-lowered.wav'),
      mapSound(music(13, 3), (x) => 0.6 * Math.max(-1, Math.min(1, 12 * x))),
    )
    await write(
      band('offset.wav'),
      mapSound(music(14, 3), (x) => x + 0.02),
    )
    await write(band('narrow.wav'), resample(music(15, 3, { sampleRate: 16000 }), 16000, rate) as Sound)
    await write(band('low-rate.wav'), music(16, 3, { sampleRate: 22050 }), 22050)
    await write(band('odd-rate.wav'), music(17, 3, { sampleRate: 44056 }), 44056)
    const mono = music(18, 3, { channels: 1 })[0]!
    await write(band('mono.wav'), [mono, mono])
    await write(band('dead.wav'), [mono.map((x) => 0.9 * x).reverse(), new Float32Array(mono.length)])
    const other = music(19, 3, { channels: 1 })[0]!
    await write(band('inverted.wav'), [other, other.map((x) => -x)])
    await write(band('tiny.wav'), music(20, 0.3))
    await write(band('brief.wav'), music(21, 1.5))
    await write(band('sung.wav'), music(22, 3, { voice: true }))
    await write(band('six.wav'), music(23, 3, { channels: 6 }))
    copyFileSync(band('good.wav'), band('twice.wav'))
    copyFileSync(vocals('good.wav'), band('voice.wav'))
    const ffmpeg = (...args: string[]) => execFileSync('ffmpeg', ['-nostdin', '-v', 'error', '-y', ...args])
    await write(at('temporary.wav'), music(24, 9))
    copyFileSync(at('temporary.wav'), band('song.wav'))
    // Another codec, quieter, cut elsewhere, at another rate: the same song.
    mkdirSync(at('bad/held-out'), { recursive: true })
    ffmpeg('-ss', '1.234', '-i', at('temporary.wav'), '-af', 'volume=-9dB', '-ar', '48000', '-b:a', '128k', at('bad/held-out/song.mp3'))

    await writeSong(at('bad/stems/good'), 40)
    const late = (sound: Sound): Sound => mapSound(sound, (_, i, c) => sound[c]![i + 441] ?? 0)
    await writeSong(at('bad/stems/late'), 50, { mix: (sum) => mapSound(late(sum), (x) => decibels(3) * x) })
    await writeSong(at('bad/stems/long'), 60, { bassSeconds: 2.5 })
    await writeSong(at('bad/stems/rates'), 70, { bassRate: 48000 })

    const folders = foldersSchema.parse({
      vocals: ['vocals'],
      instrumental: ['instrumental'],
      stems: ['stems'],
      validation: { instrumental: ['held-out'] },
    })
    const material = await materialOfFolders(folders, { base: at('bad') })
    const separator = toneSeparator()
    let last: readonly number[] = []
    const check = (loadSeparator: () => Promise<typeof separator>) =>
      checkData(material, { ...options('cache-bad'), loadSeparator, onProgress: (...progress) => (last = progress) })
    const report = await check(async () => separator)
    expect(short(report, 'bad')).toEqual(
      [
        'error both-roles instrumental/voice.wav = vocals/good.wav',
        'error both-splits held-out/song.mp3 = instrumental/song.wav',
        'error channels instrumental/six.wav',
        'error accompaniment vocals/with-band.wav',
        'error damaged vocals/cut.wav',
        'error damaged vocals/nan.wav',
        'error silent vocals/silent.wav',
        'error stem-length stems/long',
        'error sum stems/late',
        'error unreadable vocals/empty.wav',
        'error unreadable vocals/text.wav',
        'error voice instrumental/sung.wav',
        'error voice instrumental/voice.wav',
        'note mono instrumental/mono.wav',
        'note pause vocals/rests.wav',
        'note short instrumental/brief.wav',
        'warning bandwidth instrumental/narrow.wav',
        'warning clipped instrumental/clipped-then-lowered.wav',
        'warning clipped instrumental/clipped.wav',
        'warning dead-channel instrumental/dead.wav',
        'warning duplicate instrumental/twice.wav = instrumental/good.wav',
        'warning inverted instrumental/inverted.wav',
        'warning offset instrumental/offset.wav',
        'warning rate instrumental/low-rate.wav',
        'warning rate instrumental/odd-rate.wav',
        'warning short instrumental/tiny.wav',
        'warning stem-rate stems/rates',
      ].sort(),
    )
    expect(last[0]).toBeCloseTo(last[1]!, 6)

    const of = (kind: Finding['kind'], file = ''): Finding => report.findings.find((one) => one.kind === kind && one.path.endsWith(file))!
    expect(of('damaged', 'cut.wav').at).toBeCloseTo(2, 3)
    expect(of('damaged', 'nan.wav').at).toBeCloseTo(1, 6)
    expect(of('damaged', 'nan.wav').message).toContain('NaN')
    // Blocks of 0.1 s.
    expect(of('pause').at).toBeCloseTo(2, 0)
    expect(of('pause').until).toBeCloseTo(13, 0)
    expect(of('clipped', 'lowered.wav').message).toMatch(/in flat tops at -4\.4 dB$/)
    expect(of('clipped', 'clipped.wav').message).toMatch(/of the samples at full scale$/)
    expect(of('bandwidth').message).toMatch(/^ends at (7\.75|8|8\.25) kHz by a cliff/)
    expect(of('sum').message).toMatch(/they come 441 samples \(10\.0 ms\) late and are 3\.0 dB too quiet: put right, it would be at -\d\d/)
    expect(of('both-splits').message).toMatch(/^\(valid\) has the same sound as instrumental\/song\.wav \(train\)$/)

    // A second check knows all that could be read, and listens to nothing.
    const heard = separator.calls
    const again = await check(async () => {
      throw new Error('the separator is needed again')
    })
    expect(again.findings).toEqual(report.findings)
    expect(again.known).toBe(material.files.length - 4)
    expect(separator.calls).toBe(heard)

    const told = JSON.parse(checkJson(report)) as { errors: number; warnings: number; notes: number; findings: Finding[] }
    expect([told.errors, told.warnings, told.notes]).toEqual([13, 11, 3])
    expect(told.findings).toEqual(report.findings)
    expect(checkText(report)).toMatch(/13 errors, 11 warnings, 3 notes$/)
    expect(checkText(report)).toContain(`  ${vocals('cut.wav')} at 0:02.0: breaks off at 2.000 s`)
    const page = await checkPage(report, 'A <check>')
    expect(page).toContain('<h1>A &lt;check&gt;</h1>')
    expect(page.match(/<svg/g)!.length).toBe(13)
    expect(page).not.toMatch(/(src|href)="http/)
  })

  it('7.33 a set that is missing or empty is an error, in the words of training', async () => {
    mkdirSync(at('nothing'))
    await write(at('some/vocals/a.wav'), music(1, 3, { channels: 1 }))
    const empty = await materialOfFolders(foldersSchema.parse({ vocals: ['some/vocals'], instrumental: ['nothing'] }), { base: root })
    const report = await checkData(empty, options('cache-empty'))
    expect(report.findings.map(({ kind, severity }) => `${severity} ${kind}`)).toEqual(['error set'])
    expect(report.findings[0]!.message).toContain('holds no sound files')
    const missing = await materialOfFolders(foldersSchema.parse({ vocals: ['nowhere'] }), { base: root })
    expect(missing.findings[0]!.message).toContain('cannot be read')
    await expect(materialOfTree(at('nothing'))).rejects.toThrow(/holds no sound files; expected are songs as/)
    await expect(materialOfTree(at('some/vocals'))).rejects.toThrow(/1 sound files, and nothing tells what they are/)
    expect((await checkData({ files: [], findings: [] }, options('cache-empty'))).findings[0]!.message).toBe('holds no sound files')
  })

  it('7.34 a damaged cache is measured anew, and a signal ends the check', async () => {
    await write(at('one/instrumental/a.wav'), music(1, 3))
    const material = await materialOfTree(at('one'))
    const first = await checkData(material, options('cache-one'))
    expect([first.known, (await checkData(material, options('cache-one'))).known]).toEqual([0, 1])
    const [sha256] = (JSON.parse(readFileSync(at('cache-one/hashes.json'), 'utf8')) as [string, { sha256: string }][]).map(
      ([, x]) => x.sha256,
    )
    const file = at('cache-one/check', `${sha256}-scan-v1.json`)
    writeFileSync(file, readFileSync(file, 'utf8').slice(0, 100))
    expect((await checkData(material, options('cache-one'))).known).toBe(0)
    const controller = new AbortController()
    const stopped = checkData(material, { ...options('cache-two'), signal: controller.signal })
    controller.abort(new Error('enough'))
    await expect(stopped).rejects.toThrow('enough')
  })
})
