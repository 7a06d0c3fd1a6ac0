/** `npx divisi evaluate` as people run it: the built command, on a song that the project makes and on its stems in 8 bits. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createWavWriter } from '../../src/audio/index.ts'
import { makeSong } from '../../src/data/index.ts'
import type { Evaluation } from '../../src/evaluation/index.ts'

let folder = ''
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'divisi-end-to-end-'))
  for (const name of ['known', 'made']) mkdirSync(join(folder, name))
  const { stems, sampleRate } = makeSong({ seed: 3, seconds: 8 })
  for (const stem of ['vocals', 'instrumental'] as const) {
    const path = join(folder, 'known', `${stem}.wav`)
    const writer = await createWavWriter(path, { sampleRate, channels: 2, sampleFormat: { kind: 'int', bits: 16 } })
    await writer.write(stems[stem])
    await writer.finish()
    // 8 bits are an estimate with known faults: no interference, some noise.
    execFileSync('ffmpeg', ['-v', 'error', '-i', path, '-c:a', 'pcm_u8', join(folder, 'made', `song.${stem}.wav`)])
  }
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const divisi = (...args: string[]) => spawnSync(process.execPath, [resolve('dist/cli/main.js'), ...args], { encoding: 'utf8', cwd: folder })

test('3.43 stems against their estimates: table, JSON and page, between the mixture and the ideal mask', () => {
  const { status, stdout, stderr } = divisi(
    'evaluate',
    'known',
    'made',
    '--baselines',
    'all',
    '--json',
    'scores.json',
    '--html',
    'scores.html',
  )
  expect(stderr).toBe('')
  expect(status).toBe(0)
  expect(stdout).toMatch(/^vocals +estimate/m)
  const { sets, seconds } = JSON.parse(readFileSync(join(folder, 'scores.json'), 'utf8')) as Evaluation
  expect(seconds).toBeCloseTo(8, 1)
  const [estimate, mixture, mask] = sets.map((set) => set.stems.find(({ stem }) => stem === 'vocals')!.global)
  expect(estimate!.sdr).toBeGreaterThan(mixture!.sdr + 10)
  expect(mask!.sdr).toBeGreaterThan(mixture!.sdr + 5)
  // What rounding adds is noise, not the other stem.
  expect(estimate!.sir).toBeGreaterThan(estimate!.sar)
  expect(readFileSync(join(folder, 'scores.html'), 'utf8')).toContain('made against known')
})

test('3.43 mistakes end with 2 and one line', () => {
  const { status, stderr, stdout } = divisi('evaluate', 'known', 'nothing')
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  expect(stderr.trim()).toBe('error: nothing: no such file or folder')
})
