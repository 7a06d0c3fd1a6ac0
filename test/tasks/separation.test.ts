/** The task of separation: where its mixtures come from, and that what it trained separates, whatever the network. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AudioBlock, createWavWriter, openAudio } from '../../src/audio/index.ts'
import { createNetwork, loadSeparator, networkConfig, writeModel } from '../../src/models/index.ts'
import { initialValues } from '../../src/nn/index.ts'
import { createOnnxRuntimeBackend } from '../../src/runtime/index.ts'
import { writeStems } from '../../src/separation/index.ts'
import type { Task } from '../../src/tasks/index.ts'
import { createRandom } from '../../src/tensor/index.ts'
import { onSyntheticData, type Recipe, recipeSchema, runTraining } from '../../src/training/index.ts'
import { openTask } from '../../src/training/recipe.node.ts'

let folder: string
let cacheFolder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'divisi-separation-'))
  cacheFolder = join(folder, 'cache')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const songs = { source: 'songs', songs: 2, heldOut: 1, songSeconds: 3, seconds: 0.4 }
const small = { sampleRate: 8000, nFft: 128, hopLength: 32 }
const mask = { architecture: 'mask-inference', ...small, stems: ['vocals', 'instrumental'], hidden: 8, layers: 1 }

function recipe(model: object, data: object = songs, training: object = {}): Recipe {
  const rest = { steps: 3, batchSize: 2, learningRate: 0.001, warmup: 0, validateEvery: 3, validationExamples: 2 }
  return recipeSchema.parse({ name: 'tiny', task: 'separation', model, data, training: { ...rest, ...training } }) as Recipe
}

async function opened<T>(of: Recipe, use: (task: Task) => Promise<T>, dataFolder?: string): Promise<T> {
  const task = await openTask(of, { recipeFolder: folder, cacheFolder, dataFolder, onProgress: () => {} })
  return use(task).finally(() => task.close())
}

async function writeTone(file: string, hertz: number, sampleRate = 8000): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  const writer = await createWavWriter(file, { sampleRate, channels: 1, sampleFormat: { kind: 'int', bits: 16 } })
  await writer.write([Float32Array.from({ length: sampleRate }, (_, n) => 0.2 * Math.sin((2 * Math.PI * hertz * n) / sampleRate))])
  await writer.finish()
}

describe('sources of mixtures', () => {
  it('songs: batches are a function of seed and step, held-out examples the same for all', async () => {
    const batches = async (seed: number) =>
      opened(recipe(mask, songs, { seed }), async (task) => {
        const [zero, one, again] = [await task.batchAt(0), await task.batchAt(1), await task.batchAt(0)]
        expect(Object.keys(zero)).toEqual(['mixture', 'vocals', 'instrumental'])
        for (const array of Object.values(zero)) expect(array).toHaveLength(2 * 3200)
        // The sum of two floats below 1, rounded.
        const { mixture, vocals, instrumental } = zero as Record<string, Float32Array>
        for (const [i, x] of mixture!.entries()) expect(Math.abs(x - vocals![i]! - instrumental![i]!)).toBeLessThan(3e-7)
        expect(again).toEqual(zero)
        expect(one).not.toEqual(zero)
        return zero
      })
    expect(await batches(1)).not.toEqual(await batches(2))
    const judged = async (seed: number) =>
      opened(recipe(mask, songs, { seed }), async (task) => {
        const backend = await createOnnxRuntimeBackend({ threads: 1 })
        const values = initialValues(task.network, 1)
        const judgement = await task.judge({ values, backend, examples: 3, pause: async () => {} })
        await backend.dispose()
        return judgement
      })
    const [a, b] = [await judged(1), await judged(2)]
    expect(a).toEqual(b)
    expect(Object.keys(a.scores)).toEqual(['siSdr', 'siSdrGain'])
    for (const score of Object.values(a.scores)) expect(Number.isFinite(score)).toBe(true)
    const names = ['mixture', 'vocals-truth', 'vocals-estimate', 'instrumental-truth', 'instrumental-estimate']
    expect(Object.keys(a.pictures!)).toEqual([...names, ...names.map((name) => `example-2-${name}`)])
    expect(a.sounds!.map(({ name }) => name)).toEqual(Object.keys(a.pictures!))
    for (const { name, estimated, channels } of a.sounds!) {
      expect(estimated, name).toBe(name.endsWith('estimate'))
      expect(channels.map(({ length }) => length)).toEqual([3200])
    }
    for (const picture of Object.values(a.pictures!)) expect(picture).toMatch(/^<svg[\s\S]*<\/svg>\s*$/)
  })

  it('mixes: of one source, by default, folded down for a network of one channel', async () => {
    const data = { syntheticSongs: 14, syntheticSeconds: 2, seconds: 0.2 }
    const mono = { ...mask, sampleRate: 32000 }
    await opened(recipe(mono, data), async (task) => {
      expect(task.batch).toEqual({ mixture: [2, 1, 6400], vocals: [2, 1, 6400], instrumental: [2, 1, 6400] })
      const stereo = await opened(recipe({ ...mono, channels: 2 }, data), (other) => other.batchAt(0))
      const one = await task.batchAt(0)
      expect(one.mixture).toHaveLength(2 * 6400)
      const both = stereo.mixture as Float32Array
      // Second example, sample 17: the mean of its channels, in float32.
      expect(one.mixture![6400 + 17]).toBeCloseTo(0.5 * (both[2 * 6400 + 17]! + both[3 * 6400 + 17]!), 6)
    })
    expect(recipe(mono, data)).toEqual(recipe(mono, { source: 'mixes', ...data }))
  })

  it('3.44 musdb: mixtures of the songs of a folder, or of songs made here with --data synthetic', async () => {
    const data = { source: 'musdb', seconds: 0.4, coherent: 1, stems: ['vocals', 'bass'] }
    const musdb = join(folder, 'musdb')
    for (const [k, song] of ['train/one', 'train/two', 'test/three'].entries()) {
      await writeTone(join(musdb, song, 'vocals.wav'), 300 + 10 * k)
      await writeTone(join(musdb, song, 'bass.wav'), 100 + 10 * k)
    }
    const of = recipe({ ...mask, stems: ['vocals', 'bass'] }, data)
    await opened(
      of,
      async (task) => {
        expect(task.batch).toEqual({ mixture: [2, 1, 3200], vocals: [2, 1, 3200], bass: [2, 1, 3200] })
        const { vocals, bass } = (await task.batchAt(0)) as Record<string, Float32Array>
        expect(Math.max(...vocals!)).toBeGreaterThan(0.05)
        expect(Math.max(...bass!)).toBeGreaterThan(0.05)
      },
      musdb,
    )
    await expect(opened(of, async () => {})).rejects.toThrow(
      'give their folder with --data DIR, or train on songs made here with --data synthetic',
    )
    const made = onSyntheticData(of)
    expect(made.data).toMatchObject({ source: 'songs', seconds: 0.4, coherent: 1, stems: ['vocals', 'bass'] })
    expect(onSyntheticData(recipe(mask)).data).toEqual(recipe(mask).data)
  })

  it('names stems that the data do not have, and data that do not fit', async () => {
    await expect(opened(recipe({ ...mask, stems: ['vocals', 'kazoo'] }), async () => {})).rejects.toThrow(
      'model: MaskInference estimates kazoo; the data have vocals, instrumental: choose among them with model.stems',
    )
    await expect(opened(recipe({ ...mask, channels: 3 }), async () => {})).rejects.toThrow('takes 3 channels; data have 1 or 2')
    expect(() => recipe(mask, { source: 'radio' })).toThrow(/source/)
    expect(() => recipe(mask, { ...songs, levelRatio: [5, -5] })).toThrow(/the first number of a range must not be above the second/)
    // Another name of the instrumental.
    await opened(recipe({ ...mask, stems: ['vocals', 'accompaniment'] }), async (task) => {
      expect(Object.keys(await task.batchAt(0))).toEqual(['mixture', 'vocals', 'accompaniment'])
    })
  })
})

const tiny = { ...small, stems: ['vocals', 'instrumental'] }
const recurrent = { ...small, hidden: 6, layers: 1 }
const tasnet = { architecture: 'conv-tasnet', filters: 8, bottleneck: 4, hidden: 6, skip: 4, blocks: 2, repeats: 1 }
const dense = {
  ...tiny,
  channels: 1,
  splits: [1000],
  first: 2,
  growth: 2,
  fullGrowth: 2,
  layers: 1,
  levels: 1,
  finalGrowth: 2,
  finalLayers: 1,
}
const unet = { architecture: 'spectrogram-u-net', ...tiny }

/** Of each architecture a small one, with the stems that `separate` gives of it. */
const architectures: readonly (readonly [string, object, readonly string[]])[] = [
  ['mask-inference', { architecture: 'mask-inference', ...recurrent, ...tiny }, ['vocals', 'instrumental']],
  [
    'deep-clustering',
    { architecture: 'deep-clustering', ...recurrent, embedding: 4, iterations: 3, restarts: 1 },
    ['source-1', 'source-2'],
  ],
  ['chimera', { architecture: 'chimera', ...recurrent, ...tiny, embedding: 4 }, ['vocals', 'instrumental']],
  ['open-unmix', { architecture: 'open-unmix', ...small, channels: 1, bandwidth: 4000, hidden: 8, layers: 1 }, ['vocals', 'instrumental']],
  [
    'open-unmix of the rest',
    { architecture: 'open-unmix', ...small, channels: 1, hidden: 8, layers: 1, stem: 'accompaniment' },
    ['vocals', 'instrumental'],
  ],
  ['conv-tasnet', tasnet, ['source-1', 'source-2']],
  [
    'conv-tasnet, causal',
    { ...tasnet, causal: true, interchangeable: false, objective: 'snr', stems: tiny.stems },
    ['vocals', 'instrumental'],
  ],
  [
    'wave-u-net',
    { architecture: 'wave-u-net', sampleRate: 8000, channels: 2, stems: ['instrumental', 'vocals'], levels: 3, filters: 2 },
    ['vocals', 'instrumental'],
  ],
  ['mm-dense-net', { architecture: 'mm-dense-net', ...dense }, ['vocals', 'instrumental']],
  ['mm-dense-lstm', { architecture: 'mm-dense-lstm', ...dense, units: 3 }, ['vocals', 'instrumental']],
  ['u-net', { ...unet, network: { channels: [2, 3] } }, ['vocals', 'instrumental']],
  ['u-net, interpolated', { ...unet, network: { channels: [2, 3], upsampling: 'interpolation' } }, ['vocals', 'instrumental']],
  [
    'band-unet',
    { architecture: 'band-unet', ...small, bands: 16, highest: 3500, channels: [2, 4], bottleneck: 1 },
    ['vocals', 'instrumental'],
  ],
]

