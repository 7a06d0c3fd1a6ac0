/** Which update a batch belongs to, and what stages hand over. */
import { describe, expect, it } from 'vitest'
import { BatchNorm, Linear, Sequential } from '../../src/nn/index.ts'
import { commonValues, type Drawing, firstPartOf, partAt } from '../../src/tasks/index.ts'

describe('batches by number', () => {
  const drawings: Record<string, Drawing> = {
    plain: { seed: 1, batchSize: 3 },
    parts: { seed: 1, batchSize: 3, accumulate: 4 },
    crops: {
      seed: 1,
      batchSize: 3,
      accumulate: 2,
      crops: [
        { until: 3, frames: 64 },
        { until: 4, frames: 128, batchSize: 2, accumulate: 5 },
        { frames: 256, accumulate: 1 },
      ],
    },
  }

  it.each(Object.keys(drawings))('are those of one update after the other, none left out and none twice (%s)', (name) => {
    const drawing = drawings[name]!
    let index = 0
    for (let step = 0; step < 8; step++) {
      const first = firstPartOf(drawing, step)
      expect(first.index).toBe(index)
      for (let part = 0; part < first.accumulate; part++, index++)
        expect(partAt(drawing, index)).toMatchObject({ step, part, accumulate: first.accumulate })
    }
  })

  it('have the crop of their update, and the recipe’s own sizes where it names none', () => {
    const at = (index: number) => partAt(drawings.crops!, index)
    expect(at(5)).toEqual({ step: 2, part: 1, accumulate: 2, batchSize: 3, frames: 64 })
    expect(at(6)).toEqual({ step: 3, part: 0, accumulate: 5, batchSize: 2, frames: 128 })
    expect(at(11)).toEqual({ step: 4, part: 0, accumulate: 1, batchSize: 3, frames: 256 })
    expect(at(1000)).toMatchObject({ step: 993, frames: 256 })
    expect(partAt(drawings.plain!, 7)).toEqual({ step: 7, part: 0, accumulate: 1, batchSize: 3 })
  })
})

describe('values that two networks have in common', () => {
  it('are those of one name and one shape, statistics included; they are copies', () => {
    const learned = new Map([
      ['0.weight', { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }],
      ['0.bias', { shape: [2], data: Float32Array.of(7, 8) }],
      ['1.running_mean', { shape: [2], data: Float32Array.of(9, 10) }],
      ['1.weight', { shape: [1, 2], data: Float32Array.of(11, 12) }],
      ['2.weight', { shape: [1], data: Float32Array.of(13) }],
    ])
    const { values, fresh, left } = commonValues(new Sequential(new Linear(3, 2), new BatchNorm(2)), learned)
    expect([...values.keys()]).toEqual(['0.weight', '0.bias', '1.running_mean'])
    expect(fresh).toEqual(['1.weight', '1.bias', '1.running_var'])
    expect(left).toEqual(['1.weight', '2.weight'])
    values.get('0.bias')![0] = 0
    expect(learned.get('0.bias')!.data[0]).toBe(7)
  })
})
