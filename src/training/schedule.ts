/**
 * Learning rates over the run: a linear warm-up, then a curve. A schedule is plain data, which recipes write and checkpoints keep; the one that
 * watches a score has a few numbers of state besides (plateau.ts). Curves have the names, options and values of torch.optim.lr_scheduler, with
 * updates in place of epochs.
 */
import { z } from 'zod'
import { type PlateauState, plateauRate, plateauSchema } from './plateau.ts'

const count = z.number().int().min(1)
const factor = z.number().positive()

export const curveSchema = z.discriminatedUnion('name', [
  /** Warm-up, stable, decay (Hu et al. 2024, arXiv 2404.06395): over the last `decay` of all `steps` the rate falls linearly to 0. */
  z
    .strictObject({ name: z.literal('warmup-stable-decay').optional(), decay: z.number().int().min(0), steps: count })
    .refine(({ decay, steps }) => decay <= steps, { path: ['decay'], message: 'more decay than steps' }),
  z.strictObject({ name: z.literal('constant') }),
  /** StepLR: × gamma after every `stepSize` steps. */
  z.strictObject({ name: z.literal('step'), stepSize: count, gamma: factor.default(0.1) }),
  /** MultiStepLR: × gamma at every milestone. */
  z.strictObject({ name: z.literal('multi-step'), milestones: z.array(z.number().int().min(0)).min(1), gamma: factor.default(0.1) }),
  /** ExponentialLR: × gamma after every step. */
  z.strictObject({ name: z.literal('exponential'), gamma: factor }),
  /** CosineAnnealingLR (Loshchilov & Hutter 2017, arXiv 1608.03983): half a cosine down to `etaMin` in `tMax` steps, and, as in PyTorch, up again after it. */
  z.strictObject({ name: z.literal('cosine'), tMax: count, etaMin: z.number().min(0).default(0) }),
  /** CosineAnnealingWarmRestarts: half a cosine in `t0` steps, then from the top again, each time `tMult` times as long. */
  z.strictObject({ name: z.literal('cosine-restarts'), t0: count, tMult: count.default(1), etaMin: z.number().min(0).default(0) }),
  /**
   * PolynomialLR: × (1 − t/T)^power over `totalIters` steps, down to `etaMin`. `of: 'elapsed'` is the fall of FrameTransformer, 1 − (t/T)^power, which is
   * the same for the power 1 and a cliff for powers below it.
   */
  z.strictObject({
    name: z.literal('polynomial'),
    totalIters: count,
    power: factor.default(1),
    etaMin: z.number().min(0).default(0),
    of: z.enum(['remaining', 'elapsed']).default('remaining'),
  }),
  /**
   * The two chained schedulers of FrameTransformer (carperbr, 2023), step by step: with the warm-up W up to and with step W, peak·(i + 1)/(W + 1); then
   * (peak − target)·(1 − ((i − W)/(N − W))^power) + target. N is counted from the run's first step. After it the rate stays at `target`; the original
   * (`after: 'original'`) goes on along the curve, below 0 and up the gradient, until it stops at step W + N + 1. The power 0.1 lets the rate fall by
   * a quarter in one step; 1 is a line.
   */
  z.strictObject({
    name: z.literal('frame-transformer'),
    decaySteps: count,
    power: factor.default(0.1),
    target: z.number().min(0).default(1e-12),
    after: z.enum(['hold', 'original']).default('hold'),
  }),
  plateauSchema,
])

type Curve = z.output<typeof curveSchema>
type StableCurve = Extract<Curve, { name?: 'warmup-stable-decay' | undefined }>
type ChainedCurve = Extract<Curve, { name: 'frame-transformer' }>

interface Rise {
  /** The rate that the curve starts from. */
  readonly peak: number
  /** Steps of linear warm-up from 0, before the curve begins (of 'warmup-stable-decay' and 'frame-transformer': within it). */
  readonly warmup: number
}

/** A learning rate for every step. Without a name it is 'warmup-stable-decay'. */
export type Schedule = Rise & Curve

export type ScheduleOptions = Pick<Rise, 'peak'> & Partial<Rise> & z.input<typeof curveSchema>

/**
 * A schedule with everything that was left out.
 *
 * @throws RangeError that names every wrong option, its value and what is allowed
 *
 * @example
 * const schedule = createSchedule({ name: 'cosine', peak: 0.1, warmup: 5, tMax: 100 })
 * learningRate(schedule, 0) // 0.02
 * learningRate(schedule, 5) // 0.1
 * learningRate(schedule, 55) // 0.05
 */
