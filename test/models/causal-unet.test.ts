import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  CausalUnet,
  type CausalUnetInput,
  causalUnetConfig,
  createSeparator,
  latencyOf,
  type Separator,
  type StereoWindow,
} from '../../src/models/index.ts'
import { initialValues, layoutOf } from '../../src/nn/index.ts'
import { type Backend, compile, createOnnxRuntimeBackend, type Program } from '../../src/runtime/index.ts'
import { overfit, sound, withoutGradient } from './support.ts'

const tiny = { nFft: 64, hopLength: 32, bands: 8, highest: 4000, channels: [2, 3, 4], dilations: [1, 2], levelFrames: 5, sampleRate: 8000 }
const create = (config: Partial<CausalUnetInput> = {}) =>
  new CausalUnet(causalUnetConfig.parse({ architecture: 'causal-unet', ...tiny, ...config }))

const samples = 1000
/** Frames of a step, from that of the least latency to those of the shipped network and more. */
const variants = [1, 2, 3].map((framesPerStep) => create({ framesPerStep }))

describe('the causal U-Net', () => {
  let backend: Backend
  const programs: Program[] = []

  beforeAll(async () => {
    backend = await createOnnxRuntimeBackend({ threads: 1 })
    for (const network of variants) {
      layoutOf(network)
      const specs = { mixture: [1, 2, samples] }
      programs.push(await compile(({ mixture }) => network.waveforms(mixture), specs, { backend, constants: initialValues(network, 1) }))
    }
  }, 60_000)
  afterAll(() => backend.dispose())

  /** Both channels of the vocals of a signal of `samples`, one behind the other. */
  const vocals = async (variant: number, mixture: Float32Array) => (await programs[variant]!.run({ mixture })).vocals as Float32Array

  it.each([0, 1, 2])(
    'reads no further ahead than its latency, and as far as that, nor further back than it says: variant %i',
    async (variant) => {
      const { first, last } = variants[variant]!.reach()
      expect(last).toBe(latencyOf(variants[variant]!))
      expect(last).toBe(63 + 32 * variant)
      const mixture = sound(2 * samples, 7)
      const before = await vocals(variant, mixture)
      let furthest = 0
      for (let at = 300; at < 460; at++) {
        const changed = mixture.slice()
        changed[at]! += 0.5
        const after = await vocals(variant, changed)
        const touched = Array.from({ length: samples }, (_, n) => n).filter(
          (n) => after[n] !== before[n] || after[samples + n] !== before[samples + n],
        )
        furthest = Math.max(furthest, at - touched[0]!)
        expect(touched.at(-1)! - at).toBeLessThanOrEqual(-first)
      }
      // The first sample of a frame has the weight 0 at both ends of its way, and so is not read.
      expect([last - 2, last - 1, last]).toContain(furthest)
    },
  )

  it('takes levels relative to the last seconds: the mask is that of the same sound, louder', async () => {
    const mixture = sound(2 * samples, 3)
    const [soft, loud] = [
      await vocals(1, mixture),
      await vocals(
        1,
        mixture.map((x) => 8 * x),
      ),
    ]
    // 24 bits of the louder sound, through some hundred operations.
    for (let n = 0; n < soft.length; n++) expect(Math.abs(loud[n]! / 8 - soft[n]!)).toBeLessThan(1e-5)
  })

  it('learns: every parameter has a gradient, and one example is learned by heart', async () => {
    expect(await withoutGradient(create(), 700)).toEqual([])
    const { first, last } = await overfit(create({ channels: [6, 8], dilations: [1] }), { samples: 512, steps: 60, rate: 0.02 })
    // Two noises in one place: masks tell them apart by a few dB, each of which is 0.06 of the loss by its first term alone.
    expect(last).toBeLessThan(first - 0.12)
  })

  it('names what does not fit', () => {
    expect(() => create({ bands: 6 })).toThrow('6 bands over 3 levels: needs a multiple of 4')
    expect(() => create({ highest: 5000 })).toThrow('5000 Hz is above half the sample rate (4000)')
    expect(() => create({ hopLength: 48 })).toThrow('48 is more than half of nFft 64')
  })
})

