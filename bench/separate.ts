/**
 * What `divisi separate` takes for a song of three minutes: each model, each quality and each device of this machine, a process of its own each, from the
 * file to the stems. Below, the shipped network beside PyTorch on a minute in windows, in the same run (band-unet.ts).
 *
 *     npm run build && npx tsx bench/separate.ts [--only part of a row's name] [--cli another build's main.js] [models, those that ship by default] > table.md
 *
 * Needs Debian's `time`, which tells the peak memory of a process, and `python3-torch`.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { createWavWriter } from '../src/audio/index.ts'
import { makeSong } from '../src/data/index.ts'
import { shippedModels } from '../src/models/index.ts'
import { nodeDevices } from '../src/runtime/index.ts'
import { qualityNames } from '../src/separation/index.ts'
import { bandUnet } from './band-unet.ts'
import { compare, formatResults, threads } from './support.ts'

const songSeconds = 180
const { values, positionals } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    cli: { type: 'string', default: fileURLToPath(new URL('../dist/cli/main.js', import.meta.url)) },
  },
  allowPositionals: true,
})

interface Row {
  readonly model: string
  readonly quality: string
  readonly device: string
}

const nameOf = ({ model, quality, device }: Row) => `${model}, ${quality}, ${device}`
/** Files are called `best.safetensors` in the folder of their run. */
const titleOf = (model: string) => (model.endsWith('.safetensors') ? basename(dirname(model)) : model)

async function writeSong(path: string): Promise<void> {
  const { mixture, sampleRate } = makeSong({ seed: 7, seconds: songSeconds / 6 })
  const writer = await createWavWriter(path, { sampleRate, channels: 2, sampleFormat: { kind: 'int', bits: 16 } })
  for (let i = 0; i < 6; i++) await writer.write(mixture)
  await writer.finish()
}

/** The cells of a row: seconds from start to end, of the song alone, its share of real time, megabytes; or why there are none. */
function measure({ model, quality, device }: Row, song: string, folder: string): readonly string[] {
  const report = join(folder, 'time')
  const options = ['--model', model, '--quality', quality, '--device', device, '--out', join(folder, 'stems'), '--force', '--json']
  const args = ['-f', '%e %M', '-o', report, process.execPath, values.cli, 'separate', ...options, song]
  const { status, stdout, stderr } = spawnSync('/usr/bin/time', args, { encoding: 'utf8' })
  if (status !== 0) {
    const lines = stderr.trim().split('\n')
    return [lines.findLast((line) => line.startsWith('error:')) ?? lines.at(-1)!, '', '', '']
  }
  const [wall, kilobytes] = readFileSync(report, 'utf8').trim().split('\n').at(-1)!.split(' ').map(Number) as [number, number]
  const { elapsedSeconds } = JSON.parse(stdout.trim().split('\n').at(-1)!) as { elapsedSeconds: number }
  return [wall.toFixed(1), elapsedSeconds.toFixed(1), (elapsedSeconds / songSeconds).toFixed(4), (kilobytes / 1024).toFixed(0)]
}

const models = positionals.length > 0 ? positionals : shippedModels
const rows = models.flatMap((model) => qualityNames.flatMap((quality) => nodeDevices.map((device): Row => ({ model, quality, device }))))
const chosen = rows
  // A device that is not there is not there for all qualities.
  .filter(({ device, quality }) => device === 'cpu' || quality === qualityNames[0])
  .filter((row) => nameOf(row).includes(values.only))
const folder = mkdtempSync(join(tmpdir(), 'divisi-bench-'))
try {
  const song = join(folder, 'song.wav')
  await writeSong(song)
  console.log(`${cpus()[0]!.model}, ${threads} threads; ${songSeconds / 60} min of stereo, 44.1 kHz, 16 bits\n`)
  console.log('| model | quality | device | s, from start to end | s, the song | share of real time | peak memory, MB |')
  console.log('| --- | --- | --- | ---: | ---: | ---: | ---: |')
  for (const row of chosen) {
    const cells = [titleOf(row.model), row.quality, row.device, ...measure(row, song, folder)]
    console.log(`| ${cells.join(' | ')} |`)
  }
} finally {
  rmSync(folder, { recursive: true })
}
if (chosen.length > 0 && values.only === '') console.log(`\n${formatResults(compare(bandUnet, { rounds: 1, only: 'band-song' }), 1)}`)
