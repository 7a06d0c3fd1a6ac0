import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { istft } from '../../src/dsp/index.ts'
import { readSafetensors, type StoredTensor, writeSafetensors } from '../../src/formats/index.ts'
import { bandUnetConfig, createNetwork, loadSeparator, readModel, writeModel } from '../../src/models/index.ts'
import { initialValues } from '../../src/nn/index.ts'
import { compile, createReferenceBackend } from '../../src/runtime/index.ts'
import { createRandom } from '../../src/tensor/index.ts'
import { tinyConfig } from '../training/tiny.ts'

const config = tinyConfig
const network = createNetwork(config)
const values = initialValues(network, 1)
const bytes = writeModel('tiny', network, values, { step: '7' })

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'divisi-model-'))
  await writeFile(join(folder, 'tiny.safetensors'), bytes)
})
afterAll(() => rm(folder, { recursive: true }))

const noise = (length: number, seed: number) => {
  const random = createRandom(seed)
  return Float32Array.from({ length }, () => random.uniform(-0.3, 0.3))
}

describe('model files', () => {
  it('give back name, configuration, facts and every value', () => {
    const model = readModel(bytes)
    expect(model.name).toBe('tiny')
    expect(model.network.config).toEqual(config)
    expect(model.metadata.step).toBe('7')
    expect(model.values).toEqual(values)
  })

  it('refuse weights that do not fit, other files, and later formats, by name', () => {
    const { tensors } = readSafetensors(bytes)
    const metadata = { divisi: JSON.stringify({ format: 1, name: 'tiny', model: config }) }
    const changed = (change: (tensors: Map<string, StoredTensor>) => unknown) => {
      const copy = new Map(tensors)
      change(copy)
      return () => readModel(writeSafetensors({ tensors: copy, metadata }))
    }
    expect(changed((copy) => copy.delete('mask.bias'))).toThrow(/model file: "mask.bias" is missing, the model needs \(2\)/)
    expect(changed((copy) => copy.set('mask.bias', { shape: [1, 2], data: new Float32Array(2) }))).toThrow(
      /"mask.bias" has the shape \(1, 2\)/,
    )
    expect(changed((copy) => copy.set('colour', { shape: [1], data: new Float32Array(1) }))).toThrow(/the model has no "colour"/)
    expect(() => readModel(writeSafetensors({ tensors, metadata: {} }))).toThrow(/describe no model of a format up to 2/)
    expect(() =>
      readModel(writeSafetensors({ tensors, metadata: { divisi: metadata.divisi.replace('"format":1', '"format":3') } })),
    ).toThrow(/newer divisi/)
    expect(() => readModel(new Uint8Array(100))).toThrow(/safetensors/)
  })

  it('are refused for any changed byte; what may change is spaces, and facts that compute nothing', () => {
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (place, change) => {
        const damaged = bytes.slice()
        damaged[place]! ^= change
        let model: ReturnType<typeof readModel>
        try {
          model = readModel(damaged)
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError)
          return
        }
        expect(model).toMatchObject({ name: 'tiny', values, network: { config } })
      }),
      { numRuns: 300 },
    )
    const damaged = bytes.slice()
    damaged[bytes.length - 1]! ^= 1
    expect(() => readModel(damaged)).toThrow(
      /model file: it is damaged, its content has the checksum [\da-f]{8}, written was [\da-f]{8}; copy it again/,
    )
  })

  it('may have their arrays in another order, and no checksum in format 1', () => {
    const { tensors, metadata } = readSafetensors(bytes)
    const turned = writeSafetensors({ tensors: new Map([...tensors].reverse()), metadata: { ...metadata, format: 'pt' } })
    expect(readModel(turned).values).toEqual(values)
    const { crc32, ...rest } = JSON.parse(metadata.divisi!)
    expect(crc32).toMatch(/^[\da-f]{8}$/)
    const plain = (divisi: object) => () => readModel(writeSafetensors({ tensors, metadata: { divisi: JSON.stringify(divisi) } }))
    expect(plain({ ...rest, format: 1 })().values).toEqual(values)
    expect(plain(rest)).toThrow(/describe no model of a format up to 2/)
  })
})