describe('a stream of a separator', () => {
  const separators: Separator[] = []
  let backend: Backend

  beforeAll(async () => {
    backend = await createOnnxRuntimeBackend({ threads: 1 })
    for (const network of variants) {
      const values = initialValues(network, 1)
      const own = await createOnnxRuntimeBackend({ threads: 1 })
      separators.push(await createSeparator({ name: 'tiny', network, values, backend: own, seconds: 0.1 }))
    }
  }, 60_000)
  afterAll(async () => {
    for (const separator of separators) await separator.dispose()
    await backend.dispose()
  })

  const drawn = (length: number): StereoWindow => [sound(length, 1), sound(length, 2)]

  /** The vocals of a signal by `forward` over all of it. */
  const offline = async (variant: number, [left, right]: StereoWindow): Promise<StereoWindow> => {
    const network = variants[variant]!
    const program = await compile(
      ({ mixture }) => network.waveforms(mixture),
      { mixture: [1, 2, left.length] },
      { backend, constants: initialValues(network, 1) },
    )
    const { vocals } = (await program.run({ mixture: Float32Array.of(...left, ...right) })) as { vocals: Float32Array }
    await program.dispose()
    return [vocals.subarray(0, left.length), vocals.subarray(left.length)]
  }

  const joined = (pieces: readonly Record<string, StereoWindow>[]): StereoWindow =>
    [0, 1].map((c) => Float32Array.from(pieces.flatMap(({ vocals }) => [...vocals![c]!]))) as unknown as StereoWindow

  const worst = (a: StereoWindow, b: StereoWindow) => {
    expect(a.map(({ length }) => length)).toEqual(b.map(({ length }) => length))
    return Math.max(0, ...a.flatMap((samples, c) => Array.from(samples, (x, n) => Math.abs(x - b[c]![n]!))))
  }

  it('gives what the network gives over the whole signal, for any length and any cut into blocks', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 2 }),
        fc.integer({ min: 1, max: 700 }),
        fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 8 }),
        async (variant, length, sizes) => {
          const sounds = drawn(length)
          const stream = separators[variant]!.stream!()
          const pieces = []
          let [at, known] = [0, 0]
          for (const size of [...sizes, length]) {
            const [from, to] = [at, Math.min(length, at + size)]
            at = to
            const piece = await stream.process([sounds[0].subarray(from, to), sounds[1].subarray(from, to)])
            known += piece.vocals![0].length
            // What is promised: no sample waits longer than the latency.
            expect(known).toBeGreaterThanOrEqual(to - stream.latencySamples)
            expect(known).toBeLessThanOrEqual(to)
            pieces.push(piece)
          }
          pieces.push(await stream.flush())
          // float32, of signals in ±1 through some hundred operations in another order.
          expect(worst(joined(pieces), await offline(variant, sounds))).toBeLessThan(2e-6)
        },
      ),
      { numRuns: 24 },
    )
  })

  it('keeps several apart, and begins anew after flush and reset', async () => {
    const [one, two] = [drawn(500), [sound(420, 5), sound(420, 6)] as const]
    const separator = separators[1]!
    const [a, b] = [separator.stream!(), separator.stream!()]
    const parts = await Promise.all([
      a.process(one),
      b.process(two),
      b.process([new Float32Array(7), new Float32Array(7)]),
      a.flush(),
      b.flush(),
    ])
    const alone = separator.stream!()
    await alone.process([sound(333, 9), sound(333, 8)])
    await alone.reset()
    expect(worst(joined([parts[0]!, parts[3]!]), joined([await alone.process(one), await alone.flush()]))).toBe(0)
    const longer: StereoWindow = [Float32Array.of(...two[0], ...new Float32Array(7)), Float32Array.of(...two[1], ...new Float32Array(7))]
    expect(worst(joined([parts[1]!, parts[2]!, parts[4]!]), joined([await alone.process(longer), await alone.flush()]))).toBe(0)
    expect((await alone.flush()).vocals![0]).toHaveLength(0)
    expect(() => alone.process([new Float32Array(2), new Float32Array(3)])).toThrow('2 samples left, 3 right')
  })
})
