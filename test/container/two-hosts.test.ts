/** Ranks on two hosts, as far as one machine can have two: network namespaces with addresses of their own (two-hosts.sh). */
import { resolve } from 'node:path'
import { expect, it } from 'vitest'
import { cases } from '../distributed/conformance.ts'
import { run } from '../distributed/mpirun.ts'

it('do together what ranks of one host do, over TCP', async () => {
  const command = ['node', '--import', 'tsx', resolve('test/distributed/rank.ts')]
  const { code, text } = await run([resolve('test/container/two-hosts.sh'), ...command])
  expect(code, text).toBe(0)
  const found = text.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Record<string, unknown>] : []))
  expect(found.filter(({ error }) => error !== null)).toEqual([])
  expect(new Set(found.map(({ host }) => host)), text).toEqual(new Set(['divisi-a', 'divisi-b']))
  expect(found).toHaveLength(2 * Object.keys(cases).length)
})
