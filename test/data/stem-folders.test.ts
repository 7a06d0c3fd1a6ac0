/** Folders of songs as MUSDB18-HQ has them, written here: what is read, what is refused. */
import { cp, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createWavWriter } from '../../src/audio/index.ts'
import { readStem, readStemFolders } from '../../src/data/index.ts'
import { createRandom } from '../../src/tensor/index.ts'

const stems = ['bass', 'drums', 'other', 'vocals'] as const
const rate = 8000
const seconds = 0.5

function tone(hertz: number, sampleRate: number, length = seconds): Float32Array[] {
  const samples = Math.round(length * sampleRate)
  const left = Float32Array.from({ length: samples }, (_, n) => 0.2 * Math.sin((2 * Math.PI * hertz * n) / sampleRate))
  return [left, left.map((x) => 0.5 * x)]
}

async function write(file: string, sound: readonly Float32Array[], sampleRate = rate): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  const writer = await createWavWriter(file, { sampleRate, channels: sound.length, sampleFormat: { kind: 'int', bits: 16 } })
  await writer.write(sound)
  await writer.finish()
}

const sum = (sounds: readonly (readonly Float32Array[])[]) =>
  sounds[0]!.map((channel, c) => channel.map((_, i) => sounds.reduce((total, sound) => total + sound[c]![i]!, 0)))

async function writeSong(folder: string, pitch: number, sampleRate = rate): Promise<void> {
  const sounds = stems.map((_, s) => tone(pitch * (s + 1), sampleRate))
  for (const [s, stem] of stems.entries()) await write(join(folder, `${stem}.wav`), sounds[s]!, sampleRate)
  await write(join(folder, 'mixture.wav'), sum(sounds), sampleRate)
}

let root: string
let base: string
let cache: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'divisi-musdb-'))
  base = join(root, 'musdb')
  cache = join(root, 'cache')
  await writeSong(join(base, 'train', 'Artist - One'), 110)
  await writeSong(join(base, 'train', 'Artist - Two'), 130)
  await writeSong(join(base, 'test', 'Other - Three'), 200)
  await writeFile(join(base, 'train', 'Artist - One', 'notes.txt'), 'no sound')
})
afterAll(() => rm(root, { recursive: true, force: true }))

let copies = 0
/** A copy of the folder that a test may spoil. */
async function copy(): Promise<string> {
  const folder = join(root, `copy-${copies++}`)
  await cp(base, folder, { recursive: true })
  return folder
}

