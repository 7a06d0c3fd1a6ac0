/** The separate command around a stand-in for the network: which files run, what is printed where, exit codes, and what is left on disk. */

import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createWavWriter } from '../../../src/audio/index.ts'
import { InterruptedError, UsageError } from '../../../src/cli/errors.ts'
import { type SeparateFlags, separateCommand } from '../../../src/cli/separate/options.ts'
import { runSeparate } from '../../../src/cli/separate/run.ts'
import type { Separator } from '../../../src/separation/index.ts'
import { type FakeSeparator, identity, noise, separatorOf, smoothing } from '../../separation/fakes.ts'

let folder: string
let out: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'divisi-test-'))
  out = join(folder, 'out')
})

afterEach(() => rm(folder, { recursive: true }))

async function writeSong(
  name: string,
  options: { frames?: number; channels?: number; bits?: number; level?: number } = {},
): Promise<string> {
  const { frames = 9000, channels = 2, bits = 16, level = 0.5 } = options
  const path = join(folder, name)
  await mkdir(join(path, '..'), { recursive: true })
  const writer = await createWavWriter(path, { sampleRate: 44100, channels, sampleFormat: { kind: 'int', bits } })
  await writer.write(noise(channels, frames, { bits, level }))
  await writer.finish()
  return path
}

interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  readonly separator: FakeSeparator
}

async function run(
  inputs: readonly string[],
  flags: Partial<SeparateFlags> = {},
  {
    separator = separatorOf(smoothing),
    signal = new AbortController().signal,
    isTTY = false,
    version = '1.0.0',
  }: { separator?: FakeSeparator; signal?: AbortSignal; isTTY?: boolean; version?: string } = {},
): Promise<Ran> {
  let stdout = ''
  let stderr = ''
  const code = await runSeparate(
    inputs,
    { out, device: 'cpu', ...flags },
    {
      version,
      loadSeparator: async (): Promise<Separator> => separator,
      stdout: { write: (text) => (stdout += text) },
      stderr: { isTTY, write: (text) => (stderr += text) },
      signal,
    },
  )
  return { code, stdout, stderr, separator }
}

