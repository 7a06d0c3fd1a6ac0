/** `divisi demo`: makes a song whose stems are known, separates it, and tells how well that went. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { type AudioBlock, createWavWriter, openAudio, type SampleFormat } from '../audio/index.ts'
import { makeSong } from '../data/index.ts'
import { oracleRatioMask, type Signal, sdr, siSdr } from '../evaluation/index.ts'
import { type Separator, writeStems } from '../separation/index.ts'
import { exitCodes } from './errors.ts'
import { createProgress, type ProgressStream } from './progress.ts'

export interface DemoFlags {
  readonly out: string
  readonly seconds: number
  readonly seed: number
  readonly model?: string
}

export interface DemoContext {
  loadSeparator(model: string | undefined): Promise<Separator>
  readonly stdout: { write(text: string): unknown }
  readonly stderr: ProgressStream
  readonly signal: AbortSignal
}

const sampleFormat: SampleFormat = { kind: 'int', bits: 24 }

/** Makes the song, separates it, prints files and scores. Writes over an earlier demo. */
export async function runDemo(flags: DemoFlags, { loadSeparator, stdout, stderr, signal }: DemoContext): Promise<number> {
  const { out, seconds, seed } = flags
  const separator = await loadSeparator(flags.model)
  try {
    stderr.write(`composing ${seconds} s of song number ${seed}\n`)
    const { mixture, stems, sampleRate } = makeSong({ seed, seconds })
    await mkdir(join(out, 'known'), { recursive: true })
    const song = join(out, 'song.wav')
    const known = { vocals: join(out, 'known', 'vocals.wav'), instrumental: join(out, 'known', 'instrumental.wav') }
    await writeWav(song, mixture, sampleRate)
    await writeWav(known.vocals, stems.vocals, sampleRate)
    await writeWav(known.instrumental, stems.instrumental, sampleRate)
    signal.throwIfAborted()

    stderr.write(`separating it with model ${separator.name} on ${separator.device}\n`)
    const progress = createProgress({ label: 'song.wav', unit: 'audio', stream: stderr })
    const { files } = await writeStems(await openAudio(song, { signal }), {
      separator,
      folder: out,
      base: 'song',
      overwrite: true,
      signal,
      onProgress: ({ doneSeconds, totalSeconds }) => progress.update(doneSeconds, { total: totalSeconds }),
    }).finally(() => progress.done())

    const separated = { vocals: join(out, files.vocals!), instrumental: join(out, files.instrumental!) }
    stdout.write(`\n  the song                ${song}\n`)
    for (const stem of ['vocals', 'instrumental'] as const) {
      stdout.write(`  ${stem.padEnd(12)} separated  ${separated[stem]}\n  ${' '.repeat(12)} as made    ${known[stem]}\n`)
    }
    const truth = { vocals: await readWav(known.vocals), instrumental: await readWav(known.instrumental) }
    const ideal = oracleRatioMask(truth.vocals, truth.instrumental)
    const masked = { vocals: ideal.vocals, instrumental: ideal.accompaniment }
    const whole = await readWav(song)
    stdout.write('\n  dB                    the song itself   separated   best possible by masking\n')
    for (const stem of ['vocals', 'instrumental'] as const) {
      const estimate = await readWav(separated[stem])
      for (const [name, ratio] of [['SI-SDR', siSdr] as const, ['SDR', sdr] as const]) {
        const [before, after, best] = [whole, estimate, masked[stem]].map((signal) => ratio(truth[stem], signal).toFixed(1))
        stdout.write(`  ${stem.padEnd(12)}  ${name.padEnd(6)}  ${before!.padStart(15)}   ${after!.padStart(9)}   ${best!.padStart(24)}\n`)
      }
    }
    return exitCodes.ok
  } finally {
    await separator.dispose()
  }
}

async function writeWav(path: string, block: AudioBlock, sampleRate: number): Promise<void> {
  const writer = await createWavWriter(path, { sampleRate, channels: block.length, sampleFormat })
  try {
    await writer.write(block)
    await writer.finish()
  } finally {
    await writer.abort()
  }
}

/** All samples of a short stereo file. */
async function readWav(path: string): Promise<Signal> {
  const stream = await openAudio(path)
  const planes = [new Float32Array(stream.info.frames ?? 0), new Float32Array(stream.info.frames ?? 0)]
  let at = 0
  for await (const block of stream.blocks) {
    for (const [c, samples] of block.entries()) planes[c]!.set(samples, at)
    at += block[0]!.length
  }
  return planes
}

function parseNumber(text: string, least: number, most: number, whole: boolean): number {
  const value = Number(text)
  if (text.trim() === '' || !(value >= least && value <= most) || (whole && !Number.isInteger(value))) {
    throw new InvalidArgumentError(`It is a ${whole ? 'whole ' : ''}number from ${least} to ${most}.`)
  }
  return value
}

/** The command for commander; `run` gets the parsed command line. */
export function demoCommand(run: (flags: DemoFlags) => Promise<void>): Command {
  return new Command('demo')
    .description('Make a song with known stems, separate it, and print files and scores.')
    .option('-o, --out <folder>', 'folder for the song and its stems', 'demo')
    .addOption(new Option('--seconds <n>', 'length of the song').default(30).argParser((text: string) => parseNumber(text, 5, 600, false)))
    .addOption(
      new Option('--seed <n>', 'which song').default(1).argParser((text: string) => parseNumber(text, 0, Number.MAX_SAFE_INTEGER, true)),
    )
    .option('-m, --model <name>', 'network to use (default: the one that ships)')
    .addHelpText('after', '\nThe song is composed, played and sung by Divisi itself: equal seeds give equal songs.')
    .action(run)
}
