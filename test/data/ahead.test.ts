/** What is made ahead is what will be asked for. */
import { expect, it } from 'vitest'
import { createAhead } from '../../src/data/worker-team.node.ts'

function recorded(prefetch: number) {
  const made: number[] = []
  const ahead = createAhead(async (index) => {
    made.push(index)
    return index
  }, prefetch)
  return { made, ahead }
}

it('begins the next ones, each once', async () => {
  const { made, ahead } = recorded(2)
  for (const index of [0, 1, 2]) expect(await ahead(index)).toBe(index)
  expect(made).toEqual([0, 1, 2, 3, 4])
})

it('begins what one of three processes will ask for, once it knows their number', async () => {
  const { made, ahead } = recorded(2)
  for (const index of [1, 4, 7, 10]) expect(await ahead(index)).toBe(index)
  expect(made).toEqual([1, 2, 3, 4, 7, 10, 13, 16])
})

it('follows jumps back and forth', async () => {
  const { made, ahead } = recorded(1)
  for (const index of [1000, 1002, 0, 1, 1004]) expect(await ahead(index)).toBe(index)
  expect(made).toEqual([1000, 1001, 1002, 1004, 0, 1, 2, 1004, 1005])
})
