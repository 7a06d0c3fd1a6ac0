/** `npx divisi data` as people run it: the built command, killed in the middle of its work, interrupted, and with the shipped separator. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeSong } from '../../src/data/index.ts'
import { music, type Sound, write } from '../data/check/support.ts'
import { endOf } from './ended.ts'

let folder = ''
const at = (...path: string[]): string => join(folder, ...path)

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'divisi-end-to-end-data-'))
  for (let i = 0; i < 8; i++)
    await write(at('many', i < 4 ? 'vocals' : 'instrumental', `${i}.wav`), music(i, 6, { sampleRate: 48000 }), 48000)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const start = (...args: string[]) => spawn(process.execPath, [resolve('dist/cli/main.js'), 'data', ...args], { cwd: folder })

async function finish(child: ChildProcess): Promise<{ code: number; text: string }> {
  let text = ''
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (data: Buffer) => (text += data.toString()))
  const code = await endOf(child)
  return { code, text }
}

const finished = (cache: string): string[] =>
  existsSync(at(cache)) ? readdirSync(at(cache)).filter((name) => name.endsWith('44100-v1.json')) : []

/** Contents of a cache but for times of files, which its memory of hashes holds. */
const contents = (cache: string): [string, string][] =>
  readdirSync(at(cache))
    .filter((name) => name !== 'hashes.json')
    .sort()
    .map((name) => [
      name,
      createHash('sha256')
        .update(readFileSync(at(cache, name)))
        .digest('hex'),
    ])

test('7.42 preparing goes on after kill -9 with the next file, to the same cache', async () => {
  const prepare = (cache: string) => start('prepare', '--vocals', 'many/vocals', '--instrumental', 'many/instrumental', '--cache', cache)
  const whole = await finish(prepare('whole'))
  expect(whole.code).toBe(0)
  expect(whole.text).toMatch(/vocals +4 files +0:24 +4\.2 MB\ninstrumental +4 files/)
  for (const least of [1, 4]) {
    const child = prepare('killed')
    const ended = finish(child)
    while (child.exitCode === null && finished('killed').length < least) await setTimeout(2)
    child.kill('SIGKILL')
    await ended
  }
  const before = finished('killed')
  expect(before.length).toBeGreaterThanOrEqual(4)
  const times = before.map((name) => statSync(at('killed', name)).mtimeMs)
  const again = await finish(prepare('killed'))
  expect(again.code).toBe(0)
  // What a killed process left half written stays for an hour, because its writer may live on another machine.
  expect(contents('killed').filter(([name]) => !name.endsWith('.tmp'))).toEqual(contents('whole'))
  expect(before.map((name) => statSync(at('killed', name)).mtimeMs)).toEqual(times)
})

test('7.43 Ctrl-C ends a check with 130, and the next one goes on with what was measured', async () => {
  const check = () => start('check', 'many', '--cache', 'checked', '--no-voices', '--workers', '1', '--json')
  const child = check()
  const ended = finish(child)
  const measured = () =>
    existsSync(at('checked/check')) ? readdirSync(at('checked/check')).filter((name) => name.endsWith('-scan-v1.json')) : []
  while (child.exitCode === null && measured().length < 2) await setTimeout(2)
  child.kill('SIGINT')
  const { code, text } = await ended
  expect([code, text.trim()]).toEqual([130, 'error: interrupted by SIGINT'])
  const { code: last, text: report } = await finish(check())
  expect(last).toBe(0)
  expect(Number(/^(\d) of 8 files known/m.exec(report)![1])).toBeGreaterThanOrEqual(2)
})

test('7.44 the shipped separator hears a voice that was left in, and no other', async () => {
  const { stems, mixture, sampleRate } = makeSong({ seed: 3, seconds: 10 })
  await write(at('heard/vocals/voice.wav'), stems.vocals as Sound, sampleRate)
  await write(at('heard/instrumental/band.wav'), stems.instrumental as Sound, sampleRate)
  const other = makeSong({ seed: 5, seconds: 10 })
  await write(at('heard/instrumental/song.wav'), other.mixture as Sound, sampleRate)
  mkdirSync(at('heard/mixtures'))
  await write(at('heard/mixtures/song.wav'), mixture as Sound, sampleRate)
  const { code, text } = await finish(
    start('check', 'heard', '--cache', 'heard-cache', '--json', 'findings.json', '--html', 'page.html', '--threads', '1'),
  )
  expect(code, text).toBeLessThanOrEqual(1)
  expect(existsSync(at('findings.json')), text).toBe(true)
  const { findings } = JSON.parse(readFileSync(at('findings.json'), 'utf8')) as { findings: { kind: string; path: string }[] }
  expect(findings.filter(({ kind }) => kind === 'voice' || kind === 'accompaniment').map(({ kind, path }) => `${kind} ${path}`)).toEqual([
    `voice ${at('heard/instrumental/song.wav')}`,
  ])
  expect(text).toContain('a voice in 2 of 2 excerpts')
  expect(readFileSync(at('page.html'), 'utf8')).toContain('<svg')
  copyFileSync(at('heard/vocals/voice.wav'), at('heard/vocals/twice.wav'))
  const second = await finish(start('check', 'heard', '--cache', 'heard-cache', '--threads', '1'))
  expect(second.text).toContain('5 of 5 files known from an earlier check')
  expect(second.text).toMatch(/warning: duplicate \(\d\)/)
})
