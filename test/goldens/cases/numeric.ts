/**
 * Runners of what is no network and no spectrogram: losses, updates of weights, learning rates, transforms, padding of FrameTransformer
 * (carperbr, 2023).
 */
import { z } from 'zod'
import { type BatchArray, halveFrames } from '../../../src/data/index.ts'
import { istft, stft } from '../../../src/dsp/index.ts'
import { binaryCrossEntropyWithLogits, l1Loss, logSpectralLoss, signedSigmoid, siSdrLoss, snrLoss } from '../../../src/losses/index.ts'
import { ResBlock } from '../../../src/models/frame-transformer/res-block.ts'
import { loadStateDict } from '../../../src/nn/index.ts'
import type { Backend } from '../../../src/runtime/index.ts'
import { framePadding } from '../../../src/separation/index.ts'
import { input, mul, reshape, sizeOf, type Tensor, transpose, zerosLike } from '../../../src/tensor/index.ts'
import { createSchedule, createTrainer, learningRate } from '../../../src/training/index.ts'
import { runOnce } from '../../tensor/generic.ts'
import { turned } from './block.ts'
import { tolerance } from './planes.ts'
import { type Backends, expectClose, expectShape, type Golden, type GoldenTensor, goldenTensor, type Runner } from './support.ts'

const shapeOnly = z.array(z.number().int())

const lossesCase = z.object({
  inputs: z.object({ logits: goldenTensor, target: goldenTensor, disc_logits: goldenTensor, vp: goldenTensor }),
  outputs: z.record(z.string(), z.union([z.number(), goldenTensor, shapeOnly])),
})

/** All elements as one row. */
const row = (x: Tensor) => reshape(x, [1, sizeOf(x.shape)])

/** What the losses of a case are of, by the names of its outputs. */
const lossOf: Readonly<Record<string, (of: Readonly<Record<'logits' | 'target' | 'disc_logits' | 'vp', Tensor>>) => Tensor>> = {
  pred_2sigmoid_minus_1: ({ logits }) => signedSigmoid(logits),
  l1_of_pred: ({ logits, target }) => l1Loss(signedSigmoid(logits), target),
  snr_loss: ({ logits, target }) => snrLoss(row(logits), row(target)),
  sdr_loss: ({ logits, target }) => siSdrLoss(row(logits), row(target)),
  lsd_loss: ({ logits, target }) => logSpectralLoss(logits, target),
  disc_bce_vs_vp: ({ disc_logits, vp }) => binaryCrossEntropyWithLogits(disc_logits, vp),
  gen_bce_vs_zeros: ({ disc_logits }) => binaryCrossEntropyWithLogits(disc_logits, zerosLike(disc_logits)),
}

/** Of tensors whose last axis is time, halved that often. */
function halved({ shape, data }: GoldenTensor, times: number) {
  let batch: BatchArray = { data: Float32Array.from(data), shape }
  for (let i = 0; i < times; i++) batch = halveFrames(batch, { axis: shape.length - 1, odd: 'drop' })
  return batch
}

async function losses(golden: Golden, { onnxRuntime, reference }: Backends): Promise<void> {
  const { inputs, outputs } = lossesCase.parse(golden)
  const names = Object.keys(outputs).filter((name) => Object.hasOwn(lossOf, name))
  const tensors = Object.fromEntries(Object.entries(inputs).map(([name, { shape }]) => [name, input(name, shape)]))
  const feeds = Object.fromEntries(Object.entries(inputs).map(([name, { data }]) => [name, Float32Array.from(data)]))
  const results = Object.fromEntries(names.map((name) => [name, lossOf[name]!(tensors as Parameters<(typeof lossOf)[string]>[0])]))
  for (const backend of [onnxRuntime, reference]) {
    const values = await runOnce(backend, results, feeds)
    for (const name of names) {
      const output = goldenTensor.safeParse(outputs[name])
      const expected = output.success ? output.data.data : [z.number().parse(outputs[name])]
      expectClose(name, values[name] as Float32Array, expected, tolerance(expected))
    }
  }
  for (const [name, output] of Object.entries(outputs)) {
    if (names.includes(name)) continue
    const [, times, shape] = /^halve_disc_logits_(once|twice)(_shape)?$/.exec(name) ?? []
    if (!times) throw new Error(`losses: nothing computes ${name}; known are ${Object.keys(lossOf).join(', ')} and halve_disc_logits`)
    const batch = halved(inputs.disc_logits, times === 'once' ? 1 : 2)
    if (shape) expectShape(name, batch.shape, shapeOnly.parse(output))
    else {
      const expected = goldenTensor.parse(output)
      expectShape(name, batch.shape, expected.shape)
      expectClose(name, batch.data, expected.data, tolerance(expected.data))
    }
  }
}

const adamwCase = z.object({
  config: z.object({
    lr: z.number(),
    betas: z.tuple([z.number(), z.number()]),
    eps: z.number(),
    weight_decay: z.number(),
    clip_norm: z.number(),
    loss: z.string().regex(/^\d+(\.\d+)?\*mean\|2\*sigmoid\(f\(x\)\)-1-y\|$/),
  }),
  inputs: z.object({ x: goldenTensor, y: goldenTensor }),
  initial: z.record(z.string(), goldenTensor),
  steps: z.array(z.object({ loss: z.number(), grad_norm_before_clip: z.number(), params: z.record(z.string(), goldenTensor) })),
})

/** 10⁻⁶ of the largest, as the cases say. */
const expectRelative = (what: string, actual: ArrayLike<number>, expected: readonly number[]) =>
  expectClose(what, actual, expected, 1e-6 * expected.reduce((most, x) => Math.max(most, Math.abs(x)), 0))

