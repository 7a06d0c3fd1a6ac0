import { expect, test } from 'vitest'
import { shred } from '../../src/runtime/index.ts'

test('frees large arrays and whatever shares their memory; small ones, and shared memory, stay as they are', () => {
  const large = new Float32Array(1 << 17)
  const part = large.subarray(7, 9)
  const small = Float32Array.of(1, 2)
  const pooled = new Uint8Array(Buffer.from('of the pool').buffer)
  const shared = new Float32Array(new SharedArrayBuffer(1 << 18)).fill(3)
  shred([large, part, small, pooled, shared])
  expect([large.length, part.length]).toEqual([0, 0])
  expect([...small]).toEqual([1, 2])
  expect(pooled.length).toBeGreaterThan(0)
  expect(shared[1 << 15]).toBe(3)
  shred([large]) // nothing left to free
})
