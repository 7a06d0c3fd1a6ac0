/** `npx divisi separate` over a tree of songs: exit codes, lines of JSON, the table. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createWavWriter } from '../../src/audio/index.ts'
import { makeSong } from '../../src/data/index.ts'

const command = resolve('dist/cli/main.js')
let folder = ''

async function writeSong(path: string): Promise<void> {
  const { mixture, sampleRate } = makeSong({ seed: 5, seconds: 12 })
  const writer = await createWavWriter(path, { sampleRate, channels: 2, sampleFormat: { kind: 'int', bits: 16 } })
  await writer.write(mixture)
  await writer.finish()
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'divisi-end-to-end-'))
  for (const name of ['music/disc 1', 'music/disc 2']) {
    mkdirSync(join(folder, name), { recursive: true })
    await writeSong(join(folder, name, 'song.wav'))
  }
  writeFileSync(join(folder, 'music/broken.flac'), 'no music')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('a tree of songs, two at once: a line of JSON each, a table, exit code 1 for the broken one', () => {
  const separate = () =>
    spawnSync(
      process.execPath,
      [command, 'separate', '--recursive', '--jobs', '2', '--skip-existing', '--json', '--out', 'stems', 'music'],
      {
        cwd: folder,
        encoding: 'utf8',
      },
    )
  const first = separate()
  expect(first.status).toBe(1)
  const lines = first.stdout.trim().split('\n')
  const facts = lines.map((line) => JSON.parse(line) as { input: string; error?: string; stems?: Record<string, string> })
  expect(facts.map(({ input }) => input).sort()).toEqual(['music/broken.flac', 'music/disc 1/song.wav', 'music/disc 2/song.wav'])
  expect(first.stderr).toMatch(/music\/disc 1\/song\.wav +0:12 +\d+:\d\d {2}separated\n/)
  expect(first.stderr).toContain('2 of 3 files separated, 1 failed: 0:24 of sound')
  const [one, two] = ['disc 1', 'disc 2'].map((disc) => readFileSync(join(folder, 'stems', disc, 'song.vocals.wav')))
  expect(one!.equals(two!)).toBe(true)
  expect(readdirSync(join(folder, 'stems')).sort()).toEqual(['disc 1', 'disc 2'])
  const second = separate()
  expect(second.stdout.match(/"skipped":true/g)).toHaveLength(2)
  expect(second.stderr).toContain('0 of 3 files separated, 2 skipped, 1 failed')
})
