import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createNetwork } from '../../src/models/index.ts'
import { layoutOf } from '../../src/nn/index.ts'
import { identityOf } from '../../src/training/identity.node.ts'
import { onSyntheticData, readRecipe } from '../../src/training/index.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'divisi-recipe-'))
})
afterAll(() => rm(folder, { recursive: true }))

const model = 'model: { architecture: band-unet }'
const training = 'training: { steps: 10, batchSize: 1, learningRate: 0.001, decay: 0 }'

async function read(text: string) {
  await writeFile(join(folder, 'recipe.yaml'), text)
  return (await readRecipe(join(folder, 'recipe.yaml'))).recipe
}

describe('recipes', () => {
  it('of the shipped model: its network fits into 8 MB', async () => {
    const { recipe } = await readRecipe(fileURLToPath(new URL('../../recipes/vocals.yaml', import.meta.url)))
    const { parameterCount, bufferCount } = layoutOf(createNetwork(recipe.model))
    expect(4 * (parameterCount + bufferCount)).toBeLessThan(8_000_000)
  })

  it('with `data: synthetic` need no recordings', async () => {
    const recipe = await read(`name: a\n${model}\ndata: synthetic\n${training}`)
    expect(recipe.data).toMatchObject({ syntheticSongs: 50 })
    expect(recipe.data).not.toHaveProperty('files')
  })

  it('that name recordings run on synthetic songs instead, all else equal', async () => {
    const recipe = await read(`name: a\n${model}\ndata: { files: list.csv, mix: { mono: 0.5 } }\n${training}`)
    const synthetic = onSyntheticData(recipe)
    expect(synthetic.data).toEqual({
      source: 'mixes',
      syntheticSongs: 50,
      syntheticSeconds: 30,
      seconds: 4,
      mix: (recipe.data as { mix: unknown }).mix,
    })
    expect({ ...synthetic, data: null }).toEqual({ ...recipe, data: null })
  })

  it('without an optimiser and a schedule have the keys that the digests of older checkpoints are made of, in their order', async () => {
    const recipe = await read(`name: a\n${model}\ndata: synthetic\n${training}`)
    // From the commits before there were others than AdamW; a new key here refuses every checkpoint that exists (identityOf).
    expect(JSON.stringify(recipe.training)).toBe(
      '{"seed":1,"steps":10,"batchSize":1,"learningRate":0.001,"warmup":200,"decay":0,"betas":[0.9,0.99],"eps":1e-8,' +
        '"weightDecay":0.01,"clipNorm":1,"averageDecay":0.998,"validateEvery":250,"validationExamples":32,"checkpointEvery":100}',
    )
  })

  it('5.3 name any optimiser and any schedule, with PyTorch’s options and defaults', async () => {
    const fields = 'steps: 10, batchSize: 1, learningRate: 0.1, warmup: 2'
    const of = (more: string) => read(`name: a\n${model}\ndata: synthetic\ntraining: { ${fields}, ${more} }`)
    const recipe = await of('optimizer: { name: sgd, momentum: 0.9 }, schedule: { name: cosine, tMax: 8 }')
    expect(recipe.training).toMatchObject({
      optimizer: { name: 'sgd', momentum: 0.9, dampening: 0, weightDecay: 0, nesterov: false },
      schedule: { name: 'cosine', tMax: 8, etaMin: 0 },
    })
    await expect(of('optimizer: { name: lion }')).rejects.toThrow(/training\.optimizer\.name/)
    await expect(of('schedule: { name: cosine }')).rejects.toThrow(/training\.schedule\.tMax/)
    await expect(of('schedule: { name: plateau }')).rejects.toThrow(/`mode: max`.*training\.schedule\.mode/)
    await expect(of('betas: [0.5, 0.9], optimizer: { name: adam }')).rejects.toThrow(
      /`betas` beside `optimizer`, which says the same.*training\.betas/,
    )
    await expect(of('decay: 3, schedule: { name: constant }')).rejects.toThrow(/`decay` beside `schedule`.*training\.decay/)
  })

  it('are the same run however often it is looked at, but for schedules whose rates follow from what is seen', async () => {
    const digest = async (more: string) => {
      const fields = 'steps: 10, batchSize: 1, learningRate: 0.1'
      const recipe = await read(`name: a\n${model}\ndata: synthetic\ntraining: { ${fields}, ${more} }`)
      return identityOf(recipe, { data: [], layout: layoutOf(createNetwork(recipe.model)) })
    }
    const plateau = 'schedule: { name: plateau, mode: max }'
    expect(await digest('validateEvery: 5, validationExamples: 4')).toBe(await digest('validateEvery: 7, validationExamples: 9'))
    expect(await digest(`${plateau}, checkpointEvery: 5`)).toBe(await digest(`${plateau}, checkpointEvery: 7`))
    expect(await digest(`${plateau}, validateEvery: 5`)).not.toBe(await digest(`${plateau}, validateEvery: 7`))
    expect(await digest(`${plateau}, validationExamples: 5`)).not.toBe(await digest(`${plateau}, validationExamples: 7`))
  })

  const staged = `name: a
task: recall
model: { architecture: sequence-classifier, vocabulary: { kind: symbols, symbols: [do, re, ., '1?'] }, labels: [do, re], hidden: 8 }
data: { questions: ['1?'], wait: [2, 4] }
training: { batchSize: 4, learningRate: 0.01, patience: 3, schedule: { name: cosine, tMax: 10 } }
stages:
`

  it('with stages lay each stage’s sections over the common ones: deeply, with null to take out, and no mix of two kinds of things', async () => {
    const recipe = await read(`${staged}
  - { name: one, training: { steps: 5 } }
  - { name: two, model: { hidden: 16 }, training: { steps: 7, patience: null, schedule: { name: constant } }, startFrom: last }`)
    const [one, two] = recipe.stages!
    expect(one).toMatchObject({
      name: 'one',
      startFrom: 'best',
      recipe: {
        name: 'a-one',
        model: { hidden: 8 },
        training: { steps: 5, batchSize: 4, patience: 3, schedule: { name: 'cosine', tMax: 10, etaMin: 0 } },
      },
    })
    expect(two).toMatchObject({ startFrom: 'last', recipe: { model: { hidden: 16, labels: ['do', 're'] } } })
    expect(two!.recipe.training.schedule).toEqual({ name: 'constant' })
    expect(two!.recipe.training).not.toHaveProperty('patience')
    // What comes out is the last stage’s.
    expect(recipe).toMatchObject({ name: 'a', model: { hidden: 16 } })
    expect(recipe.stages!.map((stage) => stage.recipe.stages)).toEqual([undefined, undefined])
    expect(onSyntheticData(recipe).stages!.map(({ name }) => name)).toEqual(['one', 'two'])
  })

  it('with stages tell what is wrong with which of them, and begin the first one from a file', async () => {
    await expect(read(`${staged}  - { name: one, training: { steps: 5 } }\n  - { name: one, training: { steps: 5 } }`)).rejects.toThrow(
      /two stages of one name.*stages/,
    )
    await expect(read(`${staged}  - { name: A, training: { steps: 5 } }`)).rejects.toThrow(/lower-case letters.*stages\[0\]\.name/)
    await expect(read(`${staged}  - { name: one, training: { steps: 5 } }\n  - { name: two }`)).rejects.toThrow(
      /stages\[1\]\.training\.steps/,
    )
    await expect(read(`${staged}  - { name: one, colour: red, training: { steps: 5 } }`)).rejects.toThrow(/colour.*stages\[0\]/)
    const recipe = await read(
      `${staged}  - { name: one, training: { steps: 5 } }\n  - { name: two, training: { steps: 5 } }\ninitialWeights: a.pth`,
    )
    expect(recipe.stages!.map((stage) => stage.recipe.initialWeights)).toEqual(['a.pth', undefined])
    await expect(read(`name: a\n${model}\ndata: synthetic\n${training}\ninitialWeights: a.txt`)).rejects.toThrow(/\.safetensors, or \.pth/)
  })

  it('ask for several batches per update and for lengths by schedule where the task can cut its examples', async () => {
    const of = (task: string, more: string) =>
      read(`${staged.replace('task: recall', `task: ${task}`)}  - { name: one, training: { steps: 5, ${more} } }`)
    expect((await of('recall', 'accumulate: 4')).training.accumulate).toBe(4)
    await expect(of('recall', 'accumulate: 0')).rejects.toThrow(/accumulate/)
    await expect(of('recall', 'crops: [{ frames: 64 }]')).rejects.toThrow(
      /the examples of the task `recall` have one length.*leave crops out/,
    )
    const cut = (crops: string) =>
      read(`name: a
task: frame-transformer
model: { architecture: frame-transformer, stems: [instrumental] }
data: { stage: supervised, syntheticSongs: 20 }
training: { steps: 10, batchSize: 1, learningRate: 0.001, crops: ${crops} }`)
    expect((await cut('[{ until: 5, frames: 64, batchSize: 2 }, { frames: 128 }]')).training.crops).toHaveLength(2)
    for (const crops of [
      '[]',
      '[{ until: 5, frames: 64 }]',
      '[{ frames: 64 }, { frames: 128 }]',
      '[{ until: 5, frames: 64 }, { until: 5, frames: 64 }, { frames: 2 }]',
    ])
      await expect(cut(crops), crops).rejects.toThrow(/training\.crops/)
  })

  it('name FrameTransformer’s schedule and optimiser, and those of a second network', async () => {
    const recipe = await read(`name: a
task: frame-transformer
model: { architecture: frame-transformer, stems: [instrumental] }
data: { stage: adversarial, syntheticSongs: 20 }
training:
  steps: 1108000
  batchSize: 2
  learningRate: 0.0001
  warmup: 8000
  clipNorm: 0.5
  optimizer: { name: adamw, betas: [0.5, 0.999], eps: 1.0e-8, weightDecay: 0.01 }
  schedule: { name: frame-transformer, decaySteps: 1000000 }
  crops: [{ until: 900000, frames: 256, batchSize: 2, accumulate: 4 }, { frames: 512, batchSize: 1, accumulate: 8 }]
  rival: { learningRate: 0.0002, clipNorm: 1, schedule: { name: cosine, tMax: 1000000 } }`)
    expect(recipe.training).toMatchObject({
      optimizer: { betas: [0.5, 0.999] },
      schedule: { power: 0.1, target: 1e-12, after: 'hold' },
      rival: { schedule: { name: 'cosine', etaMin: 0 } },
    })
  })

  it('are refused with the name of what is wrong and what is allowed', async () => {
    await expect(readRecipe(join(folder, 'gone.yaml'))).rejects.toThrow(/gone\.yaml: there is no such recipe/)
    await expect(read('name: [a')).rejects.toThrow(/recipe\.yaml: is no YAML/)
    await expect(read(`name: a\n${model}\ndata: {}\n${training}`)).rejects.toThrow(/needs `files`, or `syntheticSongs` above 0/)
    await expect(read(`name: A b\n${model}\ndata: synthetic\n${training}`)).rejects.toThrow(/lower-case letters, digits and dashes.*name/)
    await expect(read(`name: a\n${model}\ndata: synthetic\n${training.replace('10', '-1')}`)).rejects.toThrow(/>=1.*training\.steps/)
    await expect(read(`name: a\n${model}\ndata: { syntheticSongs: 3 }\n${training}`)).rejects.toThrow(/0, or at least 14: one per singer/)
    await expect(read(`name: a\n${model}\ndata: synthetic\n${training.replace('decay: 0', 'decay: 11')}`)).rejects.toThrow(
      /more decay than steps/,
    )
    await expect(read(`name: a\nmodel: { architecture: orchestra }\ndata: synthetic\n${training}`)).rejects.toThrow(
      /band-unet.*model\.architecture/,
    )
  })
})