describe('the band U-Net', () => {
  it('refuses sizes that do not fit together', () => {
    expect(bandUnetConfig.safeParse({ ...config, bands: 15 }).error?.issues[0]?.message).toBe(
      '15 bands over 2 levels: needs a multiple of 2',
    )
    expect(bandUnetConfig.safeParse({ ...config, hopLength: 33 }).error?.issues[0]?.message).toBe('33 is more than half of nFft 64')
    expect(bandUnetConfig.safeParse({ ...config, colour: 1 }).success).toBe(false)
  })

  it('takes any number of frames, and its mask attenuates: no stem is louder than the mixture in any bin', async () => {
    for (const samples of [16, 100, 500]) {
      const program = await compile(
        ({ x }) => {
          const { mixture, vocals } = network.forward(x)
          return { mr: mixture.re, mi: mixture.im, vr: vocals.re, vi: vocals.im }
        },
        { x: [1, 2, samples] },
        { backend: createReferenceBackend(), constants: values },
      )
      const { mr, mi, vr, vi } = (await program.run({ x: noise(2 * samples, 2) })) as Record<string, Float64Array>
      expect(vr!.length).toBe(2 * (Math.floor(samples / 16) + 1) * 33)
      for (let i = 0; i < vr!.length; i++) expect(Math.hypot(vr![i]!, vi![i]!)).toBeLessThanOrEqual(Math.hypot(mr![i]!, mi![i]!) + 1e-12)
    }
  })

  it('gives the same mask at any level of the song (float64; the level is divided out)', async () => {
    const samples = 320
    const program = await compile(
      ({ x }) => ({ y: istft(network.forward(x).vocals, samples, config) }),
      { x: [1, 2, samples] },
      { backend: createReferenceBackend(), constants: values },
    )
    const x = noise(2 * samples, 3)
    const [loud, soft] = [await program.run({ x }), await program.run({ x: x.map((v) => v / 8) })]
    for (let i = 0; i < 2 * samples; i++) expect(Math.abs((loud.y![i] as number) - 8 * (soft.y![i] as number))).toBeLessThan(1e-6)
  })
})

describe('loadSeparator', () => {
  it('runs a model file: float32 stems as the float64 reference computes them (1e-5 of full scale)', async () => {
    const separator = await loadSeparator(join(folder, 'tiny.safetensors'), { frames: 40, threads: 1 })
    expect(separator).toMatchObject({ name: 'tiny', sampleRate: 8000, channels: 2, windowLength: 39 * 16, stems: ['vocals'] })
    const [left, right] = [noise(39 * 16, 4), noise(39 * 16, 5)]
    const { vocals } = await separator.predict([left.slice(), right.slice()])
    const program = await compile(
      ({ x }) => ({ y: istft(network.forward(x).vocals, 39 * 16, config) }),
      { x: [1, 2, 39 * 16] },
      { backend: createReferenceBackend(), constants: values },
    )
    const { y } = await program.run({ x: Float32Array.of(...left, ...right) })
    const both = [...vocals![0], ...vocals![1]]
    for (const [i, value] of both.entries()) expect(Math.abs(value - (y![i] as number))).toBeLessThan(1e-5)
    await separator.dispose()
  })

  it('names what it does not know: models, devices', async () => {
    await expect(loadSeparator('nowhere.safetensors')).rejects.toThrow(
      /model "nowhere.safetensors": there is no such file; shipped models are vocals/,
    )
    await writeFile(join(folder, 'damaged.safetensors'), bytes.subarray(0, 1000))
    await expect(loadSeparator(join(folder, 'damaged.safetensors'))).rejects.toThrow(/model ".*damaged\.safetensors": safetensors: /)
    await expect(loadSeparator(join(folder, 'tiny.safetensors'), { frames: 1 })).rejects.toThrow(/frames: 1; allowed are whole numbers ≥ 2/)
    await expect(loadSeparator('vocals', { device: 'gramophone' })).rejects.toThrow(
      /device "gramophone": not available; this version runs on cpu/,
    )
  })
})
