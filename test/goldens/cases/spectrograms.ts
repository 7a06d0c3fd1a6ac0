/** Runners of what is done to spectrograms outside of networks: augmentations, mixtures, masks, separation, of FrameTransformer (carperbr, 2023). */
import { z } from 'zod'
import {
  bringTreble,
  changeDynamics,
  changeVolume,
  type Draws,
  exchangeChannels,
  fadeChannel,
  fillFrames,
  frameFillings,
  maskBins,
  maskFrames,
  mixVoxaug,
  pairSpectra,
  type SpectralChunk,
  shiftPitch,
  stretchFrames,
  takeTreble,
  vocalPresence,
  widenMagnitudes,
} from '../../../src/data/index.ts'
import type { PolarSpectrogram } from '../../../src/dsp/index.ts'
import { type FrameNetwork, mergeArtifacts, separateByMask } from '../../../src/separation/index.ts'
import { expectPlanes, expectSpectrogram, planesOf, spectrogramOf } from './planes.ts'
import { expectShape, type Golden, goldenTensor, type Runner } from './support.ts'

const drawsField = z.array(z.tuple([z.enum(['uniform', 'randint']), z.number(), z.number(), z.number()]))
const result = z.union([goldenTensor, z.literal('unchanged')])

const augmentationsCase = z.object({
  inputs: z.object({ M: goldenTensor, P: goldenTensor, stretch_in: goldenTensor }),
  cases: z.array(z.object({ fn: z.string(), args: z.record(z.string(), z.number()), draws: drawsField, M: result, P: result })),
  time_stretch: z.array(z.object({ fn: z.string(), target_size: z.number(), draws: drawsField, out: goldenTensor })),
})

/** The recorded numbers, in order; asked for others, it fails. */
function replay(what: string, recorded: z.output<typeof drawsField>): Draws & { readonly finish: () => void } {
  let at = 0
  const next = (call: string, low: number, high: number): number => {
    const entry = recorded[at++]
    const asked = `${call}(${low}, ${high})`
    if (!entry || entry[0] !== call || Math.abs(entry[1] - low) > 1e-12 || Math.abs(entry[2] - high) > 1e-12)
      throw new Error(`${what}: draw ${at} is ${asked}; recorded is ${entry ? `${entry[0]}(${entry[1]}, ${entry[2]})` : 'none'}`)
    return entry[3]
  }
  return {
    uniform: (low = 0, high = 1) => next('uniform', low, high),
    integer: (low, high) => next('randint', low, high),
    normal: () => {
      throw new Error(`${what}: draws a normal number; cases have none`)
    },
    finish: () => {
      if (at !== recorded.length) throw new Error(`${what}: drew ${at} numbers; recorded are ${recorded.length}`)
    },
  }
}

type Apply = (s: PolarSpectrogram, arg: (name: string) => number, draws: Draws) => PolarSpectrogram

const masking = (arg: (name: string) => number) => ({
  masks: arg('num_masks'),
  maxShare: arg('max_mask_percentage'),
  blend: arg('alpha'),
})

const augmentation: Readonly<Record<string, Apply>> = {
  apply_stereo_spatialization: (s, arg) => widenMagnitudes(s, arg('alpha'), { negative: 'keep' }),
  apply_dynamic_range_mod: (s, arg, draws) =>
    changeDynamics(s, { reference: arg('c'), threshold: arg('threshold'), gain: arg('gain') }, draws),
  apply_channel_drop: (s, arg) => fadeChannel(s, arg('channel') === s.channels ? 'all' : arg('channel'), arg('alpha')),
  apply_pitch_shift: (s, arg) => shiftPitch(s, arg('pitch_shift'), { form: 'original' }),
  apply_emphasis: (s, arg) => takeTreble(s, arg('coef')),
  apply_deemphasis: (s, arg) => bringTreble(s, arg('coef'), Infinity),
  apply_random_volume: (s, arg, draws) => changeVolume(s, arg('gain'), draws),
  apply_time_masking: (s, arg, draws) => maskFrames(s, masking(arg), draws),
  apply_frequency_masking: (s, arg, draws) => maskBins(s, masking(arg), draws),
  apply_frame_masking: (s, arg, draws) => fillFrames(s, { ...masking(arg), filling: frameFillings[arg('type')]! }, arg('c'), draws),
}

