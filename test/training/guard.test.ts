/** What is done about steps that are not finite, step by step. */
import { describe, expect, it } from 'vitest'
import { type GuardState, guardStep, isGood } from '../../src/training/guard.ts'

const start: GuardState = { rejected: 0, restores: 0 }

function refusing(state: GuardState, refused: number): { state: GuardState; restores: number } {
  let restores = 0
  let now = state
  for (let i = 0; i < refused; i++) {
    const { restore, ...next } = guardStep(now, false, 0.1)
    if (restore) restores++
    now = next
  }
  return { state: now, restores }
}

describe('the guard', () => {
  it('forgets refused steps as soon as one is accepted', () => {
    const { state } = refusing(start, 9)
    expect(state).toEqual({ rejected: 9, restores: 0 })
    expect(isGood(state)).toBe(false)
    expect(guardStep(state, true, 0.1)).toEqual({ rejected: 0, restores: 0, restore: false })
  })

  it('sets weights back after ten in a row, five times, and then gives up with the learning rate as the way out', () => {
    expect(refusing(start, 10)).toEqual({ state: { rejected: 0, restores: 1 }, restores: 1 })
    const { state } = refusing(start, 50)
    expect(state).toEqual({ rejected: 0, restores: 5 })
    expect(() => refusing(state, 10)).toThrow(
      /not finite in 10 steps in a row, also after the weights had been set back 5 times; lower learningRate \(now 0\.1\)/,
    )
  })
})
