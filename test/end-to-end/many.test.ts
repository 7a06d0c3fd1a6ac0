/** `npx divisi separate` over a tree of songs, and of a song that is interrupted: exit codes, lines of JSON, the table, what is left and what comes of it. */
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createWavWriter } from '../../src/audio/index.ts'
import { makeSong } from '../../src/data/index.ts'
import { endOf } from './ended.ts'

const command = resolve('dist/cli/main.js')
let folder = ''

async function writeSong(path: string, repeats = 1): Promise<void> {
  const { mixture, sampleRate } = makeSong({ seed: 5, seconds: 12 })
  const writer = await createWavWriter(path, { sampleRate, channels: 2, sampleFormat: { kind: 'int', bits: 16 } })
  for (let i = 0; i < repeats; i++) await writer.write(mixture)
  await writer.finish()
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'divisi-end-to-end-'))
  for (const name of ['music/disc 1', 'music/disc 2']) {
    mkdirSync(join(folder, name), { recursive: true })
    await writeSong(join(folder, name, 'song.wav'))
  }
  writeFileSync(join(folder, 'music/broken.flac'), 'no music')
  await writeSong(join(folder, 'long.wav'), 25)
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

/** Separates the long song, and sends a signal when that share of it is done. */
async function interrupt(signal: NodeJS.Signals, share: number) {
  const child = spawn(process.execPath, [command, 'separate', '--progress', 'json', '--out', 'parts', 'long.wav'], { cwd: folder })
  const ended = endOf(child)
  let sent = false
  for await (const line of createInterface(child.stderr)) {
    if (!line.startsWith('{')) continue
    const { phase, doneSeconds, totalSeconds } = JSON.parse(line) as { phase?: string; doneSeconds?: number; totalSeconds?: number }
    // Once: a second Ctrl-C ends the command without a word.
    if (!sent && phase === 'separating' && doneSeconds! >= share * totalSeconds!) sent = child.kill(signal)
  }
  return ended
}

test('a song interrupted by kill -9 and then by Ctrl-C goes on to the files of one that was not', async () => {
  const separate = (out: string) =>
    spawnSync(process.execPath, [command, 'separate', '--out', out, 'long.wav'], { cwd: folder, encoding: 'utf8' })
  expect(separate('whole').status).toBe(0)
  const killed = await interrupt('SIGKILL', 0.3)
  expect(killed).toBe(137)
  const stopped = await interrupt('SIGINT', 0.6)
  expect(stopped).toBe(130)
  const last = separate('parts')
  expect(last.status).toBe(0)
  // How far the killed one had come is for its last checkpoint to say; Ctrl-C keeps all.
  const at = (text: string) => {
    const [, minutes, seconds] = /goes on at (\d+):(\d\d)/.exec(text) ?? []
    return 60 * Number(minutes) + Number(seconds)
  }
  expect(at(last.stderr)).toBeGreaterThan(0.5 * 25 * 12)
  const names = readdirSync(join(folder, 'parts')).sort()
  expect(names).toEqual(['long.instrumental.wav', 'long.vocals.wav'])
  for (const name of names) expect(readFileSync(join(folder, 'parts', name)).equals(readFileSync(join(folder, 'whole', name)))).toBe(true)
})
