/** PyTorch's checkpoints are read in a page as in Node. */
import { expect, it } from 'vitest'
import { readPytorchStateDict } from '../../src/formats/index.ts'

async function fetched(name: string): Promise<Uint8Array> {
  const response = await fetch(new URL(`../fixtures/pytorch/${name}`, import.meta.url))
  return new Uint8Array(await response.arrayBuffer())
}

it.each(['views.pth', 'views-legacy.pth', 'deflated.pth'])('reads %s', async (name) => {
  const { tensors } = readPytorchStateDict(await fetched(name))
  expect(tensors.get('column')).toEqual({ shape: [4], data: Float32Array.of(1, 7, 13, 19) })
  expect(tensors.get('transposed')!.data.subarray(0, 5)).toEqual(Float32Array.of(0, 6, 12, 18, 1))
})
