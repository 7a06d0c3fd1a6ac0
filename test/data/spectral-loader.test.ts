import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createWavWriter } from '../../src/audio/index.ts'
import {
  chunkList,
  createSpectralLoader,
  foldersSchema,
  listFolders,
  measureSounds,
  prepareFolders,
  readSound,
  type SpectralFormat,
  type SpectralLoaderOptions,
  type SpectralSound,
} from '../../src/data/index.ts'
import { createRandom } from '../../src/tensor/index.ts'

const format: SpectralFormat = { nFft: 64, hopLength: 32, channels: 2, rate: 8000 }
let folder: string
let sounds: readonly SpectralSound[]
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'divisi-spectral-'))
  for (const [k, role] of ['v', 'i'].entries())
    for (let i = 0; i < 3; i++) {
      const path = join(folder, `${role}${i}.wav`)
      const writer = await createWavWriter(path, { sampleRate: 8000, channels: 1 + k, sampleFormat: { kind: 'float', bits: 32 } })
      const random = createRandom(k, i)
      const draw = () => Float32Array.from({ length: 9000 }, (_, n) => (n < 4500 && k === 0 ? 0 : 0.3 * random.uniform(-1, 1)))
      await writer.write(Array.from({ length: 1 + k }, draw))
      await writer.finish()
    }
  const files = await listFolders(foldersSchema.parse({ vocals: [folder], validShare: 0.3 }))
  const roles = files.map((file) => ({ ...file, role: file.name.startsWith('v') ? ('vocals' as const) : ('instrumental' as const) }))
  sounds = await measureSounds(await prepareFolders(roles, join(folder, 'cache'), { rate: 8000 }), join(folder, 'cache'), format)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const load = (options: Partial<SpectralLoaderOptions> = {}) =>
  createSpectralLoader({
    sounds: sounds.map((sound) => ({ ...sound, split: 'train' as const })),
    format,
    examples: { kind: 'mixtures', estimate: 'complex', scale: 'song', form: 'repaired', presence: { bands: 4 } },
    chunkFrames: 100,
    seed: 5,
    plan: (index) => ({ first: 2 * index, examples: 2, frames: 16, halvings: index % 2 }),
    ...options,
  })

describe('batches of spectral examples', () => {
  it('are equal bit for bit for 1 and 3 workers, in any order, with and without batches made ahead', async () => {
    const [one, three] = [load(), load({ workers: 3, prefetch: 0 })]
    const first = [await one.batch(0), await one.batch(1), await one.batch(2), await one.batch(3)]
    for (const index of [3, 0, 2, 1]) expect(await three.batch(index)).toEqual(first[index])
    expect(await one.heldOut(0, 1, 16).catch((error: Error) => error.message)).toMatch(/no sounds for "mixtures"/)
    // Parts of two channels, (b, 2·2, t, 32); labels (b, 2·2, t, 4); halved there are twice as many of half the length.
    expect(first[0]!.input).toHaveLength(2 * 4 * 16 * 32)
    expect(first[1]!.presence).toHaveLength(4 * 4 * 8 * 4)
    await Promise.all([one.close(), three.close()])
  })

  it('are other ones for another seed and in another epoch', async () => {
    const [one, other] = [load(), load({ seed: 6 })]
    const epochs = [await one.batch(0), await one.batch(1000)]
    expect(await other.batch(0)).not.toEqual(epochs[0])
    expect(epochs[1]).not.toEqual(epochs[0])
    await Promise.all([one.close(), other.close()])
  })

  it('that fail say so, and the loader lives on', async () => {
    const lonely = load({
      sounds: sounds.filter(({ role }) => role === 'instrumental').map((sound) => ({ ...sound, split: 'train' as const })),
    })
    await expect(lonely.batch(0)).rejects.toThrow(/no voices; needs one at least/)
    await lonely.close()
    expect(() => load({ workers: 0 })).toThrow(/workers 0; allowed are whole numbers of at least 1/)
  })
})

describe('chunks', () => {
  it('cover a sound, silence after its end, and leave out what is not heard', () => {
    const voices = sounds.filter(({ role }) => role === 'vocals')
    const [all, heard] = [false, true].map((only) => chunkList(voices, format, { chunkFrames: 100, heard: only })) as [
      ReturnType<typeof chunkList>,
      ReturnType<typeof chunkList>,
    ]
    // 9000 samples are 282 frames; the first 140 of them are silent, which the envelope knows to half a second, 125 frames.
    expect(all.count).toBe(9)
    expect(heard.count).toBe(6)
    const chunk = heard.read(0)
    expect(chunk.channels).toBe(2)
    expect(chunk.re.some((x) => x !== 0)).toBe(true)
    expect(Math.max(...chunk.re.map(Math.abs))).toBeLessThanOrEqual(chunk.rePeak + 1e-6)
    // The original's normaliser of voices: noise in ±0.3, in 16 bits.
    expect(chunkList(voices, format, { chunkFrames: 100, peakOf: 'waveform' }).read(0).peak).toBeCloseTo(0.3, 2)
    expect(chunk.peak).toBeGreaterThan(1)
  })

  it('keep what was measured', async () => {
    const before = (await readdir(join(folder, 'cache'))).filter((name) => name.includes('-peaks-'))
    expect(before).toHaveLength(6)
    const again = await measureSounds(sounds, join(folder, 'cache'), format)
    expect(again.map(({ peaks }) => peaks)).toEqual(sounds.map(({ peaks }) => peaks))
    expect(readSound(sounds[0]!, 4600, 10)[0]).toHaveLength(10)
  })
})
