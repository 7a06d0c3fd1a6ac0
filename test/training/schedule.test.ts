import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createSchedule, learningRate, type ScheduleOptions } from '../../src/training/index.ts'
import { plateauObserve, plateauSchema, plateauStart } from '../../src/training/plateau.ts'
import { samePast } from '../../src/training/schedule.ts'

interface Goldens {
  readonly curves: Readonly<Record<string, readonly number[]>>
  readonly plateaus: Readonly<Record<string, { readonly scores: readonly number[]; readonly rates: readonly number[] }>>
}

const goldens = JSON.parse(readFileSync(new URL('../goldens/optimizers.json', import.meta.url), 'utf8')) as Goldens

const curves: Readonly<Record<string, ScheduleOptions>> = {
  constant: { name: 'constant', peak: 0.1 },
  step: { name: 'step', peak: 0.1, stepSize: 4 },
  'step, gamma': { name: 'step', peak: 0.1, stepSize: 3, gamma: 0.5 },
  'multi-step': { name: 'multi-step', peak: 0.1, milestones: [3, 4, 9] },
  'multi-step, twice': { name: 'multi-step', peak: 0.1, milestones: [9, 3, 9], gamma: 0.5 },
  exponential: { name: 'exponential', peak: 0.1, gamma: 0.9 },
  cosine: { name: 'cosine', peak: 0.1, tMax: 10 },
  'cosine, to a floor': { name: 'cosine', peak: 0.1, tMax: 7, etaMin: 0.01 },
  'cosine-restarts': { name: 'cosine-restarts', peak: 0.1, t0: 5 },
  'cosine-restarts, longer each time': { name: 'cosine-restarts', peak: 0.1, t0: 3, tMult: 2, etaMin: 0.01 },
  polynomial: { name: 'polynomial', peak: 0.1, totalIters: 12 },
  'polynomial, power': { name: 'polynomial', peak: 0.1, totalIters: 12, power: 2.5 },
  'cosine after warm-up': { name: 'cosine', peak: 0.1, warmup: 5, tMax: 10 },
}

const plateaus: Readonly<Record<string, ScheduleOptions & { readonly name: 'plateau' }>> = {
  min: { name: 'plateau', peak: 0.1, patience: 2 },
  'min, cooldown and floor': { name: 'plateau', peak: 0.1, patience: 1, factor: 0.5, cooldown: 3, minLr: 0.02 },
  'max, abs': { name: 'plateau', peak: 0.1, mode: 'max', patience: 2, threshold: 0.1, thresholdMode: 'abs', factor: 0.5 },
  'max, rel': { name: 'plateau', peak: 0.1, mode: 'max', patience: 0, threshold: 0.1, eps: 1e-3 },
  'min, abs': { name: 'plateau', peak: 0.1, patience: 0, threshold: 0.2, thresholdMode: 'abs' },
}

/** float64 on both sides, stored with 9 digits of rates up to 0.1. PyTorch's cosine is a recursion: it adds rounding of its own. */
const tolerance = 1e-10

describe('5.3 schedules have the rates of torch.optim.lr_scheduler', () => {
  it('5.3 for every golden', () => {
    expect(Object.keys(curves)).toEqual(Object.keys(goldens.curves))
    expect(Object.keys(plateaus)).toEqual(Object.keys(goldens.plateaus))
  })

  it.each(Object.entries(curves))('5.3 schedule: %s', (name, options) => {
    const schedule = createSchedule(options)
    for (const [step, rate] of goldens.curves[name]!.entries())
      expect(Math.abs(learningRate(schedule, step) - rate), `step ${step}`).toBeLessThan(tolerance)
  })

  it.each(Object.entries(plateaus))('5.3 schedule that watches a score: %s', (name, options) => {
    const schedule = createSchedule(options)
    const { peak: _, warmup: __, ...curve } = options
    const plateau = plateauSchema.parse(curve)
    let state = plateauStart(plateau)
    const { scores, rates } = goldens.plateaus[name]!
    for (const [step, score] of scores.entries()) {
      expect(Math.abs(learningRate(schedule, step, state) - rates[step]!), `step ${step}`).toBeLessThan(tolerance)
      state = plateauObserve(plateau, state, score)
    }
  })
})

it('5.3 linear warm-up precedes any curve, which then starts from its beginning', () => {
  for (const options of [...Object.values(curves), ...Object.values(plateaus)]) {
    const [cold, warm] = [createSchedule({ ...options, warmup: 0 }), createSchedule({ ...options, warmup: 4 })]
    const at = (step: number) => learningRate(warm, step)
    for (const [step, share] of [0.25, 0.5, 0.75, 1].entries()) expect(at(step)).toBeCloseTo(0.1 * share, 14)
    for (let step = 0; step < 30; step++) expect(at(step + 4)).toBe(learningRate(cold, step))
  }
})

