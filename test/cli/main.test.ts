/** The command as a process, from its sources, around a real network with untrained weights: streams, exit codes, files, signals. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type AudioBlock, type AudioInfo, createWavWriter, openAudio } from '../../src/audio/index.ts'
import { runScore } from '../../src/cli/score.ts'
import { bandUnetConfig, createNetwork, writeModel } from '../../src/models/index.ts'
import { initialValues } from '../../src/nn/index.ts'
import { noise } from '../separation/fakes.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
let folder: string
let model: string
let out: string
let runs = 0

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'divisi-test-'))
  model = join(folder, 'small.safetensors')
  const config = { architecture: 'band-unet' as const, nFft: 1024, hopLength: 512, bands: 16, channels: [2, 4], bottleneck: 1 }
  const network = createNetwork(bandUnetConfig.parse(config))
  await writeFile(model, writeModel('untrained', network, initialValues(network, 1)))
})

beforeEach(() => {
  out = join(folder, `out${runs++}`)
})

afterAll(() => rm(folder, { recursive: true }))

const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href

function start(...args: string[]) {
  return spawn(process.execPath, ['--import', tsx, join(root, 'src/cli/main.ts'), ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

async function finish(child: ReturnType<typeof start>): Promise<Ran> {
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (text) => {
    stdout += text
  })
  child.stderr.on('data', (text) => {
    stderr += text
  })
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout, stderr }
}

async function writeSong(
  name: string,
  options: { seconds?: number; channels?: number; bits?: number; sampleRate?: number },
): Promise<string> {
  const { seconds = 1, channels = 2, bits = 16, sampleRate = 44100 } = options
  const path = join(folder, name)
  const writer = await createWavWriter(path, { sampleRate, channels, sampleFormat: { kind: 'int', bits } })
  await writer.write(noise(channels, Math.round(seconds * sampleRate), { bits }))
  await writer.finish()
  return path
}

async function readAll(path: string): Promise<{ info: AudioInfo; samples: number[][] }> {
  const { info, blocks } = await openAudio(path)
  const parts: AudioBlock[] = []
  for await (const block of blocks) parts.push(block.map((samples) => samples.slice()))
  return { info, samples: Array.from({ length: info.channels }, (_, c) => parts.flatMap((part) => Array.from(part[c]!, (x) => x + 0))) }
}

describe('divisi separate', () => {
  it('separates songs of several formats; the stems have their rate, channels, depth and length, and sum to them exactly', async () => {
    const songs = [
      await writeSong('stereo.wav', { seconds: 13.7 }), // more than one window
      await writeSong('mono.wav', { channels: 1, sampleRate: 22050 }),
      await writeSong('studio.wav', { bits: 24, sampleRate: 48000 }),
    ]
    const { code, stdout, stderr } = await finish(start('separate', '--model', model, '--out', out, ...songs))
    expect(stderr).toContain('model untrained on onnxruntime-node')
    expect(stderr).toMatch(/3 of 3 files separated: 0:16 of sound in .* peak memory \d+ MB/)
    expect(code).toBe(0)
    const paths = stdout.trim().split('\n')
    expect(paths).toHaveLength(6)
    for (const [i, song] of songs.entries()) {
      const original = await readAll(song)
      const vocals = await readAll(paths[2 * i]!)
      const rest = await readAll(paths[2 * i + 1]!)
      expect(vocals.info).toEqual(original.info)
      expect(rest.info).toEqual(original.info)
      expect(vocals.samples.map((samples, c) => samples.map((x, n) => x + rest.samples[c]![n]!))).toEqual(original.samples)
      expect(vocals.samples[0]!.some((x) => x !== 0)).toBe(true)
    }
  })

  it('writes into the current folder by default, wherever the song is', async () => {
    await mkdir(join(folder, 'elsewhere'))
    await writeSong('elsewhere/far.wav', {})
    const { code, stdout } = await finish(start('separate', '--model', model, '--stems', 'vocals', 'elsewhere/far.wav'))
    expect([code, stdout]).toEqual([0, 'far.vocals.wav\n'])
    expect(await readdir(folder)).toContain('far.vocals.wav')
    expect(await readdir(join(folder, 'elsewhere'))).toEqual(['far.wav'])
  })

  it('ends with 1 and one line for a file that is no song', async () => {
    const text = join(folder, 'letter.mp3')
    await writeFile(text, 'Dear reader, this is not a song.\n')
    const { code, stdout, stderr } = await finish(start('separate', '--model', model, '--out', out, text))
    expect(code).toBe(1)
    expect(stdout).toBe('')
    expect(stderr.split('\n').filter((line) => line.includes('letter.mp3'))).toHaveLength(1)
    await expect(readdir(out)).rejects.toThrow('ENOENT')
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('leaves nothing after %s where nothing is to be kept, and ends with its code', async (signal) => {
    const song = await writeSong('long.wav', { seconds: 900, channels: 1, sampleRate: 8000 })
    const child = start('separate', '--no-resume', '--model', model, '--out', out, song)
    const ended = finish(child)
    const waitForParts = async (): Promise<void> => {
      while ((await readdir(out).catch(() => [])).length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    }
    await Promise.race([waitForParts(), ended])
    child.kill(signal)
    const { code, stdout, stderr } = await ended
    expect(stderr).toContain(`interrupted by ${signal}`)
    expect(code).toBe(signal === 'SIGINT' ? 130 : 143)
    expect(stdout).toBe('')
    await expect(readdir(out)).rejects.toThrow('ENOENT')
  })

  it('finishes its files when nobody reads its output', async () => {
    const song = await writeSong('heard.wav', {})
    const child = start('separate', '--model', model, '--out', out, song)
    child.stdout.destroy()
    child.stderr.destroy()
    const [code] = (await once(child, 'close')) as [number]
    expect(code).toBe(0)
    expect((await readdir(out)).sort()).toEqual(['heard.instrumental.wav', 'heard.vocals.wav'])
  })

  it.each([
    [['separate', 'x.wav', '--device', 'gpu'], 'device "gpu" is unknown; allowed are cpu, webgpu, cuda'],
    [['score', 'clips', '--threads', 'two'], 'It is a whole number from 1 up.'],
    [['separate', 'x.wav', '--depth', '12'], 'Allowed are 16, 24, 32 and float.'],
    [['sing'], "unknown command 'sing'"],
  ])('ends with 2 for %j', async (args, message) => {
    const { code, stdout, stderr } = await finish(start(...args))
    expect(stderr).toContain(message)
    expect(code).toBe(2)
    expect(stdout).toBe('')
  })
})

describe('divisi score', () => {
  it('takes its progress bar away before an error is shown', async () => {
    for (const clip of ['a', 'b']) await mkdir(join(folder, 'clips', clip), { recursive: true })
    for (const stem of ['mix', 'vocals', 'accompaniment']) {
      await writeSong(`clips/a/${stem}.wav`, {})
      await writeSong(`clips/b/${stem}.wav`, { seconds: stem === 'mix' ? 1 : 0.5 })
    }
    let shown = ''
    const stderr = {
      isTTY: true,
      columns: 80,
      write: (text: string) => {
        shown += text
      },
    }
    const context = { stdout: { write: () => {} }, stderr, signal: new AbortController().signal }
    await expect(runScore(join(folder, 'clips'), { model }, context)).rejects.toThrow(/must have one rate, channel count and length/)
    expect(shown).toContain('1/2 clips')
    expect(shown.endsWith('\r\u001b[2K')).toBe(true)
  })
})

describe('divisi', () => {
  it('tells its commands, examples and exit codes, and its version', async () => {
    const help = await finish(start('--help'))
    expect(help.code).toBe(0)
    expect(help.stdout).toContain('divisi separate song.mp3')
    expect(help.stdout).toContain('Exit codes')
    const version = await finish(start('--version'))
    const { version: expected } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
    expect(version).toMatchObject({ code: 0, stdout: `${expected}\n` })
  })
})