describe('runSeparate', () => {
  it('writes both stems, prints their paths on stdout and device and model on stderr', async () => {
    const song = await writeSong('song.wav')
    const { code, stdout, stderr, separator } = await run([song])
    expect(code).toBe(0)
    expect(stdout).toBe(`${join(out, 'song.vocals.wav')}\n${join(out, 'song.instrumental.wav')}\n`)
    expect(stderr).toContain('model fake on test\n')
    expect(stderr).toContain(`${song}: wav, 16-bit, 44100 Hz, stereo, 0:00\n`)
    expect((await readdir(out)).sort()).toEqual(['song.instrumental.wav', 'song.vocals.wav'])
    expect(separator.disposed).toBe(true)
  })

  it('shows that it hears a song through, and says so where a song can be heard only once', async () => {
    const listening = (): FakeSeparator =>
      Object.assign(separatorOf(smoothing), { prepass: () => ({ hear: async () => {}, facts: async () => ({}) }) })
    const song = await writeSong('song.wav', { frames: 200_000 })
    const shown = await run([song], { stems: ['vocals'] }, { separator: listening(), isTTY: true })
    const lines = shown.stderr.split(/\r/).filter((line) => line.includes('real time'))
    expect(lines.some((line) => line.includes('song, listening'))).toBe(true)
    expect(lines.findLastIndex((line) => line.includes('listening'))).toBeLessThan(lines.findIndex((line) => /song {2}/.test(line)))
    expect(shown.stderr).not.toContain('only once')

    const pipe = join(folder, 'pipe')
    execFileSync('mkfifo', [pipe])
    const [piped] = await Promise.all([
      run([pipe], { stems: ['vocals'] }, { separator: listening() }),
      readFile(song).then((bytes) => writeFile(pipe, bytes)),
    ])
    expect(piped.code).toBe(0)
    expect(piped.stderr).toContain('can be heard only once: what the network wants to know of the whole song is that of the song so far')
  })

  it('prints facts as a line of JSON per file on request, failures too', async () => {
    const song = await writeSong('song.wav', { bits: 24, channels: 1 })
    const { code, stdout } = await run([song, 'missing.wav'], { json: true, stems: ['vocals'] })
    expect(code).toBe(1)
    const [good, bad] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(good).toMatchObject({
      input: song,
      stems: { vocals: join(out, 'song.vocals.wav') },
      frames: 9000,
      sampleRate: 44100,
      channels: 1,
      sampleFormat: { kind: 'int', bits: 24 },
      gain: 1,
      model: 'fake',
      device: 'test',
    })
    expect(bad).toEqual({ input: 'missing.wav', error: 'missing.wav: no such file' })
  })

  it('writes progress as lines of JSON on request, and nothing else on stderr', async () => {
    const song = await writeSong('song.wav', { frames: 200_000 })
    const { code, stderr } = await run([song, 'missing.wav'], { progress: 'json' })
    expect(code).toBe(1)
    const events = stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(events[0]).toMatchObject({ event: 'start', phase: 'loading' })
    const fractions = events.filter(({ input }) => input === song).map(({ fraction }) => fraction)
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b))
    expect([fractions[0], fractions.at(-1)]).toEqual([0, 1])
    expect(events).toContainEqual(expect.objectContaining({ event: 'failed', input: 'missing.wav', text: 'missing.wav: no such file' }))
    expect(events.at(-1)).toMatchObject({ event: 'end', overall: { fraction: 1, secondsLeft: 0, done: 2, inputs: 2 } })
  })

  it('previews the passage of the loudest voice, names files so, says where it is, and draws it', async () => {
    const song = join(folder, 'song.wav')
    const writer = await createWavWriter(song, { sampleRate: 44100, channels: 2, sampleFormat: { kind: 'int', bits: 16 } })
    const [left, right] = noise(2, 4 * 44100)
    // The stand-in takes the right channel for the voice: it is loud from 2 s to 3 s.
    await writer.write([left!, right!.map((x, n) => (n >= 2 * 44100 && n < 3 * 44100 ? x : 0.01 * x))])
    await writer.finish()
    const separator = separatorOf(([l, r]) => [l.map(() => 0), r], { windowLength: 8192 })
    const { stdout, stderr } = await run([song], { preview: 1, plot: true, json: true }, { separator })
    expect((await readdir(out)).sort()).toEqual(['song.preview.instrumental.wav', 'song.preview.plot.svg', 'song.preview.vocals.wav'])
    const facts = JSON.parse(stdout)
    expect(facts).toMatchObject({ frames: 44100, plot: join(out, 'song.preview.plot.svg'), preview: { seconds: 1 } })
    expect(Math.abs(facts.preview.startSeconds - 2)).toBeLessThan(0.11)
    expect(stderr).toMatch(/ {2}preview of 0:02 to 0:03, where the voice is loudest \(\d+ % of its energy\)\n/)
    const again = await run([song], { preview: 1, plot: true })
    expect(again.stderr).toContain('song.preview.vocals.wav exists already')
  })

  it('previews no pipe, and says what to do', async () => {
    const song = await writeSong('song.wav')
    const pipe = join(folder, 'pipe')
    execFileSync('mkfifo', [pipe])
    const [{ code, stderr }] = await Promise.all([
      run([pipe], { preview: 1 }),
      readFile(song).then((bytes) => writeFile(pipe, bytes).catch(() => {})),
    ])
    expect(code).toBe(1)
    expect(stderr).toContain('can be heard only once, and a preview needs to hear it through before it is cut: save it as a file first')
    expect(await readdir(folder)).not.toContain('out')
  })

  it('gives a bad file one line of error, does the others, and fails at the end', async () => {
    const good = [await writeSong('a.wav'), await writeSong('z.wav')]
    const truncated = await writeSong('truncated.wav')
    await truncate(truncated, 20_001)
    const empty = join(folder, 'empty.wav')
    await writeFile(empty, '')
    const silent = await writeSong('none.wav', { frames: 0 })
    const surround = await writeSong('surround.wav', { channels: 6 })
    const bad = [truncated, empty, silent, surround, join(folder, 'missing.wav')]
    const { code, stderr, stdout } = await run([good[0]!, ...bad, good[1]!])
    expect(code).toBe(1)
    const errors = stderr.split('\n').filter((line) => line.startsWith('error:'))
    expect(errors).toHaveLength(bad.length)
    for (const [i, path] of bad.entries()) expect(errors[i]!.split(path)).toHaveLength(2) // names the file, once
    expect(stdout.trim().split('\n')).toHaveLength(4)
    expect((await readdir(out)).sort()).toEqual(['a.instrumental.wav', 'a.vocals.wav', 'z.instrumental.wav', 'z.vocals.wav'])
    expect(stderr).toMatch(/2 of 7 files separated, 5 failed/)
  })

  it('replaces existing files only with --force, and checks before it works', async () => {
    const song = await writeSong('song.wav')
    await mkdir(out)
    await writeFile(join(out, 'song.vocals.wav'), 'precious')
    const refused = await run([song])
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain('song.vocals.wav exists already; --force replaces it')
    expect(refused.separator.calls).toBe(0)
    expect(await readFile(join(out, 'song.vocals.wav'), 'utf8')).toBe('precious')
    expect((await run([song], { stems: ['instrumental'] })).code).toBe(0)
    expect((await run([song], { force: true })).code).toBe(0)
    expect((await readFile(join(out, 'song.vocals.wav'))).length).toBeGreaterThan(9000)
  })

  it('refuses inputs that would write the same files, or over an input, before any work', async () => {
    const a = await writeSong('a/song.wav')
    const b = await writeSong('b/song.flac')
    const c = await writeSong('b/song.vocals.wav')
    const separator = separatorOf(identity)
    await expect(run([a, b], {}, { separator })).rejects.toThrow(`${a} and ${b} would both write ${join(out, 'song.vocals.wav')}`)
    await expect(run([a, join(folder, 'a', '.', 'song.wav')], {}, { separator })).rejects.toThrow('is given twice')
    await expect(run([a, c], { out: join(folder, 'b'), force: true }, { separator })).rejects.toThrow(`would replace the input ${c}`)
    expect(separator.calls).toBe(0)
    expect(separator.disposed).toBe(true)
  })

  it('refuses devices, stems and overlaps that it does not have, naming those it has', async () => {
    const song = await writeSong('song.wav')
    await expect(run([song], { device: 'tpu' })).rejects.toThrow('device "tpu" is unknown; allowed are cpu, webgpu, cuda')
    await expect(run([song], { stems: ['bass'] })).rejects.toThrow(
      'stem "bass" is unknown to the model fake; available: vocals, instrumental',
    )
    await expect(run([song], { overlap: 0.1 })).rejects.toThrow('overlap 0.1 is not between 0.25')
    await expect(run([song], { overlap: 0.1 })).rejects.toThrow(UsageError)
    expect(await readdir(folder)).toEqual(['song.wav'])
  })

  it('refuses an output folder that is a file, and a model that was asked for and cannot be loaded', async () => {
    const song = await writeSong('song.wav')
    await expect(run([song], { out: song })).rejects.toThrow(`--out ${song} is a file, not a folder`)
    const failing = (model?: string, device = 'cpu') =>
      runSeparate([song], model === undefined ? { out, device } : { out, device, model }, {
        version: '1.0.0',
        loadSeparator: () => Promise.reject(new Error('there is no such file')),
        stdout: { write: () => {} },
        stderr: { write: () => {} },
        signal: new AbortController().signal,
      })
    await expect(failing('mine')).rejects.toThrow(UsageError)
    await expect(failing(undefined, 'webgpu')).rejects.toThrow(UsageError)
    await expect(failing()).rejects.not.toThrow(UsageError) // the shipped model: no mistake of the caller
  })

  it('prints the gain where a stem would have clipped', async () => {
    const song = await writeSong('loud.wav', { level: 0.99 })
    const doubling = separatorOf(([left, right]) => [left.map((x) => 2 * x), right.map((x) => 2 * x)])
    const { stderr, stdout } = await run([song], { json: true }, { separator: doubling })
    expect(stderr).toMatch(/a stem would have clipped: all are written at -\d\.\d\d dB/)
    expect(JSON.parse(stdout).gain).toBeCloseTo(0.505, 2)
  })

  it('stops at an interrupt, keeps the finished files, and goes on with the song in hand where it stopped', async () => {
    const songs = [await writeSong('first.wav'), await writeSong('second.wav', { frames: 40_000 }), await writeSong('third.wav')]
    const whole = await run(songs, { out: join(folder, 'whole') })
    const controller = new AbortController()
    let stderr = ''
    let calls = 0
    const separator = separatorOf((window) => {
      if (++calls === 60) controller.abort(new InterruptedError('SIGINT'))
      return smoothing(window)
    })
    const interrupted = runSeparate(
      songs,
      { out, device: 'cpu' },
      {
        version: '1.0.0',
        loadSeparator: async () => separator,
        stdout: { write: () => {} },
        stderr: { write: (text) => (stderr += text) },
        signal: controller.signal,
      },
    )
    await expect(interrupted).rejects.toThrow(InterruptedError)
    expect(separator.disposed).toBe(true)
    const [hidden, ...finished] = (await readdir(out)).sort()
    expect(hidden).toMatch(/^\.divisi-[0-9a-f]{16}$/)
    expect(finished).toEqual(['first.instrumental.wav', 'first.vocals.wav'])
    expect(stderr).toContain(
      `second.wav is kept as far as it is done in ${join(out, hidden!)}: the same command goes on where it stopped\n`,
    )
    expect(stderr).toMatch(/second\.wav +– +– {2}interrupted\n1 of 3 files separated, 1 interrupted/)

    const other = await run([songs[1]!], { out, depth: { kind: 'int', bits: 24 }, stems: ['vocals'] })
    expect(other.stderr).toContain(`${join(out, hidden!)} is left of this song with other settings`)
    await rm(join(out, 'second.vocals.wav'))
    const newer = await run([songs[1]!], { out }, { version: '1.0.1' })
    expect(newer.stderr).toContain(`${join(out, hidden!)} is left of this song with other settings, content or version of Divisi`)
    expect(newer.stderr).not.toContain('goes on')
    for (const stem of ['vocals', 'instrumental']) await rm(join(out, `second.${stem}.wav`))
    const resumed = await run(songs, { out, skipExisting: true })
    expect(resumed.code).toBe(0)
    expect(resumed.stderr).toContain('goes on at 0:00, where it was interrupted')
    expect(resumed.stderr).toContain('2 of 3 files separated, 1 skipped')
    const repeated = resumed.separator.calls - (whole.separator.calls - 59)
    expect(repeated).toBeLessThanOrEqual(0) // the one during which it was stopped may have been kept
    const names = (await readdir(out)).sort()
    expect(names).toEqual((await readdir(join(folder, 'whole'))).sort())
    for (const name of names) expect((await readFile(join(out, name))).equals(await readFile(join(folder, 'whole', name)))).toBe(true)
  })

  it('begins anew on request, and keeps nothing then', async () => {
    const song = await writeSong('song.wav', { frames: 40_000 })
    const stopped = async (flags: Partial<SeparateFlags>): Promise<void> => {
      const controller = new AbortController()
      let calls = 0
      const separator = separatorOf((window) => {
        if (++calls === 60) controller.abort(new InterruptedError('SIGINT'))
        return smoothing(window)
      })
      await expect(run([song], flags, { separator, signal: controller.signal })).rejects.toThrow(InterruptedError)
    }
    await stopped({})
    expect(await readdir(out)).toHaveLength(1)
    await stopped({ resume: false })
    expect(await readdir(out)).toEqual([])
    expect((await run([song], { resume: false })).separator.calls).toBeGreaterThan(60)
  })
})

