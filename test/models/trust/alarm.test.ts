/** Networks that take nothing apart are refused, songs in which there is nothing to take apart are not. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeInstrumental, singVoice } from '../../../src/data/index.ts'
import {
  causalUnetConfig,
  createNetwork,
  loadSeparator,
  SeparationError,
  type Separator,
  type StereoWindow,
  writeModel,
} from '../../../src/models/index.ts'
import { createAlarm } from '../../../src/models/trust/alarm.ts'
import { areCopies } from '../../../src/models/trust/copies.ts'
import { probeSound } from '../../../src/models/trust/probe-sound.ts'
import { initialValues } from '../../../src/nn/index.ts'
import { separate, writeStems } from '../../../src/separation/index.ts'
import { noise, sourceOf } from '../../separation/fakes.ts'
import { tinyConfig } from '../../training/tiny.ts'

const network = createNetwork(tinyConfig)
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'divisi-trust-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** The band U-Net, all of whose masks are one value, the sigmoid of `bias`; without a bias it is as training begins. */
async function separatorWithMask(bias: number | undefined): Promise<Separator> {
  const values = initialValues(network, 1)
  if (bias !== undefined) {
    values.get('mask.weight')!.fill(0)
    values.get('mask.bias')!.fill(bias)
  }
  const file = join(folder, `mask ${bias}.safetensors`)
  await writeFile(file, writeModel('tiny', network, values))
  return loadSeparator(file, { seconds: 3, threads: 1 })
}

const song = (seconds: number) => sourceOf(noise(2, seconds * 8000), { sampleRate: 8000 })
const play = async (separator: Separator) => {
  for await (const { stems } of separate(song(7), { separator })) expect(stems).toBeDefined()
}

describe('a network that takes nothing apart', () => {
  it.each([
    ['the song itself', 60, /vocals: the sound itself;/],
    ['silence', -60, /vocals: silence;/],
    ['half of the song', 0, /vocals: the sound itself × 0\.50;/],
  ])('is refused by name and device for %s, with nothing written', async (_, bias, words) => {
    const separator = await separatorWithMask(bias)
    const error = await play(separator).catch((reason: Error) => reason)
    expect(error).toBeInstanceOf(SeparationError)
    expect(error).toMatchObject({
      message: expect.stringMatching(/^the model tiny takes nothing apart on onnxruntime-node [\d.]+, cpu, 1 thread: of a test sound/),
    })
    expect(error).toMatchObject({ message: expect.stringMatching(words) })
    const out = join(folder, 'out')
    await expect(writeStems(song(7), { separator, folder: out, base: 'song' })).rejects.toThrow(/takes nothing apart/)
    expect(await readdir(out).catch(() => [])).toEqual([])
    await separator.dispose()
  })

  it('is told from one that does anything, and is not looked for in silence', async () => {
    const untrained = await separatorWithMask(undefined)
    await play(untrained)
    await untrained.dispose()
    const broken = await separatorWithMask(0)
    for await (const _ of separate(sourceOf([new Float32Array(9000)], { sampleRate: 8000 }), { separator: broken }));
    await broken.dispose()
  })

  it('gives numbers that are none: refused as before, whatever else', async () => {
    const separator = await separatorWithMask(Number.NaN)
    await expect(play(separator)).rejects.toThrow(/gave values that are no numbers in the window at 0\.0 s/)
    await separator.dispose()
  })
})

describe('a network for sound that plays, which does nothing', () => {
  it('is refused when it is loaded, because nobody looks at windows later', async () => {
    const sizes = {
      nFft: 64,
      hopLength: 32,
      bands: 8,
      highest: 4000,
      channels: [2, 3, 4],
      dilations: [1, 2],
      levelFrames: 5,
      sampleRate: 8000,
    }
    const live = createNetwork(causalUnetConfig.parse({ architecture: 'causal-unet', ...sizes }))
    const file = async (weight: number | undefined) => {
      const values = initialValues(live, 1)
      if (weight !== undefined) values.get('mask.weight')!.fill(weight)
      const path = join(folder, `live ${weight}.safetensors`)
      await writeFile(path, writeModel('live', live, values))
      return path
    }
    await expect(loadSeparator(await file(0), { seconds: 3, threads: 1 })).rejects.toThrow(/^the model live takes nothing apart/)
    const separator = await loadSeparator(await file(undefined), { seconds: 3, threads: 1 })
    expect(separator.stream).toBeDefined()
    await separator.dispose()
  })
})

