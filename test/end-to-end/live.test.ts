/** `npx divisi separate -` as people run it: real pipes, output before the input ends, readers that go away, Ctrl-C, and the same samples as of a file. */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { encodeWavSamples } from '../../src/audio/index.ts'
import { CausalUnet, causalUnetConfig, writeModel } from '../../src/models/index.ts'
import { initialValues } from '../../src/nn/index.ts'
import { noise } from '../separation/fakes.ts'
import { statusOf } from './ended.ts'

const rate = 16000
const seconds = 3
const command = resolve('dist/cli/main.js')
const bytes = encodeWavSamples(noise(2, seconds * rate, { bits: 16 }), { kind: 'int', bits: 16 })
let folder = ''
let live: string[] = []

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'divisi-live-'))
  const sizes = { sampleRate: rate, nFft: 256, hopLength: 128, bands: 16, highest: 8000, channels: [2, 3], dilations: [1], levelFrames: 20 }
  const network = new CausalUnet(causalUnetConfig.parse({ architecture: 'causal-unet', ...sizes }))
  const model = join(folder, 'tiny.safetensors')
  writeFileSync(model, writeModel('tiny', network, initialValues(network, 1)))
  writeFileSync(join(folder, 'song.raw'), bytes)
  const raw = ['--input-format', 's16le', '--rate', String(rate), '--output-format', 's16le']
  live = [command, 'separate', '-', '--model', model, '--threads', '1', ...raw]
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('gives a stem while the input is still open, then the rest, the same samples as of a file', async () => {
  const child = spawn(process.execPath, live, { stdio: ['pipe', 'pipe', 'inherit'] })
  const received: Buffer[] = []
  const size = () => received.reduce((sum, { length }) => sum + length, 0)
  child.stdout.on('data', (chunk: Buffer) => received.push(chunk))
  child.stdin.write(bytes.subarray(0, 4 * rate))
  // Of a second all but the latency of 256 − 1 + 128 samples and what does not fill a block of 1024.
  while (size() / 4 < rate - 383 - 1024) await once(child.stdout, 'data')
  child.stdin.end(bytes.subarray(4 * rate))
  expect((await once(child, 'close'))[0]).toBe(0)

  const song = join(folder, 'song.wav')
  execFileSync('ffmpeg', ['-v', 'error', '-f', 's16le', '-ar', String(rate), '-ac', '2', '-i', join(folder, 'song.raw'), song])
  const ofFile = [command, 'separate', song, '--out', folder, '--stems', 'vocals', '--no-dither', '--model', live[4]!, '--threads', '1']
  execFileSync(process.execPath, ofFile, { stdio: ['ignore', 'ignore', 'pipe'] })
  const back = execFileSync('ffmpeg', ['-v', 'error', '-i', join(folder, 'song.vocals.wav'), '-f', 's16le', '-'])
  expect(Buffer.concat(received).equals(back)).toBe(true)
})

test('reads a file as standard input, gives WAV that ffmpeg reads, and ends quietly with its reader', () => {
  const words = (parts: readonly string[]) => parts.map((part) => `'${part}'`).join(' ')
  const run = `${words([process.execPath, ...live.slice(0, -1), 'wav'])} < '${join(folder, 'song.raw')}'`
  const read = spawnSync('bash', ['-c', `${run} | ffmpeg -v error -i - -f s16le - | wc -c`], { encoding: 'utf8' })
  expect(Number(read.stdout)).toBe(bytes.length)
  const head = spawnSync('bash', ['-c', `${run} | head -c 1000 | wc -c; exit \${PIPESTATUS[0]}`], { encoding: 'utf8' })
  expect([Number(head.stdout), head.status]).toEqual([1000, 0])
  expect(head.stderr).not.toContain('error')
})

test('ends with Ctrl-C, waiting for input or for a reader that does not read', async () => {
  for (const amount of [4000, bytes.length]) {
    const child = spawn(process.execPath, live, { stdio: ['pipe', 'pipe', 'pipe'] })
    child.stdin.on('error', () => {}) // what it has not taken when it ends
    child.stdin.write(bytes.subarray(0, amount))
    let said = ''
    child.stderr.on('data', (data: Buffer) => (said += data.toString()))
    await once(child.stderr, 'data')
    child.kill('SIGINT')
    const [code, signal] = await once(child, 'exit')
    expect(statusOf(code, signal)).toBe(130)
    expect(said).toContain('error: interrupted by SIGINT')
  }
})