function augmentations(golden: Golden): void {
  const { inputs, cases, time_stretch } = augmentationsCase.parse(golden)
  const [channels, bins, frames] = inputs.M.shape as [number, number, number]
  const before = { channels, frames, bins, magnitude: planesOf(inputs.M), phase: planesOf(inputs.P) }
  for (const [i, { fn, args, draws: recorded, M, P }] of cases.entries()) {
    const what = `case ${i}, ${fn}`
    const apply = Object.hasOwn(augmentation, fn) ? augmentation[fn] : undefined
    if (!apply) throw new Error(`${what}: nothing computes it; known are ${Object.keys(augmentation).join(', ')}`)
    const draws = replay(what, recorded)
    const after = apply(
      before,
      (name) => {
        if (args[name] === undefined) throw new Error(`${what}: has no argument ${name}`)
        return args[name]
      },
      draws,
    )
    draws.finish()
    expectPlanes(`M of ${what}`, after.magnitude, M === 'unchanged' ? inputs.M : M)
    expectPlanes(`P of ${what}`, after.phase, P === 'unchanged' ? inputs.P : P)
  }
  for (const [i, { target_size, draws: recorded, out }] of time_stretch.entries()) {
    const draws = replay(`time stretch ${i}`, recorded)
    const stretched = stretchFrames(spectrogramOf(inputs.stretch_in), target_size, draws)
    draws.finish()
    expectShape(`time stretch ${i}`, [stretched.channels, stretched.bins, stretched.frames], out.shape)
    expectSpectrogram(`time stretch ${i}`, stretched, out)
  }
}

const chunk = goldenTensor.extend({ c: z.number(), cr: z.number(), ci: z.number() })

const voxaugCase = z.object({
  config: z.object({ cropsize: z.number(), vout_bands: z.number(), vocal_threshold: z.number() }),
  inputs: z.object({ instrument: chunk, vocal: chunk, validation_mix: chunk }),
  cases: z.array(z.object({ case: z.string(), X: goldenTensor, Y: goldenTensor, VP: goldenTensor })),
})

const chunkOf = (tensor: z.output<typeof chunk>): SpectralChunk => ({
  ...spectrogramOf(tensor),
  peak: tensor.c,
  rePeak: tensor.cr,
  imPeak: tensor.ci,
})

/** Numbers with which nothing happens that has a probability below 1. */
const nothingHappens: Draws = { uniform: (_ = 0, high = 1) => high, integer: (low) => low, normal: () => 0 }

function voxaugItems(golden: Golden): void {
  const { config, inputs, cases } = voxaugCase.parse(golden)
  const [instrument, vocal, mixture] = [chunkOf(inputs.instrument), chunkOf(inputs.vocal), chunkOf(inputs.validation_mix)]
  const presence = { bands: config.vout_bands, threshold: config.vocal_threshold }
  for (const { case: what, X, Y, VP } of cases) {
    if (what.startsWith('validation item')) {
      const item = pairSpectra(mixture, instrument)
      expectPlanes(`X of ${what}`, item.mixture, X)
      expectPlanes(`Y of ${what}`, item.target, Y)
      // The original has no labels for recorded mixtures: zeros, once per channel.
      const silence = { ...mixture, re: new Float32Array(mixture.re.length), im: new Float32Array(mixture.im.length) }
      expectPlanes(`VP of ${what}`, vocalPresence(silence, { ...presence, peak: 1 }), VP)
      continue
    }
    const [, no] = /^train item, no augmentation fires, (no )?channel flip/.exec(what) ?? []
    if (no === undefined && !what.includes(', channel flip')) throw new Error(`voxaug_items: nothing computes the case "${what}"`)
    const turn = (piece: SpectralChunk) => (no ? piece : { ...piece, ...exchangeChannels(piece) })
    const item = mixVoxaug(turn(instrument), turn(vocal), { frames: config.cropsize, form: 'original', presence }, nothingHappens)
    expectPlanes(`X of ${what}`, item.mixture, X)
    expectPlanes(`Y of ${what}`, item.target, Y)
    expectPlanes(`VP of ${what}`, item.presence, VP)
  }
}

