/** `divisi attention`: where the attention of a FrameTransformer looks in a song, as pictures. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Command, Option } from 'commander'
import { createResampler, openAudio } from '../audio/index.ts'
import { writeWhole } from '../data/index.ts'
import { magnitude, stft } from '../dsp/index.ts'
import { attentionWeights, readModelAt, SeparationNetwork } from '../models/index.ts'
import { attentionMap, colourTable, type GridImage, imageGrid, spectrogramPlot } from '../report/index.ts'
import { compile, createOnnxRuntimeBackend } from '../runtime/index.ts'
import type { Tensor } from '../tensor/index.ts'
import { exitCodes, oneLine, UsageError } from './errors.ts'
import { number, parseThreads } from './parse.ts'

export interface AttentionFlags {
  readonly model: string
  readonly out: string
  readonly at: number
  readonly seconds: number
  readonly layer?: string
  readonly threads?: number
}

const details = `
For a model that divisi train wrote for the architecture frame-transformer this writes, of a
few seconds of the song:
  mixture.svg              its spectrogram
  layers.svg               a small map of each layer of attention
  attention.<layer>.svg    for each layer of attention the mean of its heads
With --layer it writes a map of each head of that layer. In a map the row is the frame that
looks, the column is the frame that it looks at. The window is taken for a song.

Example:
  $ divisi attention song.mp3 --model runs/mine/best.safetensors --at 60 --out pictures`

/** The command for commander. */
export function attentionCommand(run: (song: string, flags: AttentionFlags) => Promise<void>): Command {
  return new Command('attention')
    .description('Draw where a FrameTransformer looks in a song.')
    .argument('<song>', 'sound file')
    .requiredOption('-m, --model <file>', 'model file of a frame-transformer')
    .option('-o, --out <folder>', 'folder for the pictures, made where missing', '.')
    .addOption(new Option('--at <seconds>', 'where in the song').argParser(number(0, 'from', 'number of seconds')).default(0))
    .addOption(new Option('--seconds <n>', 'how much of it').argParser(number(0, 'above', 'number of seconds')).default(5))
    .option('--layer <name>', 'draw each head of this layer, not all layers')
    .addOption(new Option('-t, --threads <n>', 'threads for the network (default: one per core)').argParser(parseThreads))
    .addHelpText('after', details)
    .action(run)
}

/** A stretch of a song at a rate, in 1 or 2 channels. */
async function readStretch(song: string, sampleRate: number, channels: number, from: number, samples: number, signal: AbortSignal) {
  const source = await openAudio(song, { signal })
  const { info } = source
  const resampler = createResampler({ from: info.sampleRate, to: sampleRate, channels: info.channels })
  const stretch = Array.from({ length: channels }, () => new Float32Array(samples))
  let at = -from
  const take = (block: readonly ArrayLike<number>[]) => {
    const length = block[0]!.length
    for (const [c, own] of stretch.entries()) {
      // One channel hears the mean of all of them, two hear the first two, or one twice.
      const heard = channels === 1 ? block : [block[c] ?? block[0]!]
      for (let i = Math.max(0, -at); i < Math.min(length, samples - at); i++)
        own[at + i] = heard.reduce((sum, channel) => sum + channel[i]!, 0) / heard.length
    }
    at += length
  }
  try {
    for await (const block of source.blocks) {
      take(resampler.process(block))
      if (at >= samples) break
    }
    if (at < samples) take(resampler.flush())
  } finally {
    await source.close()
  }
  if (at < samples) {
    const seconds = (at + from) / sampleRate
    throw new UsageError(`--at ${from / sampleRate}, --seconds ${samples / sampleRate}: ${song} ends after ${seconds.toFixed(2)} s`)
  }
  return stretch
}

/** Above this share of all weights colours do not change: a few are much larger than all others. */
const shown = 0.998

function largestShown(rows: readonly Float32Array[]): number {
  const sorted = Float32Array.from(rows.flatMap((row) => [...row])).sort()
  return sorted[Math.floor(shown * (sorted.length - 1))] || sorted.at(-1)! || 1
}

/** A small picture of a matrix, (3, size, size), each of its points the largest of those that it stands for. */
function thumbnail(rows: readonly Float32Array[], size: number): Float32Array {
  const colours = colourTable('sequential')
  const points = new Float32Array(size * size)
  const place = (i: number) => Math.floor((i * size) / rows.length)
  for (const [t, row] of rows.entries())
    for (const [k, weight] of row.entries()) {
      const point = place(t) * size + place(k)
      points[point] = Math.max(points[point]!, weight)
    }
  const largest = largestShown([points])
  const pixels = new Float32Array(3 * size * size)
  for (const [i, point] of points.entries())
    for (const [c, part] of colours[Math.min(255, Math.round((255 * point) / largest))]!.entries()) pixels[c * size * size + i] = part
  return pixels
}

