/** The demo around a stand-in for the network: the files it promises, and scores that say what the stand-in did. */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { runDemo } from '../../src/cli/demo.ts'
import { identity, separatorOf } from '../separation/fakes.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'divisi-test-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function run(): Promise<string> {
  let stdout = ''
  const code = await runDemo(
    { out: folder, seconds: 5, seed: 3 },
    {
      loadSeparator: async () => separatorOf(identity),
      stdout: { write: (text) => (stdout += text) },
      stderr: { write: () => true },
      signal: new AbortController().signal,
    },
  )
  expect(code).toBe(0)
  return stdout
}

/** The numbers of a line of the table: the song itself, separated, ideal mask. */
function scores(stdout: string, stem: string, ratio: string): number[] {
  const line = stdout.split('\n').find((text) => text.trim().startsWith(stem) && text.includes(` ${ratio} `)) ?? ''
  return [...line.matchAll(/-?\d+\.\d/g)].map(Number)
}

it('leaves the song, its known stems and the separated ones, and names them', async () => {
  const stdout = await run()
  const files = ['song.wav', 'song.vocals.wav', 'song.instrumental.wav', join('known', 'vocals.wav'), join('known', 'instrumental.wav')]
  const found = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.wav'))
  expect(found.sort()).toEqual(files.sort())
  for (const file of files) expect(stdout).toContain(join(folder, file))
})

it('scores a separator that gives the song back as the song itself, below the ideal mask', async () => {
  const [song, separated, ideal] = scores(await run(), 'vocals', 'SI-SDR')
  expect(separated).toBe(song)
  expect(ideal).toBeGreaterThan(song!)
})

it('writes over an earlier demo', async () => {
  const first = await run()
  expect(await run()).toBe(first)
})