const mergeCase = z.object({
  config: z.object({ thres: z.number(), min_range: z.number(), fade_size: z.number() }),
  cases: z.array(z.object({ mask: goldenTensor, out: goldenTensor })),
})

function mergedMasks(golden: Golden): void {
  const { config, cases } = mergeCase.parse(golden)
  const options = { threshold: config.thres, minRange: config.min_range, fade: config.fade_size }
  for (const [i, { mask, out }] of cases.entries()) {
    const [channels, bins, frames] = mask.shape as [number, number, number]
    expectPlanes(`mask ${i}`, mergeArtifacts(planesOf(mask), { channels, frames, bins }, options), out)
  }
}

const maybeTensor = z.union([goldenTensor, z.tuple([])]).optional()
const separation = z.object({ spec: goldenTensor, mask255: maybeTensor, instruments: goldenTensor, vocals: goldenTensor.optional() })

const separateCase = z.object({
  config: z.object({ n_fft: z.number(), fake_network: z.string() }),
  cases: z.array(separation.extend({ cropsize: z.number(), padding: z.number().nullable(), batchsize: z.number() })),
  tta: separation.extend({ cropsizes: z.array(z.number()), paddings: z.array(z.number()) }).optional(),
})

const standIn =
  /logits = (?<gain>[\d.]+)\*conv1d_time\(x, kernel \[(?<kernel>[^\]]+)\], zero padding (?<padding>\d+), cross-correlation\) (?<sign>[+-]) (?<offset>[\d.]+)/

/** The network that a case describes: a filter over time in each channel and bin, and σ. */
function networkOf(description: string): FrameNetwork {
  const { gain, kernel, padding, sign, offset } = standIn.exec(description)?.groups ?? {}
  if (!kernel) throw new Error(`separate: "${description}" describes no network that the runner knows`)
  const taps = kernel.split(',').map(Number)
  const bias = Number(`${sign}${offset}`)
  return {
    run: async (windows, [, , frames, bins]) =>
      windows.map((_, i) => {
        const t = Math.floor(i / bins) % frames
        let sum = 0
        for (const [k, tap] of taps.entries()) {
          const place = t + k - Number(padding)
          if (place >= 0 && place < frames) sum += tap * windows[i + (place - t) * bins]!
        }
        return 1 / (1 + Math.exp(-(Number(gain) * sum + bias)))
      }),
  }
}

async function separated(golden: Golden): Promise<void> {
  const { config, cases, tta } = separateCase.parse(golden)
  const network = networkOf(config.fake_network)
  const check = async (what: string, wanted: z.output<typeof separation>, sizes: Parameters<typeof separateByMask>[2]) => {
    const { mask, instrumental, vocals } = await separateByMask(spectrogramOf(wanted.spec), network, { ...sizes, nyquist: 'zero' })
    if (wanted.mask255 && 'shape' in wanted.mask255)
      expectPlanes(
        `mask of ${what}`,
        mask.map((m) => 255 * m),
        wanted.mask255,
      )
    expectSpectrogram(`instruments of ${what}`, instrumental, wanted.instruments)
    if (wanted.vocals) expectSpectrogram(`vocals of ${what}`, vocals, wanted.vocals)
  }
  for (const [i, wanted] of cases.entries())
    await check(`case ${i}`, wanted, {
      sizes: { crop: wanted.cropsize, padding: wanted.padding ?? undefined },
      batchSize: wanted.batchsize,
    })
  if (tta) await check('tta', tta, { sizes: tta.cropsizes.map((crop, i) => ({ crop, padding: tta.paddings[i] })) })
}

export const spectrogramCases: Readonly<Record<string, Runner>> = {
  augmentations,
  voxaug_items: voxaugItems,
  merge_artifacts: mergedMasks,
  separate: separated,
}