const rowsOf = (flat: Float32Array, frames: number, head: number) =>
  Array.from({ length: frames }, (_, t) => flat.subarray((head * frames + t) * frames, (head * frames + t + 1) * frames))

function meanOfHeads(flat: Float32Array, frames: number): Float32Array[] {
  const heads = flat.length / frames ** 2
  return Array.from({ length: frames }, (_, t) =>
    Float32Array.from({ length: frames }, (__, k) => {
      let sum = 0
      for (let head = 0; head < heads; head++) sum += flat[(head * frames + t) * frames + k]!
      return sum / heads
    }),
  )
}

/**
 * Draws the maps of a song.
 *
 * @returns the exit code
 * @throws UsageError for models without such attention, layers that it has not, and stretches that are not in the song
 */
export async function runAttention(
  song: string,
  flags: AttentionFlags,
  { stdout, signal }: { stdout: { write(text: string): unknown }; signal: AbortSignal },
): Promise<number> {
  const { network, values } = await readModelAt(flags.model).catch((error: unknown) => {
    throw new UsageError(oneLine(error), { cause: error })
  })
  if (!(network instanceof SeparationNetwork) || network.config.architecture !== 'frame-transformer')
    throw new UsageError(`--model ${flags.model}: is a ${network.config.architecture}; needs a frame-transformer`)
  const { channels, transform, config } = network
  const { hopLength } = transform!
  const frames = Math.floor((flags.seconds * config.sampleRate) / hopLength) + 1
  if (frames < 2)
    throw new UsageError(`--seconds ${flags.seconds}: gives ${frames} frame; needs ${(2 * hopLength) / config.sampleRate} or more`)
  const samples = (frames - 1) * hopLength
  const stretch = await readStretch(song, config.sampleRate, channels, Math.round(flags.at * config.sampleRate), samples, signal)
  const backend = await createOnnxRuntimeBackend(flags.threads === undefined ? {} : { threads: flags.threads })
  try {
    const trace = ({ mixture }: { mixture: Tensor }) => {
      const layers = attentionWeights(network, () => network.forward(mixture))
      const known = layers.map(({ layer }) => layer)
      if (flags.layer !== undefined && !known.includes(flags.layer))
        throw new UsageError(`--layer ${flags.layer}: there is none; allowed are ${known.join(', ')}`)
      const wanted = layers.filter(({ layer }) => flags.layer === undefined || layer === flags.layer)
      return {
        ...Object.fromEntries(wanted.map(({ layer, weights }) => [layer, weights])),
        'the mixture': magnitude(stft(mixture, transform!)),
      }
    }
    const program = await compile(trace, { mixture: [1, channels, samples] }, { backend, constants: values })
    signal.throwIfAborted()
    const mixture = Float32Array.from(stretch.flatMap((channel) => [...channel]))
    const { 'the mixture': spectrum, ...maps } = (await program.run({ mixture })) as Readonly<Record<string, Float32Array>>
    signal.throwIfAborted()
    await mkdir(flags.out, { recursive: true })
    const save = async (name: string, svg: string) => {
      const path = join(flags.out, `${name}.svg`)
      await writeWhole(path, svg)
      stdout.write(`${path}\n`)
    }
    const range = { from: flags.at, to: flags.at + samples / config.sampleRate, unit: 's' }
    const draw = (title: string, rows: readonly Float32Array[]) =>
      attentionMap({
        title,
        weights: rows,
        queryLabel: 'frame that looks',
        keyLabel: 'frame it looks at',
        range,
        largest: largestShown(rows),
      })
    if (flags.layer !== undefined) {
      const flat = maps[flags.layer]!
      for (let head = 0; head < flat.length / frames ** 2; head++)
        await save(`attention.${flags.layer}.${head + 1}`, draw(`${flags.layer}, head ${head + 1}`, rowsOf(flat, frames, head)))
      return exitCodes.ok
    }
    const bins = transform!.nFft / 2 + 1
    const spectrogram = Array.from({ length: frames }, (_, t) => spectrum!.subarray(t * bins, (t + 1) * bins))
    await save(
      'mixture',
      spectrogramPlot({ title: 'The mixture', frames: spectrogram, sampleRate: config.sampleRate, hopLength, start: flags.at }),
    )
    const images: GridImage[] = []
    const size = Math.min(frames, 72)
    for (const [layer, flat] of Object.entries(maps)) {
      const rows = meanOfHeads(flat, frames)
      images.push({ pixels: thumbnail(rows, size), caption: layer.replace(/^network\./, '').replace('_transformer', '') })
      await save(`attention.${layer}`, draw(`${layer}, mean of ${flat.length / frames ** 2} heads`, rows))
    }
    await save('layers', imageGrid({ title: 'Attention, layer by layer', images, channels: 3, height: size, width: size }))
    return exitCodes.ok
  } finally {
    await backend.dispose()
  }
}
