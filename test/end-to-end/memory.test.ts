/** `divisi separate --memory`: what the system counts of the process stays below the budget, with the model that ships and a real file. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createWavWriter } from '../../src/audio/index.ts'
import { createRandom } from '../../src/tensor/index.ts'

let folder = ''
let song = ''
let report = ''

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'divisi-memory-'))
  song = join(folder, 'song.wav')
  const random = createRandom(1)
  const writer = await createWavWriter(song, { sampleRate: 48000, channels: 2, sampleFormat: { kind: 'int', bits: 24 } })
  for (let second = 0; second < 50; second++)
    await writer.write(
      [0, 1].map((c) => Float32Array.from({ length: 48000 }, (_, n) => 0.3 * Math.sin(n / (9 + c)) + random.uniform(-0.1, 0.1))),
    )
  await writer.finish()
  // What getrusage says when the command has ended.
  report = join(folder, 'report.mjs')
  writeFileSync(report, `process.on('exit', () => console.error('peak ' + process.resourceUsage().maxRSS))`)
})
afterAll(() => rmSync(folder, { recursive: true }))

function separate(memory: string) {
  const out = join(folder, `stems in ${memory}`)
  const command = [resolve('dist/cli/main.js'), 'separate', '--threads', '2', '--memory', memory, '--out', out, song]
  const { status, stderr } = spawnSync(process.execPath, ['--import', pathToFileURL(report).href, ...command], { encoding: 'utf8' })
  return { status, stderr, peakMb: Number(/peak (\d+)/.exec(stderr)?.[1]) / 1024 }
}

describe('a budget of memory', () => {
  test('that is enough is kept, and a larger one is made use of', () => {
    const [small, large] = [separate('350'), separate('600')]
    expect([small.status, large.status], small.stderr + large.stderr).toEqual([0, 0])
    expect(small.peakMb).toBeLessThanOrEqual(350)
    expect(large.peakMb).toBeLessThanOrEqual(600)
    expect(large.peakMb).toBeGreaterThan(small.peakMb)
  })

  test('that is not enough is refused before any work, with the least that is', () => {
    const { status, stderr } = separate('120')
    expect(status).toBe(2)
    const least = /memory: 120 MB; the model "[^"]+" needs (\d+) MB, in the shortest windows that it can work with \(3\.0 s\)/.exec(
      stderr,
    )?.[1]
    expect(Number(least)).toBeGreaterThan(120)
    expect(Number(least)).toBeLessThan(400)
  })
})