export function createSchedule({ peak, warmup = 0, ...curve }: ScheduleOptions): Schedule {
  const parsed = curveSchema.safeParse(curve)
  if (!parsed.success) throw new RangeError(`schedule ${JSON.stringify(curve)}: ${z.prettifyError(parsed.error).replaceAll('\n', ' ')}`)
  if (!(peak > 0 && Number.isFinite(peak))) throw new RangeError(`schedule: peak ${peak}; allowed are numbers above 0`)
  if (!Number.isInteger(warmup) || warmup < 0) throw new RangeError(`schedule: warmup ${warmup}; allowed are whole numbers ≥ 0`)
  if (parsed.data.name === 'frame-transformer' && parsed.data.decaySteps <= warmup)
    throw new RangeError(
      `schedule: decaySteps ${parsed.data.decaySteps}; allowed are whole numbers above the warm-up (${warmup}), which they include`,
    )
  return { peak, warmup, ...parsed.data }
}

/** Part of the way from the top (1) to the bottom (0) of a curve between two rates. */
const between = (peak: number, bottom: number, height: number): number => bottom + (peak - bottom) * height

const halfCosine = (share: number): number => (1 + Math.cos(Math.PI * share)) / 2

/** Where in its cycle a step is, and how long that cycle is. */
function cycleOf(step: number, first: number, growth: number): { at: number; length: number } {
  let [at, length] = [step, first]
  if (growth === 1) return { at: step % first, length }
  while (at >= length) {
    at -= length
    length *= growth
  }
  return { at, length }
}

function curveRate(peak: number, curve: Exclude<Curve, StableCurve | ChainedCurve>, step: number, state?: PlateauState): number {
  switch (curve.name) {
    case 'constant':
      return peak
    case 'step':
      return peak * curve.gamma ** Math.floor(step / curve.stepSize)
    case 'multi-step':
      return peak * curve.gamma ** curve.milestones.filter((milestone) => milestone <= step).length
    case 'exponential':
      return peak * curve.gamma ** step
    case 'cosine':
      return between(peak, curve.etaMin, halfCosine(step / curve.tMax))
    case 'cosine-restarts': {
      const { at, length } = cycleOf(step, curve.t0, curve.tMult)
      return between(peak, curve.etaMin, halfCosine(at / length))
    }
    case 'polynomial': {
      const share = Math.min(1, step / curve.totalIters)
      return between(peak, curve.etaMin, curve.of === 'elapsed' ? 1 - share ** curve.power : (1 - share) ** curve.power)
    }
    case 'plateau':
      return state ? plateauRate(curve, peak, state) : peak
  }
}

function chainedRate({ peak, warmup, decaySteps, power, target, after }: Rise & ChainedCurve, step: number): number {
  if (step <= warmup) return (peak * (step + 1)) / (warmup + 1)
  const at = Math.min(step, after === 'hold' ? decaySteps : warmup + decaySteps + 1)
  return between(peak, target, 1 - ((at - warmup) / (decaySteps - warmup)) ** power)
}

/** Whether it is the schedule that checkpoints of before there were others hold without a name. */
function isStable(schedule: Schedule): schedule is Rise & StableCurve {
  return schedule.name === undefined || schedule.name === 'warmup-stable-decay'
}

/**
 * The rate of a step counted from 0.
 *
 * @param state of a schedule that watches a score, after what it has seen
 */
export function learningRate(schedule: Schedule, step: number, state?: PlateauState): number {
  if (schedule.name === 'frame-transformer') return chainedRate(schedule, step)
  const { peak, warmup } = schedule
  const rise = Math.min(1, (step + 1) / Math.max(1, warmup))
  if (isStable(schedule)) {
    const fall = Math.min(1, Math.max(0, schedule.steps - step) / Math.max(1, schedule.decay))
    return peak * Math.min(rise, fall)
  }
  return step < warmup ? peak * rise : curveRate(peak, schedule, step - warmup, state)
}

/** Whether two schedules gave the first `steps` updates the same rates. */
export function samePast(a: Schedule, b: Schedule, steps: number): boolean {
  // What a score did to the rates depends on all options of the one that watched it.
  if (a.name === 'plateau' || b.name === 'plateau') return JSON.stringify(a) === JSON.stringify(b)
  for (let step = 0; step < steps; step++) if (learningRate(a, step) !== learningRate(b, step)) return false
  return true
}