describe('readStemFolders', () => {
  it('3.44 MUSDB folders: songs of train and test with their stems, checked against the mixture, once', async () => {
    const progress: number[] = []
    const songs = await readStemFolders(base, cache, { rate, onProgress: (done) => progress.push(done) })
    expect(songs.map(({ name, split }) => [name, split])).toEqual([
      ['train/Artist - One', 'train'],
      ['train/Artist - Two', 'train'],
      ['test/Other - Three', 'valid'],
    ])
    expect(progress).toEqual([1, 2, 3])
    for (const song of songs) expect(Object.keys(song.stems).sort()).toEqual([...stems])
    const vocals = songs[0]!.stems.vocals!
    expect([vocals.frames, vocals.channels]).toEqual([rate * seconds, 2])
    const wanted = tone(440, rate)
    for (const [c, channel] of readStem(vocals, 0, vocals.frames).entries())
      for (const [i, x] of channel.entries()) expect(Math.abs(x - wanted[c]![i]!)).toBeLessThan(1e-4) // two roundings to 16 bits
    // The mixture is read to be compared, not to be kept.
    const files = (await readdir(cache)).filter((name) => name.endsWith('.pcm'))
    expect(files).toHaveLength(12)
    expect(await readStemFolders(base, cache, { rate })).toEqual(songs)
  })

  it('3.44 MUSDB folders: any stems by the names of their files, other rates are resampled, a stem may be silent', async () => {
    const folder = join(root, 'own')
    for (const [k, sub] of ['train/a', 'test/b'].entries()) {
      await write(join(folder, sub, 'Voice.wav'), tone(200 + k, 16000), 16000)
      await write(join(folder, sub, 'piano.wav'), [new Float32Array(8000)], 16000)
    }
    const songs = await readStemFolders(folder, cache, { rate })
    expect(Object.keys(songs[0]!.stems)).toEqual(['voice', 'piano'])
    expect(songs[0]!.stems.voice).toMatchObject({ frames: rate * seconds, channels: 2 })
    expect(songs[0]!.stems.piano).toMatchObject({ frames: rate * seconds, channels: 1, rms: 0 })
    // Away from the ends a resampled tone is that tone.
    const [left] = readStem(songs[0]!.stems.voice!, 1000, 100)
    const wanted = tone(200, rate)[0]!
    for (const [i, x] of left!.entries()) expect(Math.abs(x - wanted[1000 + i]!)).toBeLessThan(1e-3)
  })

  it('3.44 MUSDB folders: refuses missing, unequal and twofold files, and stems that do not add up, by name', async () => {
    const missing = await copy()
    await rm(join(missing, 'train', 'Artist - Two', 'bass.wav'))
    await expect(readStemFolders(missing, cache, { rate })).rejects.toThrow(
      /all songs need the stems bass, drums, other, vocals:\n {2}train\/Artist - Two has no bass/,
    )
    expect(await readStemFolders(missing, cache, { rate, exclude: ['Artist - Two'] })).toHaveLength(2)

    const unequal = await copy()
    await write(join(unequal, 'test', 'Other - Three', 'drums.wav'), tone(100, rate, 0.4))
    await expect(readStemFolders(unequal, cache, { rate })).rejects.toThrow(
      /1 of 3 songs cannot be used:\n {2}test\/Other - Three: its files are not equally long: bass 0\.500 s, drums 0\.400 s/,
    )

    const shorter = await copy()
    await write(join(shorter, 'test', 'Other - Three', 'mixture.wav'), tone(100, rate, 0.4))
    await expect(readStemFolders(shorter, cache, { rate })).rejects.toThrow(/not equally long: mixture 0\.400 s, bass 0\.500 s/)

    const twice = await copy()
    await cp(join(twice, 'train/Artist - One/bass.wav'), join(twice, 'train/Artist - One/bass.flac'))
    await expect(readStemFolders(twice, cache, { rate })).rejects.toThrow(
      /has the stem "bass" twice; leave one of bass.flac and bass.wav out/,
    )

    const wrong = await copy()
    await rename(join(wrong, 'train/Artist - One/bass.wav'), join(wrong, 'train/Artist - One/old'))
    await write(join(wrong, 'train/Artist - One/bass.wav'), tone(700, rate))
    await expect(readStemFolders(wrong, cache, { rate })).rejects.toThrow(
      /train\/Artist - One: the stems do not add up to mixture.wav: the difference is at -\d+\.\d dB, allowed are -30 dB/,
    )
    // What was found is remembered, and may be allowed.
    await expect(readStemFolders(wrong, cache, { rate })).rejects.toThrow(/do not add up/)
    expect(await readStemFolders(wrong, cache, { rate, tolerance: 0 })).toHaveLength(3)
    // Without a mixture there is nothing to compare.
    await rm(join(wrong, 'train/Artist - One/mixture.wav'))
    expect(await readStemFolders(wrong, cache, { rate })).toHaveLength(3)
  })

  it('3.44 MUSDB folders: refuses broken files and folders without songs', async () => {
    const broken = await copy()
    const random = createRandom(1)
    await writeFile(
      join(broken, 'train/Artist - One/bass.wav'),
      Uint8Array.from({ length: 500 }, () => random.integer(0, 255)),
    )
    await expect(readStemFolders(broken, cache, { rate })).rejects.toThrow(/1 of 3 songs cannot be used:\n {2}.*bass\.wav/)
    await expect(readStemFolders(join(root, 'nowhere'), cache, { rate })).rejects.toThrow(
      /nowhere\/train: there is no such folder; songs are expected as train\/<song>\/<stem>\.wav/,
    )
    await expect(readStemFolders(base, cache, { rate, heldOut: 'valid' })).rejects.toThrow(/valid: there is no such folder/)
    await expect(readStemFolders(base, cache, { rate, exclude: ['Other - Three'] })).rejects.toThrow(/test: holds no songs/)
    const single = join(root, 'single')
    for (const sub of ['train/a', 'test/b']) await write(join(single, sub, 'vocals.wav'), tone(200, rate))
    await expect(readStemFolders(single, cache, { rate })).rejects.toThrow(/songs have the stems vocals; needs two at least/)
    const stop = new AbortController()
    stop.abort(new Error('enough'))
    await expect(readStemFolders(base, cache, { rate, signal: stop.signal })).rejects.toThrow('enough')
  })
})