/** A residual block trained by the trainer: gradients, clipping and AdamW as in use. */
async function adamwSteps(golden: Golden, backend: Backend): Promise<void> {
  const { config, inputs, initial, steps } = adamwCase.parse(golden)
  const { x, y } = inputs
  const [inputChannels, , bins] = initial['norm.weight']!.shape as [number, number, number]
  const model = new ResBlock(inputChannels, y.shape[1]!, bins)
  const factor = Number.parseFloat(config.loss)
  const trainer = await createTrainer({
    model,
    task: {
      batch: { x: x.shape, y: y.shape },
      loss: (batch) => mul(l1Loss(signedSigmoid(turned(model.forward(turned(batch.x)))), batch.y), factor),
    },
    backend,
    optimizer: { name: 'adamw', betas: config.betas, eps: config.eps, weightDecay: config.weight_decay },
    schedule: { name: 'constant', peak: config.lr },
    clipNorm: config.clip_norm,
    averageDecay: 0,
    initial: loadStateDict(
      model,
      new Map(Object.entries(initial).map(([name, { shape, data }]) => [name, { shape, data: Float32Array.from(data) }])),
    ),
    seed: 1,
  })
  const batch = { x: Float32Array.from(x.data), y: Float32Array.from(y.data) }
  for (const [i, step] of steps.entries()) {
    const { loss, norm } = await trainer.train(batch)
    expectRelative(`loss of step ${i}`, [loss], [step.loss])
    expectRelative(`norm of step ${i}`, [norm], [step.grad_norm_before_clip])
    const weights = (await trainer.snapshot()).get('weights')!
    for (const { name, offset, size } of trainer.layout.parameters)
      expectRelative(`${name} after step ${i}`, weights.subarray(offset, offset + size), step.params[name]!.data)
  }
  await trainer.dispose()
}

const scheduleCase = z.object({
  cases: z.array(
    z.object({
      config: z.object({
        lr: z.number(),
        warmup: z.number(),
        decay: z.number(),
        target: z.number(),
        power: z.number(),
        cur: z.number(),
        n: z.number(),
      }),
      /** Of all steps, or of some by their number. */
      lr_used_by_step: z.union([z.array(z.number()), z.record(z.string(), z.number())]),
    }),
  ),
})

function lrSchedule(golden: Golden): void {
  for (const [i, { config, lr_used_by_step: expected }] of scheduleCase.parse(golden).cases.entries()) {
    const { lr: peak, warmup, decay: decaySteps, target, power, cur } = config
    const schedule = createSchedule({ name: 'frame-transformer', peak, warmup, decaySteps, target, power, after: 'original' })
    for (const [step, rate] of Object.entries(expected))
      expectRelative(`rate of case ${i}, step ${step}`, [learningRate(schedule, cur + Number(step))], [rate])
  }
}

const stftCase = z.object({
  cases: z.array(
    z.object({
      n_fft: z.number(),
      hop: z.number(),
      wave: goldenTensor,
      spec_reflect: goldenTensor,
      spec_zero_pad: goldenTensor,
      istft_of_reflect: goldenTensor,
    }),
  ),
})

async function transforms(golden: Golden, { onnxRuntime, reference }: Backends): Promise<void> {
  for (const [i, { n_fft: nFft, hop: hopLength, wave, ...expected }] of stftCase.parse(golden).cases.entries()) {
    const x = input('wave', wave.shape)
    const mirrored = stft(x, { nFft, hopLength, padMode: 'reflect' })
    const padded = stft(x, { nFft, hopLength })
    /** (frames, bins) → (bins, frames), the order of the files. */
    const back = (z: Tensor) => transpose(z, [1, 0])
    const outputs = {
      'spec_reflect re': back(mirrored.re),
      'spec_reflect im': back(mirrored.im),
      'spec_zero_pad re': back(padded.re),
      'spec_zero_pad im': back(padded.im),
      istft_of_reflect: istft(mirrored, expected.istft_of_reflect.shape[0]!, { nFft, hopLength }),
    }
    for (const backend of [onnxRuntime, reference]) {
      const values = await runOnce(backend, outputs, { wave: Float32Array.from(wave.data) })
      for (const [key, actual] of Object.entries(values)) {
        const [name, part] = key.split(' ') as [keyof typeof expected, string | undefined]
        const all = expected[name].data
        const data = part ? all.filter((_, at) => at % 2 === (part === 're' ? 0 : 1)) : all
        expectClose(`${key} of case ${i}`, actual as Float32Array, data, tolerance(all))
      }
    }
  }
}

const paddingCase = z.object({
  cases: z.array(
    z.object({ width: z.number(), cropsize: z.number(), offset: z.number(), result: z.tuple([z.number(), z.number(), z.number()]) }),
  ),
})

function makePadding(golden: Golden): void {
  for (const { width, cropsize, offset, result } of paddingCase.parse(golden).cases) {
    const { left, right, step } = framePadding(width, cropsize, offset)
    expectClose(`padding of ${width} frames, windows of ${cropsize}, offset ${offset}`, [left, right, step], result, 0)
  }
}

export const numericCases: Readonly<Record<string, Runner>> = {
  losses,
  adamw_steps: async (golden, { onnxRuntime, reference }) => {
    for (const backend of [onnxRuntime, reference]) await adamwSteps(golden, backend)
  },
  lr_schedule: lrSchedule,
  stft: transforms,
  make_padding: makePadding,
}