it('5.3 polynomial decay of the elapsed share has the rates of FrameTransformer (4.30)', () => {
  const schedule = createSchedule({
    name: 'polynomial',
    peak: 1e-4,
    warmup: 12_000,
    totalIters: 988_000,
    power: 0.1,
    etaMin: 1e-12,
    of: 'elapsed',
  })
  // As the specification states them, with 4 digits.
  const stated = { 12000: 1e-4, 12001: 7.485e-5, 22000: 3.683e-5, 112000: 2.047e-5, 500000: 6.811e-6, 1000000: 1e-12 }
  for (const [step, rate] of Object.entries(stated)) expect(learningRate(schedule, Number(step)) / rate, step).toBeCloseTo(1, 3)
})

describe('4.30 the chained schedulers of FrameTransformer', () => {
  const original = { name: 'frame-transformer', peak: 1e-4, warmup: 12_000, decaySteps: 1_000_000 } as const

  it('4.30 have the rates that the specification states', () => {
    const schedule = createSchedule(original)
    const stated = { 12000: 1e-4, 12001: 7.485e-5, 22000: 3.683e-5, 112000: 2.047e-5, 500000: 6.811e-6, 1000000: 1e-12 }
    // 4 digits are stated.
    for (const [step, rate] of Object.entries(stated)) expect(learningRate(schedule, Number(step)) / rate, step).toBeCloseTo(1, 3)
    expect(learningRate(schedule, 0)).toBeCloseTo(1e-4 / 12_001, 15)
  })

  it('4.30 stay at the target, where the original goes below 0', () => {
    const [hold, faithful] = [createSchedule(original), createSchedule({ ...original, after: 'original' as const })]
    for (const step of [0, 12_000, 12_001, 500_000, 1_000_000]) expect(learningRate(faithful, step)).toBe(learningRate(hold, step))
    expect(learningRate(hold, 1_108_000)).toBe(1e-12)
    expect(learningRate(faithful, 1_108_000)).toBeLessThan(0)
    // 1 − (1 000 001 / 988 000)^0.1 of the peak, where it stops.
    expect(learningRate(faithful, 1_012_001) / 1e-4).toBeCloseTo(-0.0012, 3)
    expect(learningRate(faithful, 5_000_000)).toBe(learningRate(faithful, 1_012_001))
  })

  it('4.30 fall by a quarter in the first step of the decay, and with the power 1 along a line', () => {
    const [cliff, line] = [createSchedule(original), createSchedule({ ...original, power: 1 })]
    expect(learningRate(cliff, 12_001) / learningRate(cliff, 12_000)).toBeLessThan(0.75)
    expect(learningRate(line, 12_001) / learningRate(line, 12_000)).toBeGreaterThan(0.999998)
    expect(learningRate(line, 506_000) / 1e-4).toBeCloseTo(0.5, 6)
  })

  it('refuse a decay that ends within the warm-up', () => {
    expect(() => createSchedule({ ...original, decaySteps: 12_000 })).toThrow(
      /decaySteps 12000; allowed are whole numbers above the warm-up \(12000\)/,
    )
  })
})

it('schedules are refused with every wrong option, its place and what is allowed', () => {
  const wrong = (options: object) => () => createSchedule({ peak: 0.1, ...options } as ScheduleOptions)
  expect(wrong({ name: 'cosine' })).toThrow(/^schedule \{"name":"cosine"\}: .*tMax/)
  expect(wrong({ name: 'step', stepSize: 0, colour: 1 })).toThrow(/"colour".*>=1.*stepSize/)
  expect(wrong({ name: 'linear' })).toThrow(/linear.*name/)
  expect(wrong({ name: 'constant', peak: 0 })).toThrow(/peak 0; allowed are numbers above 0/)
  expect(wrong({ name: 'constant', warmup: 1.5 })).toThrow(/warmup 1.5; allowed are whole numbers ≥ 0/)
  expect(wrong({ decay: 11, steps: 10 })).toThrow(/more decay than steps/)
})

it('the learning rate rises over the warm-up, stays, and falls to nothing over the decay', () => {
  const schedule = createSchedule({ peak: 0.01, warmup: 10, decay: 20, steps: 100 })
  const at = (step: number) => learningRate(schedule, step)
  expect([at(0), at(4), at(9), at(10), at(80)]).toEqual([0.001, 0.005, 0.01, 0.01, 0.01])
  expect(at(90)).toBeCloseTo(0.005, 12)
  expect(at(99)).toBeCloseTo(0.0005, 12)
  expect(at(150)).toBe(0)
})

it('a run may be made longer as long as its past stays what it was', () => {
  const schedule = { peak: 0.01, warmup: 10, decay: 20, steps: 100 }
  expect(samePast(schedule, { ...schedule, steps: 500, decay: 100 }, 80)).toBe(true)
  expect(samePast(schedule, { ...schedule, steps: 500, decay: 100 }, 82)).toBe(false)
  expect(samePast(schedule, { ...schedule, peak: 0.02 }, 1)).toBe(false)
  const plateau = createSchedule({ name: 'plateau', peak: 0.1 })
  expect(samePast(plateau, { ...plateau }, 80)).toBe(true)
  expect(samePast(plateau, createSchedule({ name: 'plateau', peak: 0.1, patience: 5 }), 80)).toBe(false)
})
