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

/** Runs the process, kills it when it has told `most` windows; how many it told. */
function run(out: string, checkpointSeconds: number, most = Number.POSITIVE_INFINITY): Promise<{ windows: number; code: number | null }> {
  const script = fileURLToPath(new URL('slow-process.ts', import.meta.url))
  const child = spawn(process.execPath, ['--import', 'tsx', script, song, join(folder, out), String(checkpointSeconds)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let windows = 0
  createInterface({ input: child.stdout }).on('line', () => {
    if (++windows >= most) child.kill('SIGKILL')
  })
  return new Promise((resolve) => child.on('close', (code) => resolve({ windows, code })))
}

it.each([0, 1e9])(
  'goes on after kill -9, five times over, to the same files (a checkpoint every %d s)',
  async (checkpointSeconds) => {
    const whole = await run('whole', checkpointSeconds)
    expect(whole.code).toBe(0)
    const random = createRandom(8)
    let total = 0
    for (let i = 0; i < 5; i++) {
      const killed = await run('parts', checkpointSeconds, random.integer(1, Math.floor(whole.windows / 7)))
      expect(killed.code).toBe(null) // by the signal
      expect((await readdir(join(folder, 'parts'))).every((name) => name.startsWith('.divisi-'))).toBe(true)
      total += killed.windows
    }
    const last = await run('parts', checkpointSeconds)
    expect(last.code).toBe(0)
    total += last.windows
    // A window may be through, and the process killed before it is kept; one of each killed process, and one more that was told while it died.
    expect(total).toBeGreaterThanOrEqual(whole.windows)
    expect(total).toBeLessThanOrEqual(whole.windows + 10)
    const names = await readdir(join(folder, 'parts'))
    expect(names.sort()).toEqual(['song.instrumental.wav', 'song.vocals.wav'])
    for (const name of names) {
      expect((await readFile(join(folder, 'parts', name))).equals(await readFile(join(folder, 'whole', name)))).toBe(true)
    }
  },
  300_000,
)
