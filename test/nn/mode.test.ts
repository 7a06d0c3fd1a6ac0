import { describe, expect, it } from 'vitest'
import { BatchNorm, isTraining, layoutOf, reportTerm, traceTraining, trainingKey } from '../../src/nn/index.ts'
import { constant, input, randomKey, randomWords } from '../../src/tensor/index.ts'
import { run } from './run.ts'

describe('training traces', () => {
  it('G5 keys: each call of a trace gets its own, in the order of the calls, the same in every trace', async () => {
    const trace = () => traceTraining(() => [trainingKey('a'), trainingKey('a'), trainingKey('b')], { key: randomKey(7) }).result
    const [first, second] = [trace(), trace()]
    const keys = await run(Object.fromEntries([...first, ...second].map((key, i) => [`k${i}`, key])))
    expect([keys.k3, keys.k4, keys.k5]).toEqual([keys.k0, keys.k1, keys.k2])
    expect(new Set([keys.k0, keys.k1, keys.k2].map(String)).size).toBe(3)
  })

  it('G5 keys: fed another key, a trace gives others: one program for all steps of a training', async () => {
    const { result } = traceTraining(() => trainingKey('a'), { key: input('key', [2], 'int32') })
    const [a, b, again] = await Promise.all([1, 2, 1].map((step) => run({ k: result }, { key: randomWords(42, step) })))
    expect(again).toEqual(a)
    expect(b).not.toEqual(a)
  })

  it('ask for a key where something draws, and say so outside training', () => {
    expect(() => trainingKey('dropout')).toThrow('dropout: draws no random numbers outside training; trace it with traceTraining')
    expect(() => traceTraining(() => trainingKey('dropout'))).toThrow(
      'dropout: draws random numbers, and the trace has no key; give one as traceTraining(trace, { key })',
    )
  })

  it('collect the terms of a loss that are named, each trace its own; elsewhere they are only what they are', async () => {
    const x = constant(3)
    expect(reportTerm('distance', x)).toBe(x)
    const outer = traceTraining(() => {
      const inner = traceTraining(() => reportTerm('distance', constant(2)))
      expect([...inner.terms.keys()]).toEqual(['distance'])
      return reportTerm('distance', x)
    })
    expect(outer.terms).toEqual(new Map([['distance', x]]))
    expect(() => traceTraining(() => [reportTerm('a', x), reportTerm('a', x)])).toThrow('reportTerm: two terms are called a')
    expect(() => reportTerm('a', constant([1, 2], [2]))).toThrow('reportTerm: a (2); needs a scalar')
  })

  it('nest, and are over when they threw', () => {
    const seen: boolean[] = []
    expect(() =>
      traceTraining(() => {
        seen.push(isTraining())
        const { result } = traceTraining(() => trainingKey('inner'), { key: randomKey(1) })
        seen.push(isTraining())
        expect(result.shape).toEqual([2])
        // The outer trace has no key of its own.
        trainingKey('outer')
      }),
    ).toThrow(/^outer: draws random numbers/)
    seen.push(isTraining())
    expect(seen).toEqual([true, true, false])
  })

  it('a layer used twice moves its statistics twice', async () => {
    const layer = new BatchNorm(1, { momentum: 0.5 })
    layoutOf(layer)
    const x = constant([1, 3], [2, 1])
    const { updates } = traceTraining(() => [layer.forward(x), layer.forward(x)])
    const fed = { weight: Float64Array.of(1), bias: Float64Array.of(0), running_mean: Float64Array.of(0), running_var: Float64Array.of(1) }
    const { mean } = await run({ mean: updates.get(layer.running_mean!)! }, fed)
    expect(mean).toEqual([1.5])
  })

  it('a layer used twice counts both uses alike where a batch’s weight is given: plain means over all of them', async () => {
    const layer = new BatchNorm(1)
    layoutOf(layer)
    const of = (k: number) =>
      traceTraining(() => [layer.forward(input('a', [2, 1])), layer.forward(input('b', [2, 1]))], { momentum: constant(1 / k) }).updates
    const [first, second] = [of(1), of(2)].map((updates) => updates.get(layer.running_mean!)!)
    const fed = { weight: Float64Array.of(1), bias: Float64Array.of(0), running_var: Float64Array.of(1) }
    const one = await run(
      { mean: first! },
      { ...fed, running_mean: Float64Array.of(50), a: Float64Array.of(1, 3), b: Float64Array.of(5, 7) },
    )
    expect(one.mean).toEqual([4])
    const before = Float64Array.from(one.mean)
    const two = await run({ mean: second! }, { ...fed, running_mean: before, a: Float64Array.of(8, 10), b: Float64Array.of(10, 12) })
    expect(two.mean).toEqual([(2 + 6 + 9 + 11) / 4])
  })
})