describe('the alarm', () => {
  const windowLength = 8000
  const sound = noise(2, windowLength) as unknown as StereoWindow
  const silence: StereoWindow = [new Float32Array(windowLength), new Float32Array(windowLength)]
  const middle = ([left, right]: StereoWindow): StereoWindow => {
    const mean = left.map((x, i) => (x + right[i]!) / 2)
    return [mean, mean]
  }

  it('asks once for each stretch of copies, not again for eight windows, and believes a network that answers', async () => {
    let asked = 0
    const alarm = createAlarm({
      name: 'relu',
      device: 'test',
      sampleRate: 8000,
      windowLength,
      estimate: async (window) => {
        asked++
        return { vocals: middle(window) }
      },
    })
    for (const vocals of [silence, silence, silence]) await alarm(sound, { vocals })
    expect(asked).toBe(1)
    // A song that goes to and fro: two windows since it was asked, then three and five.
    await alarm(sound, { vocals: middle(sound) })
    expect(asked).toBe(1)
    for (const vocals of [sound, middle(sound), silence]) await alarm(sound, { vocals })
    expect(asked).toBe(1)
    for (const vocals of [sound, sound, sound]) await alarm(sound, { vocals })
    expect(asked).toBe(2)
    // One of several may be silent while another is not a copy.
    await alarm(sound, { vocals: middle(sound), drums: silence })
    await alarm(silence, { vocals: silence })
    expect(asked).toBe(2)
  })

  it('takes −80 dB beside the sound for a copy, −79 dB for work', () => {
    const [left, right] = sound
    const beside = (decibels: number): StereoWindow => {
      const other = noise(2, windowLength, { seed: 7, level: 0.5 * 10 ** (decibels / 20) })
      return [left.map((x, i) => 0.3 * x + other[0]![i]!), right.map((x, i) => 0.3 * x + other[1]![i]!)]
    }
    expect(areCopies(sound, [beside(-80.5)])).toBe(true)
    expect(areCopies(sound, [beside(-79)])).toBe(false)
    // A single sample between those that are looked at first.
    const click = left.map((x, i) => (i === 4001 ? x + 1 : x))
    expect(areCopies(sound, [[click, right]])).toBe(false)
  })
})

describe('the model that ships', () => {
  let separator: Separator
  beforeAll(async () => {
    separator = await loadSeparator('vocals', { threads: 1, seconds: 5 })
  })
  afterAll(() => separator.dispose())

  it.each([
    ['instruments alone', () => makeInstrumental({ seed: 3, seconds: 6 })],
    ['a voice alone', () => singVoice({ seed: 3, seconds: 6 })],
  ])('may find %s', async (_, make) => {
    const stems: (readonly string[])[] = []
    for await (const block of separate(sourceOf(make()), { separator })) stems.push(Object.keys(block.stems))
    expect(stems.length).toBeGreaterThan(0)
  })

  it('finds the voice in the test sound, and leaves the rest', async () => {
    const [left, right] = probeSound(44100, separator.windowLength)
    const { vocals } = await separator.predict([left.slice(), right.slice()])
    const energy = (samples: Float32Array) => samples.reduce((sum, x) => sum + x * x, 0)
    // A sung "a" and chords of about its level: neither all nor nothing is an answer.
    const share = energy(vocals![0]) / energy(left)
    expect(share).toBeGreaterThan(0.03)
    expect(share).toBeLessThan(0.7)
  })
})