describe('trained networks separate', () => {
  it.each(architectures)(
    '3.31, 3.36, 3.37, 3.38, 3.39, 3.40, 3.42 %s: trained for some steps, its file separates a song in stereo at another rate',
    async (name, model, stems) => {
      const runFolder = join(folder, name)
      const { model: file } = await runTraining({
        recipe: recipe(model, { ...songs, stems: ['vocals', 'instrumental'] }),
        recipeFolder: folder,
        cacheFolder,
        runFolder,
        threads: 1,
        onEvent: () => {},
      })
      const separator = await loadSeparator(file, { threads: 1, seconds: 3.1 })
      try {
        // 5 s at 11025 Hz: more than a window of 3.1 s, in no whole number of hops.
        const [frames, sampleRate] = [55555, 11025]
        const random = createRandom(5)
        const song = [0, 1].map(() => Float32Array.from({ length: frames }, (_, n) => 0.3 * Math.sin(0.05 * n) + random.uniform(-0.1, 0.1)))
        const input = join(runFolder, 'song.wav')
        const writer = await createWavWriter(input, { sampleRate, channels: 2, sampleFormat: { kind: 'int', bits: 16 } })
        await writer.write(song)
        await writer.finish()
        const written = await writeStems(await openAudio(input), { separator, folder: runFolder, base: 'song' })
        expect(Object.keys(written.files)).toEqual(stems)
        const sounds: Float64Array[][] = []
        for (const stem of stems) {
          const stream = await openAudio(join(runFolder, written.files[stem]!))
          expect(stream.info).toMatchObject({ sampleRate, channels: 2, frames })
          const blocks: AudioBlock[] = []
          for await (const block of stream.blocks) blocks.push(block)
          sounds.push([0, 1].map((c) => Float64Array.from(blocks.flatMap((block) => [...block[c]!]))))
        }
        for (const channel of sounds.flat()) expect(channel.every(Number.isFinite)).toBe(true)
        if (stems.includes('instrumental')) {
          // Exactly, at the gain that keeps them from clipping, but for its rounding to 16 bits.
          const [left] = sounds.map((stem) => stem[0]!)
          for (const [i, x] of left!.entries()) expect(Math.abs(x + sounds[1]![0]![i]! - written.gain * song[0]![i]!)).toBeLessThan(6e-5)
        }
      } finally {
        await separator.dispose()
      }
    },
  )

  it('a network of one channel hears left and right one by one, and outputs without an order are paired between them', async () => {
    const model = networkConfig.parse({ architecture: 'conv-tasnet', filters: 8, bottleneck: 4, hidden: 6, skip: 4, blocks: 2, repeats: 1 })
    const network = createNetwork(model)
    const file = join(folder, 'mono.safetensors')
    await writeFile(file, writeModel('mono', network, initialValues(network, 3)))
    const separator = await loadSeparator(file, { threads: 1, seconds: 1 })
    const random = createRandom(9)
    const left = Float32Array.from({ length: 8000 }, () => random.uniform(-0.5, 0.5))
    const estimates = await separator.predict([left.slice(), left.map((x) => 0.5 * x)])
    await separator.dispose()
    expect(Object.keys(estimates)).toEqual(['source-1', 'source-2'])
    expect(separator).toMatchObject({ interchangeable: true, windowLength: 8000 })
    for (const [one, two] of Object.values(estimates)) {
      // The same sound at half the level, in the same stem (its masks follow the normalised signal, up to the norm's epsilon).
      for (const [i, x] of one.entries()) expect(Math.abs(0.5 * x - two[i]!)).toBeLessThan(2e-3)
    }
    // Training on a scale-invariant ratio leaves levels open: the sum is at that of the mixture.
    const [sum, energy] = [new Float64Array(8000), { shared: 0, own: 0 }]
    for (const [one] of Object.values(estimates)) for (const [i, x] of one.entries()) sum[i]! += x
    sum.forEach((x, i) => {
      energy.shared += x * left[i]!
      energy.own += x * x
    })
    expect(energy.shared / energy.own).toBeCloseTo(1, 1)
  })

  it('margins: all that a network reads beside a sample, where that ends within a second', async () => {
    const marginOf = async (model: object) => {
      const network = createNetwork(networkConfig.parse(model))
      const file = join(folder, 'margin.safetensors')
      await writeFile(file, writeModel('margin', network, initialValues(network, 1)))
      const separator = await loadSeparator(file, { threads: 1, seconds: 3 })
      await separator.dispose()
      return separator.margin
    }
    // The levels' windows add up to 6 hops of 32 on either side, frames of 128 samples to 127.
    const short = await marginOf({ ...unet, network: { channels: [2, 3], kernel: 3 } })
    expect(short).toBe(6 * 32 + 127)
    expect(await marginOf({ architecture: 'mask-inference', ...recurrent, ...tiny })).toBe(8000)
    expect(await marginOf({ architecture: 'band-unet', ...small, bands: 16, highest: 3500, channels: [2, 4], bottleneck: 1 })).toBe(8000)
    // Half a second on either side is what outputs without an order are known again by.
    expect(await marginOf({ architecture: 'mask-inference', ...recurrent, ...tiny, interchangeable: true })).toBe(8000)
    const narrow = { ...tasnet, causal: true, filterLength: 16 }
    expect(await marginOf(narrow)).toBeGreaterThanOrEqual(4000)
  })

  it('refuses networks that do not separate, and windows that it cannot have', async () => {
    const classifier = createNetwork(networkConfig.parse({ architecture: 'lenet', classes: ['cat', 'dog'] }))
    const file = join(folder, 'classifier.safetensors')
    await writeFile(file, writeModel('classifier', classifier, initialValues(classifier, 1)))
    await expect(loadSeparator(file)).rejects.toThrow(/classifier\.safetensors": is a network of the kind "lenet", which does not separate/)
    const network = createNetwork(networkConfig.parse(tasnet))
    const samples = join(folder, 'samples.safetensors')
    await writeFile(samples, writeModel('samples', network, initialValues(network, 1)))
    await expect(loadSeparator(samples, { frames: 100 })).rejects.toThrow(
      'frames: ConvTasNet computes on samples and has none; give `seconds` instead',
    )
    await expect(loadSeparator(samples, { seconds: 0 })).rejects.toThrow('seconds: 0; allowed are numbers above 0')
  })
})