describe('separateCommand', () => {
  async function parse(...args: string[]): Promise<{ inputs: readonly string[]; flags: SeparateFlags }> {
    let parsed: { inputs: readonly string[]; flags: SeparateFlags } | undefined
    const command = separateCommand(async (inputs, flags) => {
      parsed = { inputs, flags }
    })
    command.exitOverride().configureOutput({ writeErr: () => {} })
    await command.parseAsync(args, { from: 'user' })
    return parsed!
  }

  it('writes into the current folder on the CPU unless told otherwise', async () => {
    expect(await parse('a.mp3', 'b.mp3')).toEqual({
      inputs: ['a.mp3', 'b.mp3'],
      flags: { out: '.', device: 'cpu', resume: true, tags: true },
    })
  })

  it('reads its options', async () => {
    const { flags } = await parse(
      '-o',
      'x',
      '--stems',
      'vocals, vocals',
      '--threads',
      '3',
      '--overlap',
      '0.5',
      '--depth',
      'float',
      '--force',
      '--json',
      'a',
    )
    expect(flags).toEqual({
      out: 'x',
      device: 'cpu',
      stems: ['vocals'],
      threads: 3,
      overlap: 0.5,
      depth: { kind: 'float', bits: 32 },
      force: true,
      json: true,
      resume: true,
      tags: true,
    })
  })

  it.each([
    ['--threads', '0'],
    ['--threads', '1.5'],
    ['--overlap', 'x'],
    ['--overlap', ''],
    ['--overlap', '1'],
    ['--depth', '8'],
    ['--stems', ','],
  ])('refuses %s %s', async (option, value) => {
    await expect(parse('a.wav', option, value)).rejects.toThrow('is invalid')
  })

  it('refuses to run without a file', async () => {
    await expect(parse()).rejects.toThrow("missing required argument 'files'")
  })
})
