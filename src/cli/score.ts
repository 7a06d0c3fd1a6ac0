/** `divisi score`: how good a model is on clips whose stems are known. */
import { writeFile } from 'node:fs/promises'
import { Command, Option } from 'commander'
import { streamOf } from '../audio/index.ts'
import { type Groups, type SeparateClip, scoreFolder, scoreTable } from '../evaluation/index.ts'
import { loadSeparator } from '../models/index.ts'
import { separate } from '../separation/index.ts'
import { exitCodes, UsageError } from './errors.ts'
import { parseThreads } from './parse.ts'
import { createProgress, type ProgressStream } from './progress.ts'
import { type ChosenSeparator, openSeparator, type QualityFlags, qualityOptions } from './quality.ts'

export interface ScoreFlags extends QualityFlags {
  readonly group?: readonly string[]
  readonly json?: string
}

export function scoreCommand(action: (folder: string, flags: ScoreFlags) => Promise<void>): Command {
  const command = new Command('score')
    .description(
      'Score a model, or what a quality makes of it, on a folder of clips <clip>/{mix,vocals,accompaniment}: SDR and SI-SDR beside the mixture and the ideal mask.',
    )
    .argument('<folder>', 'folder of clips, in any audio format')
    .addOption(new Option('--threads <n>', 'threads of the network (default: all processors)').argParser(parseThreads))
    .option('--group <name=prefix,…>', 'score clips with these prefixes apart; may be repeated', (text: string, before: string[] = []) => [
      ...before,
      text,
    ])
    .option('--json <file>', 'write every clip’s scores too')
    .action(action)
  for (const option of qualityOptions) command.addOption(option)
  return command
}

function parseGroups(texts: readonly string[] = []): Groups {
  return Object.fromEntries(
    texts.map((text) => {
      const [name, prefixes] = text.split('=')
      if (!name || !prefixes) throw new UsageError(`--group "${text}": needs name=prefix or name=prefix,prefix`)
      return [name, prefixes.split(',')] as const
    }),
  )
}

function separateWith({ separator, overlap }: ChosenSeparator, signal: AbortSignal): SeparateClip {
  return async (mixture, sampleRate) => {
    const vocals = mixture.map((channel) => new Float32Array(channel.length))
    let offset = 0
    for await (const block of separate(streamOf(mixture, sampleRate), { separator, overlap, stems: ['vocals'], signal })) {
      for (const [c, samples] of block.stems.vocals!.entries()) vocals[c]!.set(samples, offset)
      offset += block.mixture[0]!.length
    }
    return { vocals }
  }
}

export async function runScore(
  folder: string,
  flags: ScoreFlags,
  { stdout, stderr, signal }: { stdout: { write(text: string): unknown }; stderr: ProgressStream; signal: AbortSignal },
): Promise<number> {
  const groups = parseGroups(flags.group)
  const chosen = await openSeparator(flags, (model) => loadSeparator(model, { threads: flags.threads }))
  const { separator } = chosen
  try {
    stderr.write(`model ${separator.name} on ${separator.device}\n`)
    const progress = createProgress({ label: 'scoring', unit: 'clips', stream: stderr })
    const scores = await scoreFolder(folder, separateWith(chosen, signal), {
      groups,
      signal,
      onProgress: (_, done, total) => progress.update(done, { total }),
    }).finally(() => progress.done())
    stdout.write(`${scoreTable(scores.groups)}\n`)
    if (flags.json !== undefined) await writeFile(flags.json, `${JSON.stringify(scores, null, 2)}\n`)
    return exitCodes.ok
  } finally {
    await separator.dispose()
  }
}
