/** Processes that are killed at any moment leave what the next one needs, and nothing in the end. */

import { spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createWavWriter } from '../../../src/audio/index.ts'
import { createRandom } from '../../../src/tensor/random.ts'
import { noise } from '../fakes.ts'

let folder: string
let song: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'divisi-test-'))
  song = join(folder, 'song.wav')
  const writer = await createWavWriter(song, { sampleRate: 48000, channels: 2, sampleFormat: { kind: 'int', bits: 24 } })
  await writer.write(noise(2, 150_000))
  await writer.finish()
})

afterEach(() => rm(folder, { recursive: true }))

/** Runs the process, which is killed some milliseconds after so many windows; how many it finished. */
function run(out: string, most = Number.POSITIVE_INFINITY, later = 0): Promise<{ windows: number; signal: string | null }> {
  const script = fileURLToPath(new URL('slow-process.ts', import.meta.url))
  const args = ['--import', 'tsx', script, song, join(folder, out), String(most), String(later)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let windows = 0
  createInterface({ input: child.stdout }).on('line', () => windows++)
  return new Promise((resolve) => child.on('close', (_, signal) => resolve({ windows, signal })))
}

it('goes on after kill -9, five times over, to the same files', async () => {
  const whole = await run('whole')
  const random = createRandom(8)
  let total = 0
  for (let i = 0; i < 5; i++) {
    const killed = await run('parts', random.integer(1, Math.floor(whole.windows / 7)), random.uniform(0, 20))
    expect(killed.signal).toBe('SIGKILL')
    expect((await readdir(join(folder, 'parts'))).every((name) => name.startsWith('.divisi-'))).toBe(true)
    total += killed.windows
  }
  const last = await run('parts')
  expect(last.signal).toBe(null)
  total += last.windows
  // Of each killed process two windows may have been through and not kept.
  expect(total).toBeGreaterThanOrEqual(whole.windows)
  expect(total).toBeLessThanOrEqual(whole.windows + 10)
  const names = await readdir(join(folder, 'parts'))
  expect(names.sort()).toEqual(['song.instrumental.wav', 'song.vocals.wav'])
  for (const name of names) {
    expect((await readFile(join(folder, 'parts', name))).equals(await readFile(join(folder, 'whole', name)))).toBe(true)
  }
}, 300_000)
