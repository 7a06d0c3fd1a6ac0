import { expect, it } from 'vitest'
import { learningRate } from '../../src/training/index.ts'
import { samePast } from '../../src/training/schedule.ts'

it('the learning rate rises over the warm-up, stays, and falls to nothing over the decay', () => {
  const schedule = { peak: 0.01, warmup: 10, decay: 20, steps: 100 }
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
})
