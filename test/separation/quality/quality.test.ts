/** The rungs of the ladder: names for steps, in one order, each of which can be asked for alone. */

import { describe, expect, it } from 'vitest'
import { createReferenceBackend } from '../../../src/runtime/index.ts'
import { planWindows, qualities, qualityNames, withQuality } from '../../../src/separation/index.ts'
import { separatorOf } from '../fakes.ts'
import { copyOf, filtered, windowOf } from './fakes.ts'

/** Longer than the half second over which shifts are spread. */
const sizes = { sampleRate: 1000, windowLength: 1200, margin: 100 }
const noBackend = () => Promise.reject(new Error('no backend is needed'))

describe('withQuality', () => {
  it('does nothing on the rung fast', async () => {
    const separator = separatorOf(filtered, sizes)
    expect(await withQuality(separator, qualities.fast, noBackend)).toBe(separator)
  })

  it.each(qualityNames)('leaves a network that has nothing to gain as it is on the rung %s, and has its overlap', async (name) => {
    const separator = separatorOf(filtered, sizes)
    const made = await withQuality(separator, qualities[name], noBackend)
    const window = windowOf(made.windowLength)
    expect((await made.predict(copyOf(window))).vocals).toEqual(filtered(window))
    expect(() => planWindows(made, qualities[name].overlap)).not.toThrow()
    await made.dispose()
    expect(separator.disposed).toBe(true)
  })

  it('asks more often on each rung than on the one before', async () => {
    const calls = []
    for (const name of qualityNames) {
      const separator = separatorOf(filtered, sizes)
      const made = await withQuality(separator, qualities[name], noBackend)
      await made.predict(windowOf(made.windowLength))
      calls.push(separator.calls)
    }
    expect(calls).toEqual([...calls].sort((a, b) => a - b))
    expect(calls[0]).toBe(1)
    expect(calls[1]).toBeGreaterThan(1)
  })

  it('multiplies the passes of what is asked for together, and makes a backend for each step on spectra', async () => {
    const small = { ...sizes, sampleRate: 100, windowLength: 256, margin: 10 }
    const separator = separatorOf(filtered, small)
    let backends = 0
    const made = await withQuality(
      separator,
      { channelSwap: true, polarity: true, shifts: 3, wiener: 1, quietPassages: true },
      async () => {
        backends++
        return createReferenceBackend()
      },
    )
    expect(made.windowLength).toBe(256 - 50)
    await made.predict(windowOf(made.windowLength))
    expect([separator.calls, backends]).toEqual([12, 2])
    await made.dispose()
    expect(separator.disposed).toBe(true)
  })

  it('refuses steps that are none, and disposes', async () => {
    for (const [steps, message] of [
      [{ shifts: 0 }, 'shifts: 0'],
      [{ wiener: 0.5 }, 'wiener: 0.5'],
    ] as const) {
      const separator = separatorOf(filtered, sizes)
      await expect(withQuality(separator, steps, noBackend)).rejects.toThrow(message)
      expect(separator.disposed).toBe(true)
    }
  })
})
