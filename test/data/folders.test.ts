import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createWavWriter } from '../../src/audio/index.ts'
import { type FolderFile, type FoldersInput, foldersSchema, listFolders, prepareFolders, readSound } from '../../src/data/index.ts'

const rate = 8000
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'divisi-folders-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function wav(name: string, ...channels: Float32Array[]): Promise<void> {
  await mkdir(dirname(join(folder, name)), { recursive: true })
  const format = { sampleRate: rate, channels: channels.length, sampleFormat: { kind: 'float', bits: 32 } } as const
  const writer = await createWavWriter(join(folder, name), format)
  await writer.write(channels)
  await writer.finish()
}

const sine = (hz: number, samples = rate): Float32Array =>
  Float32Array.from({ length: samples }, (_, i) => 0.5 * Math.sin((2 * Math.PI * hz * i) / rate))

const list = (folders: FoldersInput): Promise<FolderFile[]> => listFolders(foldersSchema.parse(folders), { base: folder })
const sides = (files: readonly FolderFile[]) => Object.fromEntries(files.map(({ name, split }) => [name, split]))

it('finds sounds at any depth and holds the same ones out whatever their names and places', async () => {
  for (let i = 0; i < 12; i++) await wav(`a/deep/er/${i}.wav`, sine(200 + i))
  await wav('b/one.wav', sine(300), sine(301))
  const files = await list({ vocals: ['a'], instrumental: ['b'], validShare: 0.3 })
  expect(files).toHaveLength(13)
  expect(files.filter(({ role, split }) => role === 'vocals' && split === 'valid').length).toBeGreaterThan(0)
  expect(files.filter(({ role, split }) => role === 'vocals' && split === 'train').length).toBeGreaterThan(0)
  // One accompaniment alone cannot be held out.
  expect(files.find(({ role }) => role === 'instrumental')).toMatchObject({ split: 'train', name: 'one.wav' })
  for (let i = 0; i < 12; i++) await wav(`c/${i}-renamed.wav`, sine(200 + i))
  const renamed = sides(await list({ vocals: ['c'], validShare: 0.3 }))
  for (const { name, split, role } of files)
    if (role === 'vocals') expect(renamed[`${name.split('/').at(-1)!.slice(0, -4)}-renamed.wav`]).toBe(split)
})

it('counts a sound that is there twice once, and takes what is to validate with from folders of its own', async () => {
  await wav('a/1.wav', sine(200))
  await wav('a/2.wav', sine(200))
  await wav('v/3.wav', sine(220))
  expect(sides(await list({ vocals: ['a'], validation: { vocals: ['v'] } }))).toEqual({ '1.wav': 'train', '3.wav': 'valid' })
  await wav('v/4.wav', sine(200))
  await expect(list({ vocals: ['a'], validation: { vocals: ['v'] } })).rejects.toThrow(
    /1 sounds are given to train on and to validate with:\n.*4\.wav is .*1\.wav/,
  )
})

it('adds up the instruments of a song, and keeps a song’s stems on one side', async () => {
  for (const song of ['x', 'y']) {
    await wav(`songs/${song}/vocals.wav`, sine(song === 'x' ? 200 : 210))
    await wav(`songs/${song}/drums.wav`, new Float32Array(rate))
    await wav(`songs/${song}/bass.wav`, sine(song === 'x' ? 80 : 90), sine(85))
    await wav(`songs/${song}/other.wav`, sine(song === 'x' ? 500 : 510))
  }
  const files = await list({ stems: ['songs'], validShare: 0.01 })
  expect(new Set(files.map(({ song, split }) => `${song} ${split}`)).size).toBe(2)
  expect(files.filter(({ split }) => split === 'valid')).toHaveLength(4)
  const sounds = await prepareFolders(files, join(folder, 'cache'), { rate })
  expect(sounds.map(({ name }) => name).sort()).toEqual(['x (instrumental)', 'x (vocals)', 'y (instrumental)', 'y (vocals)'])
  const band = sounds.find(({ name }) => name === 'x (instrumental)')!
  expect(band).toMatchObject({ role: 'instrumental', channels: 2, frames: rate })
  const [left, right] = readSound(band, 100, 50)
  // Half a step of 1/16384 per stem.
  for (let i = 0; i < 50; i++) {
    expect(Math.abs(left![i]! - (sine(80)[100 + i]! + sine(500)[100 + i]!))).toBeLessThan(1e-4)
    expect(Math.abs(right![i]! - (sine(85)[100 + i]! + sine(500)[100 + i]!))).toBeLessThan(1e-4)
  }
})

it('prefers an accompaniment that is there ready to the instruments beside it', async () => {
  for (const stem of ['vocals', 'accompaniment', 'drums', 'mix']) await wav(`songs/x/${stem}.wav`, sine(100 + stem.length))
  const roles = (await list({ stems: ['songs'] })).map(({ name, role }) => `${name} ${role}`)
  expect(roles.sort()).toEqual(['x/accompaniment.wav instrumental', 'x/mix.wav mixture', 'x/vocals.wav vocals'])
})

it('names empty folders, incomplete songs, and every file that cannot be used', async () => {
  await mkdir(join(folder, 'empty'))
  await expect(list({ vocals: ['empty'] })).rejects.toThrow(/empty: holds no sound files; name a folder that does under `vocals`/)
  await expect(list({ vocals: ['nowhere'] })).rejects.toThrow(/nowhere cannot be read/)
  await expect(list({})).rejects.toThrow(/none is named; give vocals and instrumental/)
  await wav('songs/x/drums.wav', sine(100))
  await expect(list({ stems: ['songs'] })).rejects.toThrow(/songs.x: has drums, no vocals/)
  await wav('a/good.wav', sine(200))
  await wav('a/silent.wav', new Float32Array(rate))
  await writeFile(join(folder, 'a/broken.wav'), 'no sound at all')
  const cache = join(folder, 'cache')
  const refused = prepareFolders(await list({ vocals: ['a'] }), cache, { rate })
  await expect(refused).rejects.toThrow(/2 of 3 recordings cannot be used/)
  await expect(refused).rejects.toThrow(/broken\.wav[\s\S]*silent\.wav: is silent/)
  // What could be used is ready for the next start.
  expect((await readdir(cache)).filter((name) => name.endsWith('.pcm'))).toHaveLength(1)
  await wav('songs/x/vocals.wav', sine(100, 900))
  await expect(prepareFolders(await list({ stems: ['songs'] }), cache, { rate })).rejects.toThrow(
    /not equally long:\n.*0\.112 s|not equally long:\n.*1\.000 s/,
  )
})
