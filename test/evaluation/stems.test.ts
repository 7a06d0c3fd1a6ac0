import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createWavWriter } from '../../src/audio/index.ts'
import { findStems, openStems, type StemFiles } from '../../src/evaluation/index.ts'

let folder: string
const at = (...path: string[]): string => join(folder, ...path)

async function put(path: string, options: { frames?: number; rate?: number; channels?: number; broken?: boolean } = {}): Promise<void> {
  const { frames = 100, rate = 8000, channels = 1, broken = false } = options
  await mkdir(dirname(at(path)), { recursive: true })
  const writer = await createWavWriter(at(path), { sampleRate: rate, channels, sampleFormat: { kind: 'float', bits: 32 } })
  const samples = Float32Array.from({ length: frames }, (_, i) => Math.fround(Math.sin(i)))
  if (broken) samples[40] = Number.NaN
  await writer.write(Array.from({ length: channels }, () => samples))
  await writer.finish()
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'divisi-stems-'))
  for (const file of ['mixture', 'vocals', 'accompaniment', 'Drums']) await put(`ref/${file}.wav`)
  await writeFile(at('ref', 'notes.txt'), 'no sound')
  await mkdir(at('ref', 'more'))
  for (const file of ['song.vocals', 'song.instrumental', 'song.mix']) await put(`est/${file}.wav`)
  await put('whole/drums.wav')
  await put('whole/vocals.wav')
  await put('strange/guitar.wav')
  await put('double/vocals.wav')
  await put('double/vocals.rf64')
  await put('ambiguous/a.vocals.wav')
  await put('ambiguous/b.vocals.wav')
  await mkdir(at('empty'))
})
afterAll(() => rm(folder, { recursive: true }))

/** Paths inside of the folder. */
const short = (files: StemFiles) => ({
  ...files,
  references: files.references.map((path) => relative(folder, path)),
  estimates: files.estimates.map((path) => relative(folder, path)),
  mixture: files.mixture && relative(folder, files.mixture),
})

describe('findStems', () => {
  it('3.43 pairs two files, whatever their names', async () => {
    expect(short(await findStems(at('ref/vocals.wav'), at('strange/guitar.wav')))).toEqual({
      stems: ['vocals'],
      references: ['ref/vocals.wav'],
      estimates: ['strange/guitar.wav'],
      estimated: [0],
      mixture: undefined,
    })
  })

  it('3.43 pairs the stems of folders by name, as separate writes them too; the mixture is no stem', async () => {
    expect(short(await findStems(at('ref'), at('est')))).toEqual({
      stems: ['Drums', 'accompaniment', 'vocals'],
      references: ['ref/Drums.wav', 'ref/accompaniment.wav', 'ref/vocals.wav'],
      estimates: ['est/song.instrumental.wav', 'est/song.vocals.wav'],
      estimated: [1, 2],
      mixture: 'ref/mixture.wav',
    })
    expect((await findStems(at('ref'), at('whole'))).estimated).toEqual([0, 2])
  })

  it('3.43 counts the stems asked for, in that order, and takes the mixture named', async () => {
    const files = await findStems(at('ref'), at('est'), { stems: ['vocals', 'instrumental'], mixture: at('est/song.mix.wav') })
    expect(files).toMatchObject({ stems: ['vocals', 'accompaniment'], estimated: [0, 1], mixture: at('est/song.mix.wav') })
  })

  it.each([
    ['nowhere', 'est', {}, /nowhere: no such file or folder/],
    ['ref', 'est/song.vocals.wav', {}, /ref is a folder and .*vocals.wav a file; give two files, or two folders/],
    ['empty', 'est', {}, /empty: no sound files; give the folder of one song/],
    ['ref', 'strange', {}, /strange\/guitar.wav: no reference of this name in .*ref; it has Drums, accompaniment, vocals/],
    ['ref', 'strange', { stems: ['vocals'] }, /strange: no estimate of vocals; files are paired by name/],
    ['ref', 'ambiguous', {}, /a.vocals.wav and b.vocals.wav could both be vocals; leave one/],
    ['ref', 'double', {}, /vocals.rf64 and vocals.wav are one stem twice/],
    ['ref', 'est', { stems: ['piano'] }, /ref: no stem piano; it has Drums, accompaniment, vocals/],
    ['ref/vocals.wav', 'est/song.vocals.wav', { stems: ['vocals'] }, /stems are chosen in folders, and this is a file/],
    ['ref', 'est', { mixture: 'nothing.wav' }, /nothing.wav: no such file/],
  ])('3.43 refuses %s against %s with %j', async (reference, estimate, options, message) => {
    await expect(findStems(at(reference), at(estimate), options)).rejects.toThrow(message)
  })
})

describe('openStems', () => {
  const files = (...names: string[]): StemFiles => ({
    stems: ['a'],
    references: [at(names[0]!)],
    estimates: names.slice(1).map((name) => at(name)),
    estimated: [0],
    mixture: undefined,
  })

  it('3.43 reads files side by side, as often as asked', async () => {
    const song = await openStems({ ...(await findStems(at('ref'), at('est'))), mixture: at('ref/mixture.wav') })
    expect(song).toMatchObject({ references: 3, estimates: 2, channels: 1, sampleRate: 8000, expectedLength: 100 })
    for (let pass = 0; pass < 2; pass++) {
      let length = 0
      for await (const block of song.blocks()) {
        expect([block.references.length, block.estimates.length, block.mixture?.length]).toEqual([3, 2, 1])
        length += block.references[0]![0]!.length
      }
      expect(length).toBe(100)
    }
  })

  it('3.43 says what has to be equal, and trims where asked', async () => {
    await put('other/long.wav', { frames: 130 })
    await put('other/fast.wav', { rate: 16000 })
    await put('other/stereo.wav', { channels: 2 })
    await put('other/broken.wav', { broken: true })
    await expect(openStems(files('ref/vocals.wav', 'other/fast.wav'))).rejects.toThrow(
      /fast.wav: 16000 Hz, and .*vocals.wav has 8000 Hz; all files must have one rate/,
    )
    await expect(openStems(files('ref/vocals.wav', 'other/stereo.wav'))).rejects.toThrow(
      /stereo.wav: 2 channel\(s\), and .*vocals.wav has 1/,
    )
    await expect(openStems(files('ref/vocals.wav', 'other/long.wav'))).rejects.toThrow(
      /long.wav: 130 samples, and .*vocals.wav has 100; all files must have one length. --trim/,
    )
    await expect(openStems(files('ref/vocals.wav', 'other/none.wav'))).rejects.toThrow(/none.wav: no such file/)
    const trimmed = await openStems(files('other/long.wav', 'ref/vocals.wav'), { trim: true })
    let length = 0
    for await (const block of trimmed.blocks()) length += block.estimates[0]![0]!.length
    expect(length).toBe(100)
    const broken = await openStems(files('ref/vocals.wav', 'other/broken.wav'))
    await expect(
      (async () => {
        for await (const _ of broken.blocks());
      })(),
    ).rejects.toThrow(/broken.wav: is damaged at 0.005 s: it holds NaN/)
  })
})
